/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb diff --env A B: opens both for what they run, not for what they hold. Of
 * a process that takes a picture but no walk over its heap.
 */
#include "cli/cmd_diff_env.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/env_report.h"

/* A file of an earlier plumb, or of one that was asked for less, has no settings. */
static struct error *check_settings(const struct source *source, const char *word)
{
	if (source_snapshot(source)->facts.settings.count)
		return NULL;
	return error_new(ERROR_NOT_FOUND,
	                 "%s does not say what the process ran: it was written by an earlier "
	                 "plumb (take the snapshot anew)",
	                 word);
}

static struct error *open_target(const struct options *options, int index,
                                 struct progress *progress, struct source **ret)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	const char *word = options->words[index];
	struct error *error = source_open_facts(options, word, progress, &source);

	if (!error)
		error = check_settings(source, word);
	if (error)
		return error;
	source_release_texts(source);
	*ret = take_ptr(source);
	return NULL;
}

static struct error *print(const struct options *options, const struct env_report *report)
{
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		env_report_json(report, &text);
	else
		env_report_text(&layout, report, &text);
	return output_text(&text);
}

struct error *cmd_diff_env(const struct options *options)
{
	_cleanup_(settings_diff_deinit) struct settings_diff diff = {0};
	_cleanup_(cleanup_source) struct source *then = NULL;
	_cleanup_(cleanup_source) struct source *now = NULL;
	struct env_report report = {.diff = &diff};
	struct progress progress;
	struct error *error;

	if (options->word_count != 2)
		return error_new(ERROR_USAGE, "diff --env takes two targets (plumb diff --help)");
	progress_start(&progress, options->is_json);
	error = open_target(options, 0, &progress, &then);
	if (!error)
		error = open_target(options, 1, &progress, &now);
	progress_end(&progress);
	if (error)
		return error;
	report.then = &source_snapshot(then)->facts;
	report.now = &source_snapshot(now)->facts;
	error = settings_diff_make(&report.then->settings, &report.now->settings, &diff);
	return error ? error : print(options, &report);
}
