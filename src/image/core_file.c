/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libelf parses; this file decides what to believe, as elf_image.c does. A core
 * is cut more often than any other file (a full disk, a limit, a copy that was
 * broken off), and what is left of it serves: a segment keeps the bytes that the
 * file has, the notes end where the file ends. Only a file that ends before its
 * table of segments does is refused.
 *
 * A process with more than 65534 mappings has more segments than the header can
 * count; their number is then in the first section header (elf(5), PN_XNUM),
 * which the kernel writes at the very end of the file. When that is cut off, the
 * table is taken to reach to the first segment's bytes, which follow it.
 */
#include "image/core_file.h"

#include "base/cleanup.h"
#include "image/core_notes.h"
#include "image/elf_bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SEGMENTS_MAX = 1 << 22,
	NOTE_BYTES_MAX = 256 << 20, /* of all tables of notes */
	NOTES_MAX = 1 << 22,
};

/* Only while a core is opened. */
struct opening {
	struct core_file *core;
	Elf *elf;
	const Elf64_Phdr *headers; /* libelf's */
	size_t count;
	uint64_t note_bytes; /* of the tables of notes so far; libelf keeps them all */
};

static void end_opening(struct opening *opening)
{
	elf_end(opening->elf);
}

static const char *kind_of_file(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	return S_ISREG(mode) ? "empty" : "not a regular file";
}

/* Is it an ELF core of a machine that plumb reads? */
static struct error *check_kind(Elf *elf, const char *name)
{
	GElf_Ehdr header;
	bool is_supported;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return error_new(ERROR_CORRUPT, "%s is not a core file: it is not ELF", name);
	is_supported = header.e_machine == EM_X86_64 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
	               header.e_ident[EI_DATA] == ELFDATA2LSB;
	if (header.e_type != ET_CORE)
		return error_new(ERROR_CORRUPT, "%s is not a core file: it is an ELF %s", name,
		                 header.e_type == ET_REL ? "object file" : "program or library");
	if (!is_supported)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s is a core of %s; plumb reads cores of "
		                 "64-bit x86-64 programs only",
		                 name, elf_bounds_machine_name(header.e_machine, false));
	return NULL;
}

/* How many program headers there are, also when the section that counts them is cut off. */
static size_t count_headers(Elf *elf, uint64_t file_size)
{
	GElf_Ehdr header;
	Elf64_Phdr first;
	Elf_Data *data;
	size_t count;

	if (!gelf_getehdr(elf, &header))
		return 0;
	if (header.e_phnum != PN_XNUM)
		return header.e_phnum;
	if (header.e_shoff && header.e_shoff < file_size && elf_getphdrnum(elf, &count) == 0 &&
	    count >= PN_XNUM)
		return count;
	data = elf_getdata_rawchunk(elf, (int64_t)header.e_phoff, sizeof(first), ELF_T_PHDR);
	if (!data || data->d_size < sizeof(first))
		return 0;
	memcpy(&first, data->d_buf, sizeof(first));
	if (first.p_offset <= header.e_phoff)
		return 0;
	return (size_t)((first.p_offset - header.e_phoff) / sizeof(first));
}

static struct error *read_headers(struct opening *opening, const char *name)
{
	GElf_Ehdr header;
	Elf_Data *data = NULL;
	uint64_t bytes;
	uint64_t end;

	opening->count = count_headers(opening->elf, opening->core->file_size);
	bytes = opening->count * sizeof(Elf64_Phdr);
	if (opening->count > SEGMENTS_MAX)
		return error_new(ERROR_CORRUPT, "%s has more segments than can be", name);
	if (gelf_getehdr(opening->elf, &header) && opening->count &&
	    header.e_phentsize == sizeof(Elf64_Phdr) &&
	    !__builtin_add_overflow(header.e_phoff, bytes, &end) && end <= opening->core->file_size)
		data = elf_getdata_rawchunk(opening->elf, (int64_t)header.e_phoff, (size_t)bytes,
		                            ELF_T_PHDR);
	if (!data || data->d_size < bytes)
		return error_new(ERROR_CORRUPT,
		                 "%s is cut too short: its table of segments is not in it", name);
	opening->headers = data->d_buf;
	return NULL;
}

/* How many of size bytes at offset lie within the file. */
static uint64_t bytes_in_file(const struct core_file *core, uint64_t offset, uint64_t size)
{
	uint64_t room = offset < core->file_size ? core->file_size - offset : 0;

	return size < room ? size : room;
}

static void add_segment(struct core_file *core, const Elf64_Phdr *header)
{
	uint64_t end;

	if (!header->p_memsz || __builtin_add_overflow(header->p_vaddr, header->p_memsz, &end))
		return;
	core->segments[core->segment_count++] = (struct core_segment){
		.address = header->p_vaddr,
		.memory_size = header->p_memsz,
		.file_offset = header->p_offset,
		.dumped_size = header->p_filesz < header->p_memsz ? header->p_filesz
	                                                          : header->p_memsz,
		.is_readable = header->p_flags & PF_R,
		.is_writable = header->p_flags & PF_W,
		.is_executable = header->p_flags & PF_X,
	};
}

