/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which installed distributions the imported modules are of. What pip wrote
 * down about each lies beside its modules (*.dist-info, *.egg-info; the core
 * metadata of packaging.python.org), in the folders of sys.path, and is read
 * there through the target's own root. Nothing of the target is imported.
 *
 * A hostile target may have folders without end: a search lists only so many, and
 * reads only so many bytes.
 */
#ifndef PLUMB_CAPTURE_DISTRIBUTIONS_H
#define PLUMB_CAPTURE_DISTRIBUTIONS_H

#include "snapshot/snap_settings.h"
#include "target/target_root.h"

struct top_level { /* an imported module that is in no package */
	const char *name;
	bool is_covered; /* it is of a distribution that was found */
};

enum { DISTRIBUTION_FOLDERS_MAX = 256, DISTRIBUTION_BYTES_MAX = 256 << 20 };

struct distribution_search {
	const struct target_root *root;
	struct top_level *modules; /* sorted by name */
	size_t module_count;
	struct snap_settings *settings; /* takes "distribution" rows */
	bool can_read;                  /* a folder of the path could be listed */
	bool is_broken;                 /* memory ran out */
	size_t folders;                 /* that were listed; begins at 0, as the next */
	size_t bytes;                   /* that were read */
};

/*
 * Adds those in the folder at path of which a module is imported, and marks its
 * modules. Of two with one name the first that is found counts, as for import.
 */
void distributions_search(struct distribution_search *search, const char *path);

#endif
