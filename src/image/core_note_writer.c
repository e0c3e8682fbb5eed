/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layouts are those of the kernel for x86-64, see image/core_notes.c. They
 * are written here as structs, since none of this comes from elsewhere:
 *
 *	struct elf_prstatus, struct elf_prpsinfo   include/linux/elfcore.h
 *	NT_FILE                                    fs/binfmt_elf.c, fill_files_note
 */
#include "image/core_note_writer.h"

#include <elf.h>
#include <string.h>

enum { PAGE = 4096, NAME_SIZE = 16, COMMAND_SIZE = 80, ALIGNMENT = 4 };

struct status {
	int32_t signal_info[3];
	int16_t current_signal;
	uint64_t pending;
	uint64_t blocked;
	int32_t id;
	int32_t parent;
	int32_t group;
	int32_t session;
	struct note_time user, system, children_user, children_system;
	uint64_t registers[NOTE_REGISTERS];
	int32_t has_floating;
};

_Static_assert(sizeof(struct status) == 336 && offsetof(struct status, id) == 32 &&
                       offsetof(struct status, registers) == 112,
               "struct elf_prstatus");

struct process {
	char state; /* as a number */
	char letter;
	char is_zombie;
	int8_t nice;
	uint64_t flags;
	uint32_t user;
	uint32_t group_id;
	int32_t id;
	int32_t parent;
	int32_t group;
	int32_t session;
	char name[NAME_SIZE];
	char command[COMMAND_SIZE];
};

_Static_assert(sizeof(struct process) == 136 && offsetof(struct process, name) == 40,
               "struct elf_prpsinfo");

static void append_head(struct text *notes, const char *owner, uint32_t type, size_t size)
{
	size_t length = strlen(owner) + 1;
	Elf64_Nhdr head = {
		.n_namesz = (Elf64_Word)length,
		.n_descsz = (Elf64_Word)size,
		.n_type = type,
	};

	text_append_bytes(notes, &head, sizeof(head));
	text_append_bytes(notes, owner, length);
	text_align(notes, ALIGNMENT);
}

static void append_note(struct text *notes, const char *owner, uint32_t type, const void *bytes,
                        size_t size)
{
	append_head(notes, owner, type, size);
	text_append_bytes(notes, bytes, size);
	text_align(notes, ALIGNMENT);
}

void core_note_status(struct text *notes, const struct note_thread *thread)
{
	struct status status = {
		.pending = thread->pending,
		.blocked = thread->blocked,
		.id = thread->id,
		.parent = thread->parent,
		.group = thread->group,
		.session = thread->session,
		.user = thread->user,
		.system = thread->system,
		.children_user = thread->children_user,
		.children_system = thread->children_system,
		.has_floating = thread->floating != NULL,
	};

	memcpy(status.registers, thread->registers, sizeof(status.registers));
	append_note(notes, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

void core_note_state(struct text *notes, const struct note_thread *thread)
{
	if (thread->floating)
		append_note(notes, "CORE", NT_PRFPREG, thread->floating, NOTE_FLOATING);
	if (thread->extended_size)
		append_note(notes, "LINUX", NT_X86_XSTATE, thread->extended, thread->extended_size);
}

/* Cut to size, and zeros behind it; the last byte stays one. */
static void copy_text(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
}

/* fs/binfmt_elf.c, fill_psinfo: the place of the letter in this row; else '.'. */
static void set_state(struct process *process, char letter)
{
	static const char letters[] = "RSDTZW";
	const char *place = letter ? strchr(letters, letter) : NULL;

	process->letter = place ? letter : '.';
	process->state = (char)(place ? place - letters : (long)sizeof(letters));
	process->is_zombie = letter == 'Z';
}

void core_note_process(struct text *notes, const struct note_process *facts)
{
	struct process process = {
		.nice = facts->nice,
		.flags = facts->flags,
		.user = facts->user,
		.group_id = facts->group_id,
		.id = facts->id,
		.parent = facts->parent,
		.group = facts->group,
		.session = facts->session,
	};

	set_state(&process, facts->state);
	copy_text(process.name, facts->name, sizeof(process.name));
	copy_text(process.command, facts->command, sizeof(process.command));
	append_note(notes, "CORE", NT_PRPSINFO, &process, sizeof(process));
}

void core_note_auxiliary(struct text *notes, const void *bytes, size_t size)
{
	append_note(notes, "CORE", NT_AUXV, bytes, size);
}

static const char *deleted_mark(const struct note_mapping *mapping)
{
	return mapping->is_deleted ? " (deleted)" : "";
}

void core_note_files(struct text *notes, const struct note_mapping *mappings, size_t count)
{
	uint64_t head[2] = {count, PAGE};
	size_t size = sizeof(head) + count * 3 * sizeof(uint64_t);

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		size += strlen(mappings[i].path) + strlen(deleted_mark(&mappings[i])) + 1;
	append_head(notes, "CORE", NT_FILE, size);
	text_append_bytes(notes, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		uint64_t entry[3] = {mappings[i].start, mappings[i].end,
		                     mappings[i].file_offset / PAGE};

		text_append_bytes(notes, entry, sizeof(entry));
	}
	for (size_t i = 0; i < count; i++) {
		text_append(notes, mappings[i].path);
		text_append(notes, deleted_mark(&mappings[i]));
		text_append_char(notes, '\0');
	}
	text_align(notes, ALIGNMENT);
}
