/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes come in order of address: native blocks, then memory. One of memory
 * has a node when it leads to something; its words are counted from the start
 * of its range.
 *
 * The part of malloc's memory whose chunks could not be walked to the end
 * counts as memory too: what lies there may hold the rest.
 */
#include "capture/native_walk.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "capture/data_symbols.h"
#include "capture/heap_resolve.h"
#include "capture/native_looks.h"
#include "capture/native_pools.h"
#include "capture/native_words.h"
#include "runtime/glibc_chunks.h"
#include "runtime/py_tracemalloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_HEADER = 16,
	OBJECT_HEAD = 16,
	WORD = 8,
	PEEK = 128,        /* bytes of a block in which an object begins */
	TRACED_START = 16, /* of an entry of tracemalloc's table */
	TRACED_END = 24,
	MEMORY_TIER = SNAP_TIER_COUNT - 1,
};

struct native_walk {
	struct heap_walk *walk;
	const struct native_wish *wish;
	struct native_blocks blocks;
	struct native_words words;
	struct native_ranges ranges;
	struct native_looks looks;
	type_id memory_type;
	type_id stack_type;
};

/* ---------------------------------------------------------- which blocks */

struct listing {
	struct native_blocks *blocks;
	struct native_ranges *ranges;
	const struct glibc_malloc *glibc;
	size_t stretch;
	taddr reached; /* in that stretch */
	bool has_failed;
};

/* What of the stretch was not walked. */
static bool end_stretch(struct listing *listing)
{
	const struct glibc_stretch *stretch = &listing->glibc->stretches[listing->stretch];
	taddr from = listing->reached > stretch->start ? listing->reached : stretch->start;

	listing->stretch++;
	return from >= stretch->end || native_ranges_add_torn(listing->ranges, from, stretch->end);
}

static bool list_chunk(void *context, const struct glibc_chunk *chunk)
{
	struct listing *listing = context;
	taddr start = chunk->block - CHUNK_HEADER;
	bool is_mapped = chunk->state == GLIBC_MAPPED;
	bool is_listed = true;

	while (is_listed && !is_mapped && listing->stretch < listing->glibc->stretch_count &&
	       start >= listing->glibc->stretches[listing->stretch].end)
		is_listed = end_stretch(listing);
	if (!is_mapped)
		listing->reached = start + chunk->bytes;
	if (is_listed && is_mapped)
		is_listed = native_ranges_add_known(listing->ranges, start,
		                                    chunk->block + chunk->usable);
	if (is_listed && (is_mapped || chunk->state == GLIBC_USED))
		is_listed =
			native_blocks_add(listing->blocks, chunk->block, chunk->usable, is_mapped);
	listing->has_failed = !is_listed;
	return is_listed;
}

static struct error *list_blocks(struct native_walk *native)
{
	struct listing listing = {
		.blocks = &native->blocks,
		.ranges = &native->ranges,
		.glibc = &native->ranges.glibc,
	};
	struct glibc_visit visit;

	(void)glibc_chunks_visit(listing.glibc, list_chunk, &listing, &visit);
	while (!listing.has_failed && listing.stretch < listing.glibc->stretch_count)
		listing.has_failed = !end_stretch(&listing);
	snapshot_builder_totals(native->walk->builder)->torn += visit.torn;
	return listing.has_failed ? error_no_memory() : native_blocks_seal(&native->blocks);
}

static struct error *init(struct native_walk *native)
{
	struct heap_walk *walk = native->walk;
	struct error *error = native_ranges_init(&native->ranges, walk->python);

	if (!error)
		error = list_blocks(native);
	if (!error)
		error = native_words_init(&native->words, walk, native->wish->picture);
	if (error)
		return error;
	if (walk->python->is_debug_allocator)
		native->blocks.debug_header = walk->python->debug_header_size;
	walk->native = &native->blocks;
	return NULL;
}

struct error *native_walk_new(struct heap_walk *walk, const struct native_wish *wish,
                              struct native_walk **ret)
{
	_cleanup_(cleanup_native_walk) struct native_walk *native = calloc(1, sizeof(*native));
	struct error *error;

	if (!native)
		return error_no_memory();
	native->walk = walk;
	native->wish = wish;
	native->words.pages.fd = -1;
	error = init(native);
	if (error && error_kind(error) != ERROR_NOT_FOUND)
		return error;
	*ret = error ? NULL : take_ptr(native);
	error_free(error);
	return NULL;
}

void native_walk_free(struct native_walk *native)
{
	if (!native)
		return;
	native->walk->native = NULL;
	native_looks_deinit(&native->looks);
	native_words_deinit(&native->words);
	native_ranges_deinit(&native->ranges);
	native_blocks_deinit(&native->blocks);
	free(native);
}

