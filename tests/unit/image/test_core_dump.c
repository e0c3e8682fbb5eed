/* SPDX-License-Identifier: Apache-2.0 */
/* What is written as a core is read again by those who read cores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/core_dump.h"
#include "image/core_file.h"
#include "image/core_note_writer.h"
#include "image/unpack.h"

enum { PAGE = 4096 };

static const char path[] = "test_core_dump.written";

/* Every page of the address space holds its own number, but for some. */
static size_t read_numbers(void *reader, uint64_t address, void *buffer, size_t size)
{
	const uint64_t *bad_page = reader;
	uint8_t *bytes = buffer;

	for (size_t i = 0; i < size; i++) {
		uint64_t page = (address + i) / PAGE;

		if (bad_page && page == *bad_page)
			return i;
		memcpy(&bytes[i], (const uint8_t *)&page + (address + i) % 4, 1);
	}
	return size;
}

static void write_dump(struct core_dump *dump, struct core_dump_result *ret)
{
	struct new_file file;

	assert_null(new_file_open(path, &file));
	assert_null(core_dump_write(dump, &file, ret));
	assert_null(new_file_finish(&file));
	new_file_deinit(&file);
}

static struct core_file *open_written(void)
{
	struct core_file *core;
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_null(core_file_open(fileno(file), path, &core));
	fclose(file);
	unlink(path);
	return core;
}

static void add_notes(struct text *notes)
{
	static const uint64_t auxiliary[] = {6, 4096, 0, 0};
	static const struct note_mapping files[] = {
		{0x10000, 0x14000, 0x2000, "/lib/a.so", false},
		{0x20000, 0x21000, 0, "/lib/gone.so", true},
	};
	uint64_t registers[NOTE_REGISTERS];
	uint8_t floating[NOTE_FLOATING] = {1};
	struct note_thread thread = {
		.id = 4242,
		.parent = 1,
		.registers = registers,
		.floating = floating,
		.extended = floating,
		.extended_size = 100,
	};

	for (size_t i = 0; i < NOTE_REGISTERS; i++)
		registers[i] = i + 1;
	core_note_status(notes, &thread);
	core_note_process(notes, &(struct note_process){.state = 'S',
	                                                .id = 4242,
	                                                .name = "a name of over 16 letters",
	                                                .command = "python app.py"});
	core_note_auxiliary(notes, auxiliary, sizeof(auxiliary));
	core_note_files(notes, files, 2);
	core_note_state(notes, &thread);
	thread.id = 4243;
	core_note_status(notes, &thread);
	core_note_state(notes, &thread);
}

static void assert_notes(const struct core_file *core)
{
	assert_int_equal(core->thread_count, 2);
	assert_int_equal(core->threads[0].id, 4242);
	assert_int_equal(core->threads[1].id, 4243);
	assert_int_equal(core->threads[1].registers[26], 27);
	assert_int_equal(core->signal, 0);
	assert_int_equal(core->process, 4242);
	assert_string_equal(core->name, "a name of over");
	assert_string_equal(core->command, "python app.py");
	assert_int_equal(core->auxiliary_count, 1);
	assert_int_equal(core->auxiliary[0].value, 4096);
	assert_int_equal(core->mapping_count, 2);
	assert_string_equal(core->mappings[0].path, "/lib/a.so");
	assert_int_equal(core->mappings[0].file_offset, 0x2000);
	assert_true(core->mappings[1].is_deleted);
}

static struct dump_segment segments[] = {
	{.address = 0x10000, .memory_size = 0x4000, .file_size = 0x4000, .is_readable = true},
	{.address = 0x20000, .memory_size = 0x3000, .file_size = 0x1000, .is_writable = true},
	{.address = 0x30000, .memory_size = UINT64_C(1) << 40, .file_size = 0},
	{.address = UINT64_C(1) << 41, .memory_size = 64 << 20, .file_size = 64 << 20},
};

static struct dump_stretch stretches[] = {
	{.address = 0x11000, .size = 0x1000},
	{.address = 0x13000, .size = 0x1000},
	{.address = 0x20000, .size = 0x1000},
	{.address = (UINT64_C(1) << 41) + (40 << 20) - PAGE, .size = 3 << 20},
};

static struct core_dump made_up(const struct text *notes)
{
	return (struct core_dump){
		.segments = segments,
		.segment_count = sizeof(segments) / sizeof(*segments),
		.stretches = stretches,
		.stretch_count = sizeof(stretches) / sizeof(*stretches),
		.notes = notes,
		.read = read_numbers,
	};
}

static void assert_page(const struct core_file *core, uint64_t address, bool is_zeros)
{
	uint8_t expected[PAGE] = {0};
	uint8_t bytes[PAGE];

	if (!is_zeros)
		read_numbers(NULL, address, expected, PAGE);
	assert_int_equal(core_file_read_some(core, address, bytes, PAGE), PAGE);
	assert_memory_equal(bytes, expected, PAGE);
}

