/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb snap TARGET -o FILE: captures the graph and writes it to a file.
 *
 * A signal that would end plumb while the file is written waits until what
 * was written so far is gone, and ends it then as it would have.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/usage.h"
#include "report/snap_report.h"

#include <signal.h>

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Is one of them waiting? */
static bool should_stop(void *context)
{
	sigset_t pending;

	(void)context;
	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++)
		if (sigismember(&pending, ending_signals[i]) == 1)
			return true;
	return false;
}

static void on_progress(void *context, double fraction)
{
	progress_report(context, "writing the snapshot", fraction);
}

static struct error *write_file(const struct options *options, struct source *source,
                                struct progress *progress, struct snap_report *report)
{
	struct value_source values = source_values(source);
	struct snapshot_file_options how = {
		.values = &values,
		.names_only = options->without_values || !source_has_values(source),
		.should_stop = should_stop,
		.progress = on_progress,
		.context = progress,
	};
	sigset_t ending, before;
	struct error *error;

	report->info.has_values = !how.names_only;
	sigemptyset(&ending);
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++)
		sigaddset(&ending, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &ending, &before);
	error = snapshot_file_write(report->snapshot, options->output, &how, &report->info.size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

static struct error *print_answer(const struct options *options, const struct snap_report *report)
{
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		snap_report_json(report, &text);
	else
		snap_report_text(&layout, report, &text);
	return output_text(&text);
}

static struct error *run(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct snap_report report = {.file = options->output};
	struct progress progress;
	struct error *error;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "snap takes one target (plumb snap --help)");
	if (!options->output)
		return error_new(ERROR_USAGE, "snap writes a file: say which with -o FILE");
	progress_start(&progress, options->is_json);
	error = source_open(options, options->words[0], true, &progress, &source);
	if (!error) {
		report.snapshot = source_snapshot(source);
		error = write_file(options, source, &progress, &report);
	}
	progress_end(&progress);
	return error ? error : print_answer(options, &report);
}

int cmd_snap(int argc, char **argv)
{
	struct options options;
	struct error *error =
		options_parse(argc, argv, OPTIONS_OUTPUT | OPTIONS_VALUES | OPTIONS_CORE, &options);
	struct text text;

	if (error)
		return output_error(error_wrap(error, "snap"));
	if (options.wants_help) {
		text_init(&text);
		text_append(&text, usage_snap());
		return output_error(output_text(&text));
	}
	return output_error(run(&options));
}
