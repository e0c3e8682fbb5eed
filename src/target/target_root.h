/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a process as the process itself sees them: through its own root,
 * so a container or a chroot makes no difference. A symbolic link of the
 * target, absolute or with "..", never leads out of that root.
 *
 * Files are hostile: only regular ones are read, never more than was asked for.
 */
#ifndef PLUMB_TARGET_TARGET_ROOT_H
#define PLUMB_TARGET_TARGET_ROOT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct target_root {
	int fd; /* of its root directory; -1: there is none to be read */
};

/* Errors: ERROR_PERMISSION, ERROR_GONE. */
struct error *target_root_open(pid_t pid, struct target_root *ret);
void target_root_deinit(struct target_root *root);

/*
 * The beginning of the file at path, at most limit bytes, terminated. The caller
 * frees it; NULL: it cannot be read. ret_size: bytes, which may have zeros among
 * them.
 */
char *target_root_read(const struct target_root *root, const char *path, size_t limit,
                       size_t *ret_size);

/*
 * Tells the names in the folder at path, at most limit of them, in no order.
 * False: it cannot be read.
 */
bool target_root_list(const struct target_root *root, const char *path, size_t limit,
                      void (*tell)(void *context, const char *name), void *context);

#endif
