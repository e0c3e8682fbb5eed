/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libelf parses; this file decides what to believe. The file is read with
 * pread and not mapped, because a mapped file that somebody truncates kills
 * the reader with SIGBUS. Everything that a lookup needs is copied out when
 * the image is opened, except symbols: those are read at the first question
 * and kept sorted by name, since whoever asks for one asks for many.
 *
 * Bounds: a table must lie inside the file, and counts and sizes are limited
 * below. Inside the file is not enough: a file with holes is as large as its
 * owner says, and libelf copies the tables that it is asked about.
 */
#include "image/elf_image.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "image/elf_bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MAX_SEGMENTS = 65535,
	MAX_SYMBOLS = 1 << 24,
	MAX_BUILD_ID = 64,
	MAX_NOTES = 4096,
	MAX_NOTE_BYTES = 1 << 20,   /* of all tables of notes; libelf keeps them all */
	MAX_NAME_BYTES = 256 << 20, /* of a table of names */
	MAX_PREFIXED = 1 << 16,     /* symbols that begin alike, of one question */
};

/*
 * One symbol; its name points into names of the index. Of several with one
 * name the lowest rank is told: exported, then global, then local.
 */
struct symbol_entry {
	const char *name;
	uint32_t rank;
	struct elf_symbol symbol;
};

/* Filled at the first lookup. names are copies of whole string tables. */
struct symbol_index {
	bool is_loaded;
	struct symbol_entry *entries;
	size_t count;
	size_t capacity;
	char *names[2];
};

struct elf_image {
	int fd;
	uint64_t file_size;
	Elf *elf;
	uint16_t machine;
	bool is_supported;
	struct elf_segment *segments;
	size_t segment_count;
	size_t segment_capacity;
	struct symbol_index *symbols; /* own allocation: a lookup fills it */
	char build_id[2 * MAX_BUILD_ID + 1];
};

static bool is_inside_file(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	uint64_t end;

	return !__builtin_add_overflow(offset, size, &end) && end <= image->file_size;
}

static struct error *load_segments(struct elf_image *image)
{
	size_t count;

	if (elf_getphdrnum(image->elf, &count) < 0 || count > MAX_SEGMENTS)
		return NULL; /* a file without segments has none to tell */
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;
		uint64_t end;

		if (!gelf_getphdr(image->elf, (int)i, &header))
			break;
		if (header.p_type != PT_LOAD || header.p_filesz > header.p_memsz ||
		    __builtin_add_overflow(header.p_vaddr, header.p_memsz, &end))
			continue;
		if (!array_reserve(&image->segments, &image->segment_capacity,
		                   image->segment_count + 1, sizeof(*image->segments)))
			return error_no_memory();
		image->segments[image->segment_count++] = (struct elf_segment){
			.address = header.p_vaddr,
			.file_offset = header.p_offset,
			.file_size = header.p_filesz,
			.memory_size = header.p_memsz,
			.is_writable = header.p_flags & PF_W,
			.is_executable = header.p_flags & PF_X,
		};
	}
	return NULL;
}

/* Looks for NT_GNU_BUILD_ID in one PT_NOTE segment. */
static bool load_build_id_note(struct elf_image *image, const GElf_Phdr *header)
{
	Elf_Data *data;
	GElf_Nhdr note;
	size_t name;
	size_t description;
	size_t offset = 0;

	data = elf_getdata_rawchunk(image->elf, (int64_t)header->p_offset, header->p_filesz,
	                            header->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	for (int i = 0; data && i < MAX_NOTES; i++) {
		const uint8_t *bytes = data->d_buf;

		offset = gelf_getnote(data, offset, &note, &name, &description);
		if (!offset)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(bytes + name, "GNU", 4) == 0 && note.n_descsz <= MAX_BUILD_ID) {
			hex_write(bytes + description, note.n_descsz, image->build_id);
			return true;
		}
	}
	return false;
}

static void load_build_id(struct elf_image *image)
{
	uint64_t room = MAX_NOTE_BYTES;
	size_t count;

	if (elf_getphdrnum(image->elf, &count) < 0 || count > MAX_SEGMENTS)
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(image->elf, (int)i, &header) || header.p_type != PT_NOTE ||
		    !is_inside_file(image, header.p_offset, header.p_filesz) ||
		    header.p_filesz > room)
			continue;
		room -= header.p_filesz;
		if (load_build_id_note(image, &header))
			return;
	}
}

static struct error *load(struct elf_image *image, const char *name)
{
	GElf_Ehdr header;
	struct stat facts;

