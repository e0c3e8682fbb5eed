/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libelf keeps a record of each section from the moment a file is opened, and
 * believes the file about their number: so that is looked at first.
 */
#include "image/elf_bounds.h"

#include <elf.h>
#include <errno.h>
#include <unistd.h>

size_t elf_bounds_read_some(int fd, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size && offset <= INT64_MAX - done) {
		ssize_t got = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

bool elf_bounds_read(int fd, uint64_t offset, void *buffer, size_t size)
{
	return elf_bounds_read_some(fd, offset, buffer, size) == size;
}

/* More than 65279 sections are counted in the first one's sh_size (elf(5), e_shnum). */
bool elf_bounds_has_too_many_sections(int fd, uint64_t file_size)
{
	Elf64_Ehdr header;
	Elf64_Shdr first;

	if (!elf_bounds_read(fd, 0, &header, sizeof(header)))
		return false;
	if (header.e_ident[EI_CLASS] == ELFCLASS64)
		return !header.e_shnum && header.e_shoff &&
		       elf_bounds_read(fd, header.e_shoff, &first, sizeof(first)) &&
		       first.sh_size > ELF_SECTIONS_MAX;
	/* Of a file that is not for us only the machine is told; it needs none of this. */
	return file_size > UINT32_MAX;
}

const char *elf_bounds_machine_name(uint16_t machine, bool is_supported)
{
	switch (machine) {
	case EM_386: return "32-bit x86 (i386)";
	case EM_X86_64: return is_supported ? "x86-64" : "32-bit x86-64 (x32)";
	case EM_ARM: return "arm";
	case EM_AARCH64: return "aarch64";
	case EM_PPC64: return "ppc64";
	case EM_S390: return "s390";
	case EM_RISCV: return "riscv";
	case EM_MIPS: return "mips";
	case EM_LOONGARCH: return "loongarch";
	default: return "foreign";
	}
}
