/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the pieces together; the promise of picture.h is kept by the guardian
 * (target/guardian.c argues why), which is the only one that stops anything.
 *
 * What can be done while the process runs is done then: opening its files,
 * making warm room for a copy. While it stands still there is the stop
 * itself, the question whether the moment is good, and the clone() or the
 * copying.
 */
#include "target/picture.h"

#include "base/cleanup.h"
#include "target/fork_image.h"
#include "target/guardian.h"
#include "target/live_target.h"
#include "target/memory_copy.h"
#include "target/process_access.h"

#include <stdlib.h>
#include <time.h>

enum { STOP_ATTEMPTS = 3 };

static const long BETWEEN_ATTEMPTS = 5000000;  /* nanoseconds; at first */
static const long LONGEST_BETWEEN = 100000000; /* nanoseconds */

struct picture {
	pid_t pid;
	enum pause_mode mode;
	bool is_settled;
	double pause_ms;
	struct guardian *guardian; /* while there is a fork image */
	struct target *target;
	pid_t memory_process;
	struct memory_copy *copy; /* within target; NULL: it is no copy */
	struct register_file registers;
};

/* Longer every time: a bad moment lasts a millisecond, or half a second in a large heap. */
static void let_it_run(unsigned int attempt)
{
	struct timespec moment = {.tv_nsec = BETWEEN_ATTEMPTS * ((long)attempt + 1)};

	if (moment.tv_nsec > LONGEST_BETWEEN)
		moment.tv_nsec = LONGEST_BETWEEN;
	nanosleep(&moment, NULL);
}

/* One that could not be stopped in time may be able to, later. */
static struct error *stop(struct guardian *guardian)
{
	struct error *error = guardian_stop(guardian);

	for (unsigned int i = 1; i < STOP_ATTEMPTS && error && error_kind(error) == ERROR_UNREADY;
	     i++) {
		error_free(error);
		let_it_run(i);
		error = guardian_stop(guardian);
	}
	return error;
}

static struct error *at_moment(const struct picture_options *options)
{
	return options->at_moment ? options->at_moment(options->context) : NULL;
}

/* Stops the process at a good moment, or at the last attempt at any. */
static struct error *stop_settled(struct picture *picture, struct guardian *guardian,
                                  const struct picture_options *options, struct target *live)
{
	for (unsigned int i = 0;; i++) {
		struct error *error = stop(guardian);

		if (error)
			return error;
		picture->is_settled = !options->is_settled ||
		                      options->is_settled(options->context, live);
		if (picture->is_settled || i >= options->settle_attempts)
			return at_moment(options);
		error = guardian_release(guardian);
		if (error)
			return error;
		let_it_run(i);
	}
}

static struct error *keep_stopped(void *context)
{
	return guardian_keep(context);
}

/* The process is stopped: copies it and lets it run. */
static struct error *copy_stopped(struct picture *picture, struct guardian *guardian,
                                  struct memory_copy **copy)
{
	_cleanup_(cleanup_target) struct target *live = NULL;
	struct error *error;

	/* Only now do the mappings stand still too. */
	error = live_target_open(picture->pid, picture->pid, &live);
	if (error)
		return error;
	error = memory_copy_fill(*copy, process_access_living_thread(picture->pid), live,
	                         keep_stopped, guardian);
	if (error)
		return error;
	error = guardian_release(guardian);
	if (error)
		return error;
	picture->mode = PAUSE_COPY;
	picture->memory_process = process_access_living_thread(picture->pid);
	picture->copy = *copy;
	return memory_copy_finish(take_ptr(*copy), take_ptr(live), &picture->target);
}

static struct error *take_copy(struct picture *picture, struct guardian *guardian,
                               const struct picture_options *options)
{
	_cleanup_(cleanup_memory_copy) struct memory_copy *copy = NULL;
	_cleanup_(cleanup_target) struct target *live = NULL;
	struct error *error;

	error = live_target_open(picture->pid, picture->pid, &live);
	if (!error)
		error = memory_copy_new(process_access_living_thread(picture->pid), &copy);
	if (!error)
		error = stop_settled(picture, guardian, options, live);
	if (!error)
		error = copy_stopped(picture, guardian, &copy);
	return error;
}

