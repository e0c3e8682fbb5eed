/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	0        ELF header
 *	64       program headers: the notes, then every segment
 *	...      the notes
 *	...      one section header, when there are more program headers than the
 *	         ELF header can count (elf(5), PN_XNUM): it has their number
 *	page     what the segments hold, one after the other, in whole pages
 *
 * The kernel writes that section header at the end of the file
 * (fs/binfmt_elf.c, elf_core_dump). Here it stands where it is not lost when the
 * file is cut.
 */
#include "image/core_head.h"

#include <elf.h>

enum { PAGE = 4096, NOTE_ALIGNMENT = 4, SECTION_ALIGNMENT = 8 };

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static void append_header(struct text *text, size_t headers, uint64_t section)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
	                    ELFOSABI_NONE},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(headers < PN_XNUM ? headers : PN_XNUM),
	};

	if (headers >= PN_XNUM) {
		header.e_shoff = section;
		header.e_shentsize = sizeof(Elf64_Shdr);
		header.e_shnum = 1;
	}
	text_append_bytes(text, &header, sizeof(header));
}

static void append_segment(struct text *text, const struct dump_segment *segment)
{
	Elf64_Phdr header = {
		.p_type = PT_LOAD,
		.p_flags = (segment->is_readable ? (Elf64_Word)PF_R : 0) |
	                   (segment->is_writable ? (Elf64_Word)PF_W : 0) |
	                   (segment->is_executable ? (Elf64_Word)PF_X : 0),
		.p_offset = segment->file_offset,
		.p_vaddr = segment->address,
		.p_filesz = segment->file_size,
		.p_memsz = segment->memory_size,
		.p_align = PAGE,
	};

	text_append_bytes(text, &header, sizeof(header));
}

static struct error *place_segments(struct core_dump *dump, uint64_t offset, uint64_t *ret_end)
{
	for (size_t i = 0; i < dump->segment_count; i++) {
		struct dump_segment *segment = &dump->segments[i];

		segment->file_offset = offset;
		if (__builtin_add_overflow(offset, segment->file_size, &offset) ||
		    offset > INT64_MAX)
			return error_new(ERROR_UNSUPPORTED, "it has more memory than a file can");
	}
	*ret_end = offset;
	return NULL;
}

struct error *core_head_build(struct core_dump *dump, struct text *text, uint64_t *ret_size)
{
	size_t headers = dump->segment_count + 1;
	uint64_t notes = sizeof(Elf64_Ehdr) + headers * sizeof(Elf64_Phdr);
	uint64_t section = round_up(notes + dump->notes->length, SECTION_ALIGNMENT);
	bool has_section = headers >= PN_XNUM;
	uint64_t end = section + (has_section ? sizeof(Elf64_Shdr) : 0);
	Elf64_Phdr note = {
		.p_type = PT_NOTE,
		.p_offset = notes,
		.p_filesz = dump->notes->length,
		.p_align = NOTE_ALIGNMENT,
	};
	Elf64_Shdr counter = {.sh_size = 1, .sh_info = (Elf64_Word)headers};
	struct error *error = place_segments(dump, round_up(end, PAGE), ret_size);

	if (error)
		return error;
	append_header(text, headers, section);
	text_append_bytes(text, &note, sizeof(note));
	for (size_t i = 0; i < dump->segment_count; i++)
		append_segment(text, &dump->segments[i]);
	text_append_bytes(text, dump->notes->bytes, dump->notes->length);
	text_align(text, SECTION_ALIGNMENT);
	if (has_section)
		text_append_bytes(text, &counter, sizeof(counter));
	text_align(text, PAGE);
	return text->is_broken ? error_no_memory() : NULL;
}
