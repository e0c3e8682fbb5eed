/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb core PID -o FILE: an ELF core of a process that goes on. Nothing of
 * it is about Python.
 *
 * The file is opened before the process is stopped: what cannot be written is
 * not worth a stop. The picture is given back before the file is written to the
 * disk, which takes longest: until then every page that the process changes is
 * copied.
 */
#include "base/cleanup.h"
#include "base/new_file.h"
#include "cli/commands.h"
#include "cli/ending_signals.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/core_report.h"
#include "target/core_memory.h"
#include "target/live_target.h"
#include "target/picture.h"
#include "target/process_notes.h"

/* Everything that is released at the end. */
struct job {
	const struct options *options;
	struct picture *picture; /* NULL once all is read */
	enum pause_mode pause;
	double pause_ms;
	struct core_memory memory;
	struct process_notes notes;
	struct process_facts facts;
	struct new_file file;
	struct core_dump_result result;
	struct progress progress;
	uint64_t room;
};

static void end_job(struct job *job)
{
	new_file_deinit(&job->file);
	core_memory_deinit(&job->memory);
	process_notes_deinit(&job->notes);
	process_facts_deinit(&job->facts);
	picture_free(job->picture);
}

static void on_progress(void *context, double fraction)
{
	progress_report(context, "writing the core", fraction);
}

static size_t read_target(void *reader, uint64_t address, void *buffer, size_t size)
{
	return target_read_some(reader, address, buffer, size);
}

static struct error *take_picture(struct job *job, pid_t pid)
{
	const struct picture_options how = {
		.mode = job->options->pause,
		.may_fall_back = job->options->may_fall_back,
		.wants_registers = true,
	};

	struct error *error = picture_take(pid, &how, &job->picture);

	if (error)
		return error;
	job->pause = picture_mode(job->picture);
	job->pause_ms = picture_pause_ms(job->picture);
	return NULL;
}

static struct error *write_file(struct job *job)
{
	struct core_dump dump = {
		.segments = job->memory.segments,
		.segment_count = job->memory.segment_count,
		.stretches = job->memory.stretches,
		.stretch_count = job->memory.stretch_count,
		.notes = &job->notes.text,
		.is_compressed = job->options->is_compressed,
		.read = read_target,
		.reader = picture_target(job->picture),
		.should_stop = ending_signals_wait,
		.progress = on_progress,
		.context = &job->progress,
	};
	struct error *error = core_dump_write(&dump, &job->file, &job->result);

	picture_free(take_ptr(job->picture));
	if (!error)
		error = new_file_finish(&job->file);
	if (!error)
		job->room = new_file_room(&job->file);
	return error;
}

static struct error *do_job(struct job *job, pid_t pid)
{
	struct error *error = process_facts_read(pid, &job->facts);

	if (!error)
		error = new_file_open(job->options->output, &job->file);
	if (!error)
		error = take_picture(job, pid);
	if (!error)
		error = process_notes_build(&job->notes, job->picture);
	if (!error)
		error = core_memory_plan(&job->memory, job->picture);
	return error ? error : write_file(job);
}

static struct error *print_answer(const struct job *job)
{
	const struct core_report report = {
		.file = job->options->output,
		.pid = job->facts.pid,
		.command_line = job->facts.command_line,
		.resident_bytes = job->facts.resident_bytes,
		.pause = options_pause_name(job->pause),
		.pause_ms = job->pause_ms,
		.is_compressed = job->options->is_compressed,
		.size = job->result.size,
		.room = job->room,
		.memory = job->result.memory_bytes,
		.unreadable = job->result.unreadable,
		.segments = job->memory.segment_count,
		.threads = job->notes.thread_count,
		.partial_threads = job->notes.partial_count,
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (job->options->is_json)
		core_report_json(&report, &text);
	else
		core_report_text(&layout, &report, &text);
	return output_text(&text);
}

struct error *cmd_core(const struct options *options)
{
	_cleanup_(end_job) struct job job = {.options = options, .file = {.fd = -1, .folder = -1}};
	struct ending_signals ending;
	struct error *error;
	pid_t pid;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "core takes one process id (plumb core --help)");
	if (!options->output)
		return error_new(ERROR_USAGE, "core writes a file: say which with -o FILE");
	error = options_pid(options->words[0], &pid);
	if (error)
		return error;
	text_init(&job.notes.text);
	ending_signals_hold(&ending);
	progress_start(&job.progress, options->is_json);
	error = do_job(&job, pid);
	progress_end(&job.progress);
	if (error)
		new_file_deinit(&job.file);
	ending_signals_let_go(&ending);
	return error ? error : print_answer(&job);
}