	if (fstat(image->fd, &facts) < 0)
		return error_errno(ERROR_IO, errno, "cannot read %s", name);
	if (!S_ISREG(facts.st_mode))
		return error_new(ERROR_CORRUPT, "%s is not a regular file", name);
	image->file_size = (uint64_t)facts.st_size;
	if (elf_bounds_has_too_many_sections(image->fd, image->file_size))
		return error_new(ERROR_CORRUPT, "%s has more sections than can be", name);
	image->elf = elf_begin(image->fd, ELF_C_READ, NULL);
	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF || !gelf_getehdr(image->elf, &header))
		return error_new(ERROR_CORRUPT, "%s is not an ELF file", name);
	image->machine = header.e_machine;
	image->is_supported = header.e_machine == EM_X86_64 &&
	                      header.e_ident[EI_CLASS] == ELFCLASS64 &&
	                      header.e_ident[EI_DATA] == ELFDATA2LSB;
	image->symbols = calloc(1, sizeof(*image->symbols));
	if (!image->symbols)
		return error_no_memory();
	load_build_id(image);
	return load_segments(image);
}

struct error *elf_image_open(int fd, const char *name, struct elf_image **ret)
{
	_cleanup_(cleanup_elf_image) struct elf_image *image = NULL;
	struct error *error;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_new(ERROR_UNSUPPORTED, "libelf is too old");
	image = calloc(1, sizeof(*image));
	if (!image)
		return error_no_memory();
	image->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (image->fd < 0)
		return error_errno(ERROR_IO, errno, "cannot open %s", name);
	error = load(image, name);
	if (error)
		return error;
	*ret = take_ptr(image);
	return NULL;
}

void elf_image_free(struct elf_image *image)
{
	if (!image)
		return;
	if (image->symbols) {
		free(image->symbols->entries);
		free(image->symbols->names[0]);
		free(image->symbols->names[1]);
		free(image->symbols);
	}
	elf_end(image->elf);
	cleanup_close(&image->fd);
	free(image->segments);
	free(image);
}

bool elf_image_is_supported_machine(const struct elf_image *image)
{
	return image->is_supported;
}

const char *elf_image_machine_name(const struct elf_image *image)
{
	return elf_bounds_machine_name(image->machine, image->is_supported);
}

const struct elf_segment *elf_image_segments(const struct elf_image *image, size_t *ret_count)
{
	*ret_count = image->segment_count;
	return image->segments;
}

/* The next section header, or NULL; counts down what is left to look at. */
static Elf_Scn *next_section(const struct elf_image *image, Elf_Scn *section, size_t *left,
                             GElf_Shdr *ret)
{
	while ((*left)-- > 0) {
		section = elf_nextscn(image->elf, section);
		if (!section)
			return NULL;
		if (gelf_getshdr(section, ret))
			return section;
	}
	return NULL;
}

bool elf_image_section(const struct elf_image *image, const char *name, struct elf_section *ret)
{
	size_t left = ELF_SECTIONS_MAX;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(image->elf, &names) < 0 ||
	    !gelf_getshdr(elf_getscn(image->elf, names), &header) ||
	    header.sh_size > MAX_NAME_BYTES)
		return false;
	while ((section = next_section(image, section, &left, &header))) {
		const char *found = elf_strptr(image->elf, names, header.sh_name);
		bool has_bytes = header.sh_type != SHT_NOBITS;

		if (!found || strcmp(found, name) != 0)
			continue;
		if (has_bytes && !is_inside_file(image, header.sh_offset, header.sh_size))
			return false;
		*ret = (struct elf_section){
			.address = header.sh_addr,
			.file_offset = header.sh_offset,
			.size = header.sh_size,
			.has_bytes = has_bytes,
		};
		return true;
	}
	return false;
}

/* A whole part of the file and a NUL after it, or NULL. */
static char *read_part(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	char *bytes;

	if (!is_inside_file(image, offset, size) || size > SIZE_MAX - 1)
		return NULL;
	bytes = malloc((size_t)size + 1);
	if (!bytes || !elf_bounds_read(image->fd, offset, bytes, (size_t)size)) {
		free(bytes);
		return NULL;
	}
	bytes[size] = '\0';
	return bytes;
}

static bool is_wanted(const Elf64_Sym *symbol)
{
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE);
}

static bool is_local(const Elf64_Sym *symbol)
{
	return ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;
}

