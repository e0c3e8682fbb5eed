/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any file is either refused, or becomes a graph that keeps all its
 * invariants, whose memory is in proportion to the file, whose every node can
 * be asked for its value, and which plumb check may still find broken but not
 * crash on. A graph that was read is written and read again without change of
 * its figures.
 *
 * Checksums would hide the rest of the reader, so each input is read twice: as
 * it is, and with all checksums repaired.
 */
#include "fuzz_target.h"

#include "base/little_endian.h"
#include "snapshot/file_chunk.h"
#include "snapshot/snapshot_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VALUES_ASKED = 4096 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* The checksums of the chunk at place, whose head stands at `head`, in the directory too. */
static void repair_chunk(uint8_t *data, size_t size, uint8_t *head, uint64_t place)
{
	uint64_t stored = get_u64(head + 32);

	if (place < size && size - place > FILE_CHUNK_SIZE &&
	    stored <= size - place - FILE_CHUNK_SIZE)
		put_u32(head + 40, file_crc(data + place + FILE_CHUNK_SIZE, (size_t)stored));
	put_u32(head + 44, file_crc(head, 44));
	/* The copy before the stored bytes says the same. */
	if (place < size && size - place >= FILE_CHUNK_SIZE && data + place != head)
		memcpy(data + place, head, FILE_CHUNK_SIZE);
}

static void repair_directory(uint8_t *data, size_t size, uint64_t place)
{
	size_t end = size - FILE_TRAILER_SIZE;

	for (uint64_t at = place + FILE_CHUNK_SIZE; at <= end && end - at >= FILE_ENTRY_SIZE;
	     at += FILE_ENTRY_SIZE) {
		uint64_t chunk = get_u64(data + at);

		if (chunk + FILE_CHUNK_SIZE <= place)
			repair_chunk(data, size, data + at + 8, chunk);
	}
	repair_chunk(data, size, data + place, place);
}

static void repair(uint8_t *data, size_t size)
{
	uint64_t place;

	if (size < FILE_HEADER_SIZE + FILE_CHUNK_SIZE + FILE_TRAILER_SIZE)
		return;
	memcpy(data, FILE_MAGIC, FILE_MAGIC_SIZE);
	put_u16(data + 14, FILE_HEADER_SIZE);
	place = get_u64(data + size - FILE_TRAILER_SIZE);
	if (place >= FILE_HEADER_SIZE && place <= size - FILE_TRAILER_SIZE - FILE_CHUNK_SIZE)
		repair_directory(data, size, place);
	put_u32(data + 28, file_crc(data, 28));
	put_u32(data + size - 12, file_crc(data + size - FILE_TRAILER_SIZE, 16));
	memcpy(data + size - 8, FILE_END_MAGIC, FILE_END_MAGIC_SIZE);
}

static void ask_values(struct snapshot_file *file)
{
	node_id nodes = snapshot_file_snapshot(file)->node_count;

	for (node_id node = 0; node < nodes && node < VALUES_ASKED; node++) {
		struct node_value value;
		size_t length = 0;

		if (!snapshot_file_value(file, node, &value))
			continue;
		while (length < value.length && value.text[length])
			length++;
		check(length <= value.length);
	}
}

static void check_graph(const struct snapshot *snapshot, size_t file_size)
{
	struct error *error = snapshot_check(snapshot);

	check(!error);
	check(snapshot->node_count <= file_size * FILE_RATIO_MAX);
	check(snapshot->string_count <= file_size * FILE_RATIO_MAX);
	if (snapshot_has_edges(snapshot))
		check(snapshot->edge_start[snapshot->node_count] <= file_size * FILE_RATIO_MAX);
}

/* What was read is written, and read once more. */
static void write_again(struct snapshot_file *file)
{
	const struct snapshot *first = snapshot_file_snapshot(file);
	struct value_source values = snapshot_file_values(file);
	struct snapshot_file_options options = {.values = &values};
	struct snapshot_file *second;
	char path[64];
	uint64_t size;

	snprintf(path, sizeof(path), "/tmp/plumb-fuzz-%d.plumb", getpid());
	check(!snapshot_file_write(first, path, &options, &size));
	check(!snapshot_file_open(path, SNAPSHOT_FILE_ALL, &second));
	check(unlink(path) == 0);
	check(snapshot_file_snapshot(second)->node_count == first->node_count);
	check(snapshot_has_edges(snapshot_file_snapshot(second)) == snapshot_has_edges(first));
	check(snapshot_file_snapshot(second)->string_count == first->string_count);
	snapshot_file_free(second);
}

static void read_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct snapshot_file *file;
	struct error *error;
	char path[64];

	check(fd >= 0);
	check(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file);
	if (!error) {
		check_graph(snapshot_file_snapshot(file), size);
		ask_values(file);
		error = snapshot_file_check(file);
		if (!error)
			write_again(file);
		snapshot_file_free(file);
	}
	error_free(error);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	check(copy);
	memcpy(copy, data, size);
	read_file(copy, size);
	repair(copy, size);
	read_file(copy, size);
	free(copy);
	return 0;
}
