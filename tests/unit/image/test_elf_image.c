/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file says is told; what it only claims is not believed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf_writer.h"
#include "image/elf_image.h"

static struct elf_image *open_bytes(const void *bytes, size_t size)
{
	struct elf_image *image;
	int fd = elf_writer_open(bytes, size);

	assert_true(fd >= 0);
	assert_null(elf_image_open(fd, "written", &image));
	close(fd);
	return image;
}

static struct elf_image *open_written(const struct written_elf *elf)
{
	return open_bytes(elf, sizeof(*elf));
}

static void refuse(const void *bytes, size_t size, const char *message)
{
	struct elf_image *image = NULL;
	int fd = elf_writer_open(bytes, size);
	struct error *error;

	assert_true(fd >= 0);
	error = elf_image_open(fd, "written", &image);
	close(fd);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	assert_string_equal(error_message(error), message);
	assert_null(image);
	error_free(error);
}

static void a_sound_file_is_told(void **state)
{
	struct written_elf elf;
	const struct elf_segment *segments;
	struct elf_section section;
	struct elf_image *image;
	size_t count;

	(void)state;
	elf_writer_make(&elf);
	image = open_written(&elf);
	assert_true(elf_image_is_supported_machine(image));
	assert_string_equal(elf_image_machine_name(image), "x86-64");
	assert_string_equal(elf_image_build_id(image), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00010203");
	segments = elf_image_segments(image, &count);
	assert_int_equal(count, 2);
	assert_true(segments[0].is_executable);
	assert_false(segments[0].is_writable);
	assert_true(segments[1].is_writable);
	assert_int_equal(segments[1].address, WRITTEN_BASE + 0x500);
	assert_int_equal(segments[1].file_offset, 0x500);
	assert_int_equal(segments[1].file_size, 0x200);
	assert_int_equal(segments[1].memory_size, 0x1200);
	assert_true(elf_image_section(image, ".PyRuntime", &section));
	assert_int_equal(section.address, WRITTEN_BASE + 0x500);
	assert_int_equal(section.size, 0x100);
	assert_true(section.has_bytes);
	assert_true(elf_image_section(image, ".bss", &section));
	assert_false(section.has_bytes);
	assert_false(elf_image_section(image, ".PyRun", &section));
	elf_image_free(image);
}

static uint64_t address_of(const struct elf_image *image, const char *name)
{
	struct elf_symbol symbol = {0};

	return elf_image_symbol(image, name, &symbol) ? symbol.address : 0;
}

static void symbols_are_found_by_their_place(void **state)
{
	struct written_elf elf;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	image = open_written(&elf);
	assert_string_equal(elf_image_symbol_at(image, "hid", WRITTEN_BASE + 0x300), "hidden");
	assert_string_equal(elf_image_symbol_at(image, "tw", WRITTEN_BASE + 2), "twice");
	assert_string_equal(elf_image_symbol_at(image, "", WRITTEN_BASE + 1), "twice");
	assert_null(elf_image_symbol_at(image, "hid", WRITTEN_BASE + 2));
	assert_null(elf_image_symbol_at(image, "hidden symbol", WRITTEN_BASE + 0x300));
	assert_null(elf_image_symbol_at(image, "zzz", WRITTEN_BASE + 0x300));
	elf_image_free(image);
}

static void symbols_are_found_in_both_tables(void **state)
{
	struct written_elf elf;
	struct elf_symbol symbol;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	image = open_written(&elf);
	assert_true(elf_image_symbol(image, "_PyRuntime", &symbol));
	assert_int_equal(symbol.address, WRITTEN_BASE + 0x500);
	assert_int_equal(symbol.size, 64);
	assert_int_equal(address_of(image, "hidden"), WRITTEN_BASE + 0x300);
	assert_int_equal(address_of(image, "twice"), WRITTEN_BASE + 1);
	assert_int_equal(address_of(image, "hid"), 0);
	assert_int_equal(address_of(image, "zzz"), 0);
	assert_int_equal(address_of(image, ""), 0);
	elf_image_free(image);
}

static void an_undefined_symbol_is_not_told(void **state)
{
	struct written_elf elf;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	elf.dynsym[1].st_shndx = SHN_UNDEF;
	elf.symtab[2].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FILE);
	image = open_written(&elf);
	assert_int_equal(address_of(image, "_PyRuntime"), 0);
	assert_int_equal(address_of(image, "hidden"), 0);
	elf_image_free(image);
}

static void bytes_are_read_by_their_address(void **state)
{
	struct written_elf elf;
	struct elf_image *image;
	char bytes[0x300];

	(void)state;
	elf_writer_make(&elf);
	image = open_written(&elf);
	assert_true(elf_image_read(image, WRITTEN_BASE + 0x500, bytes, 16));
	assert_memory_equal(bytes, "PYRUNTIME-BYTES!", 16);
	assert_true(elf_image_read(image, WRITTEN_BASE + 0x6ff, bytes, 1));
	assert_false(elf_image_read(image, WRITTEN_BASE + 0x700, bytes, 1));
	assert_false(elf_image_read(image, WRITTEN_BASE + 0x6ff, bytes, 2));
	assert_false(elf_image_read(image, WRITTEN_BASE - 1, bytes, 1));
	assert_false(elf_image_read(image, UINT64_MAX, bytes, 16));
	elf_image_free(image);
}

