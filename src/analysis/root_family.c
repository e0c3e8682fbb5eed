/* SPDX-License-Identifier: Apache-2.0 */
/* The words of families of roots: every number in brackets becomes [*]. */
#include "analysis/root_family.h"

#include <string.h>

static const char digits[] = "0123456789";

/* Where "[123]" begins; NULL: nowhere. */
static const char *find_index(const char *name)
{
	for (; (name = strchr(name, '[')); name++) {
		size_t length = strspn(name + 1, digits);

		if (length && name[1 + length] == ']')
			return name;
	}
	return NULL;
}

bool root_family_text(const struct snapshot *snapshot, size_t root, struct text *text)
{
	const char *name = snapshot_string(snapshot, snapshot->roots[root].name);
	const char *index;

	if (snapshot->roots[root].kind == ROOT_THREAD) {
		text_append(text, "threads[*]");
		return true;
	}
	if (snapshot->roots[root].kind == ROOT_MODULE) {
		text_append(text, "sys.modules[*]");
		return true;
	}
	if (!find_index(name))
		return false;
	while ((index = find_index(name))) {
		text_append_bytes(text, name, (size_t)(index - name));
		text_append(text, "[*]");
		name = strchr(index, ']') + 1;
	}
	text_append(text, name);
	return true;
}
