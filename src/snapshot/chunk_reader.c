/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything about a chunk that can be told from its head is checked when the
 * directory is read, before anything is allocated for it: that it lies within
 * the file behind the one before it, that its sizes are within the limits and
 * in proportion. So the sum of all raw sizes is at most FILE_RATIO_MAX times
 * the size of the file.
 */
#include "snapshot/chunk_reader.h"

#include "base/cleanup.h"
#include "base/little_endian.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

static struct error *read_at(const struct chunk_reader *reader, uint64_t place, void *buffer,
                             size_t size)
{
	char *to = buffer;

	while (size > 0) {
		ssize_t got = pread(reader->fd, to, size, (off_t)place);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(ERROR_IO, errno, "cannot read %s", reader->path);
		if (got == 0)
			return error_new(ERROR_CORRUPT, "%s ends at %" PRIu64 ", too early",
			                 reader->path, place);
		to += got;
		place += (uint64_t)got;
		size -= (size_t)got;
	}
	return NULL;
}

static struct error *open_file(const char *path, struct chunk_reader *reader)
{
	struct stat status;

	reader->path = strdup(path);
	if (!reader->path)
		return error_no_memory();
	/* Of a pipe nobody writes to, open would wait. */
	reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->fd < 0)
		return error_errno(errno == EACCES ? ERROR_PERMISSION : ERROR_NO_TARGET, errno,
		                   "cannot open %s", path);
	if (fstat(reader->fd, &status) < 0)
		return error_errno(ERROR_IO, errno, "cannot read %s", path);
	if (!S_ISREG(status.st_mode))
		return error_new(ERROR_UNSUPPORTED, "%s is no regular file", path);
	reader->file_size = (uint64_t)status.st_size;
	return NULL;
}

static struct error *check_version(const struct chunk_reader *reader)
{
	if (reader->major != FILE_MAJOR)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s is a snapshot of format %u.%u, and this plumb reads %d.x: "
		                 "read it with a later one",
		                 reader->path, reader->major, reader->minor, FILE_MAJOR);
	if (reader->flags & FILE_FLAGS_NEEDED & ~(uint32_t)FILE_HAS_EDGES)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s needs a reader that knows its flags 0x%x: read it with a "
		                 "later plumb",
		                 reader->path, reader->flags);
	return NULL;
}

static struct error *read_header(struct chunk_reader *reader)
{
	uint8_t header[FILE_HEADER_MAX];
	struct error *error;
	uint16_t size;

	if (reader->file_size < FILE_HEADER_SIZE)
		return error_new(ERROR_UNSUPPORTED, "%s is no snapshot: it is too short",
		                 reader->path);
	error = read_at(reader, 0, header, FILE_HEADER_SIZE);
	if (error)
		return error;
	if (memcmp(header, FILE_MAGIC, FILE_MAGIC_SIZE) != 0)
		return error_new(ERROR_UNSUPPORTED, "%s is no snapshot of plumb", reader->path);
	reader->major = get_u16(header + 10);
	reader->minor = get_u16(header + 12);
	size = get_u16(header + 14);
	reader->header_size = size;
	reader->flags = get_u32(header + 16);
	if (size < FILE_HEADER_SIZE || size > FILE_HEADER_MAX || size > reader->file_size)
		return error_new(ERROR_CORRUPT, "%s: its header has %u bytes", reader->path, size);
	error = read_at(reader, 0, header, size);
	if (error)
		return error;
	if (get_u32(header + size - 4) != file_crc(header, size - 4u))
		return error_new(ERROR_CORRUPT, "%s: the checksum of its header is wrong",
		                 reader->path);
	return check_version(reader);
}