static void what_is_no_elf_is_refused(void **state)
{
	struct written_elf elf;
	static const char text[] = "#!/bin/sh\nexec python3 \"$@\"\n";

	(void)state;
	elf_writer_make(&elf);
	refuse("", 0, "written is not an ELF file");
	refuse(text, sizeof(text), "written is not an ELF file");
	refuse(&elf, 5, "written is not an ELF file");
	refuse(&elf, sizeof(Elf64_Ehdr) - 1, "written is not an ELF file");
	elf.header.e_ident[EI_CLASS] = 9;
	refuse(&elf, sizeof(elf), "written is not an ELF file");
}

static void a_directory_is_refused(void **state)
{
	struct elf_image *image;
	struct error *error;
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	error = elf_image_open(fd, "/proc", &image);
	close(fd);
	assert_non_null(error);
	assert_string_equal(error_message(error), "/proc is not a regular file");
	error_free(error);
}

static void another_machine_is_named(void **state)
{
	struct written_elf elf;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	elf.header.e_machine = EM_AARCH64;
	image = open_written(&elf);
	assert_false(elf_image_is_supported_machine(image));
	assert_string_equal(elf_image_machine_name(image), "aarch64");
	elf_image_free(image);
	elf.header.e_machine = 0xfffe;
	image = open_written(&elf);
	assert_string_equal(elf_image_machine_name(image), "foreign");
	elf_image_free(image);
}

/* Asks everything; whatever the answers, nothing may be read out of bounds. */
static void ask_everything(const void *bytes, size_t size)
{
	struct elf_image *image;
	struct elf_section section;
	struct elf_symbol symbol;
	struct error *error;
	char buffer[64];
	size_t count;
	int fd = elf_writer_open(bytes, size);

	error = elf_image_open(fd, "written", &image);
	close(fd);
	if (error) {
		error_free(error);
		return;
	}
	elf_image_segments(image, &count);
	elf_image_section(image, ".PyRuntime", &section);
	elf_image_symbol(image, "_PyRuntime", &symbol);
	elf_image_read(image, WRITTEN_BASE + 0x500, buffer, sizeof(buffer));
	elf_image_free(image);
}

static void a_file_cut_anywhere_does_no_harm(void **state)
{
	struct written_elf elf;

	(void)state;
	elf_writer_make(&elf);
	for (size_t size = 0; size <= sizeof(elf); size += 7)
		ask_everything(&elf, size);
}

static void a_table_outside_of_the_file_is_not_read(void **state)
{
	struct written_elf elf;
	struct elf_section section;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	elf.sections[SECTION_RUNTIME].sh_size = UINT64_MAX - 4;
	elf.sections[SECTION_DYNSYM].sh_offset = UINT64_MAX - 8;
	elf.sections[SECTION_SYMTAB].sh_size = (uint64_t)1 << 60;
	elf.segments[2].p_filesz = (uint64_t)1 << 60;
	image = open_written(&elf);
	assert_false(elf_image_section(image, ".PyRuntime", &section));
	assert_int_equal(address_of(image, "_PyRuntime"), 0);
	assert_int_equal(address_of(image, "hidden"), 0);
	assert_string_equal(elf_image_build_id(image), "");
	elf_image_free(image);
}

static void a_name_outside_of_its_table_is_not_read(void **state)
{
	struct written_elf elf;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	elf.dynsym[1].st_name = 0x100;
	elf.dynsym[2].st_name = UINT32_MAX;
	elf.sections[SECTION_SYMTAB].sh_link = 77;
	memset(elf.dynstr, 'x', sizeof(elf.dynstr));
	image = open_written(&elf);
	assert_int_equal(address_of(image, "_PyRuntime"), 0);
	assert_int_equal(address_of(image, "hidden"), 0);
	elf_image_free(image);
}

static void a_segment_that_contradicts_itself_is_left_out(void **state)
{
	struct written_elf elf;
	struct elf_image *image;
	char byte;
	size_t count;

	(void)state;
	elf_writer_make(&elf);
	elf.segments[0].p_vaddr = UINT64_MAX - 0x100;
	elf.segments[1].p_memsz = 1;
	image = open_written(&elf);
	elf_image_segments(image, &count);
	assert_int_equal(count, 0);
	assert_false(elf_image_read(image, UINT64_MAX - 0x100, &byte, 1));
	elf_image_free(image);
	elf_writer_make(&elf);
	elf.segments[1].p_offset = UINT64_MAX - 2;
	image = open_written(&elf);
	assert_false(elf_image_read(image, WRITTEN_BASE + 0x510, &byte, 1));
	elf_image_free(image);
}

