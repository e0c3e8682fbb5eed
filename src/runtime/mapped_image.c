/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page of an ELF file is mapped with its first segment, and in it
 * are the program headers: they say where everything else is. The dynamic
 * symbols are found as the dynamic loader finds them, by PT_DYNAMIC and the
 * hash table (System V ABI, chapter 5; the GNU hash section as in glibc's
 * elf/dl-lookup.c).
 */
#include "runtime/mapped_image.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hex.h"

#include <elf.h>

enum {
	IMAGES_MAX = 4096,
	SEGMENTS_MAX = 64,
	DYNAMIC_MAX = 512,
	CHAIN_MAX = 1 << 16,
	SYMBOL_NAME_MAX = 256,
	NOTES_MAX = 64, /* of one segment */
	PAGE = 4096,
};

static const taddr ADDRESS_MAX = UINT64_C(1) << 56; /* five levels of page tables */

static bool header_is_usable(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
	       header->e_machine == EM_X86_64 && header->e_phentsize == sizeof(Elf64_Phdr) &&
	       header->e_phnum <= SEGMENTS_MAX &&
	       (header->e_type == ET_EXEC || header->e_type == ET_DYN);
}

static bool read_segments(struct window_cache *memory, const struct target_region *region,
                          Elf64_Phdr *segments, size_t *ret_count)
{
	Elf64_Ehdr header;
	taddr address;

	if (!window_cache_read(memory, region->start, &header, sizeof(header)) ||
	    !header_is_usable(&header) ||
	    __builtin_add_overflow(region->start, header.e_phoff, &address))
		return false;
	*ret_count = header.e_phnum;
	return window_cache_read(memory, address, segments, header.e_phnum * sizeof(*segments));
}

/* The segment that the first page of the file belongs to gives the bias. */
static bool find_bias(const Elf64_Phdr *segments, size_t count, taddr start, taddr *ret)
{
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *segment = &segments[i];

		if (segment->p_type == PT_LOAD && segment->p_offset < PAGE) {
			*ret = start - (segment->p_vaddr & ~(taddr)(PAGE - 1));
			return true;
		}
	}
	return false;
}

static bool add_segment(struct mapped_image *image, const Elf64_Phdr *segment)
{
	taddr start = image->bias + segment->p_vaddr;
	taddr end = start + segment->p_memsz;

	/* With a bias, what counts is the sum. Nothing above this is a process's own memory. */
	if (end < start || end > ADDRESS_MAX)
		return false;
	if (segment->p_type == PT_DYNAMIC) {
		image->dynamic = start;
		image->dynamic_size = segment->p_memsz;
	}
	if (segment->p_type == PT_NOTE && image->note_count < MAPPED_NOTES_MAX)
		image->notes[image->note_count++] = (struct mapped_range){start, end};
	if (segment->p_type != PT_LOAD)
		return true;
	if (start < image->start)
		image->start = start & ~(taddr)(PAGE - 1);
	if (end > image->end)
		image->end = end;
	if (segment->p_flags & PF_W && image->data_count < MAPPED_DATA_MAX)
		image->data[image->data_count++] = (struct mapped_range){start, end};
	return true;
}

bool mapped_image_read(struct window_cache *memory, const struct target_region *region,
                       struct mapped_image *ret)
{
	struct mapped_image image = {.region = region, .start = UINT64_MAX};
	Elf64_Phdr segments[SEGMENTS_MAX];
	size_t count;

	if (!read_segments(memory, region, segments, &count) ||
	    !find_bias(segments, count, region->start, &image.bias))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!add_segment(&image, &segments[i]))
			return false;
	}
	if (image.start >= image.end)
		return false;
	*ret = image;
	return true;
}

struct dynamic_tables {
	taddr symbols;
	taddr strings;
	taddr gnu_hash;
	taddr hash;
};

/* glibc relocates these pointers in place, musl leaves the file's addresses. */
static taddr dynamic_address(const struct mapped_image *image, taddr value)
{
	return value < image->start ? value + image->bias : value;
}

