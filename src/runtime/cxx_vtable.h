/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class of a C++ object, by the address of the virtual table that its first
 * word holds. The table has two words before that address (Itanium C++ ABI,
 * 2.5.2 and 2.9.5):
 *
 *	-16  offset from this part to the whole object: 0 in an object's first word
 *	 -8  type_info: { its own virtual table, the mangled name of the class }
 *	  0  the virtual functions
 *
 * So the name is there without any symbol. Where a module was compiled without
 * type information (-fno-rtti: the word at -8 is 0), the symbol of the table
 * says it, _ZTV7Session, as far as the module's file has symbols.
 */
#ifndef PLUMB_RUNTIME_CXX_VTABLE_H
#define PLUMB_RUNTIME_CXX_VTABLE_H

#include "image/cxx_name.h"
#include "runtime/mapped_image.h"

enum { CXX_VTABLE_FILES_MAX = 16 }; /* whose symbols are looked at */

struct cxx_vtables {
	struct window_cache *memory; /* borrowed */
	struct cxx_vtable_file {
		taddr start;            /* of the image */
		struct elf_image *file; /* NULL: it could not be opened */
	} files[CXX_VTABLE_FILES_MAX];
	size_t file_count;
};

void cxx_vtables_init(struct cxx_vtables *vtables, struct window_cache *memory);
void cxx_vtables_deinit(struct cxx_vtables *vtables);

/*
 * The name of the class whose table is at address, in image; the mangled name
 * where cxx_name.h does not read it. False: no table is known to be there.
 */
bool cxx_vtable_class(struct cxx_vtables *vtables, const struct mapped_image *image, taddr address,
                      char ret[CXX_NAME_MAX]);

#endif
