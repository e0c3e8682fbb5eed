/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as a file: written from a graph in memory, read back as one. The
 * format is doc/snapshot-format.md. The file appears whole or not at all
 * (base/new_file.h); what is read is hostile until it was checked, and what
 * snapshot_file_open returns keeps every invariant of snapshot.h.
 */
#ifndef PLUMB_SNAPSHOT_SNAPSHOT_FILE_H
#define PLUMB_SNAPSHOT_SNAPSHOT_FILE_H

#include "snapshot/snapshot.h"

/* What a node is worth as text: a short literal, and what stands behind one that was cut. */
struct node_value {
	const char *text; /* not terminated */
	size_t length;
	bool is_cut;
	uint64_t whole_length; /* of a str in characters, of bytes in bytes */
	uint64_t hash;         /* base/content_hash.h of all its bytes */
};

/*
 * Who tells values while a file is written. Values are asked for by several
 * threads, each with a teller of its own.
 */
struct value_source {
	void *context;
	void *(*open)(void *context); /* a teller; NULL: out of memory */
	void (*close)(void *teller);
	/*
	 * The value of node; what ret points to is valid until the next call.
	 * is_key: it names others, so that any text is welcome; otherwise only
	 * what stands for the whole node (a number, a string). False: it has none.
	 */
	bool (*tell)(void *teller, node_id node, bool is_key, struct node_value *ret);
	/* Was a value not told because plumb's own memory ran out? */
	bool (*has_run_out)(void *teller);
};

struct snapshot_file_options {
	/* Without values, or with those that are names of attributes only, the file says so. */
	const struct value_source *values; /* may be NULL */
	bool names_only;
	bool (*should_stop)(void *context);               /* may be NULL; asked now and then */
	void (*progress)(void *context, double fraction); /* may be NULL */
	void *context;
};

/* The graph with its facts. ret_size: bytes of the file. */
struct error *snapshot_file_write(const struct snapshot *snapshot, const char *path,
                                  const struct snapshot_file_options *options, uint64_t *ret_size);

/* What is read besides types, sizes, flags and the tables. */
enum snapshot_file_parts {
	SNAPSHOT_FILE_ADDRESSES = 1 << 0, /* the columns address and refcount; NULL without */
	SNAPSHOT_FILE_EDGES = 1 << 1,
	SNAPSHOT_FILE_TRACES = 1 << 2, /* where things were allocated, if the file has it */
	SNAPSHOT_FILE_ALL = SNAPSHOT_FILE_ADDRESSES | SNAPSHOT_FILE_EDGES | SNAPSHOT_FILE_TRACES,
};

struct snapshot_file;

/* Is it worth opening as one: does it begin as a snapshot? No error is told. */
bool snapshot_file_is_one(const char *path);

/*
 * ERROR_NO_TARGET: there is none; ERROR_UNSUPPORTED: it is no snapshot, or of
 * a later version; ERROR_CORRUPT: it is broken, and where.
 */
struct error *snapshot_file_open(const char *path, unsigned int parts, struct snapshot_file **ret);
void snapshot_file_free(struct snapshot_file *file);

static inline void cleanup_snapshot_file(struct snapshot_file **file)
{
	snapshot_file_free(*file);
}

/*
 * Lives as long as the file; facts.file is the path it was opened by, and
 * node_text answers from the file's values.
 */
const struct snapshot *snapshot_file_snapshot(const struct snapshot_file *file);

/* The value of a node; the text is borrowed until the next call. False: it has none. */
bool snapshot_file_value(struct snapshot_file *file, node_id node, struct node_value *ret);

/* The values in a file as a source for another. Borrows the file. */
struct value_source snapshot_file_values(struct snapshot_file *file);

/* What a file is. */
struct snapshot_file_info {
	unsigned int major, minor;
	uint64_t size;
	size_t chunks;
	bool has_edges;
	bool has_values; /* more than names of attributes */
};

struct snapshot_file_info snapshot_file_info(const struct snapshot_file *file);

/*
 * Holds every byte of an open file against the rules, also those that opening
 * it does not need. Names the first one that is broken.
 */
struct error *snapshot_file_check(struct snapshot_file *file);

#endif
