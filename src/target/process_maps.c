/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a mapping (proc_pid_maps(5)):
 *
 *	start-end perms offset major:minor inode          path
 *	7f1c2000-7f1c3000 r-xp 00001000 fe:01 1234        /usr/lib/libc.so.6
 *
 * All numbers but the inode are hexadecimal. A newline in a path is written
 * as \012 (fs/proc/task_mmu.c, seq_file_path with "\n" as what to escape),
 * and a file that was removed or replaced has " (deleted)" at its end. A file
 * whose real name ends like that cannot be told apart here; whoever opens it
 * compares device and inode.
 *
 * All paths go into one block that can never be longer than the text; the
 * regions hold offsets into it until it is complete.
 */
#include "target/process_maps.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
	const char *next;
	const char *end;
};

/* A number of at most 16 digits in base, which 64 bits always hold for 16. */
static bool take_number(struct cursor *cursor, unsigned int base, uint64_t *ret)
{
	uint64_t number = 0;
	const char *start = cursor->next;

	for (; cursor->next < cursor->end; cursor->next++) {
		char c = *cursor->next;
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned int)(c - 'a') + 10;
		else
			break;
		if (digit >= base)
			break;
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	*ret = number;
	return cursor->next > start;
}

static bool take_char(struct cursor *cursor, char expected)
{
	if (cursor->next == cursor->end || *cursor->next != expected)
		return false;
	cursor->next++;
	return true;
}

/* One of two letters; *ret says whether it was the first. */
static bool take_flag(struct cursor *cursor, char yes, char no, bool *ret)
{
	*ret = cursor->next < cursor->end && *cursor->next == yes;
	return take_char(cursor, yes) || take_char(cursor, no);
}

static bool take_permissions(struct cursor *cursor, struct target_region *region)
{
	return take_flag(cursor, 'r', '-', &region->is_readable) &&
	       take_flag(cursor, 'w', '-', &region->is_writable) &&
	       take_flag(cursor, 'x', '-', &region->is_executable) &&
	       take_flag(cursor, 's', 'p', &region->is_shared);
}

/* Everything before the path. */
static bool take_fields(struct cursor *cursor, struct target_region *region)
{
	uint64_t major;
	uint64_t minor;

	if (!take_number(cursor, 16, &region->start) || !take_char(cursor, '-') ||
	    !take_number(cursor, 16, &region->end) || !take_char(cursor, ' ') ||
	    !take_permissions(cursor, region) || !take_char(cursor, ' ') ||
	    !take_number(cursor, 16, &region->file_offset) || !take_char(cursor, ' ') ||
	    !take_number(cursor, 16, &major) || !take_char(cursor, ':') ||
	    !take_number(cursor, 16, &minor) || !take_char(cursor, ' ') ||
	    !take_number(cursor, 10, &region->inode))
		return false;
	if (major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	region->device = major << 32 | minor;
	return true;
}

/* Copies the path to out, undoing \012; returns its length. */
static size_t unescape(const char *path, size_t length, char *out)
{
	size_t written = 0;

	for (size_t i = 0; i < length; i++) {
		if (length - i >= 4 && memcmp(path + i, "\\012", 4) == 0) {
			out[written++] = '\n';
			i += 3;
		} else {
			out[written++] = path[i];
		}
	}
	return written;
}

static size_t cut_deleted(const char *path, size_t length, struct target_region *region)
{
	static const char suffix[] = " (deleted)";
	size_t suffix_length = sizeof(suffix) - 1;

	if (length <= suffix_length || path[0] != '/' ||
	    memcmp(path + length - suffix_length, suffix, suffix_length) != 0)
		return length;
	region->is_deleted = true;
	return length - suffix_length;
}

/* One line, without its newline. *paths_length grows by what was written. */
static bool parse_line(const char *line, size_t length, char *paths, size_t *paths_length,
                       struct target_region *ret)
{
	struct cursor cursor = {line, line + length};
	struct target_region region = {0};
	size_t path_length;

	if (memchr(line, '\0', length) || !take_fields(&cursor, &region) ||
	    region.start >= region.end)
		return false;
	if (cursor.next < cursor.end && *cursor.next != ' ')
		return false;
	while (take_char(&cursor, ' '))
		;
	path_length = cut_deleted(cursor.next, (size_t)(cursor.end - cursor.next), &region);
	region.path = paths + *paths_length;
	*paths_length += unescape(cursor.next, path_length, paths + *paths_length);
	paths[(*paths_length)++] = '\0';
	*ret = region;
	return true;
}

static bool follows(const struct process_maps *maps, const struct target_region *region)
{
	return !maps->count || maps->regions[maps->count - 1].end <= region->start;
}

static struct error *parse_lines(const char *text, size_t length, struct process_maps *maps)
{
	const char *end = text + length;
	size_t capacity = 0;
	size_t paths_length = 0;
	unsigned long number = 1;

	for (const char *line = text; line < end; number++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		struct target_region region;

		if (!parse_line(line, (size_t)(stop - line), maps->paths, &paths_length, &region))
			return error_new(ERROR_CORRUPT,
			                 "line %lu of the list of mappings is "
			                 "malformed",
			                 number);
		if (!follows(maps, &region))
			return error_new(ERROR_CORRUPT,
			                 "line %lu of the list of mappings "
			                 "overlaps the one before",
			                 number);
		if (!array_reserve(&maps->regions, &capacity, maps->count + 1,
		                   sizeof(*maps->regions)))
			return error_no_memory();
		maps->regions[maps->count++] = region;
		line = newline ? newline + 1 : end;
	}
	return NULL;
}

struct error *process_maps_parse(const char *text, size_t length, struct process_maps *ret)
{
	_cleanup_(cleanup_process_maps) struct process_maps maps = {0};
	struct error *error;

	/* A line that has a path is longer than it; one byte more for the last. */
	maps.paths = malloc(length + 1);
	if (!maps.paths)
		return error_no_memory();
	error = parse_lines(text, length, &maps);
	if (error)
		return error;
	*ret = maps;
	maps = (struct process_maps){0};
	return NULL;
}

void process_maps_deinit(struct process_maps *maps)
{
	free(maps->regions);
	free(maps->paths);
	*maps = (struct process_maps){0};
}
