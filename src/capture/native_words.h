/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of C, word by word: which of its words lead to an object or into a
 * block of malloc. Once all of these have their numbers.
 *
 * A word is a look-up in the pools, one in malloc's blocks, and for a pointer
 * to neither a hash (objects in a module's data). Memory is read a megabyte at
 * a time; of long stretches only the pages that exist.
 *
 * An object counts when its own address is met, the beginning of its block,
 * either with a tag in the two lowest bits, or where its text would begin. The
 * rest of its middle does not, for who lends a part of an object holds it
 * elsewhere.
 */
#ifndef PLUMB_CAPTURE_NATIVE_WORDS_H
#define PLUMB_CAPTURE_NATIVE_WORDS_H

#include "capture/heap_walk.h"
#include "capture/native_middles.h"
#include "target/picture.h"

struct native_words {
	struct heap_walk *walk;  /* borrowed; its native blocks have their nodes */
	struct picture *picture; /* borrowed; NULL: every page may exist */
	struct resident_pages pages;
	struct native_middles middles;
	struct snapshot_columns columns; /* of now: whoever adds a node sets them again */
	uint8_t *buffer;
	taddr buffer_start;
	size_t buffer_size;
	struct snap_edge *edges; /* what was found */
	size_t edge_count;
	size_t edge_capacity;
};

struct error *native_words_init(struct native_words *words, struct heap_walk *walk,
                                struct picture *picture);
void native_words_deinit(struct native_words *words);

/* The bytes at address, at most size of them; *ret_size is 0 for unreadable ones. */
const uint8_t *native_words_read(struct native_words *words, taddr address, size_t size,
                                 size_t *ret_size);

struct native_part { /* of memory, to be searched */
	taddr start;
	taddr end;
	taddr origin; /* where words are counted from */
	bool lends;   /* addresses of objects there are borrowed: only blocks of C count */
};

/* Appends an edge for each word that leads somewhere. */
struct error *native_words_search(struct native_words *words, const struct native_part *part);

/* The same of one word, whatever its place. */
void native_words_add(struct native_words *words, uint64_t word, uint64_t number, bool lends);

#endif
