/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are strings of the snapshot, of which equal ones have one id: so a
 * line is the pair of two numbers, and one map finds it again. Strings from
 * a file may be there twice; two rows of one name are then what there is.
 */
#include "analysis/trace_lines.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/number_map.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>

struct error *trace_lines_check(const struct snapshot *snapshot)
{
	const struct snapshot_facts *facts = &snapshot->facts;
	struct text name;
	struct error *error;

	if (snapshot_has_traces(snapshot))
		return NULL;
	text_init(&name);
	if (facts->file)
		text_append(&name, facts->file);
	else
		text_printf(&name, "process %d", facts->pid);
	error = error_new(ERROR_NOT_FOUND,
	                  "%s does not record where it allocates (run it with tracemalloc: "
	                  "PYTHONTRACEMALLOC=10 or python3 -X tracemalloc=10)",
	                  text_string(&name));
	text_deinit(&name);
	return error;
}

/* Adds a line; its number, or 0 when memory ran out. */
static uint32_t add_line(struct trace_lines *lines, size_t *capacity, struct trace_line line)
{
	struct text name;

	if (!array_reserve(&lines->lines, capacity, (size_t)lines->count + 1,
	                   sizeof(*lines->lines)))
		return 0;
	text_init(&name);
	if (line.file)
		text_printf(&name, "%s:%" PRIu32, line.file, line.line);
	else
		text_append(&name, "(not traced)");
	line.name = text_take(&name);
	if (!line.name)
		return 0;
	lines->lines[lines->count] = line;
	return lines->count++;
}

static bool number_traces(const struct snapshot *snapshot, struct trace_lines *lines,
                          struct number_map *known)
{
	size_t capacity = 0;

	(void)add_line(lines, &capacity, (struct trace_line){0});
	for (size_t i = 0; i < snapshot->trace_count; i++) {
		struct snap_frame frame = snapshot->frames[snapshot->traces[i].first];
		uint64_t key = ((uint64_t)frame.file + 1) << 32 | frame.line;
		uint32_t *line = &lines->of_trace[i + 1];

		if (number_map_get(known, key, line))
			continue;
		*line = add_line(lines, &capacity,
		                 (struct trace_line){
					 .file = snapshot_string(snapshot, frame.file),
					 .line = frame.line,
				 });
		if (!*line || !number_map_put(known, key, *line))
			return false;
	}
	return lines->count;
}

struct error *trace_lines_make(const struct snapshot *snapshot, struct trace_lines **ret)
{
	_cleanup_(cleanup_trace_lines) struct trace_lines *lines = calloc(1, sizeof(*lines));
	struct number_map known;
	bool is_complete;

	if (!lines)
		return error_no_memory();
	lines->of_trace = calloc(snapshot->trace_count + 1, sizeof(*lines->of_trace));
	if (!lines->of_trace)
		return error_no_memory();
	number_map_init(&known);
	is_complete = number_traces(snapshot, lines, &known);
	number_map_deinit(&known);
	if (!is_complete)
		return error_no_memory();
	*ret = take_ptr(lines);
	return NULL;
}

void trace_lines_free(struct trace_lines *lines)
{
	if (!lines)
		return;
	for (uint32_t i = 0; i < lines->count; i++)
		free(lines->lines[i].name);
	free(lines->lines);
	free(lines->of_trace);
	free(lines);
}
