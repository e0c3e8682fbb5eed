/* SPDX-License-Identifier: Apache-2.0 */
/* What a core says is told; what was cut off is known to be gone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_writer.h"
#include "elf_writer.h"
#include "image/core_file.h"

static uint8_t pattern[0x1000];

static struct core_file *open_fd(int fd)
{
	struct core_file *core;

	assert_true(fd >= 0);
	assert_null(core_file_open(fd, "written", &core));
	close(fd);
	return core;
}

static void refuse_fd(int fd, enum error_kind kind, const char *message)
{
	struct core_file *core = NULL;
	struct error *error;

	assert_true(fd >= 0);
	error = core_file_open(fd, "written", &core);
	close(fd);
	assert_non_null(error);
	assert_string_equal(error_message(error), message);
	assert_int_equal(error_kind(error), kind);
	assert_null(core);
	error_free(error);
}

/* Two threads, a process, two mapped files, and three segments. */
static void write_core(struct core_writer *core)
{
	static const struct written_mapping files[] = {
		{0x20000, 0x22000, 0, "/lib/written.so"},
		{0x30000, 0x31000, 2, "/lib/old.so (deleted)"},
	};
	static const uint64_t auxiliary[] = {AT_PAGESZ, 4096, AT_NULL, 0};
	uint64_t fault[16] = {SIGSEGV, 0, 0xdead0};

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 256);
	core_writer_init(core);
	core_writer_thread(core, 4243, SIGSEGV);
	core_writer_process(core, 4242, "python3 app.py --name \x1b[31m ");
	core_writer_note(core, NT_SIGINFO, fault, sizeof(fault));
	core_writer_note(core, NT_AUXV, auxiliary, sizeof(auxiliary));
	core_writer_files(core, files, 2, 4096);
	core_writer_thread(core, 4242, 0);
	core_writer_segment(core, 0x30000, 0x1000, NULL, 0, PF_R | PF_X);
	core_writer_segment(core, 0x10000, 0x1000, pattern, 0x1000, PF_R | PF_W);
	core_writer_segment(core, 0x20000, 0x2000, pattern, 0x800, PF_R);
}

static void what_the_notes_say_is_told(void **state)
{
	struct core_writer written;
	struct core_file *core;

	(void)state;
	write_core(&written);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->process, 4242);
	assert_string_equal(core->name, "python3");
	assert_string_equal(core->command, "python3 app.py --name ?[31m");
	assert_int_equal(core->signal, SIGSEGV);
	assert_int_equal(core->fault_address, 0xdead0);
	assert_int_equal(core->thread_count, 2);
	assert_int_equal(core->threads[0].id, 4243);
	assert_int_equal(core->threads[1].id, 4242);
	assert_int_equal(core->threads[1].signal, 0);
	assert_int_equal(core->threads[0].registers[26], 0x1122334455667788);
	assert_int_equal(core->auxiliary_count, 1);
	assert_int_equal(core->auxiliary[0].value, 4096);
	assert_int_equal(core->mapping_count, 2);
	assert_string_equal(core->mappings[0].path, "/lib/written.so");
	assert_false(core->mappings[0].is_deleted);
	assert_string_equal(core->mappings[1].path, "/lib/old.so");
	assert_true(core->mappings[1].is_deleted);
	assert_int_equal(core->mappings[1].file_offset, 0x2000);
	assert_false(core->has_cut_notes);
	core_file_free(core);
}

static void segments_are_sorted_and_say_how_much_of_them_is_there(void **state)
{
	struct core_writer written;
	struct core_file *core;

	(void)state;
	write_core(&written);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->segment_count, 3);
	assert_int_equal(core->segments[0].address, 0x10000);
	assert_true(core->segments[0].is_writable);
	assert_int_equal(core->segments[0].held_size, 0x1000);
	assert_int_equal(core->segments[1].address, 0x20000);
	assert_int_equal(core->segments[1].memory_size, 0x2000);
	assert_int_equal(core->segments[1].dumped_size, 0x800);
	assert_int_equal(core->segments[2].dumped_size, 0);
	assert_true(core->segments[2].is_executable);
	assert_int_equal(core->lost_bytes, 0);
	core_file_free(core);
}