static struct error *take_fork(struct picture *picture, struct guardian *guardian,
                               const struct picture_options *options)
{
	_cleanup_(cleanup_target) struct target *live = NULL;
	struct error *error;
	pid_t child;

	error = live_target_open(picture->pid, picture->pid, &live);
	if (!error)
		error = fork_image_check(picture->pid);
	if (!error)
		error = stop_settled(picture, guardian, options, live);
	if (error)
		return error;
	error = guardian_fork(guardian, &child);
	if (error) {
		/* What may come next, a copy, has to be prepared first. */
		error_free(guardian_release(guardian));
		return error;
	}
	picture->mode = PAUSE_FORK;
	picture->memory_process = child;
	return live_target_open(picture->pid, child, &picture->target);
}

static bool is_worth_copying(const struct error *error, const struct picture_options *options)
{
	return options->may_fall_back && error_kind(error) == ERROR_UNSUPPORTED;
}

/* Keeps the guardian only for as long as something depends on it. */
static struct error *take_guarded(struct picture *picture, const struct picture_options *options)
{
	_cleanup_(cleanup_guardian) struct guardian *guardian = NULL;
	struct error *error = guardian_start(picture->pid, picture->registers.fd, &guardian);

	if (error)
		return error;
	if (options->mode == PAUSE_FORK)
		error = take_fork(picture, guardian, options);
	if (options->mode == PAUSE_COPY || (error && is_worth_copying(error, options))) {
		error_free(error);
		error = take_copy(picture, guardian, options);
	}
	picture->pause_ms = (double)guardian_pause(guardian) / 1e6;
	if (!error && options->wants_registers)
		error = register_file_map(&picture->registers, guardian_threads(guardian));
	if (!error && picture->mode == PAUSE_FORK)
		picture->guardian = take_ptr(guardian);
	return error;
}

static struct error *take_running(struct picture *picture, const struct picture_options *options)
{
	struct error *error = live_target_open(picture->pid, picture->pid, &picture->target);

	picture->memory_process = process_access_living_thread(picture->pid);
	if (!error)
		error = at_moment(options);
	if (!error && options->wants_registers)
		error = register_file_guess(&picture->registers, picture->pid);
	return error;
}

struct error *picture_take(pid_t pid, const struct picture_options *options, struct picture **ret)
{
	_cleanup_(cleanup_picture) struct picture *picture = calloc(1, sizeof(*picture));
	struct error *error = NULL;

	if (!picture)
		return error_no_memory();
	picture->registers.fd = -1;
	picture->pid = pid;
	picture->mode = PAUSE_NONE;
	picture->is_settled = true;
	if (options->wants_registers)
		error = register_file_init(&picture->registers);
	if (!error && options->mode == PAUSE_NONE)
		error = take_running(picture, options);
	else if (!error)
		error = take_guarded(picture, options);
	if (error)
		return error;
	*ret = take_ptr(picture);
	return NULL;
}

void picture_free(struct picture *picture)
{
	if (!picture)
		return;
	target_free(picture->target);
	guardian_end(picture->guardian);
	register_file_deinit(&picture->registers);
	free(picture);
}

struct target *picture_target(const struct picture *picture)
{
	return picture->target;
}

const struct thread_registers *picture_threads(const struct picture *picture, size_t *ret_count)
{
	*ret_count = picture->registers.count;
	return picture->registers.threads;
}

pid_t picture_process(const struct picture *picture)
{
	return picture->pid;
}

pid_t picture_memory_process(const struct picture *picture)
{
	return picture->memory_process;
}

struct error *picture_visit_pages(struct picture *picture, const struct target_region *region,
                                  struct resident_pages *pages, resident_pages_visitor *visit,
                                  void *context)
{
	if (picture->copy && memory_copy_holds(region))
		return memory_copy_visit(picture->copy, region->start, region->end, visit, context);
	return resident_pages_visit(pages, region->start, region->end, visit, context);
}

double picture_pause_ms(const struct picture *picture)
{
	return picture->pause_ms;
}

enum pause_mode picture_mode(const struct picture *picture)
{
	return picture->mode;
}

bool picture_is_settled(const struct picture *picture)
{
	return picture->is_settled;
}
