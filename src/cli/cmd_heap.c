/* SPDX-License-Identifier: Apache-2.0 */
/* plumb heap PID: captures sizes and types, without references, and prints the table. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/usage.h"
#include "report/heap_report.h"

enum { TOP_DEFAULT = 20 };

static struct error *print_table(const struct options *options, const struct capture *capture)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	struct report_target target = output_target(capture_facts(capture));
	struct heap_report report = {
		.target = &target,
		.snapshot = capture_snapshot(capture),
		.by = options->by,
		.sort = options->sort,
		.top = options->has_top   ? options->top
	               : options->is_json ? 0
	                                  : TOP_DEFAULT,
	};
	struct layout layout = output_layout();
	struct error *error;
	struct text text;

	error = heap_table_make(report.snapshot, options->by, options->sort, &table);
	if (error)
		return error;
	report.table = table;
	text_init(&text);
	if (options->is_json)
		heap_report_json(&report, &text);
	else
		heap_report_text(&layout, &report, &text);
	return output_text(&text);
}

static struct error *run(const struct options *options)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	struct progress progress;
	struct capture_options how = {
		.pause = options->pause,
		.may_fall_back = options->may_fall_back,
		.with_edges = false,
		.progress = progress_report,
		.progress_context = &progress,
	};
	struct error *error;
	pid_t pid;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "heap takes one process id (plumb heap --help)");
	error = options_pid(options->words[0], &pid);
	if (error)
		return error;
	progress_start(&progress, options->is_json);
	error = capture_process(pid, &how, &capture);
	progress_end(&progress);
	if (error)
		return error;
	capture_release_picture(capture);
	return print_table(options, capture);
}

int cmd_heap(int argc, char **argv)
{
	struct options options;
	struct error *error = options_parse(argc, argv, OPTIONS_TABLE | OPTIONS_TOP, &options);
	struct text text;

	if (error)
		return output_error(error_wrap(error, "heap"));
	if (options.wants_help) {
		text_init(&text);
		text_append(&text, usage_heap());
		return output_error(output_text(&text));
	}
	return output_error(run(&options));
}
