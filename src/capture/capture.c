/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Python is found in the running process, before anything is stopped, so that
 * during the stop only a flag or two must be read. What moves meanwhile
 * (arenas, interpreters) is then looked up again in the picture.
 *
 * Who types `python app.py & plumb $!` has plumb meet a copy of the shell, or a
 * Python that is not set up yet. So a process that may become one is looked at
 * again every few milliseconds, for a bounded time: any that was made in the
 * last two seconds, and one of whatever age that seems to be just starting.
 */
#include "capture/capture.h"

#include "base/cleanup.h"
#include "capture/block_look.h"
#include "capture/core_words.h"
#include "capture/heap_snapshot.h"
#include "capture/malloc_watch.h"
#include "capture/node_values.h"
#include "capture/program_settings.h"
#include "image/core_file.h"
#include "runtime/py_refs.h"
#include "runtime/py_roots.h"
#include "snapshot/snapshot_builder.h"
#include "target/core_resident.h"
#include "target/live_target.h"
#include "target/process_access.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SETTLE_ATTEMPTS = 30, /* two seconds, with the pauses of picture.c */
	START_ATTEMPTS = 40,
	OWN_CACHE = 4 << 20, /* for finding Python and for texts; the walk has its own */
};

static const double START_SECONDS = 2;
static const long BETWEEN_STARTS = 50000000; /* nanoseconds */

struct capture {
	struct picture *picture;  /* of a running process, or ... */
	struct core_target *core; /* ... the core of a dead one; NULL both: released */
	struct window_cache memory;
	struct python python;
	struct py_types *types;
	struct snapshot *snapshot;
	struct node_values values;
	struct process_facts process;
	/* At the moment of the picture, or what the core holds; if an account is wanted. */
	struct resident_map resident;
};

/* Is it a good moment? Asked while the process is stopped. */
struct settle_check {
	struct target *running;
	struct window_cache memory;
	struct python *python; /* reads through memory */
	pid_t pid;
	bool watches_malloc;
	struct resident_map *resident; /* to be taken too; NULL: nobody wants it */
	struct malloc_watch malloc;    /* which should be at rest then */
};

static void deinit_settle_check(struct settle_check *check)
{
	window_cache_deinit(&check->memory);
	target_free(check->running);
}

/* Why no Python was found in a process: it may have ended meanwhile. Takes cause. */
static struct error *explain(pid_t pid, struct error *cause)
{
	struct error *gone = process_access_check_alive(pid);

	if (!gone)
		return error_wrap(cause, "process %d", pid);
	error_free(cause);
	return gone;
}

static struct error *init_settle_check(struct settle_check *check, pid_t pid, struct python *python)
{
	struct error *error = live_target_open(pid, pid, &check->running);

	check->pid = pid;
	check->python = python;
	if (!error)
		error = window_cache_init(&check->memory, check->running, OWN_CACHE);
	if (error)
		return error;
	error = python_find(&check->memory, python);
	if (error)
		return explain(pid, error);
	return check->watches_malloc ? malloc_watch_find(&check->memory, &check->malloc) : NULL;
}

/*
 * Who looks at malloc's chunks has a thread inside malloc make a moment bad; others
 * do not care.
 */
static bool is_settled(void *context, struct target *stopped)
{
	struct settle_check *check = context;

	check->memory.target = stopped;
	window_cache_forget(&check->memory);
	return !python_is_collecting(check->python) &&
	       malloc_is_at_rest(&check->malloc, &check->memory);
}

/* What is resident at the moment of the picture. */
static struct error *take_resident(void *context)
{
	struct settle_check *check = context;

	resident_map_deinit(check->resident);
	return resident_map_take(check->pid, check->resident);
}

