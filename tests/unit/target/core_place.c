/* SPDX-License-Identifier: Apache-2.0 */
/* See core_place.h for what is where. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_place.h"

void core_place_write(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void make_library(struct core_place *place)
{
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 5,
	};
	const Elf64_Phdr segments[] = {
		{PT_LOAD, PF_R, 0, 0, 0, PAGE, PAGE, PAGE},
		{PT_LOAD, PF_R | PF_X, PAGE, PAGE, 0, PAGE, PAGE, PAGE},
		{PT_LOAD, PF_R, 2 * PAGE, 2 * PAGE, 0, 0x100, 0x100, PAGE},
		{PT_LOAD, PF_R | PF_W, 2 * PAGE + 0x100, 3 * PAGE + 0x100, 0, PAGE, 2 * PAGE, PAGE},
		{PT_NOTE, PF_R, 0x200, 0x200, 0, 36, 36, 4},
	};
	const Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID};

	for (size_t i = 0; i < LIBRARY_SIZE; i++)
		place->bytes[i] = (uint8_t)(i / 7 + i);
	memcpy(place->bytes, &header, sizeof(header));
	memcpy(place->bytes + sizeof(header), segments, sizeof(segments));
	memcpy(place->bytes + 0x200, &note, sizeof(note));
	memcpy(place->bytes + 0x200 + sizeof(note), "GNU", 4);
	for (uint8_t i = 0; i < 20; i++)
		place->bytes[0x200 + sizeof(note) + 4 + i] = (uint8_t)(0xa0 + i);
	core_place_write(place->library, place->bytes, LIBRARY_SIZE);
}

static void write_core(struct core_place *place)
{
	const struct written_mapping files[] = {
		{BASE, BASE + PAGE, 0, place->library},
		{BASE + PAGE, BASE + 2 * PAGE, 1, place->library},
		{BASE + 2 * PAGE, BASE + 3 * PAGE, 2, place->library},
		{BASE + 3 * PAGE, BASE + 5 * PAGE, 2, place->library},
	};
	struct core_writer *core = &place->written;
	uint8_t filler[PAGE];

	memset(filler, CORE_FILLER, sizeof(filler));
	core_writer_init(core);
	core_writer_thread(core, 4243, SIGSEGV);
	core_writer_process(core, 4242, "python3 app.py");
	core_writer_files(core, files, 4, PAGE);
	core_writer_segment(core, BASE, PAGE, place->bytes, PAGE, PF_R);
	core_writer_segment(core, BASE + PAGE, PAGE, NULL, 0, PF_R | PF_X);
	core_writer_segment(core, BASE + 2 * PAGE, PAGE, NULL, 0, PF_R);
	core_writer_segment(core, BASE + 3 * PAGE, 2 * PAGE, filler, PAGE, PF_R | PF_W);
	core_writer_segment(core, HEAP, 2 * PAGE, filler, PAGE, PF_R | PF_W);
	core_place_write(place->core, core->bytes, core->size);
}

int core_place_make(void **state)
{
	struct core_place *place = calloc(1, sizeof(*place));

	unsetenv("DEBUGINFOD_URLS");
	snprintf(place->folder, sizeof(place->folder), "/tmp/plumb-core-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->core, sizeof(place->core), "%s/core", place->folder);
	snprintf(place->library, sizeof(place->library), "%s/libx.so", place->folder);
	make_library(place);
	write_core(place);
	*state = place;
	return 0;
}

int core_place_remove(void **state)
{
	struct core_place *place = *state;
	char path[64];

	core_target_free(place->open);
	text_deinit(&place->text);
	unlink(place->core);
	unlink(place->library);
	snprintf(path, sizeof(path), "%s/usr/libx.so", place->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/usr", place->folder);
	rmdir(path);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}
