/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are compared once for each type, not for each object: a byte for each
 * type says whether it is meant, and one pass over the nodes collects.
 *
 * The nearest name is the one with the smallest edit distance to the word, of
 * the full name or of its last part, letters of either case being equal.
 */
#include "analysis/selection.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_COMPARED = 128 };

/* Does name end in what, at the start of one of its parts? */
static bool ends_in_part(const char *name, const char *what)
{
	size_t name_length = strlen(name);
	size_t what_length = strlen(what);

	return name_length > what_length && name[name_length - what_length - 1] == '.' &&
	       strcmp(name + name_length - what_length, what) == 0;
}

static bool is_full_name(const char *name, const char *what)
{
	static const char builtins[] = "builtins.";

	if (strncmp(what, builtins, sizeof(builtins) - 1) == 0)
		what += sizeof(builtins) - 1;
	return strcmp(name, what) == 0;
}

static bool mark_types(const struct snapshot *snapshot, const char *what,
                       bool (*matches)(const char *, const char *), uint8_t *is_meant)
{
	bool any = false;

	for (type_id type = 0; type < snapshot->type_count; type++) {
		is_meant[type] = matches(snapshot_type_name(snapshot, type), what);
		any |= is_meant[type];
	}
	return any;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int smallest(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to change, add or drop. Long names are cut. */
static unsigned int edit_distance(const char *left, const char *right)
{
	unsigned int row[NAME_MAX_COMPARED + 1];
	size_t left_length = strnlen(left, NAME_MAX_COMPARED);
	size_t right_length = strnlen(right, NAME_MAX_COMPARED);

	for (size_t j = 0; j <= right_length; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= left_length; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= right_length; j++) {
			unsigned int above = row[j];
			bool is_same = same_letter(left[i - 1], right[j - 1]);

			row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !is_same);
			diagonal = above;
		}
	}
	return row[right_length];
}

static unsigned int name_distance(const char *what, const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *part = dot ? dot + 1 : name;
	unsigned int whole = edit_distance(what, name);
	unsigned int last = dot ? edit_distance(what, part) : whole;

	/* Half a name is nearer than another name of as many letters. */
	if (strlen(what) > 2 && strncasecmp(what, part, strlen(what)) == 0)
		return 1;
	return whole < last ? whole : last;
}

/* A name close enough to be what was meant, or NULL. */
static const char *nearest_name(const struct snapshot *snapshot, const char *what)
{
	unsigned int length = (unsigned int)strnlen(what, NAME_MAX_COMPARED);
	unsigned int limit = length < 5 ? length / 2 : 2 + length / 4;
	unsigned int best = limit + 1;
	const char *nearest = NULL;

	for (type_id type = 0; type < snapshot->type_count; type++) {
		const char *name = snapshot_type_name(snapshot, type);
		unsigned int distance = name_distance(what, name);

		if (distance < best) {
			best = distance;
			nearest = name;
		}
	}
	return nearest;
}

static struct error *no_such_type(const struct snapshot *snapshot, const char *what)
{
	const char *nearest = nearest_name(snapshot, what);

	if (nearest)
		return error_new(ERROR_NOT_FOUND,
		                 "no object is of a type named %s (did you mean %s?)", what,
		                 nearest);
	return error_new(ERROR_NOT_FOUND,
	                 "no object is of a type named %s ('plumb heap' lists the types)", what);
}

static bool means_object(const struct snapshot *snapshot, const uint8_t *is_meant, node_id node)
{
	return is_meant[snapshot->type[node]] && snapshot_is_object(snapshot, node);
}

static struct error *select_types(const struct snapshot *snapshot, const uint8_t *is_meant,
                                  struct selection *ret)
{
	struct selection selection = {0};
	size_t count = 0;

	for (type_id type = 0; type < snapshot->type_count; type++)
		selection.type_count += is_meant[type];
	for (node_id node = 0; node < snapshot->node_count; node++)
		count += means_object(snapshot, is_meant, node);
	selection.nodes = reallocarray(NULL, count ? count : 1, sizeof(*selection.nodes));
	if (!selection.nodes)
		return error_no_memory();
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (means_object(snapshot, is_meant, node))
			selection.nodes[selection.count++] = node;
	*ret = selection;
	return NULL;
}

static struct error *select_address(const struct snapshot *snapshot, uint64_t address,
                                    struct selection *ret)
{
	node_id node = snapshot_find(snapshot, address);
	node_id *nodes;

	if (node == NODE_NONE)
		return error_new(ERROR_NOT_FOUND, "no object is at 0x%llx",
		                 (unsigned long long)address);
	nodes = malloc(sizeof(*nodes));
	if (!nodes)
		return error_no_memory();
	nodes[0] = node;
	*ret = (struct selection){.nodes = nodes, .count = 1, .type_count = 1};
	return NULL;
}

static bool parse_address(const char *what, uint64_t *ret)
{
	char *end;
	unsigned long long address;

	if (what[0] != '0' || (what[1] != 'x' && what[1] != 'X') ||
	    !isxdigit((unsigned char)what[2]))
		return false;
	errno = 0;
	address = strtoull(what, &end, 16);
	if (errno || *end)
		return false;
	*ret = address;
	return true;
}

struct error *selection_make(const struct snapshot *snapshot, const char *what,
                             struct selection *ret)
{
	_cleanup_free_ uint8_t *is_meant = NULL;
	uint64_t address;

	if (parse_address(what, &address))
		return select_address(snapshot, address, ret);
	is_meant = calloc(snapshot->type_count + (size_t)1, 1);
	if (!is_meant)
		return error_no_memory();
	if (!mark_types(snapshot, what, is_full_name, is_meant) &&
	    !mark_types(snapshot, what, ends_in_part, is_meant))
		return no_such_type(snapshot, what);
	return select_types(snapshot, is_meant, ret);
}

void selection_deinit(struct selection *selection)
{
	free(selection->nodes);
	*selection = (struct selection){0};
}
