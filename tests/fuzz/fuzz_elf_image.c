/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any file is either refused or answers every question; a section
 * that is told has its bytes inside the file, a segment does not wrap around,
 * and what is read by address are bytes of the file. (libelf is fuzzed along
 * with it, as plumb uses it.)
 */
#include "fuzz_target.h"

#include "image/elf_image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_section(const struct elf_image *image, const char *name, size_t file_size)
{
	struct elf_section section;

	if (elf_image_section(image, name, &section) && section.has_bytes) {
		check(section.file_offset <= file_size);
		check(section.size <= file_size - section.file_offset);
	}
}

static void check_segments(const struct elf_image *image, const uint8_t *data, size_t size)
{
	size_t count;
	const struct elf_segment *segments = elf_image_segments(image, &count);

	check(count <= size);
	for (size_t i = 0; i < count && i < 64; i++) {
		uint8_t byte;

		check(segments[i].file_size <= segments[i].memory_size);
		check(segments[i].address + segments[i].memory_size >= segments[i].address);
		if (elf_image_read(image, segments[i].address, &byte, 1))
			check(memchr(data, byte, size) != NULL);
	}
}

static void check_image(const struct elf_image *image, const uint8_t *data, size_t size)
{
	struct elf_symbol symbol;

	check_section(image, ".PyRuntime", size);
	check_section(image, ".bss", size);
	check_segments(image, data, size);
	elf_image_symbol(image, "_PyRuntime", &symbol);
	elf_image_symbol(image, "", &symbol);
	check(strlen(elf_image_build_id(image)) % 2 == 0);
	check(elf_image_machine_name(image) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf_image *image;
	struct error *error;

	check(fd >= 0);
	check(write(fd, data, size) == (ssize_t)size);
	error = elf_image_open(fd, "fuzz", &image);
	close(fd);
	if (error) {
		check(error_kind(error) == ERROR_CORRUPT);
		error_free(error);
		return 0;
	}
	check_image(image, data, size);
	elf_image_free(image);
	return 0;
}