static struct error *take_picture(struct capture *capture, pid_t pid,
                                  const struct capture_options *options)
{
	_cleanup_(deinit_settle_check) struct settle_check check = {
		.watches_malloc = options->with_account || options->with_native,
		.resident = options->with_account ? &capture->resident : NULL,
	};
	struct picture_options picture = {
		.mode = options->pause,
		.may_fall_back = options->may_fall_back,
		.is_settled = is_settled,
		.at_moment = options->with_account ? take_resident : NULL,
		.context = &check,
		.settle_attempts = SETTLE_ATTEMPTS,
		.wants_registers = options->with_account || options->with_native,
	};
	struct error *error = process_facts_read(pid, &capture->process);

	if (!error)
		error = init_settle_check(&check, pid, &capture->python);
	if (!error)
		error = picture_take(pid, &picture, &capture->picture);
	return error;
}

/* From here on Python is read in the picture. */
static struct error *open_picture(struct capture *capture)
{
	struct error *error =
		window_cache_init(&capture->memory, picture_target(capture->picture), OWN_CACHE);

	if (!error)
		error = python_refresh(&capture->python, &capture->memory);
	if (error)
		return error_wrap(error, "process %d", capture->process.pid);
	return py_types_new(&capture->python, &capture->types);
}

struct progress {
	const struct capture_options *options;
};

static void on_progress(void *context, double fraction)
{
	const struct progress *progress = context;

	progress->options->progress(progress->options->progress_context, "reading the heap",
	                            fraction);
}

/* How the text in a block of C begins; NULL: it has none. */
static char *text_of_block(struct capture *capture, node_id node)
{
	const struct snapshot *snapshot = capture->snapshot;
	const char *look = snapshot_native_look(snapshot, snapshot->type[node]);
	uint64_t size = snapshot_size(snapshot, node);
	uint8_t bytes[BLOCK_PREVIEW_BYTES];

	if (size > sizeof(bytes))
		size = sizeof(bytes);
	if (!look || !window_cache_read(&capture->memory, snapshot->address[node], bytes, size))
		return NULL;
	return block_look_preview(block_look_named(look), bytes, (size_t)size);
}

static bool text_of_node(void *context, node_id node, char **ret)
{
	struct capture *capture = context;

	*ret = NULL;
	if ((!capture->picture && !capture->core) || node >= capture->snapshot->node_count)
		return true;
	if (snapshot_is_native(capture->snapshot, node))
		*ret = text_of_block(capture, node);
	else if (snapshot_is_object(capture->snapshot, node))
		*ret = py_object_text(&capture->python, capture->types,
		                      capture->snapshot->address[node], NODE_TEXT_LIMIT);
	return !capture->memory.memory_ran_out;
}

/* What the picture and the kernel tell of the process. Takes its command line. */
static void fill_process_facts(struct capture *capture)
{
	static const enum snapshot_pause pauses[] = {
		[PAUSE_FORK] = SNAPSHOT_PAUSE_FORK,
		[PAUSE_COPY] = SNAPSHOT_PAUSE_COPY,
		[PAUSE_NONE] = SNAPSHOT_PAUSE_NONE,
	};
	struct snapshot_facts *facts = &capture->snapshot->facts;

	facts->command_line = take_ptr(capture->process.command_line);
	facts->pid = capture->process.pid;
	facts->resident_bytes = capture->snapshot->account.is_known
	                                ? capture->snapshot->account.resident
	                                : capture->process.resident_bytes;
	facts->taken_at = time(NULL);
	facts->pause = pauses[picture_mode(capture->picture)];
	facts->pause_ms = picture_pause_ms(capture->picture);
	facts->is_settled = picture_is_settled(capture->picture);
}

/* For who wants the facts alone. */
static struct error *make_empty_snapshot(struct python *python, struct snapshot **ret)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	struct error *error = builder ? snapshot_builder_seal(builder, ret) : error_no_memory();

	if (error)
		return error;
	(*ret)->facts.interpreters = python->interpreter_count;
	(*ret)->facts.threads = py_threads_count(python);
	return NULL;
}

/* A core has no files to be read. Without them there are still modules. */
static struct error *read_settings(struct capture *capture)
{
	pid_t pid = capture->process.pid;
	_cleanup_(target_root_deinit) struct target_root root = {-1};
	struct error *error = pid ? target_root_open(pid, &root) : NULL;