/* -------------------------------------------------------- objects of C's */

/*
 * Would an object of that type be where its block has one? What
 * was left in a block by an earlier use looks like the head of one now and then.
 */
static bool has_place(const struct native_walk *native, size_t block, uint32_t at, taddr of_type)
{
	const struct native_blocks *blocks = &native->blocks;
	const struct py_type *type = py_types_get(native->walk->workers[0]->types, of_type);

	return type && type->basicsize >= 0 &&
	       at + (uint64_t)type->basicsize <= native_blocks_usable(blocks, block) &&
	       native_blocks_has_place(blocks, (uint32_t)block, blocks->starts[block] + at,
	                               type->prefix);
}

/*
 * Types lie in no pool, and are known by now: what does not begin with the address
 * of something like that is no object. One that has it and is none was freed, and
 * Python keeps it for later.
 */
static void probe_block(struct native_walk *native, size_t block)
{
	struct heap_walk *walk = native->walk;
	uint32_t header = native->blocks.debug_header; /* one of them, or two */
	uint64_t usable = native_blocks_usable(&native->blocks, block);
	size_t size = usable < PEEK ? (size_t)usable : PEEK;
	taddr start = native->blocks.starts[block];
	const uint8_t *bytes;

	bytes = native_words_read(&native->words, start, size, &size);
	for (uint32_t at = header; at <= 2 * header + NATIVE_HEADS_MAX; at += NATIVE_HEAD) {
		uint64_t type;
		node_id node;

		if (at + OBJECT_HEAD > size)
			return;
		memcpy(&type, bytes + at + 8, sizeof(type));
		if (!number_map_get(&walk->others, type, &node) ||
		    !has_place(native, block, at, type))
			continue;
		if (heap_resolve_word(walk->workers[0], start + at) != NODE_NONE)
			return;
		native->blocks.owners[block] |= NATIVE_HAS_HEADS;
	}
}

struct error *native_walk_discover(struct native_walk *native)
{
	for (size_t i = 0; i < native->blocks.count; i++)
		if (!(native->blocks.owners[i] & NATIVE_IS_OWNED))
			probe_block(native, i);
	return heap_walk_more_others(native->walk);
}

/* ------------------------------------------------------------------ nodes */

/* The edges found since the last call become those of node, which is the last one. */
static struct error *commit(struct native_walk *native, node_id node)
{
	struct heap_walk *walk = native->walk;
	uint32_t count = (uint32_t)native->words.edge_count;

	if (node == NODE_NONE)
		return error_no_memory();
	if (heap_walk_count_edges(walk, count))
		snapshot_builder_edge_run(walk->builder, node, 1, &count, native->words.edges);
	native->words.edge_count = 0;
	native->words.columns = snapshot_builder_columns(walk->builder);
	return heap_walk_check(walk);
}

/* A trace does not hold what it is of. */
static struct error *search_block(struct native_walk *native, size_t block)
{
	const struct native_blocks *blocks = &native->blocks;
	taddr start = blocks->starts[block];
	struct native_part part = {start, start + native_blocks_usable(blocks, block), start,
	                           blocks->owners[block] & NATIVE_LENDS};
	struct native_part before = part;
	struct error *error;

	if (!(blocks->owners[block] & NATIVE_IS_TRACE))
		return native_words_search(&native->words, &part);
	part.start = start + TRACED_END;
	before.end = start + TRACED_START;
	error = native_words_search(&native->words, &before);
	return error ? error : native_words_search(&native->words, &part);
}

/* What of it is not resident, for who asks. False: memory ran out. */
static bool note_absent(struct native_walk *native, size_t block, node_id node)
{
	struct resident_owners *owners = native->walk->owners;
	uint64_t memory = native_blocks_memory(&native->blocks, block);
	uint64_t resident;

	if (!owners)
		return true;
	resident =
		resident_owners_count(owners, native->blocks.starts[block] - CHUNK_HEADER, memory);
	return resident >= memory || resident_owners_note_absent(owners, node, memory - resident);
}

static type_id sort_of_block(struct native_walk *native, size_t block)
{
	uint64_t usable = native_blocks_usable(&native->blocks, block);
	size_t size = usable < NATIVE_LOOK_BYTES ? (size_t)usable : NATIVE_LOOK_BYTES;
	const uint8_t *bytes =
		native_words_read(&native->words, native->blocks.starts[block], size, &size);

	return native_looks_sort(&native->looks, bytes, size, usable);
}

