/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb why PID WHAT: captures the graph, searches from the roots, and prints
 * the merged paths. The picture stays open until they are made, because the
 * text of keys is read from it.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/why_report.h"

#include <string.h>

enum { TOP_DEFAULT = 5, DOT_PATHS_DEFAULT = 12, PATHS_LIMIT = 10000 };

static struct error *write_dot(const struct options *options, struct why_report report)
{
	struct text text;

	text_init(&text);
	report.top = options->has_top ? options->top : DOT_PATHS_DEFAULT;
	why_report_dot(&report, &text);
	if (strcmp(options->dot, "-") == 0)
		return output_text(&text);
	return output_file(options->dot, &text);
}

static struct error *print_paths(const struct options *options, const struct snapshot *snapshot,
                                 const struct paths *paths)
{
	struct why_report report = {
		.snapshot = snapshot,
		.paths = paths,
		.selector = options->words[1],
		.top = options->has_top   ? options->top
	               : options->is_json ? 0
	                                  : TOP_DEFAULT,
	};
	struct layout layout = output_layout();
	struct error *error = NULL;
	struct text text;

	if (options->dot)
		error = write_dot(options, report);
	if (error || (options->dot && strcmp(options->dot, "-") == 0))
		return error;
	text_init(&text);
	if (options->is_json)
		why_report_json(&report, &text);
	else
		why_report_text(&layout, &report, &text);
	return output_text(&text);
}

static struct error *search(const struct options *options, struct source *source,
                            struct progress *progress)
{
	const struct snapshot *snapshot = source_snapshot(source);
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	_cleanup_(cleanup_paths) struct paths *paths = NULL;
	struct selection selection = {0};
	struct error *error = selection_make(snapshot, options->words[1], &selection);

	progress_report(progress, "searching from the roots", 0);
	if (!error)
		error = reach_make(snapshot, &reach);
	progress_report(progress, "merging paths", 0.5);
	if (!error)
		error = paths_make(snapshot, reach, &selection, PATHS_LIMIT, &paths);
	selection_deinit(&selection);
	progress_end(progress);
	if (error)
		return error;
	source_release_texts(source);
	return print_paths(options, snapshot, paths);
}

struct error *cmd_why(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct progress progress;
	struct error *error;

	if (options->word_count != 2 || !*options->words[1])
		return error_new(ERROR_USAGE,
		                 "why takes a process id or a core file, and a type or an address "
		                 "(plumb why --help)");
	progress_start(&progress, options->is_json);
	error = source_open(options, options->words[0], true, &progress, &source);
	if (!error)
		error = search(options, source, &progress);
	progress_end(&progress);
	return error;
}
