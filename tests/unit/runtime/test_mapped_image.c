/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols of a file as it is mapped: by either hash table, whether the
 * loader has relocated its pointers (glibc) or not (musl), and from tables
 * that lie. The image is one page of headers and tables at BIAS:
 *
 *	0x000 ELF header, program headers    0x200 dynamic section
 *	0x300 symbols   0x400 names          0x500 System V hash   0x600 GNU hash
 *	0x700 notes
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "base/cleanup.h"
#include "runtime/mapped_image.h"
#include "target/fake_target.h"

enum {
	BIAS = 0x7000000,
	DYNAMIC = 0x200,
	SYMBOLS = 0x300,
	NAMES = 0x400,
	HASH = 0x500,
	GNU_HASH = 0x600,
	NOTES = 0x700,
	SIZE = 4096,
	VALUE = 0x2340,
};

struct page {
	uint8_t bytes[SIZE];
};

struct open_image {
	struct target *target;
	struct window_cache memory;
	struct mapped_image image;
	bool is_image;
};

static void put(struct page *page, size_t offset, const void *bytes, size_t size)
{
	assert_true(offset + size <= SIZE);
	memcpy(page->bytes + offset, bytes, size);
}

static void put_headers(struct page *page)
{
	Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	Elf64_Phdr segments[] = {
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_memsz = SIZE},
		{.p_type = PT_LOAD,
	         .p_flags = PF_R | PF_W,
	         .p_offset = SIZE,
	         .p_vaddr = 0x2000,
	         .p_memsz = 0x1800},
		{.p_type = PT_DYNAMIC, .p_vaddr = DYNAMIC, .p_memsz = 0x100},
	};

	put(page, 0, &header, sizeof(header));
	put(page, sizeof(header), segments, sizeof(segments));
}

/* One hash table at the place that tag says; pointers as a loader leaves them. */
static void put_dynamic(struct page *page, int64_t tag, taddr bias)
{
	Elf64_Dyn dynamic[] = {
		{.d_tag = DT_SYMTAB, .d_un.d_ptr = bias + SYMBOLS},
		{.d_tag = DT_STRTAB, .d_un.d_ptr = bias + NAMES},
		{.d_tag = tag, .d_un.d_ptr = bias + (tag == DT_HASH ? HASH : GNU_HASH)},
		{.d_tag = DT_NULL},
	};

	put(page, DYNAMIC, dynamic, sizeof(dynamic));
}

/* Symbol 1 is "f", defined; symbol 2 is "g", which another file defines. */
static void put_symbols(struct page *page)
{
	static const char names[] = "\0f\0g";
	Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1, .st_shndx = 1, .st_value = VALUE},
		{.st_name = 3, .st_shndx = SHN_UNDEF},
	};
	uint32_t hash[] = {1, 3, /* bucket */ 2, /* chain */ 0, 0, 1};
	uint32_t gnu_f = 5381 * 33 + 'f';
	uint32_t gnu_g = 5381 * 33 + 'g';
	uint32_t gnu_hash[] = {1,           1,        1, 0, /* Bloom */ ~0u, ~0u, /* bucket */ 1,
	                       gnu_f & ~1u, gnu_g | 1};

	put(page, NAMES, names, sizeof(names));
	put(page, SYMBOLS, symbols, sizeof(symbols));
	put(page, HASH, hash, sizeof(hash));
	put(page, GNU_HASH, gnu_hash, sizeof(gnu_hash));
}

static struct page make_page(int64_t tag, taddr bias)
{
	struct page page = {{0}};

	put_headers(&page);
	put_dynamic(&page, tag, bias);
	put_symbols(&page);
	return page;
}

static void open_page(const struct page *page, struct open_image *ret)
{
	struct fake_target *fake = fake_target_new();
	size_t count;

	*ret = (struct open_image){0};
	assert_non_null(fake);
	assert_true(fake_target_add(fake, BIAS, page->bytes, SIZE, false, "/lib/libx.so.1"));
	assert_null(fake_target_finish(fake, &ret->target));
	assert_null(window_cache_init(&ret->memory, ret->target, 1 << 18));
	ret->is_image =
		mapped_image_read(&ret->memory, target_regions(ret->target, &count), &ret->image);
}

static void close_image(struct open_image *open)
{
	window_cache_deinit(&open->memory);
	target_free(open->target);
}

static bool symbol(const struct page *page, const char *name, taddr *ret)
{
	struct open_image open;
	bool is_found;

	open_page(page, &open);
	assert_true(open.is_image);
	is_found = mapped_image_symbol(&open.memory, &open.image, name, ret);
	close_image(&open);
	return is_found;
}

static void segments_give_bounds_and_writable_ranges(void **state)
{
	struct page page = make_page(DT_HASH, BIAS);
	struct open_image open;

	(void)state;
	open_page(&page, &open);
	assert_true(open.is_image);
	assert_int_equal(open.image.bias, BIAS);
	assert_int_equal(open.image.start, BIAS);
	assert_int_equal(open.image.end, BIAS + 0x3800);
	assert_int_equal(open.image.data_count, 1);
	assert_int_equal(open.image.data[0].start, BIAS + 0x2000);
	assert_string_equal(mapped_image_name(&open.image), "libx.so.1");
	close_image(&open);
}