static struct error *record_block(struct native_walk *native, size_t block)
{
	const struct native_blocks *blocks = &native->blocks;
	struct snapshot_builder *builder = native->walk->builder;
	type_id type = sort_of_block(native, block);
	node_id node = snapshot_builder_node(builder, blocks->starts[block], type, 0);
	struct error *error;

	native->words.columns = snapshot_builder_columns(builder);
	error = search_block(native, block);
	snapshot_builder_sizes(builder, node, native_blocks_usable(blocks, block),
	                       native_blocks_memory(blocks, block));
	if (!error && !note_absent(native, block, node))
		error = error_no_memory();
	return error ? error : commit(native, node);
}

static type_id add_type(struct snapshot_builder *builder, const char *name)
{
	return snapshot_builder_type(builder, 0,
	                             snapshot_builder_string(builder, name, strlen(name)),
	                             snapshot_builder_string(builder, "", 0));
}

static struct error *record_blocks(struct native_walk *native)
{
	struct error *error = native_looks_init(&native->looks, native->walk, &native->ranges);

	for (size_t i = 0; i < native->blocks.count && !error; i++)
		if (!(native->blocks.owners[i] & NATIVE_IS_OWNED))
			error = record_block(native, i);
	return error;
}

/* What was found is held by a root of that name. */
static struct error *record_memory(struct native_walk *native, type_id type, taddr address,
                                   const char *name)
{
	struct snapshot_builder *builder = native->walk->builder;
	str_id label;
	node_id node;

	if (!native->words.edge_count)
		return NULL;
	label = snapshot_builder_string(builder, name, strlen(name));
	node = snapshot_builder_node(builder, address, type, NODE_IS_SYNTHETIC);
	if (node == NODE_NONE)
		return error_no_memory();
	snapshot_builder_name(builder, node, label);
	snapshot_builder_root(builder, node, label, ROOT_MEMORY, MEMORY_TIER);
	return commit(native, node);
}

/* ------------------------------------------------------------------ roots */

static struct error *record_pools(struct native_walk *native)
{
	native_pools_search(native->walk, &native->words);
	return record_memory(native, native->memory_type, 0, "pymalloc blocks of no object");
}

static struct error *record_registers(struct native_walk *native, size_t number)
{
	const struct native_thread *thread = &native->wish->threads[number];
	char name[NATIVE_NAME_MAX];

	for (unsigned int i = 0; i < NATIVE_REGISTERS; i++)
		native_words_add(&native->words, thread->registers[i], i, false);
	native_ranges_thread_name(&native->ranges, "registers", thread, name, sizeof(name));
	return record_memory(native, native->stack_type, 0, name);
}

/* The variable that an edge of the range starts from, if its place and that are known. */
static const struct data_symbol *symbol_of(const struct data_symbols *symbols,
                                           const struct native_range *range, struct snap_edge edge)
{
	uint32_t number = snap_edge_operand(edge);

	return number == EDGE_OPERAND_MAX
	               ? NULL
	               : data_symbols_at(symbols, range->start + (taddr)number * WORD);
}

/* The edges of one variable, which stand together. Returns how many they are. */
static size_t take_variable(struct native_walk *native, const struct native_range *range,
                            const struct data_symbols *symbols, const struct data_symbol *variable,
                            const struct snap_edge *edges, size_t count)
{
	struct native_words *words = &native->words;
	size_t taken = 0;

	while (taken < count && symbol_of(symbols, range, edges[taken]) == variable) {
		struct snap_edge edge = edges[taken++];
		taddr at = range->start + (taddr)snap_edge_operand(edge) * WORD;

		words->edges[words->edge_count++] = snap_edge_make(edge.to, snap_edge_kind(edge),
		                                                   (at - variable->start) / WORD);
	}
	return taken;
}

/* Each variable of a module that holds something is a root: "libx.so data+0x1240 (sessions)". */
static struct error *record_variables(struct native_walk *native, const struct native_range *range,
                                      const struct data_symbols *symbols, const char *name)
{
	struct native_words *words = &native->words;
	size_t count = words->edge_count;
	_cleanup_free_ struct snap_edge *edges = reallocarray(NULL, count + 1, sizeof(*edges));
	struct error *error = NULL;
	char full[2 * NATIVE_NAME_MAX];
	size_t rest = 0;

	if (!edges)
		return error_no_memory();
	memcpy(edges, words->edges, count * sizeof(*edges));
	words->edge_count = 0;
	for (size_t i = 0; !error && i < count;) {
		const struct data_symbol *variable = symbol_of(symbols, range, edges[i]);

		if (!variable) {
			edges[rest++] = edges[i++];
			continue;
		}
		i += take_variable(native, range, symbols, variable, edges + i, count - i);
		snprintf(full, sizeof(full), "%s+0x%" PRIx64 " (%s)", name,
		         variable->start - range->start, variable->name);
		error = record_memory(native, native->memory_type, variable->start, full);
	}
	memcpy(words->edges, edges, rest * sizeof(*edges));
	words->edge_count = error ? 0 : rest;
	return error;
}