/* Where the directory is, from the trailer. */
static struct error *read_trailer(const struct chunk_reader *reader, uint64_t *ret_place,
                                  uint64_t *ret_size)
{
	uint8_t trailer[FILE_TRAILER_SIZE];
	uint64_t place, size, end;
	struct error *error = NULL;

	if (reader->file_size < FILE_HEADER_SIZE + FILE_CHUNK_SIZE + FILE_TRAILER_SIZE)
		return error_new(ERROR_CORRUPT, "%s is cut: it has %" PRIu64 " bytes", reader->path,
		                 reader->file_size);
	error = read_at(reader, reader->file_size - sizeof(trailer), trailer, sizeof(trailer));
	if (error)
		return error;
	if (memcmp(trailer + 20, FILE_END_MAGIC, FILE_END_MAGIC_SIZE) != 0)
		return error_new(
			ERROR_CORRUPT,
			"%s is cut or has something behind its end: no trailer at %" PRIu64,
			reader->path, reader->file_size - sizeof(trailer));
	if (get_u32(trailer + 16) != file_crc(trailer, 16))
		return error_new(ERROR_CORRUPT, "%s: the checksum of its trailer is wrong",
		                 reader->path);
	place = get_u64(trailer);
	size = get_u64(trailer + 8);
	if (__builtin_add_overflow(place, size, &end) || place < reader->header_size ||
	    size < FILE_CHUNK_SIZE || end != reader->file_size - sizeof(trailer))
		return error_new(ERROR_CORRUPT,
		                 "%s: its directory cannot be at %" PRIu64 " with %" PRIu64
		                 " bytes",
		                 reader->path, place, size);
	*ret_place = place;
	*ret_size = size;
	return NULL;
}

struct error *chunk_reader_blame(const struct chunk_reader *reader, const struct file_chunk *chunk,
                                 struct error *cause)
{
	return error_wrap(cause, "%s: chunk %s at %" PRIu64 " (rows %" PRIu64 " to %" PRIu64 ")",
	                  reader->path, file_kind_name(chunk->kind).letters, chunk->place,
	                  chunk->first, chunk->first + chunk->rows);
}

/* What any chunk must keep; behind is where the one before it ended. */
static struct error *check_bounds(const struct file_chunk *chunk, uint64_t behind, uint64_t limit)
{
	uint64_t end;

	if (chunk->place != behind || limit - behind < FILE_CHUNK_SIZE ||
	    chunk->stored_size > limit - behind - FILE_CHUNK_SIZE)
		return error_new(ERROR_CORRUPT,
		                 "it does not lie at %" PRIu64 ", and end before %" PRIu64, behind,
		                 limit);
	if (chunk->rows > FILE_ROWS_MAX || !chunk->rows ||
	    __builtin_add_overflow(chunk->first, chunk->rows, &end))
		return error_new(ERROR_CORRUPT, "it cannot have %" PRIu64 " rows", chunk->rows);
	if (chunk->raw_size > file_raw_max || chunk->raw_size / FILE_RATIO_MAX > chunk->stored_size)
		return error_new(ERROR_CORRUPT,
		                 "%" PRIu64 " bytes cannot unfold to %" PRIu64
		                 " (at most %d times)",
		                 chunk->stored_size, chunk->raw_size, FILE_RATIO_MAX);
	if (!(chunk->flags & CHUNK_IS_ZSTD) && chunk->stored_size != chunk->raw_size)
		return error_new(ERROR_CORRUPT,
		                 "%" PRIu64 " bytes are stored as they are, and cannot be %" PRIu64,
		                 chunk->stored_size, chunk->raw_size);
	return NULL;
}

static struct error *read_entries(struct chunk_reader *reader, const uint8_t *bytes,
                                  uint64_t directory_place)
{
	uint64_t behind = reader->header_size;

	for (size_t i = 0; i < reader->chunk_count; i++, bytes += FILE_ENTRY_SIZE) {
		struct file_chunk *chunk = &reader->chunks[i];
		struct error *error;

		if (!file_chunk_get(bytes + 8, chunk))
			return error_new(ERROR_CORRUPT,
			                 "%s: the checksum of entry %zu of its directory is wrong",
			                 reader->path, i);
		chunk->place = get_u64(bytes);
		error = check_bounds(chunk, behind, directory_place);
		if (error)
			return chunk_reader_blame(reader, chunk, error);
		behind = chunk->place + FILE_CHUNK_SIZE + chunk->stored_size;
	}
	if (behind == directory_place)
		return NULL;
	return error_new(ERROR_CORRUPT,
	                 "%s: its directory does not begin where the last chunk ends, at %" PRIu64,
	                 reader->path, behind);
}

