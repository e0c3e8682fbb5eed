/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table is a _Py_hashtable_t: buckets of singly linked entries. Which it is
 * of those that CPython has is told by what is in it, so that no symbol is
 * needed and no offset: a word of CPython's own data (a static variable to 3.11,
 * a member of _PyRuntime from 3.12 on) leads to it, its functions lie in
 * CPython's code, and its first entries lead to tracebacks with the name of a file.
 *
 *	       _Py_hashtable_t, 3.8            3.9 and later
 *	 0     num_buckets                     nentries
 *	 8     entries                         nbuckets
 *	16     buckets                         buckets
 *	24     key_size                        get_entry_func
 *	32     data_size: 16                   hash_func
 *	40     hash_func                       compare_func
 *	48     compare_func                    key_destroy_func
 *
 *	       entry, 3.8                      3.9 and later
 *	 0     next                            next
 *	 8     key_hash                        key_hash
 *	16     key: block (and domain)         key: block
 *	24/28  size of the block               value: -> size of the block
 *	+8     traceback                                 traceback
 *
 *	       traceback_t, 3.8                3.9 and later
 *	 0     hash                            hash
 *	 8     nframe: int                     nframe: u16, total_nframe: u16
 *	12     frames, 12 bytes each: file, line: u32; the innermost first
 *
 * (Modules/hashtable.h and Modules/_tracemalloc.c of 3.8; Include/internal/
 * pycore_hashtable.h and pycore_tracemalloc.h of 3.12.) In 3.8 a key has a
 * domain behind the address once something else than Python's allocator
 * records memory (numpy does), in 4 bytes; domain 0 is Python's. Later each
 * domain has a table of its own, and this one is Python's alone. A frame's file
 * is a str, in 3.15 a copy of its UTF-8.
 */
#include "runtime/py_tracemalloc.h"

#include "runtime/py_string.h"

#include <string.h>

enum {
	WORD = 8,
	CHUNK = 4096,
	TABLE_WORDS = 7, /* that are looked at */
	BUCKETS_MIN = 16,
	ENTRY_KEY = 16,
	DATA_SIZE = 16, /* of struct trace_t */
	KEY_PLAIN = 8,
	KEY_WITH_DOMAIN = 12,
	ENTRY_MAX = ENTRY_KEY + KEY_WITH_DOMAIN + DATA_SIZE,
	FRAMES_AT = 12,
	FRAME_SIZE = 12,
	SAMPLES = 8,           /* entries that must be sound before a table is believed */
	SAMPLE_BUCKETS = 4096, /* in which they are looked for */
	FILE_NAME_MAX = 4097,  /* with its end, and room to be too long (PATH_MAX) */
};

static const uint64_t scan_max = 64 << 20;

/* In CPython's code or constants; functions are never anywhere else. */
static bool is_code(struct python *python, taddr address)
{
	const struct target_region *region;

	if (address < python->module_start || address >= python->module_end)
		return false;
	region = target_region_at(python->memory->target, address);
	return region && !region->is_writable;
}

/* Does the table at address look like one? Of 3.9 and later, or ... */
static bool read_table(struct py_tracemalloc *tracemalloc, taddr address)
{
	struct python *python = tracemalloc->python;
	uint64_t words[TABLE_WORDS];

	if (!window_cache_read(python->memory, address, words, sizeof(words)))
		return false;
	tracemalloc->buckets = words[2];
	if (is_code(python, words[3]) && is_code(python, words[4]) && is_code(python, words[5])) {
		tracemalloc->entry_count = words[0];
		tracemalloc->bucket_count = words[1];
		tracemalloc->key_size = 0;
		tracemalloc->has_total_frames = true;
		return true;
	}
	/* ... of 3.8. */
	if ((words[3] != KEY_PLAIN && words[3] != KEY_WITH_DOMAIN) || words[4] != DATA_SIZE ||
	    !is_code(python, words[5]) || !is_code(python, words[6]))
		return false;
	tracemalloc->bucket_count = words[0];
	tracemalloc->entry_count = words[1];
	tracemalloc->key_size = (uint32_t)words[3];
	tracemalloc->has_total_frames = false;
	return true;
}

/* No table is larger than the memory that it says to lie in. */
static bool has_room(const struct py_tracemalloc *tracemalloc)
{
	uint64_t mapped = target_mapped_bytes(tracemalloc->python->memory->target);
	uint64_t buckets = tracemalloc->bucket_count;

	return tracemalloc->entry_count && buckets >= BUCKETS_MIN && !(buckets & (buckets - 1)) &&
	       buckets <= mapped / WORD && tracemalloc->entry_count <= mapped / (2 * WORD) &&
	       tracemalloc->buckets && tracemalloc->buckets % WORD == 0;
}

