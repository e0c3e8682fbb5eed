/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TARGET on the command line, whatever it is: a process id, a core file or a
 * snapshot. Each becomes a graph here, and no command needs to know which it
 * was (the facts in the snapshot say so to the user).
 *
 * A word of digits is a process id (./4242 is the file); a file is told by
 * its first bytes, never by its name.
 */
#ifndef PLUMB_CLI_SOURCE_H
#define PLUMB_CLI_SOURCE_H

#include "cli/options.h"
#include "cli/output.h"
#include "snapshot/snapshot_file.h"

struct source;

/* with_edges: false for sizes and counts only, in half the memory. */
struct error *source_open(const struct options *options, const char *word, bool with_edges,
                          struct progress *progress, struct source **ret);
/* For sizes and counts of types alone: of a snapshot not even addresses are read. */
struct error *source_open_table(const struct options *options, const char *word,
                                struct progress *progress, struct source **ret);
/* With what the program runs: the whole graph for a file; or nothing but the facts. */
struct error *source_open_to_keep(const struct options *options, const char *word,
                                  struct progress *progress, struct source **ret);
struct error *source_open_facts(const struct options *options, const char *word,
                                struct progress *progress, struct source **ret);
/* With edges, and with the memory of C; a snapshot has none of that. */
struct error *source_open_native(const struct options *options, const char *word,
                                 struct progress *progress, struct source **ret);
/* The same with the account of its memory; ERROR_UNSUPPORTED where that is not known. */
struct error *source_open_account(const struct options *options, const char *word,
                                  struct progress *progress, struct source **ret);
void source_free(struct source *source);

static inline void cleanup_source(struct source **source)
{
	source_free(*source);
}

/* Lives as long as the source. */
const struct snapshot *source_snapshot(const struct source *source);

/*
 * Who tells the values of its nodes, until its texts are released; and are
 * there more than names of attributes? (Not in a snapshot that was written
 * without.) Borrows the source.
 */
struct value_source source_values(struct source *source);
bool source_has_values(const struct source *source);

/* Gives back early what only texts of nodes are read from: the picture. */
void source_release_texts(struct source *source);

#endif
