/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb diff A B [C...]: opens one target after the other, oldest first, and
 * keeps of each only what the comparison needs; the last stays open for the
 * paths to what is new.
 */
#include "base/cleanup.h"
#include "cli/cmd_diff_env.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/diff_report.h"

/* What is kept of the targets so far. */
struct comparison {
	struct diff diff;
	struct diff_lines lines; /* with --by line */
};

static void deinit_comparison(struct comparison *comparison)
{
	diff_deinit(&comparison->diff);
	diff_lines_deinit(&comparison->lines);
}

static struct error *print_diff(const struct options *options, const struct snapshot *snapshot,
                                const struct comparison *comparison)
{
	struct diff_report report = {
		.snapshot = snapshot,
		.diff = &comparison->diff,
		.lines = options->diff_by == DIFF_BY_LINE ? &comparison->lines : NULL,
		.by = options->diff_by,
		.has_top = options->has_top,
		.top = options->top,
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		diff_report_json(&report, &text);
	else
		diff_report_text(&layout, &report, &text);
	return output_text(&text);
}

/* The last one was added: searches it for what is new, and prints. */
static struct error *finish(const struct options *options, struct source *source,
                            struct comparison *comparison, struct progress *progress)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	const struct snapshot *snapshot = source_snapshot(source);
	struct error *error = NULL;

	progress_report(progress, "searching from the roots", 0);
	if (comparison->diff.is_one_process)
		error = reach_make(snapshot, &reach);
	if (!error)
		error = diff_finish(&comparison->diff, snapshot, reach);
	progress_end(progress);
	if (error)
		return error;
	source_release_texts(source);
	diff_lines_finish(&comparison->lines);
	return print_diff(options, snapshot, comparison);
}

static struct error *add_target(const struct options *options, int index,
                                struct comparison *comparison, struct progress *progress)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	bool is_last = index + 1 == options->word_count;
	struct error *error;

	error = source_open(options, options->words[index], is_last, progress, &source);
	if (error)
		return error;
	if (!is_last)
		source_release_texts(source);
	error = diff_add(&comparison->diff, source_snapshot(source));
	if (!error && options->diff_by == DIFF_BY_LINE)
		error = diff_lines_add(&comparison->lines, source_snapshot(source));
	if (error || !is_last)
		return error;
	return finish(options, source, comparison, progress);
}

struct error *cmd_diff(const struct options *options)
{
	_cleanup_(deinit_comparison) struct comparison comparison = {0};
	struct error *error = NULL;
	struct progress progress;

	if (options->wants_env)
		return cmd_diff_env(options);
	diff_init(&comparison.diff);
	if (options->word_count < 2)
		return error_new(
			ERROR_USAGE,
			"diff takes two targets or more, oldest first (plumb diff --help)");
	progress_start(&progress, options->is_json);
	for (int i = 0; i < options->word_count && !error; i++)
		error = add_target(options, i, &comparison, &progress);
	progress_end(&progress);
	return error;
}
