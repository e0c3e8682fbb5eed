/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop for all: bytes from the file go through a decoder into a sink. A
 * decoder is asked for more output until it has none and wants more input.
 * Each of the formats allows several streams one after the other (pigz and
 * `cat a.gz b.gz` make such files); decoders begin anew by themselves.
 *
 * A core is mostly empty pages, and unpacks to much more than it holds: pages
 * of zeros are not written but left as holes, which the core had too before it
 * was packed.
 */
#include "image/unpack.h"

#include "base/cleanup.h"
#include "base/page_runs.h"
#include "image/unpack_decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	INPUT_SIZE = 256 << 10,
	OUTPUT_SIZE = 1 << 20,
};

struct sink {
	int fd;
	const char *name;   /* of the packed file */
	const char *folder; /* where it is unpacked to */
	uint64_t size;
	uint64_t limit;
};

struct unpacking {
	int from;
	struct unpack_decoder decoder;
	struct sink sink;
	uint8_t *input;
	uint8_t *output;
	uint64_t total; /* bytes of the packed file */
	uint64_t done;
	const struct unpack_options *options;
};

enum packing unpack_packing(const uint8_t *head, size_t size)
{
	/* RFC 1952; RFC 8878; LZ4 Frame Format Description, General Structure. */
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	static const uint8_t lz4[] = {0x04, 0x22, 0x4d, 0x18};

