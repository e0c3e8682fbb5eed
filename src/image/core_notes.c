/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layouts are those of the kernel for x86-64 (include/linux/elfcore.h,
 * struct elf_prstatus and elf_prpsinfo; fs/binfmt_elf.c, fill_files_note and
 * fill_siginfo_note), which gdb writes too:
 *
 *	NT_PRSTATUS (336)       NT_PRPSINFO (136)      NT_SIGINFO (128)
 *	 12  u16 signal          24  u32 process         0  u32 signal
 *	 32  u32 thread          40  char name[16]      16  u64 fault address
 *	112  u64 registers[27]   56  char command[80]
 *
 *	NT_FILE
 *	  0  u64 count
 *	  8  u64 unit of the offsets: a page, or 1 from gdb
 *	 16  count times u64 start, end, offset
 *	     count names, each ended by a zero byte
 */
#include "image/core_notes.h"

#include "base/array.h"
#include "base/little_endian.h"

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATUS_SIGNAL = 12,
	STATUS_THREAD = 32,
	STATUS_REGISTERS = 112,
	STATUS_SIZE = 336,
	PROCESS_ID = 24,
	PROCESS_NAME = 40,
	PROCESS_COMMAND = 56,
	PROCESS_SIZE = 136,
	SIGNAL_ADDRESS = 16,
	SIGNAL_SIZE = 128,
	FILES_HEAD = 16,
	FILES_ENTRY = 24,
	AUXILIARY_ENTRY = 16,
};

static struct error *add_thread(struct core_file *core, const uint8_t *bytes)
{
	struct core_thread *thread;

	if (!array_reserve(&core->threads, &core->thread_capacity, core->thread_count + 1,
	                   sizeof(*core->threads)))
		return error_no_memory();
	thread = &core->threads[core->thread_count++];
	thread->id = (int32_t)get_u32(bytes + STATUS_THREAD);
	thread->signal = get_u16(bytes + STATUS_SIGNAL);
	memcpy(thread->registers, bytes + STATUS_REGISTERS, sizeof(thread->registers));
	return NULL;
}

/* A field of fixed size, ended by a zero byte unless it is full; made printable. */
static void copy_text(char *to, const uint8_t *from, size_t size)
{
	size_t length = strnlen((const char *)from, size);

	while (length && from[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		to[i] = from[i] < ' ' || from[i] == 0x7f ? '?' : (char)from[i];
	to[length] = '\0';
}

static void set_process(struct core_file *core, const uint8_t *bytes)
{
	core->process = (int32_t)get_u32(bytes + PROCESS_ID);
	copy_text(core->name, bytes + PROCESS_NAME, CORE_NAME_MAX);
	copy_text(core->command, bytes + PROCESS_COMMAND, CORE_COMMAND_MAX);
}

static void set_fault(struct core_file *core, const uint8_t *bytes)
{
	int number = (int32_t)get_u32(bytes);

	if (number == SIGSEGV || number == SIGBUS)
		core->fault_address = get_u64(bytes + SIGNAL_ADDRESS);
}

static struct error *set_auxiliary(struct core_file *core, const uint8_t *bytes, size_t size)
{
	size_t count = size / AUXILIARY_ENTRY;
	struct core_auxiliary *entries;

	if (core->auxiliary || !count)
		return NULL;
	entries = calloc(count, sizeof(*entries));
	if (!entries)
		return error_no_memory();
	core->auxiliary = entries;
	for (size_t i = 0; i < count; i++) {
		entries[i].type = get_u64(bytes + i * AUXILIARY_ENTRY);
		entries[i].value = get_u64(bytes + i * AUXILIARY_ENTRY + 8);
		if (entries[i].type == AT_NULL)
			break;
		core->auxiliary_count++;
	}
	return NULL;
}

/* " (deleted)" is what the kernel puts after the name of a file that is gone. */
static bool cut_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t length = strlen(path);
	size_t mark_length = sizeof(mark) - 1;

	if (length <= mark_length || strcmp(path + length - mark_length, mark) != 0)
		return false;
	path[length - mark_length] = '\0';
	return true;
}

/* One entry of NT_FILE; false: it makes no sense. */
static bool read_mapping(const uint8_t *bytes, uint64_t unit, struct core_mapping *ret)
{
	ret->start = get_u64(bytes);
	ret->end = get_u64(bytes + 8);
	return ret->start < ret->end &&
	       !__builtin_mul_overflow(get_u64(bytes + 16), unit, &ret->file_offset) &&
	       ret->file_offset <= INT64_MAX;
}

static struct error *set_mappings(struct core_file *core, const uint8_t *bytes, size_t size)
{
	uint64_t count;
	uint64_t unit;
	size_t names;
	char *name;

	if (core->mappings || size < FILES_HEAD)
		return NULL;
	count = get_u64(bytes);
	unit = get_u64(bytes + 8);
	if (!count || count > (size - FILES_HEAD) / FILES_ENTRY)
		return NULL;
	names = FILES_HEAD + (size_t)count * FILES_ENTRY;
	core->mappings = calloc((size_t)count, sizeof(*core->mappings));
	core->paths = calloc(size - names + 1, 1);
	if (!core->mappings || !core->paths)
		return error_no_memory();
	memcpy(core->paths, bytes + names, size - names);
	name = core->paths;
	for (size_t i = 0; i < count && name < core->paths + (size - names); i++) {
		struct core_mapping *mapping = &core->mappings[core->mapping_count];
		size_t length = strlen(name);

		if (read_mapping(bytes + FILES_HEAD + i * FILES_ENTRY, unit, mapping)) {
			mapping->path = name;
			mapping->is_deleted = cut_deleted(name);
			core->mapping_count++;
		}
		name += length + 1;
	}
	return NULL;
}

struct error *core_notes_add(struct core_file *core, uint32_t type, const uint8_t *bytes,
                             size_t size)
{
	switch (type) {
	case NT_PRSTATUS: return size == STATUS_SIZE ? add_thread(core, bytes) : NULL;
	case NT_PRPSINFO:
		if (size == PROCESS_SIZE)
			set_process(core, bytes);
		return NULL;
	case NT_SIGINFO:
		/* The first is of the thread that took the signal. */
		if (size == SIGNAL_SIZE && !core->fault_address)
			set_fault(core, bytes);
		return NULL;
	case NT_AUXV: return set_auxiliary(core, bytes, size);
	case NT_FILE: return set_mappings(core, bytes, size);
	default: return NULL;
	}
}

static int compare_mappings(const void *left, const void *right)
{
	const struct core_mapping *a = left;
	const struct core_mapping *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

void core_notes_finish(struct core_file *core)
{
	size_t kept = 0;

	if (core->mapping_count)
		qsort(core->mappings, core->mapping_count, sizeof(*core->mappings),
		      compare_mappings);
	for (size_t i = 0; i < core->mapping_count; i++)
		if (!kept || core->mappings[i].start >= core->mappings[kept - 1].end)
			core->mappings[kept++] = core->mappings[i];
	core->mapping_count = kept;
	if (core->thread_count)
		core->signal = core->threads[0].signal;
}
