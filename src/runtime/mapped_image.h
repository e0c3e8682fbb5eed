/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file as it lies in the target's memory: where its segments are and
 * what its dynamic symbols say, read from the mapping itself. That works
 * whatever became of the file: replaced, deleted, in another namespace. Only
 * what is not mapped (.symtab, section headers) needs the file.
 *
 * A file can be mapped twice (libffi does it to make closures): each mapping
 * of its first page is an image of its own, and a symbol of the wrong one
 * points at nothing. Whoever uses a symbol checks what is there.
 */
#ifndef PLUMB_RUNTIME_MAPPED_IMAGE_H
#define PLUMB_RUNTIME_MAPPED_IMAGE_H

#include "image/elf_image.h"
#include "target/window_cache.h"

enum {
	MAPPED_DATA_MAX = 4,
	MAPPED_NOTES_MAX = 4,
	BUILD_ID_MAX = 64, /* bytes; longer ones are cut */
};

struct mapped_range {
	taddr start;
	taddr end; /* exclusive */
};

struct mapped_image {
	const struct target_region *region; /* of its first page; borrowed from the target */
	taddr bias;                         /* address in the target - address in the file */
	taddr start;                        /* of the lowest segment, */
	taddr end;                          /* of the highest one, with .bss; exclusive */
	taddr dynamic;                      /* PT_DYNAMIC, 0: none */
	uint64_t dynamic_size;
	struct mapped_range data[MAPPED_DATA_MAX]; /* writable segments, with .bss */
	size_t data_count;
	struct mapped_range notes[MAPPED_NOTES_MAX];
	size_t note_count;
};

/* False: no x86-64 ELF file starts in the region. */
bool mapped_image_read(struct window_cache *memory, const struct target_region *region,
                       struct mapped_image *ret);

/* The address in the target of a defined dynamic symbol. */
bool mapped_image_symbol(struct window_cache *memory, const struct mapped_image *image,
                         const char *name, taddr *ret);

/* Its build-id as lower-case hex, from its notes in memory. False: it has none. */
bool mapped_image_build_id(struct window_cache *memory, const struct mapped_image *image,
                           char ret[2 * BUILD_ID_MAX + 1]);

/* Opens the file that was mapped. */
struct error *mapped_image_open_file(struct window_cache *memory, const struct mapped_image *image,
                                     struct elf_image **ret);

/* "libpython3.11.so.1.0" of "/usr/lib/libpython3.11.so.1.0". Borrowed. */
const char *mapped_image_name(const struct mapped_image *image);

/*
 * All images of the target, those whose name contains "python" first. The
 * caller frees the array.
 */
struct error *mapped_images_list(struct window_cache *memory, struct mapped_image **ret,
                                 size_t *ret_count);

#endif
