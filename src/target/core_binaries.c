/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of one path are one binary. Which file it was is told by its first
 * page, where it was mapped: there are the program headers and the note with
 * the build-id. A file without that page in the core (a data file, or a core
 * that was made without it) could be any, and is not looked for.
 */
#include "target/core_binaries.h"

#include "base/cleanup.h"
#include "image/elf_bounds.h"
#include "image/elf_image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	HEAD_SIZE = 64 << 10,
	PAGE = 4096,
	FILES_OF_OURS = 64, /* open besides binaries */
};

/* ---------------------------------------------- mappings and their paths */

static int compare_paths(const void *left, const void *right, void *context)
{
	const struct core_file *core = context;
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;
	int order = strcmp(core->mappings[a].path, core->mappings[b].path);

	if (!order)
		order = core->mappings[a].is_deleted - core->mappings[b].is_deleted;
	return order ? order : (a > b) - (a < b);
}

static bool is_same_file(const struct core_mapping *a, const struct core_mapping *b)
{
	return a->is_deleted == b->is_deleted && strcmp(a->path, b->path) == 0;
}

/* One binary for each path, numbered in the order of paths. */
static struct error *list_binaries(struct core_file *core, struct core_binaries *binaries)
{
	uint32_t *order = calloc(core->mapping_count + 1, sizeof(*order));

	binaries->mappings = order;
	binaries->all = calloc(core->mapping_count + 1, sizeof(*binaries->all));
	binaries->of_mapping = calloc(core->mapping_count + 1, sizeof(*binaries->of_mapping));
	binaries->is_constant = calloc(core->mapping_count + 1, sizeof(*binaries->is_constant));
	if (!order || !binaries->all || !binaries->of_mapping || !binaries->is_constant)
		return error_no_memory();
	for (uint32_t i = 0; i < core->mapping_count; i++)
		order[i] = i;
	if (core->mapping_count)
		qsort_r(order, core->mapping_count, sizeof(*order), compare_paths, core);
	for (size_t i = 0; i < core->mapping_count; i++) {
		const struct core_mapping *mapping = &core->mappings[order[i]];

		if (!i || !is_same_file(mapping, &core->mappings[order[i - 1]]))
			binaries->all[binaries->count++] =
				(struct core_binary){.path = mapping->path, .first = i, .fd = -1};
		binaries->all[binaries->count - 1].mapping_count++;
		binaries->of_mapping[order[i]] = (uint32_t)binaries->count - 1;
	}
	return NULL;
}

/* Was part of the mapping left out of the core? */
static bool is_partly_missing(const struct core_file *core, const struct core_mapping *mapping)
{
	const struct core_segment *segment = core_file_segment_at(core, mapping->start);

	return !segment || mapping->end - segment->address > segment->dumped_size;
}

static bool is_program(const struct core_file *core, const struct core_mapping *mapping)
{
	const struct core_segment *segment = core_file_segment_at(core, mapping->start);

	return segment && segment->is_executable;
}

/* ------------------------------------------------------- what each one is */

/* The first bytes of a file, from where it is mapped; how many there are. */
static size_t read_head(const struct core_file *core, const struct core_binaries *binaries,
                        uint32_t number, uint8_t *head)
{
	const struct core_binary *binary = &binaries->all[number];

	for (size_t i = 0; i < binary->mapping_count; i++) {
		const struct core_mapping *mapping =
			&core->mappings[binaries->mappings[binary->first + i]];
		size_t size = HEAD_SIZE;

		if (mapping->file_offset)
			continue;
		if (size > mapping->end - mapping->start)
			size = (size_t)(mapping->end - mapping->start);
		size = core_file_read_some(core, mapping->start, head, size);
		if (size >= sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0)
			return size;
	}
	return 0;
}

/* The same reader as for whole files tells the build-id; it bounds what it believes. */
static struct error *read_build_id(const uint8_t *head, size_t size, struct core_binary *binary)
{
	_cleanup_(cleanup_elf_image) struct elf_image *image = NULL;
	_cleanup_close_ int fd = memfd_create("plumb-head", MFD_CLOEXEC);
	struct error *error;

	if (fd < 0 || write(fd, head, size) != (ssize_t)size)
		return error_errno(ERROR_IO, errno, "cannot look at %s in the core", binary->path);
	error = elf_image_open(fd, binary->path, &image);
	if (error && error_kind(error) != ERROR_CORRUPT)
		return error;
	if (error) {
		error_free(error); /* it only begins like ELF */
		return NULL;
	}
	binary->is_known = true;
	strncpy(binary->build_id, elf_image_build_id(image), sizeof(binary->build_id) - 1);
	return NULL;
}

/* The segment of the file that address lies in can be written to. */
static bool is_written(const struct elf_segment *segments, size_t count, uint64_t address)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start = segments[i].address & ~(uint64_t)(PAGE - 1);
		uint64_t size = segments[i].address - start + segments[i].memory_size;

		if (segments[i].is_writable && address >= start && address - start < size)
			return true;
	}
	return false;
}

