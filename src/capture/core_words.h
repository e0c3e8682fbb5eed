/* SPDX-License-Identifier: Apache-2.0 */
/* What a core tells of its process, as facts of a snapshot, and what it lacks, as an error. */
#ifndef PLUMB_CAPTURE_CORE_WORDS_H
#define PLUMB_CAPTURE_CORE_WORDS_H

#include "snapshot/snapshot_facts.h"
#include "target/core_target.h"

/* All but what only CPython's runtime tells. path is the core's. */
struct error *core_words_fill(const struct core_target *core, const char *path,
                              struct snapshot_facts *facts);

/*
 * Why no Python was found in a core: mostly because its binaries are not here.
 * Takes cause; says which files to bring, and how.
 */
struct error *core_words_explain(const struct core_target *core, const char *path,
                                 struct error *cause);

/*
 * The program that is mapped at address has to be at hand, in the core or as a
 * file: without CPython's own nearly all types are nameless, and a table of them
 * would only look like an answer.
 */
struct error *core_words_check_program(const struct core_target *core, const char *path,
                                       taddr address);

#endif
