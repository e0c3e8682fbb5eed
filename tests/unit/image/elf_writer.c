/* SPDX-License-Identifier: Apache-2.0 */
/* See elf_writer.h for what is where. */
#include "elf_writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint32_t place(char *table, size_t *used, const char *name)
{
	size_t at = *used;

	memcpy(table + at, name, strlen(name) + 1);
	*used += strlen(name) + 1;
	return (uint32_t)at;
}

static void make_segments(struct written_elf *elf)
{
	elf->segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = WRITTEN_BASE,
		.p_filesz = 0x500,
		.p_memsz = 0x500,
		.p_align = 0x1000,
	};
	elf->segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W,
		.p_offset = 0x500,
		.p_vaddr = WRITTEN_BASE + 0x500,
		.p_filesz = 0x200,
		.p_memsz = 0x1200,
		.p_align = 0x1000,
	};
	elf->segments[2] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_flags = PF_R,
		.p_offset = 0x200,
		.p_vaddr = WRITTEN_BASE + 0x200,
		.p_filesz = 36,
		.p_memsz = 36,
		.p_align = 4,
	};
	elf->segments[3] = (Elf64_Phdr){.p_type = PT_NULL};
}

static void make_note(struct written_elf *elf)
{
	Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID};

	memcpy(elf->note, &note, sizeof(note));
	memcpy(elf->note + sizeof(note), "GNU", 4);
	for (uint8_t i = 0; i < 20; i++)
		elf->note[sizeof(note) + 4 + i] = (uint8_t)(0xf0 + i);
}

static Elf64_Sym symbol(uint32_t name, unsigned char binding, uint64_t address, uint64_t size)
{
	return (Elf64_Sym){
		.st_name = name,
		.st_info = (unsigned char)ELF64_ST_INFO(binding, STT_OBJECT),
		.st_shndx = SECTION_RUNTIME,
		.st_value = address,
		.st_size = size,
	};
}

static void make_symbols(struct written_elf *elf)
{
	size_t used = 1;

	elf->dynsym[1] = symbol(place(elf->dynstr, &used, "_PyRuntime"), STB_GLOBAL,
	                        WRITTEN_BASE + 0x500, 64);
	elf->dynsym[2] =
		symbol(place(elf->dynstr, &used, "twice"), STB_GLOBAL, WRITTEN_BASE + 1, 1);
	used = 1;
	elf->symtab[1] = symbol(place(elf->strtab, &used, "twice"), STB_LOCAL, WRITTEN_BASE + 2, 1);
	elf->symtab[2] =
		symbol(place(elf->strtab, &used, "hidden"), STB_LOCAL, WRITTEN_BASE + 0x300, 8);
}

static void make_section(struct written_elf *elf, size_t *used, int index, const char *name,
                         Elf64_Shdr section)
{
	section.sh_name = place(elf->names, used, name);
	elf->sections[index] = section;
}

static Elf64_Shdr bytes_at(uint32_t type, uint64_t offset, uint64_t size)
{
	return (Elf64_Shdr){
		.sh_type = type,
		.sh_addr = WRITTEN_BASE + offset,
		.sh_offset = offset,
		.sh_size = size,
		.sh_addralign = 1,
	};
}

static Elf64_Shdr symbols_at(uint32_t type, uint64_t offset, uint32_t names)
{
	Elf64_Shdr section = bytes_at(type, offset, WRITTEN_SYMBOLS * sizeof(Elf64_Sym));

	section.sh_link = names;
	section.sh_entsize = sizeof(Elf64_Sym);
	section.sh_info = 1;
	return section;
}

static void make_sections(struct written_elf *elf)
{
	size_t used = 1;

	make_section(elf, &used, SECTION_NOTE, ".note", bytes_at(SHT_NOTE, 0x200, 36));
	make_section(elf, &used, SECTION_DYNSYM, ".dynsym",
	             symbols_at(SHT_DYNSYM, 0x280, SECTION_DYNSTR));
	make_section(elf, &used, SECTION_DYNSTR, ".dynstr", bytes_at(SHT_STRTAB, 0x300, 0x100));
	make_section(elf, &used, SECTION_SYMTAB, ".symtab",
	             symbols_at(SHT_SYMTAB, 0x400, SECTION_STRTAB));
	make_section(elf, &used, SECTION_STRTAB, ".strtab", bytes_at(SHT_STRTAB, 0x480, 0x80));
	make_section(elf, &used, SECTION_RUNTIME, ".PyRuntime",
	             bytes_at(SHT_PROGBITS, 0x500, 0x100));
	make_section(elf, &used, SECTION_BSS, ".bss", bytes_at(SHT_NOBITS, 0x700, 0x1000));
	make_section(elf, &used, SECTION_NAMES, ".shstrtab", bytes_at(SHT_STRTAB, 0x600, 0x100));
}

void elf_writer_make(struct written_elf *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->header = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = offsetof(struct written_elf, segments),
		.e_shoff = offsetof(struct written_elf, sections),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = WRITTEN_SEGMENTS,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = WRITTEN_SECTIONS,
		.e_shstrndx = SECTION_NAMES,
	};
	make_segments(ret);
	make_note(ret);
	make_symbols(ret);
	make_sections(ret);
	memcpy(ret->runtime, "PYRUNTIME-BYTES!", 16);
}

int elf_writer_open(const void *bytes, size_t size)
{
	int fd = memfd_create("written-elf", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, size) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}
