/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb PID: looks several times over a while, and judges at the last look,
 * while its picture is open (the text of keys is read from it). Of earlier
 * looks only what struct looks remembers is kept.
 *
 * SIGINT, SIGTERM and SIGHUP are blocked and waited for between looks, so they
 * never meet a picture half taken. The first one after two looks or more makes
 * the next look, at once, the last; before that it ends the program.
 */
#include "analysis/verdict.h"
#include "base/cleanup.h"
#include "capture/capture.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/verdict_report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

struct watch {
	const struct options *options;
	pid_t pid;
	struct progress progress;
	sigset_t signals;
	double start; /* of the first look */
	double last;  /* of the last look */
	struct looks looks;
	struct piles piles;
	bool is_interrupted;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double interval(const struct watch *watch)
{
	return watch->options->seconds / (watch->options->looks - 1);
}

static void say_waiting(struct watch *watch, double left)
{
	char line[96];

	snprintf(line, sizeof(line), "watching %d: look %u of %u, next in %.0f s (^C: answer now)",
	         (int)watch->pid, watch->looks.count, watch->options->looks, left);
	progress_say(&watch->progress, line);
}

/* Waits for the moment of the next look; a signal ends it. */
static void wait_for_next(struct watch *watch)
{
	double due = watch->start + interval(watch) * watch->looks.count;
	double left;

	while ((left = due - now()) > 0) {
		double part = left < 1 ? left : 1;
		struct timespec wait = {(time_t)part, (long)((part - (double)(time_t)part) * 1e9)};

		say_waiting(watch, left);
		if (sigtimedwait(&watch->signals, NULL, &wait) > 0) {
			watch->is_interrupted = true;
			break;
		}
	}
	progress_end(&watch->progress);
}

/* A signal that came while plumb was busy. */
static void take_pending_signal(struct watch *watch)
{
	static const struct timespec at_once = {0};

	if (sigtimedwait(&watch->signals, NULL, &at_once) > 0)
		watch->is_interrupted = true;
}

static struct error *judge(const struct watch *watch, const struct snapshot *snapshot,
                           const struct growth *growth, struct verdict **ret)
{
	const struct verdict_facts facts = {
		.looks = &watch->looks,
		.growth = growth,
		.piles = &watch->piles,
		.is_collector_off = snap_collector_is_off(&snapshot->facts.collector),
	};

	return verdict_make(&facts, ret);
}

/* Takes reach. */
static struct error *print_verdict(struct watch *watch, struct capture *capture,
                                   struct reach *reach)
{
	_cleanup_(cleanup_growth) struct growth *growth = NULL;
	_cleanup_(cleanup_verdict) struct verdict *verdict = NULL;
	struct verdict_report report = {
		.snapshot = capture_snapshot(capture),
		.looks = &watch->looks,
	};
	struct layout layout = output_layout();
	struct error *error;
	struct text text;

	error = growth_find(&watch->looks, report.snapshot, reach, &growth);
	if (!error)
		error = judge(watch, report.snapshot, growth, &verdict);
	progress_end(&watch->progress);
	if (error)
		return error;
	report.growth = growth;
	report.verdict = verdict;
	capture_release_picture(capture);
	text_init(&text);
	if (watch->options->is_json)
		verdict_report_json(&report, &text);
	else
		verdict_report_text(&layout, &report, &text);
	return output_text(&text);
}

/* A last look that comes too soon after the one before takes its place. */
static void make_room(struct watch *watch, double time)
{
	if (watch->is_interrupted && watch->looks.count > 2 &&
	    time - watch->last < interval(watch) / 2) {
		looks_drop_last(&watch->looks);
		piles_drop_last(&watch->piles);
	}
}

/*
 * An account costs as long a stop again, so only what was before all others and
 * what is after them is accounted for.
 */
static struct error *take(struct watch *watch, bool is_last, struct capture **ret)
{
	const struct capture_options how = {
		.pause = watch->options->pause,
		.may_fall_back = watch->options->may_fall_back,
		.with_edges = true,
		.with_native = true,
		.with_account = is_last || !watch->looks.count,
		.progress = progress_report,
		.progress_context = &watch->progress,
	};

	return capture_process(watch->pid, &how, ret);
}

static void fill_figures(const struct snapshot *snapshot, struct look_figures *figures)
{
	struct account account;

	figures->resident_bytes = snapshot->facts.resident_bytes;
	figures->pause_ms = snapshot->facts.pause_ms;
	figures->has_groups = snapshot->account.is_known;
	if (!figures->has_groups)
		return;
	account_make(&snapshot->account, &account);
	for (unsigned int i = 0; i < ACCOUNT_GROUP_COUNT; i++)
		figures->groups[i] = account_group_bytes(&account, (enum account_group)i);
}

static struct error *look(struct watch *watch, bool is_last)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	double time = now();
	struct look_figures figures = {.seconds = time - watch->start};
	struct error *error = take(watch, is_last, &capture);

	if (error)
		return error;
	if (!is_last)
		capture_release_picture(capture);
	make_room(watch, time);
	fill_figures(capture_snapshot(capture), &figures);
	error = piles_add(&watch->piles, capture_snapshot(capture));
	capture_drop_memory(capture);
	if (!error)
		error = reach_make_unordered(capture_snapshot(capture), &reach);
	if (!error)
		error = looks_add(&watch->looks, capture_snapshot(capture), reach, &figures);
	watch->last = time;
	if (error || !is_last)
		return error;
	return print_verdict(watch, capture, take_ptr(reach));
}

/* EXIT_INTERRUPTED when a signal came before there was anything to tell. */
static struct error *watch_process(struct watch *watch, int *ret_code)
{
	struct error *error = NULL;
	bool is_last = false;

	watch->start = now();
	while (!error && !is_last) {
		if (watch->looks.count)
			wait_for_next(watch);
		if (watch->is_interrupted && watch->looks.count < LOOKS_MIN - 1) {
			*ret_code = EXIT_INTERRUPTED;
			return NULL;
		}
		is_last = watch->is_interrupted || watch->looks.count + 1 == watch->options->looks;
		error = look(watch, is_last);
		take_pending_signal(watch);
	}
	progress_end(&watch->progress);
	if (error && watch->looks.count)
		return error_wrap(error, "after %u look%s", watch->looks.count,
		                  watch->looks.count == 1 ? "" : "s");
	return error;
}

int cmd_verdict(const struct options *options)
{
	struct watch watch = {.options = options};
	struct error *error;
	int code = EXIT_DONE;

	if (options->word_count != 1)
		return output_error(error_new(ERROR_USAGE, "say which process: plumb PID"));
	error = options_pid(options->words[0], &watch.pid);
	if (error)
		return output_error(error);
	sigemptyset(&watch.signals);
	sigaddset(&watch.signals, SIGINT);
	sigaddset(&watch.signals, SIGTERM);
	sigaddset(&watch.signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &watch.signals, NULL);
	progress_start(&watch.progress, options->is_json);
	looks_init(&watch.looks);
	piles_init(&watch.piles);
	error = watch_process(&watch, &code);
	looks_deinit(&watch.looks);
	piles_deinit(&watch.piles);
	return error ? output_error(error) : code;
}