static void assert_memory(const struct core_file *core)
{
	uint64_t far = UINT64_C(1) << 41;

	assert_int_equal(core->segment_count, 4);
	assert_page(core, 0x10000, true);
	assert_page(core, 0x11000, false);
	assert_page(core, 0x12000, true);
	assert_page(core, 0x13000, false);
	assert_page(core, 0x20000, false);
	assert_page(core, far, true);
	assert_page(core, far + (40 << 20) - 2 * PAGE, true);
	for (uint64_t i = 0; i < 3 << 20; i += PAGE)
		assert_page(core, far + (40 << 20) - PAGE + i, false);
	assert_page(core, far + (64 << 20) - PAGE, true);
	assert_int_equal(core_file_segment_at(core, 0x21000)->dumped_size, 0x1000);
	assert_int_equal(core_file_segment_at(core, 0x30000)->dumped_size, 0);
	assert_int_equal(core_file_segment_at(core, 0x30000)->memory_size, UINT64_C(1) << 40);
	assert_true(core_file_segment_at(core, 0x10000)->is_readable);
	assert_true(core_file_segment_at(core, 0x20000)->is_writable);
}

static void a_core_is_read_as_it_was_written(void **state)
{
	struct core_dump_result result;
	struct core_dump dump;
	struct core_file *core;
	struct stat facts;
	struct text notes;

	(void)state;
	text_init(&notes);
	add_notes(&notes);
	dump = made_up(&notes);
	write_dump(&dump, &result);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_size, result.size);
	assert_true(facts.st_blocks * 512 < 4 << 20);
	assert_int_equal(result.memory_bytes, 3 * PAGE + (3 << 20));
	assert_int_equal(result.unreadable, 0);
	core = open_written();
	assert_notes(core);
	assert_memory(core);
	core_file_free(core);
	text_deinit(&notes);
}

static void a_compressed_one_unpacks_to_the_same(void **state)
{
	struct core_dump_result result;
	struct core_dump dump;
	struct core_file *core;
	struct stat facts;
	struct text notes;
	bool is_cut;
	FILE *file;
	int fd;

	(void)state;
	text_init(&notes);
	add_notes(&notes);
	dump = made_up(&notes);
	dump.is_compressed = true;
	write_dump(&dump, &result);
	assert_int_equal(stat(path, &facts), 0);
	assert_true(facts.st_size < 100000);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_null(unpack_file(fileno(file), path, &(struct unpack_options){0}, &fd, &is_cut));
	assert_false(is_cut);
	assert_int_equal(fstat(fd, &facts), 0);
	assert_int_equal(facts.st_size, result.size);
	assert_null(core_file_open(fd, path, &core));
	fclose(file);
	unlink(path);
	close(fd);
	assert_notes(core);
	assert_memory(core);
	core_file_free(core);
	text_deinit(&notes);
}

static void what_cannot_be_read_is_zeros_and_counted(void **state)
{
	uint64_t bad_page = 0x13;
	struct core_dump_result result;
	struct core_dump dump;
	struct core_file *core;
	struct text notes;

	(void)state;
	text_init(&notes);
	dump = made_up(&notes);
	dump.reader = &bad_page;
	write_dump(&dump, &result);
	assert_int_equal(result.unreadable, PAGE);
	assert_int_equal(result.memory_bytes, 2 * PAGE + (3 << 20));
	core = open_written();
	assert_page(core, 0x11000, false);
	assert_page(core, 0x13000, true);
	core_file_free(core);
	text_deinit(&notes);
}

static void there_may_be_more_segments_than_the_header_counts(void **state)
{
	static const size_t counts[] = {65533, 65534, 65535, 70000};
	struct dump_segment *many = calloc(70000, sizeof(*many));
	struct dump_stretch last = {.size = PAGE};
	struct core_dump_result result;
	struct core_file *core;
	struct text notes;

	(void)state;
	assert_non_null(many);
	text_init(&notes);
	add_notes(&notes);
	for (size_t i = 0; i < 70000; i++)
		many[i] = (struct dump_segment){.address = (i + 1) * 2 * PAGE, .memory_size = PAGE};
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t count = counts[i];
		struct core_dump dump = {
			.segments = many,
			.segment_count = count,
			.stretches = &last,
			.stretch_count = 1,
			.notes = &notes,
			.read = read_numbers,
		};

		many[count - 1].file_size = PAGE;
		last.address = many[count - 1].address;
		write_dump(&dump, &result);
		core = open_written();
		assert_int_equal(core->segment_count, count);
		assert_page(core, last.address, false);
		assert_notes(core);
		core_file_free(core);
		many[count - 1].file_size = 0;
	}
	text_deinit(&notes);
	free(many);
}

static bool stop(void *context)
{
	return --*(int *)context <= 0;
}

static void it_can_be_broken_off(void **state)
{
	struct core_dump_result result;
	int chunks = 3;
	struct new_file file;
	struct core_dump dump;
	struct error *error;
	struct text notes;

	(void)state;
	text_init(&notes);
	dump = made_up(&notes);
	dump.should_stop = stop;
	dump.context = &chunks;
	assert_null(new_file_open(path, &file));
	error = core_dump_write(&dump, &file, &result);
	assert_non_null(error);
	assert_string_equal(error_message(error), "writing test_core_dump.written was broken off");
	error_free(error);
	new_file_deinit(&file);
	assert_int_equal(access(path, F_OK), -1);
	text_deinit(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_core_is_read_as_it_was_written),
		cmocka_unit_test(a_compressed_one_unpacks_to_the_same),
		cmocka_unit_test(what_cannot_be_read_is_zeros_and_counted),
		cmocka_unit_test(there_may_be_more_segments_than_the_header_counts),
		cmocka_unit_test(it_can_be_broken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