/* Reads the entry at address and writes the next one's address. */
static bool read_entry(const struct py_tracemalloc *tracemalloc, taddr address, taddr *ret_next,
                       struct py_trace *ret, bool *ret_is_python)
{
	struct window_cache *memory = tracemalloc->python->memory;
	uint32_t key_size = tracemalloc->key_size;
	uint8_t bytes[ENTRY_MAX];
	uint32_t domain = 0;
	taddr trace;

	if (!window_cache_read(memory, address, bytes,
	                       key_size ? ENTRY_KEY + key_size + DATA_SIZE : ENTRY_KEY + 2 * WORD))
		return false;
	memcpy(ret_next, bytes, sizeof(*ret_next));
	memcpy(&ret->block, bytes + ENTRY_KEY, sizeof(ret->block));
	if (key_size == KEY_WITH_DOMAIN)
		memcpy(&domain, bytes + ENTRY_KEY + WORD, sizeof(domain));
	*ret_is_python = !domain;
	if (key_size) {
		memcpy(&ret->traceback, bytes + ENTRY_KEY + key_size + WORD,
		       sizeof(ret->traceback));
		return true;
	}
	memcpy(&trace, bytes + ENTRY_KEY + WORD, sizeof(trace));
	return window_cache_u64(memory, trace + WORD, &ret->traceback);
}

/* A walk over the entries, which ends after as many as the table says to have. */
struct table_walk {
	const struct py_tracemalloc *tracemalloc;
	bool (*visit)(void *context, const struct py_trace *trace);
	void *context;
	uint64_t entries_left;
	bool is_torn;
	bool is_stopped;
};

static void walk_bucket(struct table_walk *walk, taddr entry)
{
	while (entry && !walk->is_stopped) {
		struct py_trace trace;
		taddr at = entry;
		bool is_python;

		if (!walk->entries_left ||
		    !read_entry(walk->tracemalloc, entry, &entry, &trace, &is_python)) {
			walk->is_torn = true;
			return;
		}
		walk->entries_left--;
		trace.entry = at;
		if (is_python && trace.block)
			walk->is_stopped = !walk->visit(walk->context, &trace);
	}
}

static void walk_buckets(struct table_walk *walk, uint64_t count)
{
	struct window_cache *memory = walk->tracemalloc->python->memory;
	taddr at = walk->tracemalloc->buckets;
	uint64_t heads[CHUNK / WORD];

	while (count && walk->entries_left && !walk->is_stopped) {
		size_t some = count < CHUNK / WORD ? (size_t)count : CHUNK / WORD;

		if (!window_cache_read(memory, at, heads, some * WORD)) {
			walk->is_torn = true;
			return;
		}
		for (size_t i = 0; i < some; i++)
			walk_bucket(walk, heads[i]);
		at += some * WORD;
		count -= some;
	}
}

/* A name that ends with a zero. False: it is empty, too long, or cannot be read. */
static bool read_name(struct window_cache *memory, taddr name, char ret[FILE_NAME_MAX])
{
	return window_cache_string(memory, name, ret, FILE_NAME_MAX) && *ret &&
	       strlen(ret) < FILE_NAME_MAX - 1;
}

static bool is_name(struct window_cache *memory, taddr address)
{
	char name[FILE_NAME_MAX];

	if (!read_name(memory, address, name))
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ')
			return false;
	return true;
}

static enum py_file_name kind_of_name(const struct py_tracemalloc *tracemalloc, taddr address)
{
	struct python *python = tracemalloc->python;
	struct py_object object;

	if (py_object_at(python, tracemalloc->types, address, &object) == DECODE_OK)
		return object.type->shape == PY_SHAPE_STR ? PY_FILE_NAME_OBJECT : PY_FILE_NAME_NONE;
	return is_name(python->memory, address) ? PY_FILE_NAME_BYTES : PY_FILE_NAME_NONE;
}

struct sample {
	struct py_tracemalloc *tracemalloc;
	unsigned int sound;
	bool is_other;
};

/* Is this an entry of the table of traces? Its traceback tells. */
static bool check_sample(void *context, const struct py_trace *trace)
{
	struct sample *sample = context;
	struct py_tracemalloc *tracemalloc = sample->tracemalloc;
	struct window_cache *memory = tracemalloc->python->memory;
	uint8_t head[FRAMES_AT + WORD];
	uint32_t frames;
	taddr address;

	if (!window_cache_read(memory, trace->traceback, head, sizeof(head))) {
		sample->is_other = true;
		return false;
	}
	memcpy(&frames, head + WORD, sizeof(frames));
	memcpy(&address, head + FRAMES_AT, sizeof(address));
	if (tracemalloc->has_total_frames)
		frames = (frames & UINT16_MAX) <= frames >> 16 ? frames & UINT16_MAX : 0;
	sample->is_other = !frames || frames > PY_TRACE_FRAMES_MAX;
	if (!sample->is_other && !sample->sound)
		tracemalloc->file_name = kind_of_name(tracemalloc, address);
	sample->is_other |= tracemalloc->file_name == PY_FILE_NAME_NONE ||
	                    kind_of_name(tracemalloc, address) != tracemalloc->file_name;
	return !sample->is_other && ++sample->sound < SAMPLES;
}

