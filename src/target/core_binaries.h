/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs and libraries that a core's process had mapped: which they are,
 * by the build-id in the first page of each, which the kernel dumps; and where
 * on this machine another copy of them is.
 */
#ifndef PLUMB_TARGET_CORE_BINARIES_H
#define PLUMB_TARGET_CORE_BINARIES_H

#include "image/binary_finder.h"
#include "image/core_file.h"

enum { BUILD_ID_TEXT_MAX = 128 };

struct core_binary {
	const char *path;     /* as it was mapped; borrowed from the core */
	size_t first;         /* where its mappings are in core_binaries.mappings, ... */
	size_t mapping_count; /* ... in the order of addresses */
	char build_id[BUILD_ID_TEXT_MAX + 1]; /* "": none, or not known */
	bool is_known;    /* its first bytes are in the core, so it can be told from others */
	bool is_needed;   /* not all of it was dumped */
	bool is_executed; /* the process could run code of it */
	int fd;           /* -1: not found; of one that is not needed no more is known */
	uint64_t size;    /* of the file that was found */
	char *found_at;   /* NULL: not found */
	char *refused;    /* binary_found's; NULL: nothing of that name was refused */
};

struct core_binaries {
	struct core_binary *all;
	size_t count;
	uint32_t *mappings;   /* indexes of the core's mappings, those of one binary together */
	uint32_t *of_mapping; /* for each mapping of the core, which one it is of */

	/*
	 * For each mapping: may what was not dumped of it be read from the file? Yes
	 * where the file was found, and maps that part so that the program could not
	 * write to it.
	 */
	bool *is_constant;
};

struct error *core_binaries_find(struct core_file *core, const struct binary_search *search,
                                 struct core_binaries *ret);
void core_binaries_deinit(struct core_binaries *binaries);

#endif