/* Adds what one table defines; false: out of memory. */
static bool add_symbols(struct symbol_index *index, const Elf64_Sym *symbols, size_t count,
                        const char *names, uint64_t names_size, uint32_t rank)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(&symbols[i]) || symbols[i].st_name >= names_size)
			continue;
		if (!array_reserve(&index->entries, &index->capacity, index->count + 1,
		                   sizeof(*index->entries)))
			return false;
		index->entries[index->count++] = (struct symbol_entry){
			.name = names + symbols[i].st_name,
			.rank = is_local(&symbols[i]) ? rank + 2 : rank,
			.symbol = {symbols[i].st_value, symbols[i].st_size},
		};
	}
	return true;
}

/* Loads the table of the given type, SHT_DYNSYM or SHT_SYMTAB, if it is sound. */
static void load_symbol_table(const struct elf_image *image, uint32_t type, char **ret_names)
{
	size_t left = ELF_SECTIONS_MAX;
	_cleanup_free_ char *symbols = NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Shdr strings;
	size_t count;

	while ((section = next_section(image, section, &left, &header)))
		if (header.sh_type == type)
			break;
	if (!section || !gelf_getshdr(elf_getscn(image->elf, header.sh_link), &strings) ||
	    strings.sh_type != SHT_STRTAB || strings.sh_size > MAX_NAME_BYTES)
		return;
	count = header.sh_size / sizeof(Elf64_Sym);
	if (count > MAX_SYMBOLS)
		return;
	symbols = read_part(image, header.sh_offset, count * sizeof(Elf64_Sym));
	*ret_names = read_part(image, strings.sh_offset, strings.sh_size);
	if (symbols && *ret_names)
		add_symbols(image->symbols, (const Elf64_Sym *)(void *)symbols, count, *ret_names,
		            strings.sh_size, type == SHT_DYNSYM ? 0 : 1);
}

static int compare_symbols(const void *left, const void *right)
{
	const struct symbol_entry *a = left;
	const struct symbol_entry *b = right;

	int order = strcmp(a->name, b->name);

	return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static void load_symbols(const struct elf_image *image)
{
	struct symbol_index *index = image->symbols;

	if (index->is_loaded)
		return;
	index->is_loaded = true;
	if (!image->is_supported)
		return;
	load_symbol_table(image, SHT_DYNSYM, &index->names[0]);
	load_symbol_table(image, SHT_SYMTAB, &index->names[1]);
	if (index->count)
		qsort(index->entries, index->count, sizeof(*index->entries), compare_symbols);
}

/* The first entry that is not before name: the lowest rank of that name. */
static size_t lower_bound(const struct symbol_index *index, const char *name)
{
	size_t low = 0;
	size_t high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool elf_image_symbol(const struct elf_image *image, const char *name, struct elf_symbol *ret)
{
	const struct symbol_index *index = image->symbols;
	size_t found;

	load_symbols(image);
	found = lower_bound(index, name);
	if (found == index->count || strcmp(index->entries[found].name, name) != 0)
		return false;
	*ret = index->entries[found].symbol;
	return true;
}

const char *elf_image_symbol_at(const struct elf_image *image, const char *prefix, uint64_t address)
{
	const struct symbol_index *index = image->symbols;
	size_t length = strlen(prefix);
	size_t first;

	load_symbols(image);
	first = lower_bound(index, prefix);
	for (size_t i = first; i < index->count && i - first < MAX_PREFIXED; i++) {
		const struct symbol_entry *entry = &index->entries[i];

		if (strncmp(entry->name, prefix, length) != 0)
			return NULL;
		if (entry->symbol.address == address)
			return entry->name;
	}
	return NULL;
}

const char *elf_image_build_id(const struct elf_image *image)
{
	return image->build_id;
}

bool elf_image_visit_symbols(const struct elf_image *image,
                             bool (*visit)(void *context, const char *name,
                                           const struct elf_symbol *symbol),
                             void *context)
{
	const struct symbol_index *index = image->symbols;

	load_symbols(image);
	for (size_t i = 0; i < index->count; i++)
		if (!visit(context, index->entries[i].name, &index->entries[i].symbol))
			return false;
	return true;
}

/* The segment whose bytes in the file cover address, or NULL. */
static const struct elf_segment *segment_at(const struct elf_image *image, uint64_t address)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (address >= segment->address && address - segment->address < segment->file_size)
			return segment;
	}
	return NULL;
}

bool elf_image_read(const struct elf_image *image, uint64_t address, void *buffer, size_t size)
{
	const struct elf_segment *segment = segment_at(image, address);
	uint64_t skip;
	uint64_t offset;

	if (!size)
		return true;
	if (!segment)
		return false;
	skip = address - segment->address;
	if (size > segment->file_size - skip ||
	    __builtin_add_overflow(segment->file_offset, skip, &offset) ||
	    !is_inside_file(image, offset, size))
		return false;
	return elf_bounds_read(image->fd, offset, buffer, size);
}