	error_free(error);
	return program_settings_read(&capture->python, capture->types, root.fd >= 0 ? &root : NULL,
	                             &capture->snapshot->facts.settings);
}

/* The threads of the picture, or of the core. The caller frees them. */
static struct error *list_threads(const struct capture *capture, struct native_thread **ret,
                                  size_t *ret_count)
{
	const struct thread_registers *pictured = NULL;
	const struct core_thread *dead = NULL;
	struct native_thread *threads;
	size_t count;

	if (capture->picture) {
		pictured = picture_threads(capture->picture, &count);
	} else {
		dead = capture->core->core->threads;
		count = capture->core->core->thread_count;
	}
	threads = calloc(count + 1, sizeof(*threads));
	if (!threads)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		threads[i].id = pictured ? pictured[i].tid : dead[i].id;
		memcpy(threads[i].registers, pictured ? pictured[i].general : dead[i].registers,
		       sizeof(threads[i].registers));
	}
	*ret = threads;
	*ret_count = count;
	return NULL;
}

/* The kernel has put the random bytes for AT_RANDOM on the first stack. */
static taddr first_stack(const struct capture *capture)
{
	for (size_t i = 0; capture->core && i < capture->core->core->auxiliary_count; i++)
		if (capture->core->core->auxiliary[i].type == AT_RANDOM)
			return capture->core->core->auxiliary[i].value;
	return 0;
}

static struct error *make_graph(struct capture *capture, const struct capture_options *options)
{
	_cleanup_free_ struct native_thread *threads = NULL;
	struct progress progress = {options};
	struct account_wish account = {
		.resident = &capture->resident,
		.first_stack = first_stack(capture),
		.is_of_core = capture->core,
	};
	struct native_wish native = {
		.first_stack = first_stack(capture),
		.picture = capture->picture,
	};
	const struct heap_wish wish = {
		.with_edges = options->with_edges,
		.with_traces = options->with_traces,
		.account = options->with_account ? &account : NULL,
		.native = options->with_native ? &native : NULL,
		.progress = options->progress ? on_progress : NULL,
		.progress_context = &progress,
	};
	struct error *error = list_threads(capture, &threads, &native.thread_count);

	if (error)
		return error;
	account.threads = native.threads = threads;
	account.thread_count = native.thread_count;
	return heap_snapshot_take(&capture->python, &wish, &capture->snapshot);
}

static void read_collector(struct capture *capture)
{
	struct snap_collector *told = &capture->snapshot->facts.collector;
	struct py_collector collector;

	if (!python_collector_read(&capture->python, &collector))
		return;
	told->is_enabled = collector.is_enabled ? SNAP_YES : SNAP_NO;
	told->counts.count = collector.generation_count;
	told->thresholds.count = collector.generation_count;
	for (size_t i = 0; i < collector.generation_count; i++) {
		told->counts.all[i] = collector.counts[i];
		told->thresholds.all[i] = collector.thresholds[i];
	}
	told->frozen.count = collector.is_frozen_known;
	told->frozen.all[0] = (int64_t)collector.frozen;
}

static struct error *make_snapshot(struct capture *capture, const struct capture_options *options)
{
	struct error *error;
	char version[32];

	if (options->without_heap)
		error = make_empty_snapshot(&capture->python, &capture->snapshot);
	else
		error = make_graph(capture, options);
	if (!error && options->with_settings)
		error = read_settings(capture);
	if (error)
		return error;
	if (options->with_settings || options->with_native)
		read_collector(capture);
	if (options->without_memory)
		snapshot_drop_memory(capture->snapshot);
	capture->snapshot->node_text = text_of_node;
	capture->snapshot->node_text_context = capture;
	python_version_text(&capture->python, version, sizeof(version));
	capture->snapshot->facts.runtime_version = strdup(version);
	return capture->snapshot->facts.runtime_version ? NULL : error_no_memory();
}

static struct error *capture_once(pid_t pid, const struct capture_options *options,
                                  struct capture **ret)
{
	_cleanup_(cleanup_capture) struct capture *capture = calloc(1, sizeof(*capture));
	struct error *error;