static bool has_tracebacks(struct py_tracemalloc *tracemalloc)
{
	struct sample sample = {.tracemalloc = tracemalloc};
	struct table_walk walk = {
		.tracemalloc = tracemalloc,
		.visit = check_sample,
		.context = &sample,
		.entries_left = tracemalloc->entry_count,
	};
	uint64_t count = tracemalloc->bucket_count;

	walk_buckets(&walk, count < SAMPLE_BUCKETS ? count : SAMPLE_BUCKETS);
	return sample.sound && !sample.is_other;
}

static bool is_table(struct py_tracemalloc *tracemalloc, taddr address)
{
	const struct target_region *region;

	if (!address || address % WORD)
		return false;
	region = target_region_at(tracemalloc->python->memory->target, address);
	return region && region->is_writable && region->is_readable &&
	       read_table(tracemalloc, address) && has_room(tracemalloc) &&
	       has_tracebacks(tracemalloc);
}

/* Does a word of [start, end) lead to the table? */
static bool scan(struct py_tracemalloc *tracemalloc, taddr start, taddr end)
{
	uint64_t words[CHUNK / WORD];

	if (end - start > scan_max)
		end = start + scan_max;
	for (start = (start + WORD - 1) & ~(taddr)(WORD - 1); start < end;) {
		size_t size = CHUNK - start % CHUNK;

		if (size > end - start)
			size = (size_t)(end - start);
		if (window_cache_read(tracemalloc->python->memory, start, words, size))
			for (size_t i = 0; i < size / WORD; i++)
				if (is_table(tracemalloc, words[i]))
					return true;
		start += size;
	}
	return false;
}

bool py_tracemalloc_find(struct python *python, struct py_types *types, struct py_tracemalloc *ret)
{
	struct py_tracemalloc tracemalloc = {.python = python, .types = types};
	size_t count;
	const struct target_region *regions = target_regions(python->memory->target, &count);

	for (size_t i = 0; i < count; i++) {
		taddr start = regions[i].start;
		taddr end = regions[i].end;

		if (!regions[i].is_writable || !regions[i].is_readable)
			continue;
		if (start < python->module_start)
			start = python->module_start;
		if (end > python->module_end)
			end = python->module_end;
		if (start < end && scan(&tracemalloc, start, end)) {
			*ret = tracemalloc;
			return true;
		}
	}
	return false;
}

enum decode py_tracemalloc_walk(const struct py_tracemalloc *tracemalloc,
                                bool (*visit)(void *context, const struct py_trace *trace),
                                void *context)
{
	struct table_walk walk = {
		.tracemalloc = tracemalloc,
		.visit = visit,
		.context = context,
		.entries_left = tracemalloc->entry_count,
	};

	walk_buckets(&walk, tracemalloc->bucket_count);
	return walk.is_torn || (walk.entries_left && !walk.is_stopped) ? DECODE_TORN : DECODE_OK;
}

enum decode py_tracemalloc_frames(const struct py_tracemalloc *tracemalloc, taddr traceback,
                                  struct py_trace_frame *frames, uint32_t *ret_count,
                                  uint32_t *ret_total)
{
	struct window_cache *memory = tracemalloc->python->memory;
	uint32_t count;
	uint32_t total;

	if (!window_cache_u32(memory, traceback + WORD, &count))
		return DECODE_FAULT;
	total = count;
	if (tracemalloc->has_total_frames) {
		total = count >> 16;
		count &= UINT16_MAX;
	}
	if (!count || count > PY_TRACE_FRAMES_MAX || total < count)
		return DECODE_TORN;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes = window_cache_view(
			memory, traceback + FRAMES_AT + (taddr)i * FRAME_SIZE, FRAME_SIZE);

		if (!bytes)
			return DECODE_FAULT;
		memcpy(&frames[i].file, bytes, sizeof(frames[i].file));
		memcpy(&frames[i].line, bytes + WORD, sizeof(frames[i].line));
	}
	*ret_count = count;
	*ret_total = total;
	return DECODE_OK;
}

bool py_tracemalloc_file(const struct py_tracemalloc *tracemalloc, taddr file, struct text *text)
{
	struct python *python = tracemalloc->python;
	struct py_object object;
	struct py_string string;
	char name[FILE_NAME_MAX];

	if (tracemalloc->file_name == PY_FILE_NAME_BYTES) {
		if (!read_name(python->memory, file, name))
			return false;
		text_append(text, name);
		return true;
	}
	return py_object_at(python, tracemalloc->types, file, &object) == DECODE_OK &&
	       object.type->shape == PY_SHAPE_STR &&
	       py_string_read(python, &object, &string) == DECODE_OK &&
	       py_string_append(python, &string, FILE_NAME_MAX, false, text);
}
