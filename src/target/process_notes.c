/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of processes and threads are those that the process itself knows, as
 * in a core of the kernel's: in a container they are not ours. Its parent may
 * have none there; then it is 0.
 *
 * The order is the kernel's (fs/binfmt_elf.c, write_note_info): what belongs to
 * the process stands behind the status of the first thread. That is the thread
 * that took the signal; here, where there was none, the first one of the program.
 */
#include "target/process_notes.h"

#include "base/cleanup.h"
#include "image/core_note_writer.h"
#include "target/proc_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STAT_PARENT = 4,
	STAT_FLAGS = 9,
	STAT_USER_TIME = 14,
	STAT_SYSTEM_TIME = 15,
	STAT_CHILDREN_USER = 16,
	STAT_CHILDREN_SYSTEM = 17,
	STAT_NICE = 19,
	COMMAND_MAX = 80,
	TASK_NAME_MAX = 16,
};

_Static_assert((int)NOTE_REGISTERS == (int)GENERAL_REGISTERS, "the same registers");
_Static_assert((int)NOTE_FLOATING == (int)FLOATING_SIZE, "the same registers");

/* What all threads have in common, and two files of /proc. */
struct building {
	struct text *text;
	const struct picture *picture;
	pid_t pid;
	char *status;
	char *stat;
	int32_t id;
	int32_t parent;
	int32_t group;
	int32_t session;
};

/* The last of several numbers on a line: the one in the innermost namespace. */
static bool last_number(const char *status, const char *key, int32_t *ret)
{
	const char *value = proc_status_value(status, key);
	bool is_found = false;

	while (value && *value && *value != '\n') {
		char *next;
		long number = strtol(value, &next, 10);

		if (next == value)
			break;
		*ret = (int32_t)number;
		is_found = true;
		value = next;
		while (*value == ' ' || *value == '\t')
			value++;
	}
	return is_found;
}

static uint64_t stat_number(const char *stat, unsigned int field)
{
	uint64_t number = 0;

	return proc_stat_number(stat, field, &number) ? number : 0;
}

static struct note_time stat_time(const char *stat, unsigned int field)
{
	uint64_t ticks = stat_number(stat, field);
	uint64_t second = (uint64_t)sysconf(_SC_CLK_TCK);

	return (struct note_time){
		.seconds = (int64_t)(ticks / second),
		.microseconds = (int64_t)(ticks % second * 1000000 / second),
	};
}

static void set_times(struct note_thread *note, const char *stat)
{
	note->user = stat_time(stat, STAT_USER_TIME);
	note->system = stat_time(stat, STAT_SYSTEM_TIME);
	note->children_user = stat_time(stat, STAT_CHILDREN_USER);
	note->children_system = stat_time(stat, STAT_CHILDREN_SYSTEM);
}

/* A thread may have ended since: then it keeps our number, and no times. */
static void read_thread(const struct building *building, pid_t tid, struct note_thread *note)
{
	_cleanup_free_ char *status = NULL;
	_cleanup_free_ char *stat = NULL;
	size_t length;

	if (proc_file_read_thread(building->pid, tid, "status", &status, &length) == 0)
		last_number(status, "NSpid", &note->id);
	if (proc_file_read_thread(building->pid, tid, "stat", &stat, &length) == 0)
		set_times(note, stat);
}

static struct note_thread describe_thread(const struct building *building,
                                          const struct thread_registers *thread)
{
	struct note_thread note = {
		.id = thread->tid,
		.parent = building->parent,
		.group = building->group,
		.session = building->session,
		.pending = thread->pending,
		.blocked = thread->blocked,
		.registers = thread->general,
		.floating = thread->is_whole ? thread->floating : NULL,
		.extended = thread->extended,
		.extended_size = thread->extended_size,
	};

	read_thread(building, thread->tid, &note);
	/* Of the first one the kernel tells the times of the whole process. */
	if (thread->tid == building->pid)
		set_times(&note, building->stat);
	return note;
}

static void read_name(pid_t pid, char *name, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	if (proc_file_read(pid, "comm", &text, &length) != 0)
		return;
	while (length && text[length - 1] == '\n')
		length--;
	memcpy(name, text, length < size - 1 ? length : size - 1);
}

