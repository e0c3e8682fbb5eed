/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts of a snapshot as words: a name and a value in turn, so that a
 * later version adds one without a new format. A setting is a fact, too, called
 * by its section and name: "library:libc.so.6". Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_FILE_FACTS_H
#define PLUMB_SNAPSHOT_FILE_FACTS_H

#include "base/text.h"
#include "snapshot/file_strings.h"
#include "snapshot/snapshot_facts.h"

struct file_facts {
	struct text words; /* each terminated */
	uint64_t *start;
	size_t count; /* of words */
	size_t capacity;
};

/* Empties it; takes one of zeros, too. */
void file_facts_deinit(struct file_facts *facts);

static inline struct string_rows file_facts_rows(const struct file_facts *facts)
{
	return (struct string_rows){text_string(&facts->words), facts->start};
}

/* False: memory ran out. */
bool file_facts_tell(const struct snapshot_facts *facts, struct file_facts *ret);

/*
 * Takes what is known of count words into facts; unknown names are left out.
 * ERROR_CORRUPT: a value makes no sense.
 */
struct error *file_facts_understand(struct string_rows words, size_t count,
                                    struct snapshot_facts *facts);

#endif