/* What no symbol names is the whole's. */
static struct error *record_data(struct native_walk *native, const struct native_range *range,
                                 const char *name)
{
	_cleanup_(data_symbols_deinit) struct data_symbols symbols = {0};
	struct python *python = native->walk->python;
	struct error *error;

	if (!native->words.edge_count)
		return NULL;
	error = data_symbols_init(&symbols, python->memory, &native->ranges.images[range->number]);
	if (!error && symbols.count)
		error = record_variables(native, range, &symbols, name);
	return error ? error : record_memory(native, native->memory_type, range->start, name);
}

static struct error *record_range(struct native_walk *native, const struct native_range *range)
{
	const struct python *python = native->walk->python;
	const struct native_part part = {
		.start = range->start,
		.end = range->end,
		.origin = range->start,
		.lends = range->start >= python->module_start && range->start < python->module_end,
	};
	struct error *error = native_words_search(&native->words, &part);
	char name[NATIVE_NAME_MAX];

	if (error)
		return error;
	native_ranges_name(&native->ranges, native->wish, range, name, sizeof(name));
	if (range->kind == NATIVE_RANGE_DATA)
		return record_data(native, range, name);
	return record_memory(native,
	                     range->kind == NATIVE_RANGE_STACK ? native->stack_type
	                                                       : native->memory_type,
	                     range->start, name);
}

static struct error *record_roots(struct native_walk *native)
{
	struct native_ranges *ranges = &native->ranges;
	struct error *error;

	native->memory_type = add_type(native->walk->builder, SNAP_TYPE_MEMORY);
	native->stack_type = add_type(native->walk->builder, SNAP_TYPE_STACK);
	error = native_ranges_find(ranges, native->walk, native->wish);
	if (!error)
		error = record_pools(native);
	for (size_t i = 0; !error && i < native->wish->thread_count; i++)
		error = record_registers(native, i);
	for (size_t i = 0; !error && i < ranges->count; i++)
		error = record_range(native, &ranges->all[i]);
	return error;
}

/* -------------------------------------------------------------- numbering */

/* From here on the block of an object leads to it. */
static void note_objects(struct native_walk *native)
{
	const struct heap_walk *walk = native->walk;

	for (size_t i = 0; i < walk->other_count; i++) {
		taddr address = walk->other_list[i].address;
		uint32_t block = native_blocks_at(&native->blocks, address);

		if (block != NATIVE_NONE && native->blocks.owners[block] & NATIVE_IS_OBJECT &&
		    native->blocks.nodes[block] == NODE_NONE)
			native->blocks.nodes[block] = walk->blocks.node_count + (node_id)i;
	}
}

static bool note_trace(void *context, const struct py_trace *trace)
{
	struct native_blocks *blocks = context;
	uint32_t block = native_blocks_at(blocks, trace->entry);

	if (block != NATIVE_NONE && native_blocks_usable(blocks, block) >= TRACED_END)
		blocks->owners[block] |= NATIVE_IS_TRACE;
	return true;
}

static void note_lenders(struct native_walk *native)
{
	struct python *python = native->walk->python;
	struct py_tracemalloc traces;

	for (size_t i = 0; i < python->interpreter_count; i++) {
		uint32_t block = native_blocks_at(&native->blocks, python->interpreters[i]);

		if (block != NATIVE_NONE)
			native->blocks.owners[block] |= NATIVE_LENDS;
	}
	if (py_tracemalloc_find(python, native->walk->workers[0]->types, &traces))
		(void)py_tracemalloc_walk(&traces, note_trace, &native->blocks);
}

struct error *native_walk_record(struct native_walk *native)
{
	struct snapshot_builder *builder = native->walk->builder;
	struct native_blocks *blocks = &native->blocks;
	node_id first = snapshot_builder_node_count(builder);
	struct error *error;

	if (native_blocks_number(blocks, first) > SNAPSHOT_NODES_MAX - first)
		return error_new(ERROR_CORRUPT, "malloc has more blocks than there can be nodes");
	snapshot_builder_keep_promises(builder, blocks->nodes, blocks->count);
	note_objects(native);
	note_lenders(native);
	native->words.columns = snapshot_builder_columns(builder);
	error = record_blocks(native);
	return error ? error : record_roots(native);
}