static int compare_segments(const void *left, const void *right)
{
	const struct core_segment *a = left;
	const struct core_segment *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Of segments that overlap the first one counts. */
static void keep_apart(struct core_file *core)
{
	size_t kept = 0;

	if (core->segment_count)
		qsort(core->segments, core->segment_count, sizeof(*core->segments),
		      compare_segments);
	for (size_t i = 0; i < core->segment_count; i++) {
		const struct core_segment *before = kept ? &core->segments[kept - 1] : NULL;

		if (!before || core->segments[i].address - before->address >= before->memory_size)
			core->segments[kept++] = core->segments[i];
	}
	core->segment_count = kept;
}

static struct error *load_segments(struct opening *opening)
{
	struct core_file *core = opening->core;

	core->segments = calloc(opening->count, sizeof(*core->segments));
	if (!core->segments)
		return error_no_memory();
	for (size_t i = 0; i < opening->count; i++)
		if (opening->headers[i].p_type == PT_LOAD)
			add_segment(core, &opening->headers[i]);
	keep_apart(core);
	for (size_t i = 0; i < core->segment_count; i++) {
		struct core_segment *segment = &core->segments[i];

		segment->held_size =
			bytes_in_file(core, segment->file_offset, segment->dumped_size);
		core->lost_bytes += segment->dumped_size - segment->held_size;
	}
	return NULL;
}

/* Notes of other owners (LINUX: floating point, security) tell nothing about memory. */
static bool is_of_core(const GElf_Nhdr *note, const uint8_t *name)
{
	static const char owner[] = "CORE";

	return note->n_namesz == sizeof(owner) && memcmp(name, owner, sizeof(owner)) == 0;
}

static struct error *load_notes(struct opening *opening, const Elf64_Phdr *header)
{
	uint64_t size = bytes_in_file(opening->core, header->p_offset, header->p_filesz);
	struct error *error = NULL;
	Elf_Data *data;
	size_t offset = 0;

	opening->core->has_cut_notes |= size < header->p_filesz;
	if (!size || size > NOTE_BYTES_MAX - opening->note_bytes)
		return NULL;
	opening->note_bytes += size;
	data = elf_getdata_rawchunk(opening->elf, (int64_t)header->p_offset, (size_t)size,
	                            ELF_T_NHDR);
	for (int i = 0; data && !error && i < NOTES_MAX; i++) {
		const uint8_t *bytes = data->d_buf;
		GElf_Nhdr note;
		size_t name;
		size_t description;

		offset = gelf_getnote(data, offset, &note, &name, &description);
		if (!offset)
			break;
		if (is_of_core(&note, bytes + name))
			error = core_notes_add(opening->core, note.n_type, bytes + description,
			                       note.n_descsz);
	}
	return error;
}

static struct error *load(struct opening *opening, const char *name)
{
	struct error *error = check_kind(opening->elf, name);

	if (!error)
		error = read_headers(opening, name);
	if (!error)
		error = load_segments(opening);
	for (size_t i = 0; !error && i < opening->count; i++)
		if (opening->headers[i].p_type == PT_NOTE)
			error = load_notes(opening, &opening->headers[i]);
	if (!error)
		core_notes_finish(opening->core);
	return error;
}

static struct error *open_file(struct core_file *core, int fd, const char *name)
{
	struct stat facts;

	core->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (core->fd < 0 || fstat(core->fd, &facts) < 0)
		return error_errno(ERROR_IO, errno, "cannot read %s", name);
	if (!S_ISREG(facts.st_mode) || !facts.st_size)
		return error_new(ERROR_CORRUPT, "%s is not a core file: it is %s", name,
		                 kind_of_file(facts.st_mode));
	core->file_size = (uint64_t)facts.st_size;
	if (elf_bounds_has_too_many_sections(core->fd, core->file_size))
		return error_new(ERROR_CORRUPT, "%s has more sections than can be", name);
	return NULL;
}

struct error *core_file_open(int fd, const char *name, struct core_file **ret)
{
	_cleanup_(cleanup_core_file) struct core_file *core = NULL;
	_cleanup_(end_opening) struct opening opening = {0};
	struct error *error;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_new(ERROR_UNSUPPORTED, "libelf is too old");
	core = calloc(1, sizeof(*core));
	if (!core)
		return error_no_memory();
	error = open_file(core, fd, name);
	if (error)
		return error;
	opening.core = core;
	opening.elf = elf_begin(core->fd, ELF_C_READ, NULL);
	error = load(&opening, name);
	if (error)
		return error;
	*ret = take_ptr(core);
	return NULL;
}

void core_file_free(struct core_file *core)
{
	if (!core)
		return;
	cleanup_close(&core->fd);
	free(core->segments);
	free(core->mappings);
	free(core->paths);
	free(core->threads);
	free(core->auxiliary);
	free(core);
}

const struct core_segment *core_file_segment_at(const struct core_file *core, uint64_t address)
{
	size_t low = 0;
	size_t high = core->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct core_segment *segment = &core->segments[middle];

		if (address < segment->address)
			high = middle;
		else if (address - segment->address >= segment->memory_size)
			low = middle + 1;
		else
			return segment;
	}
	return NULL;
}

size_t core_file_read_some(const struct core_file *core, uint64_t address, void *buffer,
                           size_t size)
{
	const struct core_segment *segment = core_file_segment_at(core, address);
	uint64_t skip = segment ? address - segment->address : 0;

	if (!segment || skip >= segment->held_size)
		return 0;
	if (size > segment->held_size - skip)
		size = (size_t)(segment->held_size - skip);
	return elf_bounds_read_some(core->fd, segment->file_offset + skip, buffer, size);
}

const char *core_signal_name(int number)
{
	switch (number) {
	case SIGQUIT: return "SIGQUIT";
	case SIGILL: return "SIGILL";
	case SIGTRAP: return "SIGTRAP";
	case SIGABRT: return "SIGABRT";
	case SIGBUS: return "SIGBUS";
	case SIGFPE: return "SIGFPE";
	case SIGSEGV: return "SIGSEGV";
	case SIGXCPU: return "SIGXCPU";
	case SIGXFSZ: return "SIGXFSZ";
	case SIGSYS: return "SIGSYS";
	default: return NULL;
	}
}