static void symbols_are_found_by_either_hash_and_any_loader(void **state)
{
	static const int64_t tags[] = {DT_HASH, DT_GNU_HASH};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct page page = make_page(tags[i % 2], i / 2 ? BIAS : 0);
		taddr address;

		assert_true(symbol(&page, "f", &address));
		assert_int_equal(address, BIAS + VALUE);
		assert_false(symbol(&page, "g", &address));
		assert_false(symbol(&page, "h", &address));
		assert_false(symbol(&page, "", &address));
	}
}

static void a_chain_without_end_ends(void **state)
{
	struct page page = make_page(DT_HASH, BIAS);
	uint32_t self = 2;
	taddr address;

	(void)state;
	put(&page, HASH + 16 + 4, &self, sizeof(self)); /* chain[2] = 2 */
	assert_false(symbol(&page, "f", &address));
	page = make_page(DT_GNU_HASH, BIAS);
	memset(page.bytes + GNU_HASH + 28, 0, SIZE - GNU_HASH - 28);
	assert_false(symbol(&page, "f", &address));
}

static void tables_outside_of_memory_have_no_symbols(void **state)
{
	struct page page = make_page(DT_GNU_HASH, UINT64_C(1) << 63);
	uint32_t none = 0;
	uint32_t huge = UINT32_MAX;
	taddr address;

	(void)state;
	assert_false(symbol(&page, "f", &address));
	page = make_page(DT_GNU_HASH, BIAS);
	put(&page, GNU_HASH, &none, sizeof(none)); /* no buckets */
	assert_false(symbol(&page, "f", &address));
	page = make_page(DT_GNU_HASH, BIAS);
	put(&page, GNU_HASH + 8, &huge, sizeof(huge)); /* Bloom words */
	assert_false(symbol(&page, "f", &address));
}

static void headers_that_make_no_sense_are_no_image(void **state)
{
	/* e_machine, e_phnum, e_phoff, p_memsz of a segment, and one in the kernel's half. */
	static const struct {
		size_t offset;
		size_t size;
		uint64_t value;
	} fields[] = {
		{18, 2, UINT16_MAX},
		{56, 2, UINT16_MAX},
		{32, 8, UINT64_MAX},
		{64 + 56 + 40, 8, UINT64_MAX},
		{64 + 56 + 16, 8, 0xffffffff80000000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct page page = make_page(DT_HASH, BIAS);
		struct open_image open;

		put(&page, fields[i].offset, &fields[i].value, fields[i].size);
		open_page(&page, &open);
		assert_false(open.is_image);
		close_image(&open);
	}
}

/* A note of another kind, then the build-id; in one segment at NOTES. */
static void put_notes(struct page *page, uint32_t name_size, uint32_t id_size)
{
	Elf64_Phdr segment = {.p_type = PT_NOTE, .p_vaddr = NOTES, .p_memsz = 0x40};
	Elf64_Nhdr other = {.n_namesz = 2, .n_descsz = 5, .n_type = NT_GNU_BUILD_ID};
	Elf64_Nhdr head = {.n_namesz = name_size, .n_descsz = id_size, .n_type = NT_GNU_BUILD_ID};
	uint16_t count = 4;

	put(page, offsetof(Elf64_Ehdr, e_phnum), &count, sizeof(count));
	put(page, sizeof(Elf64_Ehdr) + 3 * sizeof(segment), &segment, sizeof(segment));
	put(page, NOTES, &other, sizeof(other));
	put(page, NOTES + 12, "X\0\0\0abcde", 9);
	put(page, NOTES + 24, &head, sizeof(head));
	put(page, NOTES + 36, "GNU\0\x01\xfe\x20\x7f", 8);
}

static bool build_id(const struct page *page, char ret[2 * BUILD_ID_MAX + 1])
{
	struct open_image open;
	bool is_found;

	open_page(page, &open);
	assert_true(open.is_image);
	is_found = mapped_image_build_id(&open.memory, &open.image, ret);
	close_image(&open);
	return is_found;
}

static void the_build_id_is_read_from_the_notes(void **state)
{
	struct page page = make_page(DT_HASH, BIAS);
	char found[2 * BUILD_ID_MAX + 1];

	(void)state;
	assert_false(build_id(&page, found));
	put_notes(&page, 4, 4);
	assert_true(build_id(&page, found));
	assert_string_equal(found, "01fe207f");
}

static void notes_that_make_no_sense_have_no_build_id(void **state)
{
	static const uint32_t sizes[][2] = {{4, 0}, {0, 4}, {UINT32_MAX, UINT32_MAX}, {8, 4}};
	char found[2 * BUILD_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct page page = make_page(DT_HASH, BIAS);

		put_notes(&page, sizes[i][0], sizes[i][1]);
		assert_false(build_id(&page, found));
	}
}

static void a_long_build_id_is_cut(void **state)
{
	struct page page = make_page(DT_HASH, BIAS);
	char found[2 * BUILD_ID_MAX + 1];

	(void)state;
	put_notes(&page, 4, UINT32_MAX);
	assert_true(build_id(&page, found));
	assert_int_equal(strlen(found), 2 * BUILD_ID_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_give_bounds_and_writable_ranges),
		cmocka_unit_test(symbols_are_found_by_either_hash_and_any_loader),
		cmocka_unit_test(a_chain_without_end_ends),
		cmocka_unit_test(tables_outside_of_memory_have_no_symbols),
		cmocka_unit_test(headers_that_make_no_sense_are_no_image),
		cmocka_unit_test(the_build_id_is_read_from_the_notes),
		cmocka_unit_test(notes_that_make_no_sense_have_no_build_id),
		cmocka_unit_test(a_long_build_id_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
