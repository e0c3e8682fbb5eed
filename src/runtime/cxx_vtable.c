/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word that leads into a module is mostly no virtual table, so much has to
 * fit before a class is named: an offset of 0, a type_info that leads to text,
 * and text that is a mangled name and nothing else.
 */
#include "runtime/cxx_vtable.h"

#include <string.h>

enum {
	WORD = 8,
	TABLE_HEAD = 2 * WORD,
};

#define TABLE_SYMBOL "_ZTV"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

void cxx_vtables_init(struct cxx_vtables *vtables, struct window_cache *memory)
{
	*vtables = (struct cxx_vtables){.memory = memory};
}

void cxx_vtables_deinit(struct cxx_vtables *vtables)
{
	for (size_t i = 0; i < vtables->file_count; i++)
		elf_image_free(vtables->files[i].file);
	*vtables = (struct cxx_vtables){0};
}

/* "7Session", "N3app7SessionE" or "St9exception". */
static bool is_mangled(const char *name)
{
	size_t length = strspn(name, LETTERS);

	if (length < 2 || name[length])
		return false;
	switch (*name) {
	case 'N': return name[length - 1] == 'E';
	case 'S': return name[1] == 't';
	default: return *name >= '1' && *name <= '9';
	}
}

static void read_name(const char *mangled, char ret[CXX_NAME_MAX])
{
	if (!cxx_name_read(mangled, ret, CXX_NAME_MAX))
		memcpy(ret, mangled, strlen(mangled) + 1);
}

/* A name that begins with * is to be compared by its address (libstdc++'s <typeinfo>). */
static bool class_of_type_info(struct window_cache *memory, taddr type_info, char ret[CXX_NAME_MAX])
{
	char mangled[CXX_NAME_MAX];
	const char *name = mangled;
	uint64_t words[2];

	if (type_info % WORD || !window_cache_read(memory, type_info, words, sizeof(words)) ||
	    !words[0] || words[0] % WORD ||
	    !window_cache_string(memory, words[1], mangled, sizeof(mangled)))
		return false;
	if (*name == '*')
		name++;
	if (!is_mangled(name))
		return false;
	read_name(name, ret);
	return true;
}

static struct elf_image *file_of(struct cxx_vtables *vtables, const struct mapped_image *image)
{
	struct cxx_vtable_file *file;
	struct error *error;

	for (size_t i = 0; i < vtables->file_count; i++)
		if (vtables->files[i].start == image->start)
			return vtables->files[i].file;
	if (vtables->file_count == CXX_VTABLE_FILES_MAX)
		return NULL;
	file = &vtables->files[vtables->file_count++];
	*file = (struct cxx_vtable_file){.start = image->start};
	error = mapped_image_open_file(vtables->memory, image, &file->file);
	if (error && error_kind(error) == ERROR_MEMORY)
		(void)window_cache_no_memory(vtables->memory);
	error_free(error);
	return file->file;
}

static bool class_of_symbol(struct cxx_vtables *vtables, const struct mapped_image *image,
                            taddr table, char ret[CXX_NAME_MAX])
{
	const struct elf_image *file = file_of(vtables, image);
	const char *name = file ? elf_image_symbol_at(file, TABLE_SYMBOL, table - image->bias)
	                        : NULL;

	if (!name || strlen(name) >= CXX_NAME_MAX)
		return false;
	read_name(name + strlen(TABLE_SYMBOL), ret);
	return true;
}

bool cxx_vtable_class(struct cxx_vtables *vtables, const struct mapped_image *image, taddr address,
                      char ret[CXX_NAME_MAX])
{
	uint64_t head[2]; /* the offset, the type_info */

	if (address % WORD || address < TABLE_HEAD ||
	    !window_cache_read(vtables->memory, address - TABLE_HEAD, head, sizeof(head)) ||
	    head[0])
		return false;
	if (head[1])
		return class_of_type_info(vtables->memory, head[1], ret);
	return class_of_symbol(vtables, image, address - TABLE_HEAD, ret);
}
