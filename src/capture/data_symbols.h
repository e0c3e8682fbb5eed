/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which variable of a module an address in its data belongs to, as far as the
 * module's file has symbols (.dynsym, and .symtab if it was not stripped).
 *
 * Costs: the file's symbols are read and sorted; a question is logarithmic.
 */
#ifndef PLUMB_CAPTURE_DATA_SYMBOLS_H
#define PLUMB_CAPTURE_DATA_SYMBOLS_H

#include "runtime/mapped_image.h"

struct data_symbol {
	taddr start; /* in the target */
	taddr end;   /* exclusive */
	const char *name;
};

struct data_symbols {
	struct elf_image *file;  /* has the names; NULL: it could not be opened */
	struct data_symbol *all; /* by address, never overlapping */
	size_t count;
	size_t capacity;
};

/* Of the data of image. A file that cannot be read has none. ERROR_MEMORY alone. */
struct error *data_symbols_init(struct data_symbols *symbols, struct window_cache *memory,
                                const struct mapped_image *image);
void data_symbols_deinit(struct data_symbols *symbols);

/* The variable that address lies in, or NULL. */
const struct data_symbol *data_symbols_at(const struct data_symbols *symbols, taddr address);

#endif
