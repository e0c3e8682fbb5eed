/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the offset of an instruction to its line in the source. CPython has
 * had three formats of line tables; each decoder here is pure (bytes in, line
 * out), total (any bytes are fine) and linear in the table.
 */
#ifndef PLUMB_RUNTIME_PY_LINE_H
#define PLUMB_RUNTIME_PY_LINE_H

#include "runtime/py_code.h"

#include <stddef.h>

/*
 * The line of the instruction at byte offset, in the table of 3.8 and 3.9
 * (co_lnotab), 3.10 (co_linetable), 3.11 and later (location table). False:
 * the instruction has no line.
 */
bool py_line_in_lnotab(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                       int32_t *ret);
bool py_line_in_line_table(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                           int32_t *ret);
bool py_line_in_locations(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                          int32_t *ret);

/*
 * The line of the instruction at byte offset of code. An offset before the
 * first instruction is the first line. False: unreadable, or it has none.
 */
bool py_line_of(struct python *python, const struct py_code *code, int64_t offset, int32_t *ret);

/* How many bytes py_line_of may read of this code. */
uint64_t py_line_table_size(struct python *python, const struct py_code *code);

#endif
