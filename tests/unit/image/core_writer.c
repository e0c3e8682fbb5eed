/* SPDX-License-Identifier: Apache-2.0 */
/* See core_writer.h for what is where. */
#include "core_writer.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Elf64_Ehdr *core_writer_header(struct core_writer *core)
{
	return (Elf64_Ehdr *)(void *)core->bytes;
}

Elf64_Phdr *core_writer_headers(struct core_writer *core)
{
	return (Elf64_Phdr *)(void *)(core->bytes + sizeof(Elf64_Ehdr));
}

void core_writer_init(struct core_writer *core)
{
	memset(core, 0, sizeof(*core));
	core->size = WRITTEN_CORE_BYTES;
	core->notes_end = WRITTEN_CORE_NOTES;
	core->segment_count = 1;
	*core_writer_header(core) = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	core_writer_headers(core)[0] =
		(Elf64_Phdr){.p_type = PT_NOTE, .p_offset = WRITTEN_CORE_NOTES};
}

void core_writer_note(struct core_writer *core, uint32_t type, const void *bytes, size_t size)
{
	Elf64_Nhdr note = {.n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type};
	uint8_t *at = core->bytes + core->notes_end;

	assert(core->notes_end + sizeof(note) + 8 + size + 3 <= WRITTEN_CORE_BYTES);
	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), "CORE\0\0\0", 8);
	memcpy(at + sizeof(note) + 8, bytes, size);
	core->notes_end += sizeof(note) + 8 + (size + 3) / 4 * 4;
	core_writer_headers(core)[0].p_filesz = core->notes_end - WRITTEN_CORE_NOTES;
}

void core_writer_thread(struct core_writer *core, int32_t id, uint16_t signal)
{
	uint8_t status[336] = {0};
	uint64_t last_register = 0x1122334455667788;

	memcpy(status + 12, &signal, sizeof(signal));
	memcpy(status + 32, &id, sizeof(id));
	memcpy(status + 112 + 26 * 8, &last_register, sizeof(last_register));
	core_writer_note(core, NT_PRSTATUS, status, sizeof(status));
}

void core_writer_process(struct core_writer *core, int32_t id, const char *command)
{
	uint8_t facts[136] = {0};
	size_t length = strlen(command);

	memcpy(facts + 24, &id, sizeof(id));
	memcpy(facts + 40, "python3", 7);
	memcpy(facts + 56, command, length < 80 ? length : 80);
	core_writer_note(core, NT_PRPSINFO, facts, sizeof(facts));
}

void core_writer_files(struct core_writer *core, const struct written_mapping *files, size_t count,
                       uint64_t unit)
{
	uint8_t note[0x800];
	uint64_t head[2] = {count, unit};
	size_t at = sizeof(head);

	memcpy(note, head, sizeof(head));
	for (size_t i = 0; i < count; i++, at += 24) {
		uint64_t entry[3] = {files[i].start, files[i].end, files[i].offset};

		memcpy(note + at, entry, sizeof(entry));
	}
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(files[i].path) + 1;

		assert(at + size <= sizeof(note));
		memcpy(note + at, files[i].path, size);
		at += size;
	}
	core_writer_note(core, NT_FILE, note, at);
}

void core_writer_segment(struct core_writer *core, uint64_t address, uint64_t memory_size,
                         const void *bytes, size_t size, uint32_t flags)
{
	assert(core->segment_count < WRITTEN_CORE_SEGMENTS);
	assert(core->size + size <= WRITTEN_CORE_MAX);
	core_writer_headers(core)[core->segment_count++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = core->size,
		.p_vaddr = address,
		.p_filesz = size,
		.p_memsz = memory_size,
	};
	core_writer_header(core)->e_phnum = (uint16_t)core->segment_count;
	if (size)
		memcpy(core->bytes + core->size, bytes, size);
	core->size += size;
}

int core_writer_open_cut(const struct core_writer *core, size_t size)
{
	int fd = memfd_create("written-core", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, core->bytes, size) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}

int core_writer_open(const struct core_writer *core)
{
	return core_writer_open_cut(core, core->size);
}