static bool read_dynamic(struct window_cache *memory, const struct mapped_image *image,
                         struct dynamic_tables *ret)
{
	size_t count = image->dynamic_size / sizeof(Elf64_Dyn);
	struct dynamic_tables tables = {0};
	Elf64_Dyn entry;

	if (!image->dynamic)
		return false;
	for (size_t i = 0; i < count && i < DYNAMIC_MAX; i++) {
		if (!window_cache_read(memory, image->dynamic + i * sizeof(entry), &entry,
		                       sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_SYMTAB)
			tables.symbols = dynamic_address(image, entry.d_un.d_ptr);
		else if (entry.d_tag == DT_STRTAB)
			tables.strings = dynamic_address(image, entry.d_un.d_ptr);
		else if (entry.d_tag == DT_GNU_HASH)
			tables.gnu_hash = dynamic_address(image, entry.d_un.d_ptr);
		else if (entry.d_tag == DT_HASH)
			tables.hash = dynamic_address(image, entry.d_un.d_ptr);
	}
	*ret = tables;
	return tables.symbols && tables.strings && (tables.gnu_hash || tables.hash);
}

/* Symbol number index: is it defined, and called name? */
static bool symbol_matches(struct window_cache *memory, const struct dynamic_tables *tables,
                           uint32_t index, const char *name, taddr *ret_value)
{
	size_t size = strlen(name) + 1;
	const uint8_t *text;
	Elf64_Sym symbol;

	if (size > SYMBOL_NAME_MAX ||
	    !window_cache_read(memory, tables->symbols + index * sizeof(symbol), &symbol,
	                       sizeof(symbol)) ||
	    symbol.st_shndx == SHN_UNDEF || !symbol.st_value)
		return false;
	text = window_cache_view(memory, tables->strings + symbol.st_name, size);
	if (!text || memcmp(text, name, size) != 0)
		return false;
	*ret_value = symbol.st_value;
	return true;
}

static bool gnu_hash_lookup(struct window_cache *memory, const struct dynamic_tables *tables,
                            const char *name, taddr *ret_value)
{
	uint32_t head[4]; /* buckets, first symbol, Bloom words, Bloom shift */
	uint32_t hash = 5381;
	uint32_t index;
	uint32_t entry;
	taddr buckets;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (uint8_t)*c;
	if (!window_cache_read(memory, tables->gnu_hash, head, sizeof(head)) || !head[0])
		return false;
	buckets = tables->gnu_hash + sizeof(head) + (taddr)head[2] * 8;
	if (!window_cache_u32(memory, buckets + (taddr)(hash % head[0]) * 4, &index))
		return false;
	for (size_t i = 0; i < CHAIN_MAX && index >= head[1]; i++, index++) {
		taddr chain = buckets + (taddr)head[0] * 4 + (taddr)(index - head[1]) * 4;

		if (!window_cache_u32(memory, chain, &entry))
			return false;
		if ((entry | 1) == (hash | 1) &&
		    symbol_matches(memory, tables, index, name, ret_value))
			return true;
		if (entry & 1)
			return false;
	}
	return false;
}

static uint32_t system_v_hash(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		uint32_t high;

		hash = (hash << 4) + (uint8_t)*name;
		high = hash & 0xf0000000;
		hash ^= high >> 24;
		hash &= ~high;
	}
	return hash;
}

static bool hash_lookup(struct window_cache *memory, const struct dynamic_tables *tables,
                        const char *name, taddr *ret_value)
{
	uint32_t head[2]; /* buckets, symbols */
	uint32_t index;
	taddr buckets = tables->hash + sizeof(head);

	if (!window_cache_read(memory, tables->hash, head, sizeof(head)) || !head[0])
		return false;
	if (!window_cache_u32(memory, buckets + (taddr)(system_v_hash(name) % head[0]) * 4, &index))
		return false;
	for (size_t i = 0; i < CHAIN_MAX && index && index < head[1]; i++) {
		if (symbol_matches(memory, tables, index, name, ret_value))
			return true;
		if (!window_cache_u32(memory, buckets + ((taddr)head[0] + index) * 4, &index))
			return false;
	}
	return false;
}

