/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ELF file: its segments, sections, symbols and build-id. Bytes in,
 * facts out; no process anywhere. Parsing is libelf's; what a hostile file
 * says is bounded here before it is believed.
 *
 * All addresses are those of the file (p_vaddr); a caller who knows where
 * the file is mapped adds its own bias.
 */
#ifndef PLUMB_IMAGE_ELF_IMAGE_H
#define PLUMB_IMAGE_ELF_IMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;

struct elf_segment { /* one PT_LOAD */
	uint64_t address;
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t memory_size;
	bool is_writable;
	bool is_executable;
};

struct elf_section {
	uint64_t address;
	uint64_t file_offset;
	uint64_t size;
	bool has_bytes; /* false for .bss */
};

struct elf_symbol {
	uint64_t address;
	uint64_t size;
};

/* Opens the file behind fd (dup'ed: the caller keeps and closes its own). */
struct error *elf_image_open(int fd, const char *name, struct elf_image **ret);
void elf_image_free(struct elf_image *image);

static inline void cleanup_elf_image(struct elf_image **image)
{
	elf_image_free(*image);
}

bool elf_image_is_supported_machine(
	const struct elf_image *image); /* ELF64, x86-64, little-endian */
const char *
elf_image_machine_name(const struct elf_image *image); /* "i386", "aarch64" ... static */

const struct elf_segment *elf_image_segments(const struct elf_image *image, size_t *ret_count);

/* False: no such section. */
bool elf_image_section(const struct elf_image *image, const char *name, struct elf_section *ret);

/* Looks in .dynsym, then in .symtab. Only defined data and function symbols. */
bool elf_image_symbol(const struct elf_image *image, const char *name, struct elf_symbol *ret);

/*
 * The name of a symbol that begins with prefix and lies at address, or NULL. Of
 * those that begin so only the first 65536, by name, are looked at. Borrowed.
 */
const char *elf_image_symbol_at(const struct elf_image *image, const char *prefix,
                                uint64_t address);

/* Build-id as lower-case hex, "" when there is none. Borrowed. */
const char *elf_image_build_id(const struct elf_image *image);

/*
 * Visits all of these symbols, those of one name one after the other; the names
 * are borrowed from the image. False: visit returned false and ended it.
 */
bool elf_image_visit_symbols(const struct elf_image *image,
                             bool (*visit)(void *context, const char *name,
                                           const struct elf_symbol *symbol),
                             void *context);

/* Reads size bytes that the file holds for address. False: not in the file. */
bool elf_image_read(const struct elf_image *image, uint64_t address, void *buffer, size_t size);

#endif
