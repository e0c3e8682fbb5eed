/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is held (glibc_malloc.held) is sorted as the chunks are, so one index
 * moves along with the walk. An entry that no chunk begins at is torn.
 */
#include "runtime/glibc_chunks.h"

#include "runtime/glibc_walk.h"

struct visiting {
	const struct glibc_malloc *glibc;
	glibc_chunk_visitor *visitor;
	void *context;
	size_t next_held;
	struct glibc_visit result;
};

static enum glibc_state state_of_holder(enum glibc_holder holder)
{
	switch (holder) {
	case GLIBC_HOLDER_FAST_BIN: return GLIBC_FAST;
	case GLIBC_HOLDER_CACHE: return GLIBC_CACHED;
	default: return GLIBC_ITSELF;
	}
}

/* Moves on to what is held at or behind chunk; whatever is passed was no chunk. */
static bool is_held(struct visiting *visiting, taddr chunk, enum glibc_holder *ret)
{
	const struct glibc_malloc *glibc = visiting->glibc;

	while (visiting->next_held < glibc->held_count) {
		taddr held = glibc->held[visiting->next_held];

		if (held - chunk <= GLIBC_HOLDER_MASK) {
			visiting->next_held++;
			*ret = (enum glibc_holder)(held & GLIBC_HOLDER_MASK);
			return true;
		}
		if (held > chunk)
			return false;
		visiting->next_held++;
		visiting->result.torn++;
	}
	return false;
}

static enum glibc_state state_of(struct visiting *visiting, const struct glibc_header *header)
{
	enum glibc_holder holder;
	bool held = is_held(visiting, header->chunk, &holder);

	visiting->result.torn += header->is_torn || (held && (header->is_free || header->is_top));
	if (header->is_top)
		return GLIBC_TOP;
	if (header->is_free)
		return GLIBC_FREE;
	return held ? state_of_holder(holder) : GLIBC_USED;
}

/* A chunk lends the first word of the next one. */
static bool visit_stretch(struct visiting *visiting, const struct glibc_stretch *stretch)
{
	struct glibc_walk walk = glibc_walk_start(visiting->glibc, stretch);
	struct glibc_header header;
	enum glibc_step step;

	while ((step = glibc_walk_next(&walk, &header)) == GLIBC_STEP_CHUNK) {
		const struct glibc_chunk chunk = {
			.block = header.chunk + GLIBC_CHUNK_HEADER,
			.usable = header.bytes - GLIBC_CHUNK_HEADER / 2,
			.bytes = header.bytes,
			.state = state_of(visiting, &header),
			.arena = stretch->arena,
		};

		if (!visiting->visitor(visiting->context, &chunk))
			return false;
	}
	if (step == GLIBC_STEP_TORN || walk.at != stretch->end) {
		visiting->result.torn++;
		visiting->result.torn_bytes += walk.at < stretch->end ? stretch->end - walk.at : 0;
	}
	return true;
}

static bool visit_mapped(struct visiting *visiting, taddr address)
{
	const struct glibc_malloc *glibc = visiting->glibc;
	struct glibc_chunk chunk = {.block = address + GLIBC_CHUNK_HEADER, .state = GLIBC_MAPPED};
	uint64_t words[2];

	if (!window_cache_read(glibc->memory, address, words, sizeof(words))) {
		visiting->result.torn++;
		return true;
	}
	chunk.bytes = words[1] & ~(uint64_t)GLIBC_FLAGS;
	if (glibc->layout->mapped_size_has_header) {
		chunk.usable = chunk.bytes - GLIBC_CHUNK_HEADER;
	} else {
		/* What malloc_usable_size() says; there are 8 bytes more. */
		chunk.usable = chunk.bytes - GLIBC_CHUNK_HEADER / 2;
		chunk.bytes += GLIBC_CHUNK_HEADER;
	}
	chunk.bytes += words[0] & ~(uint64_t)(GLIBC_CHUNK_HEADER - 1);
	return visiting->visitor(visiting->context, &chunk);
}

bool glibc_chunks_visit(const struct glibc_malloc *glibc, glibc_chunk_visitor *visitor,
                        void *context, struct glibc_visit *ret)
{
	struct visiting visiting = {.glibc = glibc, .visitor = visitor, .context = context};
	bool goes_on = true;

	for (size_t i = 0; goes_on && i < glibc->stretch_count; i++)
		goes_on = visit_stretch(&visiting, &glibc->stretches[i]);
	if (goes_on)
		visiting.result.torn += glibc->held_count - visiting.next_held;
	for (size_t i = 0; goes_on && i < glibc->mapped_count; i++)
		goes_on = visit_mapped(&visiting, glibc->mapped[i]);
	*ret = visiting.result;
	return goes_on;
}

void glibc_mallinfo(const struct glibc_malloc *glibc, size_t arena, const struct glibc_usage *usage,
                    struct glibc_mallinfo *ret)
{
	const struct glibc_arena *described = &glibc->arenas[arena];
	struct glibc_mallinfo info = {
		.arena = described->system_bytes,
		.ordblks = usage->count[GLIBC_FREE] + 1, /* as glibc does, also without a top */
		.smblks = usage->count[GLIBC_FAST],
		.fsmblks = usage->bytes[GLIBC_FAST],
		.fordblks =
			usage->bytes[GLIBC_FREE] + usage->bytes[GLIBC_FAST] + described->top_bytes,
	};

	info.uordblks = info.arena - info.fordblks;
	if (!arena) {
		info.hblks = glibc->settings.mapped_count;
		info.hblkhd = glibc->settings.mapped_bytes;
		info.keepcost = described->top_bytes;
	}
	*ret = info;
}
