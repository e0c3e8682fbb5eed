/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_tool PID [fork|copy|none] [edges]: captures the process, holds the
 * snapshot against its invariants and prints what was counted, as one line of
 * JSON. For tests of the capture, below the commands and their tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "capture/capture.h"

static enum pause_mode mode_named(const char *name)
{
	if (!strcmp(name, "copy"))
		return PAUSE_COPY;
	return strcmp(name, "none") ? PAUSE_FORK : PAUSE_NONE;
}

static int fail(struct error *error)
{
	fprintf(stderr, "capture_tool: %s\n", error_message(error));
	error_free(error);
	return 3;
}

static void print_counts(const struct snapshot *snapshot)
{
	const struct snapshot_facts *facts = &snapshot->facts;
	const struct snap_totals *totals = &snapshot->totals;
	uint64_t edges = snapshot->edge_start ? snapshot->edge_start[snapshot->node_count] : 0;

	printf("{\"python\": \"%s\", \"pause_ms\": %.3f, \"settled\": %d, \"threads\": %llu, "
	       "\"nodes\": %u, \"edges\": %llu, \"roots\": %zu, \"types\": %u, ",
	       facts->runtime_version, facts->pause_ms, facts->is_settled,
	       (unsigned long long)facts->threads, snapshot->node_count, (unsigned long long)edges,
	       snapshot->root_count, snapshot->type_count);
	printf("\"objects\": %llu, \"bytes\": %llu, \"memory\": %llu, \"pool_in_use\": %llu, "
	       "\"pool_objects\": %llu, \"pool_not_objects\": %llu, \"pool_blocks\": %llu, ",
	       (unsigned long long)totals->objects, (unsigned long long)totals->bytes,
	       (unsigned long long)totals->memory, (unsigned long long)totals->pool_in_use,
	       (unsigned long long)totals->pool_objects,
	       (unsigned long long)totals->pool_not_objects,
	       (unsigned long long)totals->pool_blocks);
	printf("\"faults\": %llu, \"torn\": %llu, \"unknown_types\": %llu}\n",
	       (unsigned long long)totals->faults, (unsigned long long)totals->torn,
	       (unsigned long long)totals->unknown_types);
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	struct capture_options options = {.pause = PAUSE_FORK, .may_fall_back = true};
	struct error *error;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "edges"))
			options.with_edges = true;
		else
			options.pause = mode_named(argv[i]);
	}
	error = capture_process((pid_t)strtol(argv[1], NULL, 10), &options, &capture);
	if (!error)
		error = snapshot_check(capture_snapshot(capture));
	if (error)
		return fail(error);
	print_counts(capture_snapshot(capture));
	return 0;
}