/* The address in the file of its first page. */
static bool find_first_page(const struct elf_segment *segments, size_t count, uint64_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (segments[i].file_offset < PAGE) {
			*ret = segments[i].address & ~(uint64_t)(PAGE - 1);
			return true;
		}
	}
	return false;
}

/*
 * Which mappings of a file that was found are constant. Offsets do not tell: the
 * last page of the constants can be the first one of the variables, mapped twice.
 * Addresses do, counted from where the file's first page is.
 */
static void mark_constant(const struct core_file *core, struct core_binaries *binaries,
                          uint32_t number, const struct elf_image *image)
{
	const struct core_binary *binary = &binaries->all[number];
	const struct elf_segment *segments;
	uint64_t first_page = 0;
	bool has_first = false;
	uint64_t bias = 0;
	size_t count;

	segments = elf_image_segments(image, &count);
	if (!find_first_page(segments, count, &first_page))
		return;
	for (size_t i = 0; i < binary->mapping_count; i++) {
		uint32_t index = binaries->mappings[binary->first + i];
		const struct core_mapping *mapping = &core->mappings[index];

		if (!mapping->file_offset) {
			bias = mapping->start - first_page;
			has_first = true;
		}
		binaries->is_constant[index] = has_first &&
		                               !is_written(segments, count, mapping->start - bias);
	}
}

/* What is needed later of the file that was found: its size, and what is constant. */
static struct error *read_found(const struct core_file *core, struct core_binaries *binaries,
                                uint32_t number)
{
	_cleanup_(cleanup_elf_image) struct elf_image *image = NULL;
	struct core_binary *binary = &binaries->all[number];
	struct error *error = elf_image_open(binary->fd, binary->path, &image);
	struct stat facts;

	if (error)
		return error;
	if (fstat(binary->fd, &facts) == 0)
		binary->size = (uint64_t)facts.st_size;
	mark_constant(core, binaries, number, image);
	return NULL;
}

/* Who was dumped whole still has symbols in its file, if that is on this machine. */
static struct error *find_one(const struct core_file *core, struct binary_finder *finder,
                              struct core_binaries *binaries, uint32_t number, uint8_t *head)
{
	struct core_binary *binary = &binaries->all[number];
	struct binary_wanted wanted = {.path = binary->path, .head = head};
	struct binary_found found = {.fd = -1};
	struct error *error;

	wanted.head_size = read_head(core, binaries, number, head);
	if (!wanted.head_size)
		return NULL;
	error = read_build_id(head, wanted.head_size, binary);
	if (error || !binary->is_known)
		return error;
	wanted.build_id = binary->build_id;
	wanted.without_servers = !binary->is_needed;
	error = binary_finder_find(finder, &wanted, &found);
	if (error)
		return error;
	binary->fd = found.fd;
	if (!binary->is_needed) {
		found.fd = -1;
		binary_found_deinit(&found);
		return NULL;
	}
	binary->found_at = found.path;
	binary->refused = found.refused;
	return binary->fd < 0 ? NULL : read_found(core, binaries, number);
}

/*
 * A large program maps a thousand libraries, as many files as may be open by
 * default; the limit that counts is the hard one.
 */
static void allow_open_files(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count + FILES_OF_OURS)
		return;
	limit.rlim_cur = count + FILES_OF_OURS;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static struct error *find_all(struct core_file *core, const struct binary_search *search,
                              struct core_binaries *binaries)
{
	_cleanup_(cleanup_binary_finder) struct binary_finder *finder = NULL;
	_cleanup_free_ uint8_t *head = malloc(HEAD_SIZE);
	struct error *error = head ? list_binaries(core, binaries) : error_no_memory();

	if (!error)
		error = binary_finder_new(search, &finder);
	for (size_t i = 0; !error && i < core->mapping_count; i++) {
		struct core_binary *binary = &binaries->all[binaries->of_mapping[i]];

		binary->is_needed |= is_partly_missing(core, &core->mappings[i]);
		binary->is_executed |= is_program(core, &core->mappings[i]);
	}
	allow_open_files(binaries->count);
	for (uint32_t i = 0; !error && i < binaries->count; i++)
		error = find_one(core, finder, binaries, i, head);
	return error;
}

struct error *core_binaries_find(struct core_file *core, const struct binary_search *search,
                                 struct core_binaries *ret)
{
	struct core_binaries binaries = {0};
	struct error *error = find_all(core, search, &binaries);

	if (error)
		core_binaries_deinit(&binaries);
	else
		*ret = binaries;
	return error;
}

void core_binaries_deinit(struct core_binaries *binaries)
{
	for (size_t i = 0; i < binaries->count; i++) {
		cleanup_close(&binaries->all[i].fd);
		free(binaries->all[i].found_at);
		free(binaries->all[i].refused);
	}
	free(binaries->all);
	free(binaries->mappings);
	free(binaries->of_mapping);
	free(binaries->is_constant);
	*binaries = (struct core_binaries){0};
}
