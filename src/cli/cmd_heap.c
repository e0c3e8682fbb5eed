/* SPDX-License-Identifier: Apache-2.0 */
/* plumb heap PID: captures sizes and types, without references, and prints the table. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/heap_report.h"

enum { TOP_DEFAULT = 20 };

static struct error *print_table(const struct options *options, const struct snapshot *snapshot)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	struct heap_report report = {
		.snapshot = snapshot,
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

struct error *cmd_heap(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct progress progress;
	struct error *error;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE,
		                 "heap takes one process id or core file (plumb heap --help)");
	progress_start(&progress, options->is_json);
	error = source_open_table(options, options->words[0], &progress, &source);
	progress_end(&progress);
	if (error)
		return error;
	source_release_texts(source);
	return print_table(options, source_snapshot(source));
}
