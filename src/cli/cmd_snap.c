/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb snap TARGET -o FILE: captures the graph and writes it to a file; with
 * --every and --count, several of them, each as it is taken.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/ending_signals.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/snap_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void on_progress(void *context, double fraction)
{
	progress_report(context, "writing the snapshot", fraction);
}

static struct error *write_file(const struct options *options, const char *file,
                                struct source *source, struct progress *progress,
                                struct snapshot_file_info *ret)
{
	struct value_source values = source_values(source);
	struct snapshot_file_options how = {
		.values = &values,
		.names_only = options->without_values || !source_has_values(source),
		.should_stop = ending_signals_wait,
		.progress = on_progress,
		.context = progress,
	};
	struct snapshot_file_info info = {.has_values = !how.names_only};
	struct ending_signals ending;
	struct error *error;

	ending_signals_hold(&ending);
	error = snapshot_file_write(source_snapshot(source), file, &how, &info.size);
	ending_signals_let_go(&ending);
	if (!error)
		*ret = info;
	return error;
}

/* Snapshots that were written, the last one still in memory. */
struct series {
	const struct options *options;
	struct progress progress;
	struct snap_written written[SERIES_MAX];
	size_t count;
	struct source *source;
	struct snapshot_file_info info;
};

static void free_series(struct series *series)
{
	if (!series)
		return;
	for (size_t i = 0; i < series->count; i++)
		free(series->written[i].file);
	source_free(series->source);
	free(series);
}

static void cleanup_series(struct series **series)
{
	free_series(*series);
}

/* app.plumb alone; of several, app.1.plumb, app.2.plumb ... NULL: out of memory. */
static char *file_name(const struct options *options, size_t number)
{
	const char *slash = strrchr(options->output, '/');
	const char *base = slash ? slash + 1 : options->output;
	const char *dot = strrchr(base, '.');
	size_t length = strlen(options->output);
	char *name;

	if (options->count <= 1)
		return strdup(options->output);
	if (dot && dot > base)
		length = (size_t)(dot - options->output);
	if (asprintf(&name, "%.*s.%zu%s", (int)length, options->output, number,
	             options->output + length) < 0)
		return NULL;
	return name;
}

/* The next snapshot of the series. */
static struct error *take_one(struct series *series)
{
	struct snap_written *written = &series->written[series->count];
	const struct options *options = series->options;
	const struct snapshot *snapshot;
	struct error *error;

	source_free(series->source);
	series->source = NULL;
	written->file = file_name(options, series->count + 1);
	if (!written->file)
		return error_no_memory();
	series->count++;
	progress_start(&series->progress, options->is_json);
	error = source_open_to_keep(options, options->words[0], &series->progress, &series->source);
	if (!error)
		error = write_file(options, written->file, series->source, &series->progress,
		                   &series->info);
	progress_end(&series->progress);
	if (error)
		return error;
	snapshot = source_snapshot(series->source);
	written->size = series->info.size;
	written->objects = snapshot->totals.objects;
	written->taken_at = snapshot->facts.taken_at;
	written->pause_ms = snapshot->facts.pause_ms;
	return NULL;
}

static struct error *print_answer(const struct series *series)
{
	struct snap_report report = {
		.snapshot = source_snapshot(series->source),
		.file = series->written[series->count - 1].file,
		.info = series->info,
		.written = series->written,
		.written_count = series->count,
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (series->options->is_json)
		snap_report_json(&report, &text);
	else
		snap_report_text(&layout, &report, &text);
	return output_text(&text);
}

/* Until so many seconds after start. */
static void wait_until(struct timespec start, double seconds)
{
	double whole = (double)(time_t)seconds;
	double nanoseconds = (seconds - whole) * 1e9 + (double)start.tv_nsec;

	start.tv_sec += (time_t)whole + (nanoseconds >= 1e9);
	start.tv_nsec = (long)(nanoseconds >= 1e9 ? nanoseconds - 1e9 : nanoseconds);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL) == EINTR)
		;
}

/* All of them; each is told when it is there, as JSON only at the end. */
static struct error *take_series(struct series *series)
{
	unsigned int wanted = series->options->count ? series->options->count : 1;
	struct error *error = NULL;
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!error && series->count < wanted) {
		wait_until(start, series->options->every * (double)series->count);
		error = take_one(series);
		if (!error && (!series->options->is_json || series->count == wanted))
			error = print_answer(series);
	}
	return error && series->count > 1
	               ? error_wrap(error, "snapshot %zu of %u", series->count, wanted)
	               : error;
}

static struct error *check_usage(const struct options *options)
{
	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "snap takes one target (plumb snap --help)");
	if (!options->output)
		return error_new(ERROR_USAGE, "snap writes a file: say which with -o FILE");
	if ((options->every > 0) != (options->count > 0))
		return error_new(ERROR_USAGE,
		                 "--every and --count go together: --every 60s --count 5");
	return NULL;
}

struct error *cmd_snap(const struct options *options)
{
	_cleanup_(cleanup_series) struct series *series = NULL;
	struct error *error = check_usage(options);

	if (error)
		return error;
	series = calloc(1, sizeof(*series));
	if (!series)
		return error_no_memory();
	series->options = options;
	return take_series(series);
}
