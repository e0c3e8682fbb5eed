/* SPDX-License-Identifier: Apache-2.0 */
/* plumb leaks TARGET: captures the graph and prints what nothing in it reaches. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/leaks_report.h"

enum { TOP_DEFAULT = 10 };

static struct error *print_lost(const struct options *options, const struct snapshot *snapshot,
                                const struct lost *lost)
{
	const struct leaks_report report = {
		.snapshot = snapshot,
		.lost = lost,
		.top = options->has_top   ? options->top
	               : options->is_json ? 0
	                                  : TOP_DEFAULT,
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		leaks_report_json(&report, &text);
	else
		leaks_report_text(&layout, &report, &text);
	return output_text(&text);
}

static struct error *look(const struct options *options, struct progress *progress,
                          bool *ret_is_leaking)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	_cleanup_(cleanup_lost) struct lost *lost = NULL;
	struct error *error = source_open_native(options, options->words[0], progress, &source);

	if (error)
		return error;
	progress_report(progress, "searching for what is lost", 0);
	error = lost_make(source_snapshot(source), &lost);
	source_release_texts(source);
	progress_end(progress);
	if (!error)
		error = print_lost(options, source_snapshot(source), lost);
	if (!error)
		*ret_is_leaking = lost_is_leaking(lost);
	return error;
}

int cmd_leaks(const struct options *options)
{
	struct progress progress;
	struct error *error;
	bool is_leaking = false;

	if (options->word_count != 1)
		return output_error(error_new(ERROR_USAGE,
		                              "leaks takes one process id, core file or snapshot "
		                              "(plumb leaks --help)"));
	progress_start(&progress, options->is_json);
	error = look(options, &progress, &is_leaking);
	progress_end(&progress);
	if (error)
		return output_error(error);
	return options->fails && is_leaking ? EXIT_FOUND : EXIT_DONE;
}
