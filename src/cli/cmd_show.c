/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb show TARGET WHAT: one object in full. The texts of its neighbours are
 * read while the picture is open.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/show_report.h"

#include <inttypes.h>

enum { TOP_DEFAULT = 20, TOP_ALL = 1 << 30 };

static struct error *print_view(const struct options *options, const struct snapshot *snapshot,
                                const struct object_view *view)
{
	struct show_report report = {.snapshot = snapshot, .view = view};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		show_report_json(&report, &text);
	else
		show_report_text(&layout, &report, &text);
	return output_text(&text);
}

/* A type means an object only when it has one. */
static struct error *choose(const struct snapshot *snapshot, const char *what, node_id *ret)
{
	struct selection selection = {0};
	struct error *error = selection_make(snapshot, what, &selection);

	if (error)
		return error;
	if (selection.count == 1)
		*ret = selection.nodes[0];
	else if (!selection.count)
		error = error_new(ERROR_NOT_FOUND, "no %s is alive", what);
	else
		error = error_new(ERROR_NOT_FOUND,
		                  "there are %u of %s; say which by its address: 0x%" PRIx64
		                  " is one, `plumb why` shows others",
		                  selection.count, what, snapshot->address[selection.nodes[0]]);
	selection_deinit(&selection);
	return error;
}

static struct error *show(const struct options *options, struct source *source,
                          struct progress *progress)
{
	_cleanup_(cleanup_object_view) struct object_view *view = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	const struct snapshot *snapshot = source_snapshot(source);
	size_t limit = options->has_top ? options->top : options->is_json ? 0 : TOP_DEFAULT;
	node_id node = NODE_NONE;
	struct error *error = choose(snapshot, options->words[1], &node);

	progress_report(progress, "searching from the roots", 0);
	if (!error)
		error = reach_make(snapshot, &reach);
	if (!error)
		error = object_view_make(snapshot, reach, node, limit ? limit : TOP_ALL, &view);
	progress_end(progress);
	if (error)
		return error;
	source_release_texts(source);
	return print_view(options, snapshot, view);
}

struct error *cmd_show(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct progress progress;
	struct error *error;

	if (options->word_count != 2 || !*options->words[1])
		return error_new(ERROR_USAGE,
		                 "show takes a target and an address (plumb show --help)");
	progress_start(&progress, options->is_json);
	error = source_open(options, options->words[0], true, &progress, &source);
	if (!error)
		error = show(options, source, &progress);
	progress_end(&progress);
	return error;
}