static void bytes_are_read_as_far_as_they_were_dumped(void **state)
{
	struct core_writer written;
	struct core_file *core;
	uint8_t bytes[0x2000];

	(void)state;
	write_core(&written);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core_file_read_some(core, 0x10010, bytes, 16), 16);
	assert_memory_equal(bytes, pattern + 0x10, 16);
	assert_int_equal(core_file_read_some(core, 0x10ff0, bytes, 100), 16);
	assert_int_equal(core_file_read_some(core, 0x207f0, bytes, 100), 16);
	assert_memory_equal(bytes, pattern + 0x7f0, 16);
	assert_int_equal(core_file_read_some(core, 0x20800, bytes, 1), 0);
	assert_int_equal(core_file_read_some(core, 0x30000, bytes, 1), 0);
	assert_int_equal(core_file_read_some(core, 0xf000, bytes, 1), 0);
	assert_int_equal(core_file_read_some(core, UINT64_MAX, bytes, 1), 0);
	core_file_free(core);
}

static void a_core_that_was_cut_keeps_what_is_there(void **state)
{
	struct core_writer written;

	(void)state;
	write_core(&written);
	for (size_t size = WRITTEN_CORE_NOTES; size < written.size; size += 100) {
		struct core_file *core = open_fd(core_writer_open_cut(&written, size));
		uint64_t held = 0;

		for (size_t i = 0; i < core->segment_count; i++)
			held += core->segments[i].held_size;
		assert_int_equal(held + core->lost_bytes, 0x1800);
		assert_int_equal(held, size < WRITTEN_CORE_BYTES ? 0 : size - WRITTEN_CORE_BYTES);
		assert_int_equal(core->has_cut_notes, size < written.notes_end);
		core_file_free(core);
	}
}

static void a_core_without_its_table_of_segments_is_refused(void **state)
{
	struct core_writer written;

	(void)state;
	write_core(&written);
	refuse_fd(core_writer_open_cut(&written, 0x80), ERROR_CORRUPT,
	          "written is cut too short: its table of segments is not in it");
	refuse_fd(core_writer_open_cut(&written, 10), ERROR_CORRUPT,
	          "written is not a core file: it is not ELF");
}

static void what_is_no_core_is_called_by_its_name(void **state)
{
	struct written_elf elf;
	struct core_writer written;

	(void)state;
	elf_writer_make(&elf);
	refuse_fd(elf_writer_open(&elf, sizeof(elf)), ERROR_CORRUPT,
	          "written is not a core file: it is an ELF program or library");
	refuse_fd(memfd_create("empty", MFD_CLOEXEC), ERROR_CORRUPT,
	          "written is not a core file: it is empty");
	write_core(&written);
	core_writer_header(&written)->e_machine = EM_AARCH64;
	refuse_fd(core_writer_open(&written), ERROR_UNSUPPORTED,
	          "written is a core of aarch64; plumb reads cores of 64-bit x86-64 programs only");
}

static void the_core_of_a_32_bit_program_is_refused(void **state)
{
	Elf32_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf32_Phdr),
	};
	int fd = memfd_create("i386", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	refuse_fd(fd, ERROR_UNSUPPORTED,
	          "written is a core of 32-bit x86 (i386); plumb reads cores of 64-bit x86-64 "
	          "programs only");
}

/* More segments than the header can count: a table of 70000, counted in a section. */
enum { MANY = 70000 };

static int open_many_segments(bool with_section)
{
	static const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_shoff = sizeof(header) + MANY * sizeof(Elf64_Phdr) + 64,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = PN_XNUM,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 1,
	};
	Elf64_Shdr section = {.sh_info = MANY};
	Elf64_Phdr segment = {.p_type = PT_LOAD, .p_filesz = 1, .p_memsz = 0x1000};
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	fwrite(&header, sizeof(header), 1, file);
	segment.p_offset = sizeof(header) + MANY * sizeof(segment);
	for (uint64_t i = 0; i < MANY; i++) {
		segment.p_vaddr = (i + 1) * 0x10000;
		fwrite(&segment, sizeof(segment), 1, file);
	}
	fwrite("x", 1, 1, file);
	if (with_section) {
		fseek(file, (long)header.e_shoff, SEEK_SET);
		fwrite(&section, sizeof(section), 1, file);
	}
	fflush(file);
	fd = dup(fileno(file));
	fclose(file);
	return fd;
}

static void more_segments_than_the_header_counts_are_read(void **state)
{
	(void)state;
	for (int with_section = 0; with_section < 2; with_section++) {
		struct core_file *core = open_fd(open_many_segments(with_section));
		uint8_t byte = 0;

		assert_int_equal(core->segment_count, MANY);
		assert_int_equal(core_file_read_some(core, (uint64_t)MANY * 0x10000, &byte, 1), 1);
		assert_int_equal(byte, 'x');
		core_file_free(core);
	}
}

