/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that appears whole under its name, or not at all: nobody ever sees
 * half of it, and what stood under the name before stays until the moment the
 * new one takes its place. Mode 0600 whatever the umask: what plumb writes
 * may hold everything that a process had in memory.
 *
 * new_file_finish makes it appear; new_file_deinit without that leaves
 * nothing. Where the filesystem can (O_TMPFILE), the file has no name until
 * then, so that not even SIGKILL leaves something; elsewhere it is called
 * .NAME.plumb-NUMBER meanwhile.
 */
#ifndef PLUMB_BASE_NEW_FILE_H
#define PLUMB_BASE_NEW_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct new_file {
	int fd;
	int folder;       /* where it is to appear */
	char *path;       /* as the caller wrote it, for messages */
	char *temporary;  /* a name in folder; not linked while has_name is false */
	const char *name; /* within path */
	bool has_name;
	uint64_t size; /* where it ends so far */
};

/* Must be called on storage that new_file_deinit has not seen yet, or that it emptied. */
struct error *new_file_open(const char *path, struct new_file *ret);

/* Appends to what this wrote before. */
struct error *new_file_write(struct new_file *file, const void *bytes, size_t size);

/* Writes in any place, from any thread. What is never written is zeros, and takes no room. */
struct error *new_file_write_at(const struct new_file *file, const void *bytes, size_t size,
                                uint64_t offset);

/* Makes it so long: for what ends in zeros that were not written. */
struct error *new_file_set_size(struct new_file *file, uint64_t size);

/* The room that it takes on the disk, in bytes. */
uint64_t new_file_room(const struct new_file *file);

/* Writes it to the disk, gives it its name, and writes that to the disk. */
struct error *new_file_finish(struct new_file *file);

/* Leaves nothing of a file that was not finished. Takes one of zeros, too. */
void new_file_deinit(struct new_file *file);

#endif
