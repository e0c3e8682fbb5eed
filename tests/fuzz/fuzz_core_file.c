/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any file is either refused or is a core whose segments and mappings
 * are sorted, do not overlap or wrap around, hold no more than was dumped and
 * lie inside the file as far as they hold something; every name ends, and
 * what is read by address are bytes of the file. A packed file unpacks to no
 * more than the limit. (libelf, zlib, libzstd and liblz4 are fuzzed along with
 * it, as plumb uses them.)
 */
#include "fuzz_target.h"

#include "base/cleanup.h"
#include "image/core_file.h"
#include "image/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNPACKED_MAX = 4 << 20, READS_MAX = 256 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_segments(const struct core_file *core)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < core->segment_count; i++) {
		const struct core_segment *segment = &core->segments[i];
		uint64_t end = segment->address + segment->memory_size;

		check(end > segment->address);
		check(segment->held_size <= segment->dumped_size);
		check(segment->dumped_size <= segment->memory_size);
		check(!segment->held_size ||
		      (segment->file_offset < core->file_size &&
		       segment->held_size <= core->file_size - segment->file_offset));
		check(i + 1 == core->segment_count || end <= segment[1].address);
		lost += segment->dumped_size - segment->held_size;
	}
	check(lost == core->lost_bytes);
}

static void check_mappings(const struct core_file *core)
{
	for (size_t i = 0; i < core->mapping_count; i++) {
		const struct core_mapping *mapping = &core->mappings[i];

		check(mapping->start < mapping->end);
		check(i + 1 == core->mapping_count || mapping->end <= mapping[1].start);
		check(strlen(mapping->path) <= core->file_size);
	}
}

static void check_reads(const struct core_file *core)
{
	for (size_t i = 0; i < core->segment_count && i < READS_MAX; i++) {
		const struct core_segment *segment = &core->segments[i];
		uint8_t bytes[64];
		size_t wanted = segment->held_size < sizeof(bytes) ? (size_t)segment->held_size
		                                                   : sizeof(bytes);

		check(core_file_segment_at(core, segment->address) == segment);
		check(core_file_read_some(core, segment->address, bytes, sizeof(bytes)) == wanted);
	}
}

static void check_core(const struct core_file *core)
{
	check_segments(core);
	check_mappings(core);
	check_reads(core);
	check(strlen(core->name) <= CORE_NAME_MAX);
	check(strlen(core->command) <= CORE_COMMAND_MAX);
	check(core->thread_count <= core->file_size);
	check(core->auxiliary_count <= core->file_size);
}

/* Takes error: it is one that a strange file may cause. */
static void check_refusal(struct error *error)
{
	check(error_kind(error) == ERROR_CORRUPT || error_kind(error) == ERROR_UNSUPPORTED);
	error_free(error);
}

static int unpacked(int fd, const uint8_t *data, size_t size)
{
	const struct unpack_options options = {.size_limit = UNPACKED_MAX};
	struct error *error;
	struct stat facts;
	bool is_cut;
	int result;

	if (unpack_packing(data, size) == PACKING_NONE)
		return dup(fd);
	error = unpack_file(fd, "fuzz", &options, &result, &is_cut);
	if (error) {
		check_refusal(error);
		return -1;
	}
	check(fstat(result, &facts) == 0 && facts.st_size <= UNPACKED_MAX);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int packed = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct core_file *core;
	struct error *error;

	check(packed >= 0);
	check(write(packed, data, size) == (ssize_t)size);
	fd = unpacked(packed, data, size);
	if (fd < 0)
		return 0;
	error = core_file_open(fd, "fuzz", &core);
	if (error) {
		check_refusal(error);
		return 0;
	}
	check_core(core);
	core_file_free(core);
	return 0;
}
