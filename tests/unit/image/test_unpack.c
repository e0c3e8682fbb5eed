/* SPDX-License-Identifier: Apache-2.0 */
/* What was packed comes out again, as far as it is there and as far as it may. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "image/unpack.h"

enum { PLAIN_SIZE = 3 << 20, PACKED_MAX = 8 << 20 };

/* Begins like ELF; a third is noise, the rest zeros, as a core is. */
static uint8_t plain[PLAIN_SIZE];
static uint8_t packed[PACKED_MAX];
static uint8_t result[PLAIN_SIZE];

static void make_plain(void)
{
	uint32_t noise = 12345;

	memset(plain, 0, sizeof(plain));
	for (size_t i = 0; i < PLAIN_SIZE / 3; i++) {
		noise = noise * 1664525 + 1013904223;
		plain[i] = (uint8_t)(noise >> 24);
	}
	memcpy(plain,
	       "\x7f"
	       "ELF",
	       4);
	plain[PLAIN_SIZE - 1] = 1;
}

static size_t pack_gzip(const uint8_t *bytes, size_t size, uint8_t *to)
{
	z_stream stream = {.avail_in = (unsigned int)size, .avail_out = PACKED_MAX / 2};

	stream.next_out = to;
	memcpy(result, bytes, size);
	stream.next_in = result;
	assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static size_t pack(enum packing packing, const uint8_t *bytes, size_t size, uint8_t *to)
{
	if (packing == PACKING_GZIP)
		return pack_gzip(bytes, size, to);
	if (packing == PACKING_ZSTD)
		return ZSTD_compress(to, PACKED_MAX / 2, bytes, size, 1);
	return LZ4F_compressFrame(to, PACKED_MAX / 2, bytes, size, NULL);
}

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

/* Unpacks size bytes of packed; returns how many came out, into result. */
static size_t unpack(size_t size, const struct unpack_options *options, bool *ret_is_cut)
{
	int fd = file_of(packed, size);
	struct stat facts;
	int unpacked;

	assert_null(unpack_file(fd, "packed", options, &unpacked, ret_is_cut));
	assert_int_equal(fstat(unpacked, &facts), 0);
	assert_int_equal(facts.st_mode & 0777, 0600);
	assert_int_equal(facts.st_nlink, 0);
	assert_true(facts.st_size <= PLAIN_SIZE);
	assert_int_equal(pread(unpacked, result, sizeof(result), 0), facts.st_size);
	/* Most of it is holes. */
	assert_true((size_t)facts.st_blocks * 512 < PLAIN_SIZE / 2);
	close(unpacked);
	close(fd);
	return (size_t)facts.st_size;
}

/* Of size bytes of packed all comes out. */
static void unpack_whole(size_t size)
{
	const struct unpack_options options = {0};
	bool is_cut = true;

	assert_int_equal(unpack(size, &options, &is_cut), PLAIN_SIZE);
	assert_memory_equal(result, plain, PLAIN_SIZE);
	assert_false(is_cut);
}

static struct error *refuse(size_t size, const struct unpack_options *options)
{
	int fd = file_of(packed, size);
	struct error *error;
	bool is_cut;
	int unpacked = -1;

	error = unpack_file(fd, "packed", options, &unpacked, &is_cut);
	assert_non_null(error);
	assert_int_equal(unpacked, -1);
	close(fd);
	return error;
}

static void the_packing_is_told_by_the_first_bytes(void **state)
{
	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, 1000, packed);

		assert_int_equal(unpack_packing(packed, size), i);
		assert_int_equal(unpack_packing(packed, 2), PACKING_NONE);
	}
	assert_int_equal(unpack_packing(plain, 1000), PACKING_NONE);
	assert_int_equal(unpack_packing(plain, 0), PACKING_NONE);
}

static void what_was_packed_comes_out(void **state)
{
	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++)
		unpack_whole(pack(i, plain, PLAIN_SIZE, packed));
}

static void several_streams_are_one_file(void **state)
{
	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, 5000, packed);

		unpack_whole(size + pack(i, plain + 5000, PLAIN_SIZE - 5000, packed + size));
	}
}

