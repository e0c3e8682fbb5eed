/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments (what was dumped) and mapped files (what was mapped) are two lists
 * over the same addresses, and their borders need not agree: gdb leaves out
 * segments that nobody wrote to, other writers put several mappings into one.
 * Both are walked together once and cut at all borders of either. That gives the
 * regions of the target, and for each region its pieces: where its bytes are.
 *
 *	segment   |--- held ---|- lost -|---- not dumped ----|
 *	file                                | offset ...
 *	pieces    |--- core ---|            |--- file ---|0|
 *
 * The last page of a file that is mapped is filled up with zeros by the kernel
 * (mmap(2)); these are the only zeros there are without a byte in a file.
 *
 * Nothing changes after opening, so any number of threads may read.
 */
#include "target/core_target.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "image/elf_bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

struct piece {
	taddr start;
	taddr end; /* exclusive */
	uint64_t offset;
	int fd; /* borrowed from the core or a binary; -1: zeros */
};

struct core_pieces {
	struct piece *pieces; /* sorted, never overlapping */
	size_t count;
	size_t capacity;
	const struct core_target *owner;
};

/* --------------------------------------------------------------- reading */

/* The first piece that ends after address. */
static size_t find_piece(const struct core_pieces *memory, taddr address)
{
	size_t low = 0;
	size_t high = memory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->pieces[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t read_piece(const struct piece *piece, taddr address, void *buffer, size_t size)
{
	if (size > piece->end - address)
		size = (size_t)(piece->end - address);
	if (piece->fd >= 0)
		return elf_bounds_read_some(piece->fd, piece->offset + (address - piece->start),
		                            buffer, size);
	memset(buffer, 0, size);
	return size;
}

static size_t core_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct core_pieces *memory = self;
	size_t done = 0;

	for (size_t i = find_piece(memory, address); i < memory->count && done < size; i++) {
		const struct piece *piece = &memory->pieces[i];
		taddr at = address + done;
		size_t got;

		if (at < piece->start)
			break;
		got = read_piece(piece, at, (char *)buffer + done, size - done);
		done += got;
		if (at + got < piece->end)
			break;
	}
	return done;
}

/* The inode is ours: the binary's number and 1. */
const struct core_binary *core_target_binary(const struct core_target *core,
                                             const struct target_region *region)
{
	if (!region->inode || region->inode > core->binaries.count)
		return NULL;
	return &core->binaries.all[region->inode - 1];
}

static struct error *core_open_file(void *self, const struct target_region *region, int *ret_fd)
{
	const struct core_pieces *memory = self;
	const struct core_binary *binary = core_target_binary(memory->owner, region);
	int fd;

	if (!binary)
		return error_new(ERROR_NOT_FOUND, "no file is mapped at %#llx",
		                 (unsigned long long)region->start);
	if (binary->fd < 0)
		return error_new(ERROR_NOT_FOUND, "%s was not found", binary->path);
	fd = fcntl(binary->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_errno(ERROR_IO, errno, "cannot open %s", binary->path);
	*ret_fd = fd;
	return NULL;
}

static void core_pieces_free(void *self)
{
	struct core_pieces *memory = self;

	if (!memory)
		return;
	free(memory->pieces);
	free(memory);
}

static const struct target_operations core_operations = {
	.read = core_read,
	.open_file = core_open_file,
	.free = core_pieces_free,
};

/* --------------------------------------------------- regions and pieces */

struct building {
	const struct core_target *owner;
	struct core_pieces *memory;
	struct target_region *regions;
	size_t region_count;
};

/* One stretch between two borders: part of a segment, or of a mapping, or of both. */
struct stretch {
	taddr start;
	taddr end;
	const struct core_segment *segment; /* or NULL */
	const struct core_mapping *mapping; /* or NULL */
	size_t mapping_index;
};

static struct error *add_piece(struct core_pieces *memory, taddr start, taddr end, uint64_t offset,
                               int fd)
{
	if (start >= end)
		return NULL;
	if (!array_reserve(&memory->pieces, &memory->capacity, memory->count + 1,
	                   sizeof(*memory->pieces)))
		return error_no_memory();
	memory->pieces[memory->count++] = (struct piece){start, end, offset, fd};
	return NULL;
}

static taddr smaller(taddr a, taddr b)
{
	return a < b ? a : b;
}

static taddr larger(taddr a, taddr b)
{
	return a > b ? a : b;
}

static const struct core_binary *binary_of(const struct core_target *owner, size_t mapping_index)
{
	return &owner->binaries.all[owner->binaries.of_mapping[mapping_index]];
}

/* What the binary has for [start, end): bytes up to its end, zeros up to its last page's. */
static struct error *add_file_pieces(struct core_pieces *memory, const struct stretch *stretch,
                                     taddr start)
{
	const struct core_binary *binary = binary_of(memory->owner, stretch->mapping_index);
	uint64_t offset = stretch->mapping->file_offset + (start - stretch->mapping->start);
	uint64_t pages = (binary->size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	taddr bytes_end;
	taddr pages_end;
	struct error *error;

	if (start >= stretch->end || offset >= pages)
		return NULL;
	bytes_end = offset < binary->size ? start + (binary->size - offset) : start;
	pages_end = start + (pages - offset);
	error = add_piece(memory, start, smaller(bytes_end, stretch->end), offset, binary->fd);
	if (!error)
		error = add_piece(memory, bytes_end, smaller(pages_end, stretch->end), 0, -1);
	return error;
}

/* May the binary stand in for what was not dumped of the stretch? */
static bool is_constant(const struct core_binaries *binaries, const struct stretch *stretch)
{
	return stretch->mapping && binaries->is_constant[stretch->mapping_index] &&
	       !(stretch->segment && stretch->segment->is_writable);
}

static struct error *add_pieces(struct core_pieces *memory, const struct stretch *stretch)
{
	const struct core_segment *segment = stretch->segment;
	taddr dumped_end = segment ? segment->address + segment->dumped_size : 0;
	struct error *error = NULL;

	if (segment)
		error = add_piece(memory, stretch->start,
		                  smaller(segment->address + segment->held_size, stretch->end),
		                  segment->file_offset + (stretch->start - segment->address),
		                  memory->owner->core->fd);
	if (!error && is_constant(&memory->owner->binaries, stretch))
		error = add_file_pieces(memory, stretch, larger(stretch->start, dumped_end));
	return error;
}

static void add_region(struct building *building, const struct stretch *stretch)
{
	const struct core_segment *segment = stretch->segment;
	const struct core_mapping *mapping = stretch->mapping;
	struct target_region *region = &building->regions[building->region_count++];

	*region = (struct target_region){
		.start = stretch->start,
		.end = stretch->end,
		.path = mapping ? mapping->path : "",
		/* A mapping without a segment is one that nobody wrote to. */
		.is_readable = segment ? segment->is_readable : true,
		.is_writable = segment && segment->is_writable,
		.is_executable = segment && segment->is_executable,
	};
	if (!mapping)
		return;
	region->file_offset = mapping->file_offset + (stretch->start - mapping->start);
	region->inode = building->owner->binaries.of_mapping[stretch->mapping_index] + 1;
	region->is_deleted = mapping->is_deleted;
}

/* Where the walk over both lists is. */
struct walk {
	const struct core_target *owner;
	size_t segment;
	size_t mapping;
	taddr at; /* everything below is done */
};

/* The first segment that reaches beyond the walk, or NULL. */
static const struct core_segment *next_segment(struct walk *walk)
{
	const struct core_file *core = walk->owner->core;

	for (; walk->segment < core->segment_count; walk->segment++) {
		const struct core_segment *segment = &core->segments[walk->segment];

		if (segment->address + segment->memory_size > walk->at)
			return segment;
	}
	return NULL;
}

static const struct core_mapping *next_mapping(struct walk *walk)
{
	const struct core_file *core = walk->owner->core;

	for (; walk->mapping < core->mapping_count; walk->mapping++)
		if (core->mappings[walk->mapping].end > walk->at)
			return &core->mappings[walk->mapping];
	return NULL;
}

/* The next stretch, and moves the walk to its end; false: there is none. */
static bool next_stretch(struct walk *walk, struct stretch *ret)
{
	const struct core_segment *segment = next_segment(walk);
	const struct core_mapping *mapping = next_mapping(walk);
	taddr segment_start = segment ? larger(segment->address, walk->at) : UINT64_MAX;
	taddr mapping_start = mapping ? larger(mapping->start, walk->at) : UINT64_MAX;
	taddr start = smaller(segment_start, mapping_start);
	taddr segment_border = segment_start;
	taddr mapping_border = mapping_start;

	if (!segment && !mapping)
		return false;
	*ret = (struct stretch){.start = start};
	if (segment && segment_start == start) {
		ret->segment = segment;
		segment_border = segment->address + segment->memory_size;
	}
	if (mapping && mapping_start == start) {
		ret->mapping = mapping;
		ret->mapping_index = walk->mapping;
		mapping_border = mapping->end;
	}
	ret->end = smaller(segment_border, mapping_border);
	walk->at = ret->end;
	return true;
}

static struct error *build(struct building *building)
{
	const struct core_file *core = building->owner->core;
	struct walk walk = {.owner = building->owner};
	struct error *error = NULL;
	struct stretch stretch;

	/* Each stretch begins or ends at a border, and there are two of each thing. */
	building->regions = calloc(2 * (core->segment_count + core->mapping_count) + 1,
	                           sizeof(*building->regions));
	building->memory = calloc(1, sizeof(*building->memory));
	if (!building->regions || !building->memory)
		return error_no_memory();
	building->memory->owner = building->owner;
	while (!error && next_stretch(&walk, &stretch)) {
		add_region(building, &stretch);
		error = add_pieces(building->memory, &stretch);
	}
	return error;
}

static struct error *make_target(struct core_target *core)
{
	struct building building = {.owner = core};
	struct error *error = build(&building);

	if (error) {
		core_pieces_free(building.memory);
		free(building.regions);
		return error;
	}
	return target_new(&core_operations, building.memory, building.regions,
	                  building.region_count, NULL, &core->target);
}

/* --------------------------------------------------------------- opening */

static struct error *open_named(const char *path, int *ret_fd)
{
	/* A pipe or device of that name must not block us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_errno(ERROR_NO_TARGET, errno, "cannot open %s", path);
	if (fd < 0)
		return error_errno(errno == EACCES ? ERROR_PERMISSION : ERROR_IO, errno,
		                   "cannot open %s", path);
	*ret_fd = fd;
	return NULL;
}

/* Replaces *fd by an unpacked copy of it, if it is packed. */
static struct error *unpack(const char *path, const struct unpack_options *options, int *fd,
                            bool *ret_is_cut)
{
	uint8_t head[UNPACK_HEAD];
	size_t size = elf_bounds_read_some(*fd, 0, head, sizeof(head));
	struct error *error;
	int unpacked;

	if (unpack_packing(head, size) == PACKING_NONE)
		return NULL;
	error = unpack_file(*fd, path, options, &unpacked, ret_is_cut);
	if (error)
		return error;
	close(*fd);
	*fd = unpacked;
	return NULL;
}

struct error *core_target_open(const char *path, const struct core_options *options,
                               struct core_target **ret)
{
	_cleanup_(cleanup_core_target) struct core_target *core = calloc(1, sizeof(*core));
	struct binary_search search = options->search;
	_cleanup_close_ int fd = -1;
	struct error *error;

	if (!core)
		return error_no_memory();
	search.beside = path;
	error = open_named(path, &fd);
	if (!error)
		error = unpack(path, &options->unpack, &fd, &core->is_cut);
	if (!error)
		error = core_file_open(fd, path, &core->core);
	if (!error)
		error = core_binaries_find(core->core, &search, &core->binaries);
	if (!error)
		error = make_target(core);
	if (error)
		return error;
	core->is_cut |= core->core->lost_bytes || core->core->has_cut_notes;
	*ret = take_ptr(core);
	return NULL;
}

void core_target_free(struct core_target *core)
{
	if (!core)
		return;
	target_free(core->target);
	core_binaries_deinit(&core->binaries);
	core_file_free(core->core);
	free(core);
}

bool core_target_is_core(const char *path)
{
	static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};
	_cleanup_close_ int fd = -1;
	uint8_t head[UNPACK_HEAD];
	struct error *error = open_named(path, &fd);
	size_t size;

	if (error) {
		error_free(error);
		return false;
	}
	size = elf_bounds_read_some(fd, 0, head, sizeof(head));
	return unpack_packing(head, size) != PACKING_NONE ||
	       (size >= sizeof(magic) && memcmp(head, magic, sizeof(magic)) == 0);
}

/* ------------------------------------------------------ what can be said */

static void append_missing_binary(const struct core_binary *binary, bool is_cut, struct text *text)
{
	if (!binary->is_needed || binary->fd >= 0 || !(binary->is_known || binary->is_executed))
		return;
	/* What was cut off is said once, not for each file. */
	if (!binary->is_known && is_cut)
		return;
	text_append(text, binary->path);
	if (!binary->is_known)
		text_append(
			text,
			" cannot be told from others: its first page is not in the core (bit 4 of "
			"/proc/PID/coredump_filter was off)");
	else if (*binary->build_id)
		text_printf(text, " with build-id %s was not found", binary->build_id);
	else
		text_append(text, " (it has no build-id) was not found");
	if (binary->refused)
		text_printf(text, ": %s", binary->refused);
	text_append_char(text, '\n');
}

void core_target_missing(const struct core_target *core, struct text *text)
{
	if (core->core->lost_bytes)
		text_printf(text, "%llu bytes of its memory were cut off: the file is incomplete\n",
		            (unsigned long long)core->core->lost_bytes);
	else if (core->is_cut)
		text_append(text, "the file is incomplete: its end was cut off\n");
	for (size_t i = 0; i < core->binaries.count; i++)
		append_missing_binary(&core->binaries.all[i], core->is_cut, text);
}

void core_target_ending(const struct core_target *core, struct text *text)
{
	const char *name = core_signal_name(core->core->signal);

	if (name && core->core->thread_count)
		text_printf(text, "died of %s in thread %d", name, core->core->threads[0].id);
}