static void segments_that_overlap_or_wrap_around_are_left_out(void **state)
{
	struct core_writer written;
	struct core_file *core;

	(void)state;
	write_core(&written);
	core_writer_segment(&written, 0x10800, 0x10000, pattern, 0x100, PF_R);
	core_writer_segment(&written, UINT64_MAX - 0x100, 0x1000, pattern, 0x100, PF_R);
	core_writer_segment(&written, 0x50000, 0, NULL, 0, PF_R);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->segment_count, 3);
	core_file_free(core);
}

static void a_segment_whose_bytes_are_nowhere_has_lost_them(void **state)
{
	struct core_writer written;
	struct core_file *core;

	(void)state;
	write_core(&written);
	core_writer_headers(&written)[2].p_offset = UINT64_MAX - 10;
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->segments[0].held_size, 0);
	assert_int_equal(core->lost_bytes, 0x1000);
	core_file_free(core);
}

/* A file can claim any number of tables of notes, each as long as the file. */
static void notes_of_all_segments_together_have_a_limit(void **state)
{
	const uint64_t limit = UINT64_C(256) << 20;
	struct core_writer written;
	struct core_file *core;
	Elf64_Phdr *headers;
	int fd;

	(void)state;
	write_core(&written);
	core_writer_segment(&written, 0x40000, 0x1000, NULL, 0, PF_R);
	core_writer_segment(&written, 0x50000, 0x1000, NULL, 0, PF_R);
	headers = core_writer_headers(&written);
	headers[4] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = written.size,
		.p_filesz = limit - headers[0].p_filesz,
	};
	headers[5] = headers[0];
	fd = core_writer_open(&written);
	assert_int_equal(ftruncate(fd, (off_t)(written.size + limit)), 0);
	core = open_fd(fd);
	assert_int_equal(core->thread_count, 2);
	core_file_free(core);
}

static void files_that_gdb_lists_count_their_offsets_in_bytes(void **state)
{
	static const struct written_mapping files[] = {{0x20000, 0x22000, 0x3000, "/lib/x.so"}};
	struct core_writer written;
	struct core_file *core;

	(void)state;
	core_writer_init(&written);
	core_writer_files(&written, files, 1, 1);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->mappings[0].file_offset, 0x3000);
	core_file_free(core);
}

static void a_list_of_files_that_lies_is_not_believed(void **state)
{
	static const struct written_mapping files[] = {
		{0x20000, 0x22000, UINT64_MAX / 2, "/lib/far.so"},
		{0x20000, 0x10000, 0, "/lib/backwards.so"},
		{0x30000, 0x31000, 0, "/lib/one.so"},
		{0x30800, 0x32000, 0, "/lib/over-it.so"},
	};
	uint64_t claim[2] = {UINT64_MAX / 24, 4096};
	struct core_writer written;
	struct core_file *core;

	(void)state;
	core_writer_init(&written);
	core_writer_note(&written, NT_FILE, claim, sizeof(claim));
	core_writer_files(&written, files, 4, 4096);
	core = open_fd(core_writer_open(&written));
	assert_int_equal(core->mapping_count, 1);
	assert_string_equal(core->mappings[0].path, "/lib/one.so");
	core_file_free(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_notes_say_is_told),
		cmocka_unit_test(segments_are_sorted_and_say_how_much_of_them_is_there),
		cmocka_unit_test(bytes_are_read_as_far_as_they_were_dumped),
		cmocka_unit_test(a_core_that_was_cut_keeps_what_is_there),
		cmocka_unit_test(a_core_without_its_table_of_segments_is_refused),
		cmocka_unit_test(what_is_no_core_is_called_by_its_name),
		cmocka_unit_test(the_core_of_a_32_bit_program_is_refused),
		cmocka_unit_test(more_segments_than_the_header_counts_are_read),
		cmocka_unit_test(segments_that_overlap_or_wrap_around_are_left_out),
		cmocka_unit_test(a_segment_whose_bytes_are_nowhere_has_lost_them),
		cmocka_unit_test(notes_of_all_segments_together_have_a_limit),
		cmocka_unit_test(files_that_gdb_lists_count_their_offsets_in_bytes),
		cmocka_unit_test(a_list_of_files_that_lies_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