bool mapped_image_symbol(struct window_cache *memory, const struct mapped_image *image,
                         const char *name, taddr *ret)
{
	struct dynamic_tables tables;
	taddr value;
	bool is_found;

	if (!read_dynamic(memory, image, &tables))
		return false;
	is_found = tables.gnu_hash ? gnu_hash_lookup(memory, &tables, name, &value)
	                           : hash_lookup(memory, &tables, name, &value);
	if (!is_found)
		return false;
	*ret = image->bias + value;
	return true;
}

/* The notes of one segment: head, name and contents, each filled up to 4 bytes (gABI, ch. 5). */
static bool find_build_id(struct window_cache *memory, const struct mapped_range *notes, char *ret)
{
	static const char owner[] = ELF_NOTE_GNU;
	taddr at = notes->start;
	Elf64_Nhdr head;

	for (size_t i = 0; i < NOTES_MAX && at < notes->end; i++) {
		uint8_t bytes[sizeof(owner) + BUILD_ID_MAX];
		uint64_t name_size;
		size_t size;

		if (!window_cache_read(memory, at, &head, sizeof(head)))
			return false;
		name_size = ((uint64_t)head.n_namesz + 3) & ~UINT64_C(3);
		size = head.n_descsz < BUILD_ID_MAX ? head.n_descsz : BUILD_ID_MAX;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == sizeof(owner) && size &&
		    window_cache_read(memory, at + sizeof(head), bytes, sizeof(owner) + size) &&
		    !memcmp(bytes, owner, sizeof(owner))) {
			hex_write(bytes + sizeof(owner), size, ret);
			return true;
		}
		at += sizeof(head) + name_size + (((uint64_t)head.n_descsz + 3) & ~UINT64_C(3));
	}
	return false;
}

bool mapped_image_build_id(struct window_cache *memory, const struct mapped_image *image,
                           char ret[2 * BUILD_ID_MAX + 1])
{
	for (size_t i = 0; i < image->note_count; i++)
		if (find_build_id(memory, &image->notes[i], ret))
			return true;
	return false;
}

struct error *mapped_image_open_file(struct window_cache *memory, const struct mapped_image *image,
                                     struct elf_image **ret)
{
	_cleanup_close_ int fd = -1;
	struct error *error = target_open_file(memory->target, image->region, &fd);

	if (error)
		return error;
	return elf_image_open(fd, image->region->path, ret);
}

const char *mapped_image_name(const struct mapped_image *image)
{
	const char *slash = strrchr(image->region->path, '/');

	return slash ? slash + 1 : image->region->path;
}

/* Moves the images that are most likely Python's to the front, in order. */
static void put_pythons_first(struct mapped_image *images, size_t count)
{
	size_t front = 0;

	for (size_t i = 0; i < count; i++) {
		struct mapped_image image = images[i];

		if (!strstr(mapped_image_name(&image), "python"))
			continue;
		memmove(&images[front + 1], &images[front], (i - front) * sizeof(image));
		images[front++] = image;
	}
}

struct error *mapped_images_list(struct window_cache *memory, struct mapped_image **ret,
                                 size_t *ret_count)
{
	_cleanup_free_ struct mapped_image *images = NULL;
	const struct target_region *regions;
	size_t region_count;
	size_t capacity = 0;
	size_t count = 0;

	regions = target_regions(memory->target, &region_count);
	for (size_t i = 0; i < region_count && count < IMAGES_MAX; i++) {
		if (regions[i].file_offset || regions[i].path[0] != '/')
			continue;
		if (!array_reserve(&images, &capacity, count + 1, sizeof(*images)))
			return error_no_memory();
		if (mapped_image_read(memory, &regions[i], &images[count]))
			count++;
	}
	put_pythons_first(images, count);
	*ret = take_ptr(images);
	*ret_count = count;
	return NULL;
}
