/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every reader of ELF files asks before libelf is let near the bytes, and
 * how they read a part of a file.
 */
#ifndef PLUMB_IMAGE_ELF_BOUNDS_H
#define PLUMB_IMAGE_ELF_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELF_SECTIONS_MAX = 1 << 20 };

/* Reads up to size bytes at offset; returns how many there are. Thread-safe. */
size_t elf_bounds_read_some(int fd, uint64_t offset, void *buffer, size_t size);

/* Exactly size bytes, or false. */
bool elf_bounds_read(int fd, uint64_t offset, void *buffer, size_t size);

/* Does the file claim so many sections that libelf would take our memory for them? */
bool elf_bounds_has_too_many_sections(int fd, uint64_t file_size);

/* "32-bit x86 (i386)" for EM_386. is_supported: it is ELF64, little-endian. Static. */
const char *elf_bounds_machine_name(uint16_t machine, bool is_supported);

#endif
