/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core file as a target: the same questions as to a live process, the same
 * answers. Memory that the core holds is read from it; constant memory that it
 * does not hold (code, strings) from the binary of the same build-id. What is
 * in neither is DECODE_FAULT: never is a zero made up.
 */
#ifndef PLUMB_TARGET_CORE_TARGET_H
#define PLUMB_TARGET_CORE_TARGET_H

#include "base/text.h"
#include "image/unpack.h"
#include "target/core_binaries.h"
#include "target/target.h"

struct core_options {
	struct binary_search search;  /* beside is filled in */
	struct unpack_options unpack; /* for compressed cores */
};

struct core_target {
	struct target *target;
	struct core_file *core;
	struct core_binaries binaries;
	bool is_cut; /* the file ends too early, or its compressed form does */
};

/*
 * Opens the core at path, compressed or not. Errors: ERROR_NO_TARGET (no such
 * file), ERROR_PERMISSION, and as core_file_open and unpack_file.
 */
struct error *core_target_open(const char *path, const struct core_options *options,
                               struct core_target **ret);
void core_target_free(struct core_target *core);

static inline void cleanup_core_target(struct core_target **core)
{
	core_target_free(*core);
}

/* Does the file at path begin like ELF, or like something packed? False: also unreadable ones. */
bool core_target_is_core(const char *path);

/* What was mapped in a region of the core's target; NULL: no file. */
const struct core_binary *core_target_binary(const struct core_target *core,
                                             const struct target_region *region);

/*
 * What the core lacks, in words, a line each: bytes that were cut off, and files
 * that were not found or refused. Nothing: "". How to bring the files is not
 * said here.
 */
void core_target_missing(const struct core_target *core, struct text *text);

/* "died of SIGSEGV in thread 4243", or "" when it did not die. */
void core_target_ending(const struct core_target *core, struct text *text);

#endif
