/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots that are one of many: threads, modules, and what stands in a list of
 * the interpreter (interpreter.atexit[7].func). All of a family have the same
 * words, with [*] for what tells them apart.
 */
#ifndef PLUMB_ANALYSIS_ROOT_FAMILY_H
#define PLUMB_ANALYSIS_ROOT_FAMILY_H

#include "base/text.h"
#include "snapshot/snapshot.h"

/* Appends "threads[*]", "sys.modules[*]" ...; false: the root stands alone. */
bool root_family_text(const struct snapshot *snapshot, size_t root, struct text *text);

#endif