	if (!capture)
		return error_no_memory();
	error = take_picture(capture, pid, options);
	if (!error)
		error = open_picture(capture);
	if (!error)
		error = make_snapshot(capture, options);
	if (error)
		return error;
	fill_process_facts(capture);
	*ret = take_ptr(capture);
	return NULL;
}

/* Is error what a Python says that is just starting? */
static bool may_become_python(pid_t pid, const struct error *error)
{
	struct process_facts process;
	struct error *unknown;
	bool is_young;

	if (error_kind(error) == ERROR_UNREADY)
		return true;
	if (error_kind(error) != ERROR_NOT_PYTHON)
		return false;
	unknown = process_facts_read(pid, &process);
	if (unknown) {
		error_free(unknown);
		return true; /* it has just ended: the next attempt says so */
	}
	is_young = process.age < START_SECONDS;
	process_facts_deinit(&process);
	return is_young;
}

struct error *capture_process(pid_t pid, const struct capture_options *options,
                              struct capture **ret)
{
	struct timespec moment = {.tv_nsec = BETWEEN_STARTS};
	struct error *error = capture_once(pid, options, ret);

	for (int i = 0; i < START_ATTEMPTS && error && may_become_python(pid, error); i++) {
		error_free(error);
		nanosleep(&moment, NULL);
		error = capture_once(pid, options, ret);
	}
	return error;
}

static void on_unpack(void *context, double fraction)
{
	const struct progress *progress = context;

	progress->options->progress(progress->options->progress_context, "unpacking the core",
	                            fraction);
}

static struct error *open_core(struct capture *capture, const char *path,
                               const struct core_options *core_options,
                               const struct capture_options *options)
{
	struct progress progress = {options};
	struct core_options how = *core_options;
	struct error *error;

	if (options->progress) {
		how.unpack.progress = on_unpack;
		how.unpack.context = &progress;
	}
	error = core_target_open(path, &how, &capture->core);
	if (!error)
		error = window_cache_init(&capture->memory, capture->core->target, OWN_CACHE);
	if (error)
		return error;
	error = python_find(&capture->memory, &capture->python);
	if (error)
		return core_words_explain(capture->core, path, error);
	error = core_words_check_program(capture->core, path, capture->python.module_start);
	if (error)
		return error;
	return py_types_new(&capture->python, &capture->types);
}

struct error *capture_core(const char *path, const struct core_options *core_options,
                           const struct capture_options *options, struct capture **ret)
{
	_cleanup_(cleanup_capture) struct capture *capture = calloc(1, sizeof(*capture));
	struct error *error;

	if (!capture)
		return error_no_memory();
	error = open_core(capture, path, core_options, options);
	if (!error && options->with_account)
		error = core_resident_take(capture->core, &capture->resident);
	if (!error)
		error = make_snapshot(capture, options);
	if (!error)
		error = core_words_fill(capture->core, path, &capture->snapshot->facts);
	if (error)
		return error;
	capture->snapshot->facts.is_settled = !python_is_collecting(&capture->python);
	*ret = take_ptr(capture);
	return NULL;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	snapshot_free(capture->snapshot);
	py_types_free(capture->types);
	python_deinit(&capture->python);
	window_cache_deinit(&capture->memory);
	picture_free(capture->picture);
	core_target_free(capture->core);
	process_facts_deinit(&capture->process);
	resident_map_deinit(&capture->resident);
	free(capture);
}

const struct snapshot *capture_snapshot(const struct capture *capture)
{
	return capture->snapshot;
}

struct value_source capture_values(struct capture *capture)
{
	capture->values = (struct node_values){&capture->python, capture->snapshot};
	return node_values_source(&capture->values);
}

void capture_drop_memory(struct capture *capture)
{
	snapshot_drop_memory(capture->snapshot);
}

void capture_release_picture(struct capture *capture)
{
	picture_free(capture->picture);
	capture->picture = NULL;
	core_target_free(capture->core);
	capture->core = NULL;
}