static void a_stream_that_was_cut_gives_its_beginning(void **state)
{
	const struct unpack_options options = {0};

	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, PLAIN_SIZE, packed);
		bool is_cut = false;
		size_t out = unpack(size / 2, &options, &is_cut);

		assert_true(is_cut);
		assert_in_range(out, PLAIN_SIZE / 16, PLAIN_SIZE / 2);
		assert_memory_equal(result, plain, out);
	}
}

static void a_stream_that_is_damaged_gives_what_came_before(void **state)
{
	const struct unpack_options options = {0};

	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, PLAIN_SIZE, packed);
		bool is_cut = false;

		memset(packed + size / 2, 0xff, 1000);
		unpack(size, &options, &is_cut);
		/* Noise is stored as it is, and only gzip always has a checksum. */
		assert_true(is_cut || i != PACKING_GZIP);
		assert_memory_equal(result, plain, PLAIN_SIZE / 16);
	}
}

static void what_follows_the_stream_does_not_matter(void **state)
{
	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, PLAIN_SIZE, packed);

		memset(packed + size, 0, 512);
		unpack_whole(size + 512);
	}
}

static void what_is_no_elf_inside_is_refused_at_once(void **state)
{
	static const char words[] =
		"packed is not a core file: what is compressed in it is not ELF";
	const struct unpack_options options = {0};

	(void)state;
	make_plain();
	plain[0] = 'x';
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, PLAIN_SIZE, packed);
		struct error *error = refuse(size, &options);

		assert_int_equal(error_kind(error), ERROR_CORRUPT);
		assert_string_equal(error_message(error), words);
		error_free(error);
		error = refuse(5, &options);
		assert_string_equal(error_message(error), words);
		error_free(error);
	}
}

static void more_than_the_limit_is_refused(void **state)
{
	const struct unpack_options options = {.size_limit = 2 << 20};

	(void)state;
	make_plain();
	for (enum packing i = PACKING_GZIP; i <= PACKING_LZ4; i++) {
		size_t size = pack(i, plain, PLAIN_SIZE, packed);
		struct error *error = refuse(size, &options);

		assert_int_equal(error_kind(error), ERROR_CORRUPT);
		assert_non_null(strstr(error_message(error), "unpacks to more than"));
		error_free(error);
	}
}

static void without_a_folder_to_write_to_the_error_says_which(void **state)
{
	const struct unpack_options options = {.folder = "/nonexistent"};
	struct error *error;

	(void)state;
	make_plain();
	error = refuse(pack(PACKING_ZSTD, plain, PLAIN_SIZE, packed), &options);
	assert_int_equal(error_kind(error), ERROR_IO);
	assert_string_equal(error_message(error),
	                    "cannot unpack packed: no temporary file in /nonexistent (set "
	                    "TMPDIR): No such file or directory");
	error_free(error);
}

static void note_progress(void *context, double fraction)
{
	double *last = context;

	assert_true(fraction >= *last && fraction <= 1);
	*last = fraction;
}

static void progress_goes_up_to_the_end(void **state)
{
	double last = 0;
	const struct unpack_options options = {.progress = note_progress, .context = &last};
	bool is_cut;

	(void)state;
	make_plain();
	unpack(pack(PACKING_LZ4, plain, PLAIN_SIZE, packed), &options, &is_cut);
	assert_true(last > 0.999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_packing_is_told_by_the_first_bytes),
		cmocka_unit_test(what_was_packed_comes_out),
		cmocka_unit_test(several_streams_are_one_file),
		cmocka_unit_test(a_stream_that_was_cut_gives_its_beginning),
		cmocka_unit_test(a_stream_that_is_damaged_gives_what_came_before),
		cmocka_unit_test(what_follows_the_stream_does_not_matter),
		cmocka_unit_test(what_is_no_elf_inside_is_refused_at_once),
		cmocka_unit_test(more_than_the_limit_is_refused),
		cmocka_unit_test(without_a_folder_to_write_to_the_error_says_which),
		cmocka_unit_test(progress_goes_up_to_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
