/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the small ELF file that a test needs, so that a test says itself what
 * is in it. The layout is fixed; a hostile file is made by changing the
 * structs after elf_writer_make and before elf_writer_open.
 *
 *	0x000  header                    0x400  .symtab (3)
 *	0x040  4 program headers         0x480  .strtab
 *	0x200  .note: a build-id         0x500  .PyRuntime, "PYRUNTIME-BYTES!"
 *	0x280  .dynsym (3 symbols)       0x600  .shstrtab
 *	0x300  .dynstr                   0x700  9 section headers
 *
 * The bytes [0, 0x700) are mapped at 0x10000, as two segments that meet at
 * 0x500; the second has 0x1000 bytes more in memory than in the file.
 */
#ifndef PLUMB_TESTS_ELF_WRITER_H
#define PLUMB_TESTS_ELF_WRITER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WRITTEN_BASE = 0x10000,
	WRITTEN_SEGMENTS = 4,
	WRITTEN_SECTIONS = 9,
	WRITTEN_SYMBOLS = 3,
};

enum { SECTION_NONE, SECTION_NOTE, SECTION_DYNSYM, SECTION_DYNSTR, SECTION_SYMTAB };
enum { SECTION_STRTAB = 5, SECTION_RUNTIME, SECTION_BSS, SECTION_NAMES };

struct written_elf {
	Elf64_Ehdr header;
	Elf64_Phdr segments[WRITTEN_SEGMENTS];
	uint8_t gap[0x200 - 0x40 - WRITTEN_SEGMENTS * sizeof(Elf64_Phdr)];
	uint8_t note[0x80];
	Elf64_Sym dynsym[WRITTEN_SYMBOLS];
	uint8_t gap_dynsym[0x80 - WRITTEN_SYMBOLS * sizeof(Elf64_Sym)];
	char dynstr[0x100];
	Elf64_Sym symtab[WRITTEN_SYMBOLS];
	uint8_t gap_symtab[0x80 - WRITTEN_SYMBOLS * sizeof(Elf64_Sym)];
	char strtab[0x80];
	uint8_t runtime[0x100];
	char names[0x100];
	Elf64_Shdr sections[WRITTEN_SECTIONS];
};

_Static_assert(offsetof(struct written_elf, note) == 0x200, "");
_Static_assert(offsetof(struct written_elf, dynsym) == 0x280, "");
_Static_assert(offsetof(struct written_elf, dynstr) == 0x300, "");
_Static_assert(offsetof(struct written_elf, symtab) == 0x400, "");
_Static_assert(offsetof(struct written_elf, strtab) == 0x480, "");
_Static_assert(offsetof(struct written_elf, runtime) == 0x500, "");
_Static_assert(offsetof(struct written_elf, names) == 0x600, "");
_Static_assert(offsetof(struct written_elf, sections) == 0x700, "");

/* A sound file: a shared library with these symbols (file address, size):
 *	.dynsym  _PyRuntime (0x10500, 64, global object), twice (0x10001, global)
 *	.symtab  hidden (0x10300, 8, local object), twice (0x10002, local)
 */
void elf_writer_make(struct written_elf *ret);

/* An anonymous file with the first size bytes of it; the caller closes it. */
int elf_writer_open(const void *bytes, size_t size);

#endif
