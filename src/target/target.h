/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address space, whatever it belongs to: a live process, the fork picture
 * of one, a copy, a core file, or byte arrays of a test. Everything above
 * this layer knows a target only through the functions here, so live, dead
 * and faked ones give the same answers.
 *
 * Reading never fails loudly: memory that is not there is DECODE_FAULT.
 */
#ifndef PLUMB_TARGET_TARGET_H
#define PLUMB_TARGET_TARGET_H

#include "base/decode.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One mapping, as in /proc/PID/maps. Sorted by start, never overlapping. */
struct target_region {
	taddr start;
	taddr end;            /* exclusive */
	uint64_t file_offset; /* of start in the file, when there is one */
	uint64_t device;      /* major << 32 | minor */
	uint64_t inode;       /* 0: anonymous */
	const char *path;     /* as the kernel names it, without " (deleted)"; "" when anonymous */
	bool is_readable;
	bool is_writable;
	bool is_executable;
	bool is_shared;
	bool is_deleted; /* the file was replaced or removed */
};

struct target;

/* What one kind of target implements. self is the implementor's own struct. */
struct target_operations {
	/*
	 * Reads up to size bytes at address into buffer and returns how many
	 * bytes from its start could be read (0: none).
	 */
	size_t (*read)(void *self, taddr address, void *buffer, size_t size);
	/*
	 * Opens the file that is mapped at region, through the target's own
	 * root or by its mapping, so that containers and deleted files work.
	 */
	struct error *(*open_file)(void *self, const struct target_region *region, int *ret_fd);
	void (*free)(void *self);
};

/*
 * Makes a target. Takes self and regions (one malloc'ed block of count
 * structs whose path strings live in paths, a block taken as well), also
 * when it fails.
 */
struct error *target_new(const struct target_operations *operations, void *self,
                         struct target_region *regions, size_t count, char *paths,
                         struct target **ret);
void target_free(struct target *target);

static inline void cleanup_target(struct target **target)
{
	target_free(*target);
}

/* Reads exactly size bytes, or DECODE_FAULT. buffer is undefined after a fault. */
enum decode target_read(struct target *target, taddr address, void *buffer, size_t size);

/* Reads as many bytes as there are, at most size; returns their number. */
size_t target_read_some(struct target *target, taddr address, void *buffer, size_t size);

/* The mappings, sorted by address. Borrowed. */
const struct target_region *target_regions(const struct target *target, size_t *ret_count);

/* Bytes of all mappings together: what claims of the target are measured against. */
uint64_t target_mapped_bytes(const struct target *target);

/* The mapping that holds address, or NULL. Logarithmic. */
const struct target_region *target_region_at(const struct target *target, taddr address);

/* Shared memory of no file that anybody could name: mmap(-1), memfd, shm_open, shmget. */
bool target_region_is_nameless(const struct target_region *region);

/* Opens the file mapped at region; the caller closes *ret_fd. */
struct error *target_open_file(struct target *target, const struct target_region *region,
                               int *ret_fd);

#endif