static struct error *read_directory(struct chunk_reader *reader, uint64_t place, uint64_t size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	uint64_t content = size - FILE_CHUNK_SIZE;
	struct file_chunk directory;
	struct error *error;

	if (content % FILE_ENTRY_SIZE || content / FILE_ENTRY_SIZE > FILE_CHUNKS_MAX)
		return error_new(ERROR_CORRUPT, "%s: a directory cannot have %" PRIu64 " bytes",
		                 reader->path, content);
	bytes = malloc((size_t)size);
	reader->chunk_count = (size_t)(content / FILE_ENTRY_SIZE);
	reader->chunks = calloc(reader->chunk_count + 1, sizeof(*reader->chunks));
	if (!bytes || !reader->chunks)
		return error_no_memory();
	error = read_at(reader, place, bytes, (size_t)size);
	if (error)
		return error;
	if (!file_chunk_get(bytes, &directory) || directory.kind != KIND_DIRECTORY ||
	    directory.stored_size != content)
		return error_new(ERROR_CORRUPT, "%s: there is no directory at %" PRIu64,
		                 reader->path, place);
	if (directory.crc != file_crc(bytes + FILE_CHUNK_SIZE, (size_t)content))
		return error_new(ERROR_CORRUPT, "%s: the checksum of its directory is wrong",
		                 reader->path);
	return read_entries(reader, bytes + FILE_CHUNK_SIZE, place);
}

struct error *chunk_reader_open(const char *path, struct chunk_reader *ret)
{
	struct chunk_reader reader = {.fd = -1};
	uint64_t place = 0;
	uint64_t size = 0;
	struct error *error = open_file(path, &reader);

	if (!error)
		error = read_header(&reader);
	if (!error)
		error = read_trailer(&reader, &place, &size);
	if (!error)
		error = read_directory(&reader, place, size);
	if (error) {
		chunk_reader_deinit(&reader);
		return error;
	}
	*ret = reader;
	return NULL;
}

void chunk_reader_deinit(struct chunk_reader *reader)
{
	if (reader->path && reader->fd >= 0)
		close(reader->fd);
	free(reader->path);
	free(reader->chunks);
	*reader = (struct chunk_reader){.fd = -1};
}

bool chunk_buffers_init(struct chunk_buffers *buffers)
{
	*buffers = (struct chunk_buffers){.context = ZSTD_createDCtx()};
	return buffers->context;
}

void chunk_buffers_deinit(struct chunk_buffers *buffers)
{
	ZSTD_freeDCtx(buffers->context);
	buffer_deinit(&buffers->stored);
	buffer_deinit(&buffers->raw);
	buffers->context = NULL;
}

static struct error *unfold(const struct file_chunk *chunk, struct chunk_buffers *buffers)
{
	if (file_crc(buffers->stored.bytes, buffers->stored.size) != chunk->crc)
		return error_new(ERROR_CORRUPT, "its checksum is wrong");
	if (!buffer_resize(&buffers->raw, (size_t)chunk->raw_size))
		return error_no_memory();
	if (chunk->flags & CHUNK_IS_ZSTD)
		return zstd_unpack(buffers->context, buffers->stored.bytes, buffers->stored.size,
		                   buffers->raw.bytes, buffers->raw.size);
	if (buffers->raw.size)
		memcpy(buffers->raw.bytes, buffers->stored.bytes, buffers->raw.size);
	return NULL;
}

struct error *chunk_reader_read(const struct chunk_reader *reader, const struct file_chunk *chunk,
                                struct chunk_buffers *buffers)
{
	struct error *error;

	if (!buffer_resize(&buffers->stored, (size_t)chunk->stored_size))
		return error_no_memory();
	error = read_at(reader, chunk->place + FILE_CHUNK_SIZE, buffers->stored.bytes,
	                buffers->stored.size);
	if (error)
		return error;
	error = unfold(chunk, buffers);
	return error ? chunk_reader_blame(reader, chunk, error) : NULL;
}

struct error *chunk_reader_check_head(const struct chunk_reader *reader,
                                      const struct file_chunk *chunk)
{
	uint8_t in_file[FILE_CHUNK_SIZE];
	uint8_t in_directory[FILE_CHUNK_SIZE];
	struct error *error = read_at(reader, chunk->place, in_file, sizeof(in_file));

	if (error)
		return error;
	file_chunk_put(chunk, in_directory);
	if (memcmp(in_file, in_directory, sizeof(in_file)) == 0)
		return NULL;
	return chunk_reader_blame(
		reader, chunk, error_new(ERROR_CORRUPT, "its head is not what the directory says"));
}
