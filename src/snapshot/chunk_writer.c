/* SPDX-License-Identifier: Apache-2.0 */
/* Strictly appending; the directory is kept in memory until the end. */
#include "snapshot/chunk_writer.h"

#include "base/little_endian.h"

struct error *chunk_writer_open(const char *path, uint32_t flags, struct chunk_writer *ret)
{
	struct chunk_writer writer = {0};
	uint8_t header[FILE_HEADER_SIZE] = {0};
	struct error *error = new_file_open(path, &writer.file);

	if (error)
		return error;
	memcpy(header, FILE_MAGIC, FILE_MAGIC_SIZE);
	put_u16(header + 10, FILE_MAJOR);
	put_u16(header + 12, FILE_MINOR);
	put_u16(header + 14, FILE_HEADER_SIZE);
	put_u32(header + 16, flags);
	put_u32(header + 28, file_crc(header, 28));
	error = new_file_write(&writer.file, header, sizeof(header));
	if (error) {
		chunk_writer_deinit(&writer);
		return error;
	}
	*ret = writer;
	return NULL;
}

static struct error *write_chunk(struct chunk_writer *writer, const uint8_t *head,
                                 const struct buffer *stored)
{
	struct error *error = new_file_write(&writer->file, head, FILE_CHUNK_SIZE);

	return error ? error : new_file_write(&writer->file, stored->bytes, stored->size);
}

struct error *chunk_writer_add(struct chunk_writer *writer, const struct file_chunk *chunk,
                               const struct buffer *stored)
{
	size_t at = writer->directory.size;
	uint8_t *entry;

	if (at / FILE_ENTRY_SIZE == FILE_CHUNKS_MAX)
		return error_new(ERROR_IO, "cannot write %s: it would have over %d parts",
		                 writer->file.path, FILE_CHUNKS_MAX);
	if (!buffer_resize(&writer->directory, at + FILE_ENTRY_SIZE))
		return error_no_memory();
	entry = writer->directory.bytes + at;
	put_u64(entry, writer->file.size);
	file_chunk_put(chunk, entry + 8);
	return write_chunk(writer, entry + 8, stored);
}

static void make_trailer(const struct chunk_writer *writer, uint64_t place,
                         uint8_t trailer[FILE_TRAILER_SIZE])
{
	put_u64(trailer, place);
	put_u64(trailer + 8, FILE_CHUNK_SIZE + writer->directory.size);
	put_u32(trailer + 16, file_crc(trailer, 16));
	memcpy(trailer + 20, FILE_END_MAGIC, FILE_END_MAGIC_SIZE);
}

struct error *chunk_writer_finish(struct chunk_writer *writer)
{
	uint64_t place = writer->file.size;
	uint8_t head[FILE_CHUNK_SIZE];
	uint8_t trailer[FILE_TRAILER_SIZE];
	struct file_chunk chunk = {
		.kind = KIND_DIRECTORY,
		.rows = writer->directory.size / FILE_ENTRY_SIZE,
		.raw_size = writer->directory.size,
	};
	struct error *error;

	file_chunk_seal(&chunk, writer->directory.bytes, writer->directory.size);
	file_chunk_put(&chunk, head);
	make_trailer(writer, place, trailer);
	error = write_chunk(writer, head, &writer->directory);
	if (!error)
		error = new_file_write(&writer->file, trailer, sizeof(trailer));
	return error ? error : new_file_finish(&writer->file);
}

void chunk_writer_deinit(struct chunk_writer *writer)
{
	new_file_deinit(&writer->file);
	buffer_deinit(&writer->directory);
}