static void any_byte_may_be_wrong(void **state)
{
	struct written_elf elf;
	uint8_t *bytes = (uint8_t *)&elf;

	(void)state;
	for (size_t i = 0; i < sizeof(elf); i++) {
		if (i >= 0x500 && i < 0x600)
			continue;
		elf_writer_make(&elf);
		bytes[i] = 0xff;
		ask_everything(&elf, sizeof(elf));
	}
}

static void a_file_that_shrinks_later_is_not_read(void **state)
{
	struct written_elf elf;
	struct elf_image *image;
	char bytes[16];
	int fd;

	(void)state;
	elf_writer_make(&elf);
	fd = elf_writer_open(&elf, sizeof(elf));
	assert_null(elf_image_open(fd, "written", &image));
	assert_int_equal(ftruncate(fd, 0x100), 0);
	close(fd);
	assert_false(elf_image_read(image, WRITTEN_BASE + 0x500, bytes, 16));
	assert_int_equal(address_of(image, "_PyRuntime"), 0);
	elf_image_free(image);
}

static void the_running_program_is_read(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_image *image;
	struct elf_symbol symbol;

	(void)state;
	assert_null(elf_image_open(fd, "self", &image));
	close(fd);
	assert_true(elf_image_symbol(image, "main", &symbol));
	assert_true(symbol.size > 0);
	elf_image_free(image);
}

/* As open_written, in a file that goes on for size bytes of nothing. */
static struct elf_image *open_with_hole(const struct written_elf *elf, uint64_t size)
{
	struct elf_image *image = NULL;
	int fd = elf_writer_open(elf, sizeof(*elf));

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_null(elf_image_open(fd, "written", &image));
	close(fd);
	return image;
}

static void tables_that_are_mostly_a_hole_are_not_read(void **state)
{
	const uint64_t large = UINT64_C(1) << 30;
	struct written_elf elf;
	struct elf_section section;
	struct elf_image *image;

	(void)state;
	elf_writer_make(&elf);
	elf.sections[SECTION_STRTAB].sh_size = large;
	elf.sections[SECTION_NAMES].sh_size = large;
	for (size_t i = 0; i < WRITTEN_SEGMENTS; i++)
		if (elf.segments[i].p_type == PT_NOTE)
			elf.segments[i].p_filesz = large;
	image = open_with_hole(&elf, 2 * large);
	assert_string_equal(elf_image_build_id(image), "");
	assert_int_equal(address_of(image, "hidden"), 0);
	assert_int_equal(address_of(image, "_PyRuntime"), WRITTEN_BASE + 0x500);
	assert_false(elf_image_section(image, ".PyRuntime", &section));
	elf_image_free(image);
}

static void sections_beyond_number_are_refused(void **state)
{
	struct elf_image *image = NULL;
	struct written_elf elf;
	struct error *error;
	int fd;

	(void)state;
	elf_writer_make(&elf);
	elf.header.e_shnum = 0;
	elf.sections[0].sh_size = 1 << 21;
	fd = elf_writer_open(&elf, sizeof(elf));
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 28), 0);
	error = elf_image_open(fd, "written", &image);
	close(fd);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	error_free(error);
}

/* A file can claim any number of tables of notes, each as long as the file. */
static void notes_of_all_segments_together_have_a_limit(void **state)
{
	const uint64_t limit = 1 << 20;
	struct written_elf elf;
	struct elf_image *image;
	int fd;

	(void)state;
	elf_writer_make(&elf);
	assert_int_equal(elf.segments[2].p_type, PT_NOTE);
	elf.segments[1] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = sizeof(elf),
		.p_filesz = limit,
	};
	fd = elf_writer_open(&elf, sizeof(elf));
	assert_int_equal(ftruncate(fd, (off_t)(sizeof(elf) + limit)), 0);
	assert_null(elf_image_open(fd, "written", &image));
	assert_string_equal(elf_image_build_id(image), "");
	elf_image_free(image);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_file_is_told),
		cmocka_unit_test(symbols_are_found_in_both_tables),
		cmocka_unit_test(symbols_are_found_by_their_place),
		cmocka_unit_test(an_undefined_symbol_is_not_told),
		cmocka_unit_test(bytes_are_read_by_their_address),
		cmocka_unit_test(what_is_no_elf_is_refused),
		cmocka_unit_test(a_directory_is_refused),
		cmocka_unit_test(another_machine_is_named),
		cmocka_unit_test(a_file_cut_anywhere_does_no_harm),
		cmocka_unit_test(a_table_outside_of_the_file_is_not_read),
		cmocka_unit_test(a_name_outside_of_its_table_is_not_read),
		cmocka_unit_test(a_segment_that_contradicts_itself_is_left_out),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(a_file_that_shrinks_later_is_not_read),
		cmocka_unit_test(the_running_program_is_read),
		cmocka_unit_test(tables_that_are_mostly_a_hole_are_not_read),
		cmocka_unit_test(sections_beyond_number_are_refused),
		cmocka_unit_test(notes_of_all_segments_together_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