	if (size >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
		return PACKING_GZIP;
	if (size >= sizeof(zstd) && memcmp(head, zstd, sizeof(zstd)) == 0)
		return PACKING_ZSTD;
	if (size >= sizeof(lz4) && memcmp(head, lz4, sizeof(lz4)) == 0)
		return PACKING_LZ4;
	return PACKING_NONE;
}

/* ------------------------------------------------------------- the sink */

/* A file without a name; where the file system knows none, one that is removed at once. */
static int make_temporary(const char *folder)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	if (asprintf(&path, "%s/plumb-XXXXXX", folder) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static struct error *write_at(const struct sink *sink, const uint8_t *bytes, size_t size,
                              uint64_t offset)
{
	while (size) {
		ssize_t written = pwrite(sink->fd, bytes, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(ERROR_IO, errno,
			                   "cannot unpack %s into %s (set TMPDIR to a folder with "
			                   "more room, or unpack it yourself)",
			                   sink->name, sink->folder);
		bytes += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return NULL;
}

/* Writes what is no page of zeros. Pages are those of the output, which is near enough. */
static struct error *sink_write(struct sink *sink, const uint8_t *bytes, size_t size)
{
	struct error *error = NULL;
	size_t run = 0;

	if (size > sink->limit - sink->size)
		return error_new(ERROR_CORRUPT, "%s unpacks to more than %llu GiB: not read",
		                 sink->name, (unsigned long long)(sink->limit >> 30));
	for (size_t at = 0; !error && page_runs_next(bytes, size, &at, &run); at += run)
		error = write_at(sink, bytes + at, run, sink->size + at);
	sink->size += size;
	return error;
}

/* ------------------------------------------------------------- the loop */

/* The packed file's next bytes; 0: its end. */
static struct error *read_input(struct unpacking *unpacking, size_t *ret_size)
{
	ssize_t got;

	do
		got = pread(unpacking->from, unpacking->input, INPUT_SIZE, (off_t)unpacking->done);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(ERROR_IO, errno, "cannot read %s", unpacking->sink.name);
	unpacking->done += (uint64_t)got;
	if (unpacking->options->progress && unpacking->total)
		unpacking->options->progress(unpacking->options->context,
		                             (double)unpacking->done / (double)unpacking->total);
	*ret_size = (size_t)got;
	return NULL;
}

static struct error *check_head(const struct unpacking *unpacking, size_t size)
{
	static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};

	if (size >= sizeof(magic) && memcmp(unpacking->output, magic, sizeof(magic)) == 0)
		return NULL;
	return error_new(ERROR_CORRUPT,
	                 "%s is not a core file: what is compressed in it is not ELF",
	                 unpacking->sink.name);
}

/* Puts size bytes of input through the decoder. */
static struct error *decode(struct unpacking *unpacking, size_t size,
                            enum unpack_progress *ret_progress)
{
	enum unpack_progress progress = UNPACK_MORE;
	size_t used = 0;

	while (progress == UNPACK_MORE) {
		size_t in = size - used;
		size_t out = OUTPUT_SIZE;
		struct error *error = NULL;

		progress = unpack_decoder_run(&unpacking->decoder, unpacking->input + used, &in,
		                              unpacking->output, &out);
		used += in;
		if (out && !unpacking->sink.size)
			error = check_head(unpacking, out);
		if (!error)
			error = sink_write(&unpacking->sink, unpacking->output, out);
		if (error)
			return error;
	}
	*ret_progress = progress;
	return NULL;
}

static struct error *run(struct unpacking *unpacking, bool *ret_is_cut)
{
	enum unpack_progress progress = UNPACK_WANTS_INPUT;
	size_t size = 1;

	while (size && progress != UNPACK_DAMAGED) {
		struct error *error = read_input(unpacking, &size);

		if (!error && size)
			error = decode(unpacking, size, &progress);
		if (error)
			return error;
	}
	if (!unpacking->sink.size)
		return check_head(unpacking, 0);
	if (ftruncate(unpacking->sink.fd, (off_t)unpacking->sink.size) < 0)
		return error_errno(ERROR_IO, errno, "cannot unpack %s into %s",
		                   unpacking->sink.name, unpacking->sink.folder);
	*ret_is_cut = unpacking->decoder.is_inside;
	return NULL;
}

static struct error *begin(struct unpacking *unpacking)
{
	uint8_t head[UNPACK_HEAD];
	struct stat facts;
	ssize_t got = pread(unpacking->from, head, sizeof(head), 0);

	if (got < 0 || fstat(unpacking->from, &facts) < 0)
		return error_errno(ERROR_IO, errno, "cannot read %s", unpacking->sink.name);
	unpacking->total = (uint64_t)facts.st_size;
	unpacking->input = malloc(INPUT_SIZE);
	unpacking->output = malloc(OUTPUT_SIZE);
	if (!unpacking->input || !unpacking->output ||
	    !unpack_decoder_init(&unpacking->decoder, unpack_packing(head, (size_t)got)))
		return error_no_memory();
	unpacking->sink.fd = make_temporary(unpacking->sink.folder);
	if (unpacking->sink.fd < 0)
		return error_errno(ERROR_IO, errno,
		                   "cannot unpack %s: no temporary file in %s (set TMPDIR)",
		                   unpacking->sink.name, unpacking->sink.folder);
	return NULL;
}

static void end(struct unpacking *unpacking)
{
	unpack_decoder_deinit(&unpacking->decoder);
	cleanup_close(&unpacking->sink.fd);
	free(unpacking->input);
	free(unpacking->output);
}

static const char *temporary_folder(const struct unpack_options *options)
{
	const char *folder = options->folder ? options->folder : getenv("TMPDIR");

	return folder && *folder ? folder : "/tmp";
}

struct error *unpack_file(int fd, const char *name, const struct unpack_options *options,
                          int *ret_fd, bool *ret_is_cut)
{
	_cleanup_(end) struct unpacking unpacking = {
		.from = fd,
		.sink =
			{
				.fd = -1,
				.name = name,
				.folder = temporary_folder(options),
				.limit = options->size_limit ? options->size_limit
	                                                     : UNPACK_SIZE_DEFAULT,
			},
		.options = options,
	};
	struct error *error = begin(&unpacking);

	if (!error)
		error = run(&unpacking, ret_is_cut);
	if (!error)
		*ret_fd = take_fd(&unpacking.sink.fd);
	return error;
}