static void read_command(pid_t pid, char *command, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	if (proc_file_read(pid, "cmdline", &text, &length) != 0)
		return;
	if (length > size - 1)
		length = size - 1;
	for (size_t i = 0; i < length; i++)
		command[i] = text[i] ? text[i] : ' ';
}

static void add_process(const struct building *building)
{
	char name[TASK_NAME_MAX] = "";
	char command[COMMAND_MAX] = "";
	uint64_t user = 0;
	uint64_t group_id = 0;

	proc_status_number(building->status, "Uid", 10, &user);
	proc_status_number(building->status, "Gid", 10, &group_id);
	read_name(building->pid, name, sizeof(name));
	read_command(building->pid, command, sizeof(command));
	core_note_process(building->text,
	                  &(struct note_process){
				  .state = proc_status_state(building->status),
				  .nice = (int8_t)stat_number(building->stat, STAT_NICE),
				  .flags = stat_number(building->stat, STAT_FLAGS),
				  .user = (uint32_t)user,
				  .group_id = (uint32_t)group_id,
				  .id = building->id,
				  .parent = building->parent,
				  .group = building->group,
				  .session = building->session,
				  .name = name,
				  .command = command,
			  });
}

static void add_auxiliary(const struct building *building)
{
	_cleanup_free_ char *bytes = NULL;
	size_t length;

	if (proc_file_read(picture_memory_process(building->picture), "auxv", &bytes, &length) == 0)
		core_note_auxiliary(building->text, bytes, length);
}

static struct error *add_files(const struct building *building)
{
	_cleanup_free_ struct note_mapping *mappings = NULL;
	size_t count;
	const struct target_region *regions =
		target_regions(picture_target(building->picture), &count);
	size_t files = 0;

	mappings = calloc(count + 1, sizeof(*mappings));
	if (!mappings)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		const struct target_region *region = &regions[i];

		if (region->inode && region->path[0] == '/')
			mappings[files++] = (struct note_mapping){
				.start = region->start,
				.end = region->end,
				.file_offset = region->file_offset,
				.path = region->path,
				.is_deleted = region->is_deleted,
			};
	}
	core_note_files(building->text, mappings, files);
	return NULL;
}

/* The first thread of the program, or, when that has ended, any. */
static size_t find_first(const struct building *building, const struct thread_registers *threads,
                         size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (threads[i].tid == building->pid)
			return i;
	return 0;
}

static struct error *add_all(const struct building *building)
{
	size_t count;
	const struct thread_registers *threads = picture_threads(building->picture, &count);
	size_t first = find_first(building, threads, count);
	struct note_thread note;
	struct error *error;

	if (!count)
		return error_new(ERROR_GONE, "process %d has ended", building->pid);
	note = describe_thread(building, &threads[first]);
	core_note_status(building->text, &note);
	add_process(building);
	add_auxiliary(building);
	error = add_files(building);
	core_note_state(building->text, &note);
	for (size_t i = 0; !error && i < count; i++) {
		if (i == first)
			continue;
		note = describe_thread(building, &threads[i]);
		core_note_status(building->text, &note);
		core_note_state(building->text, &note);
	}
	if (!error && building->text->is_broken)
		error = error_no_memory();
	return error;
}

static struct error *read_process(struct building *building)
{
	pid_t pid = building->pid;
	size_t length;

	if (proc_file_read(pid, "status", &building->status, &length) != 0 ||
	    proc_file_read(pid, "stat", &building->stat, &length) != 0)
		return error_new(ERROR_GONE, "process %d has ended", pid);
	building->id = pid;
	last_number(building->status, "NSpid", &building->id);
	last_number(building->status, "NSpgid", &building->group);
	last_number(building->status, "NSsid", &building->session);
	if (building->id == pid)
		building->parent = (int32_t)stat_number(building->stat, STAT_PARENT);
	return NULL;
}

struct error *process_notes_build(struct process_notes *notes, const struct picture *picture)
{
	struct building building = {
		.text = &notes->text,
		.picture = picture,
		.pid = picture_process(picture),
	};
	const struct thread_registers *threads;
	struct error *error = read_process(&building);

	if (!error)
		error = add_all(&building);
	free(building.status);
	free(building.stat);
	threads = picture_threads(picture, &notes->thread_count);
	for (size_t i = 0; i < notes->thread_count; i++)
		notes->partial_count += !threads[i].is_whole;
	return error;
}

void process_notes_deinit(struct process_notes *notes)
{
	text_deinit(&notes->text);
}
