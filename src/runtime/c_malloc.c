/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dynamic loader takes the first malloc in the order of the libraries, and
 * the C library comes last of those that define one. glibc says its version in
 * a banner among its constants ("GNU C Library (Debian GLIBC 2.36-9) stable
 * release version 2.36.", csu/version.c).
 */
#include "runtime/c_malloc.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

enum { PIECE = 8192, LIBRARY_MAX = 8 << 20, BANNER_MAX = 256 };

static const char banner[] = "GNU C Library ";

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static bool is_glibc(const char *name)
{
	return begins(name, "libc.so") || begins(name, "libc-2.");
}

static bool is_musl(const char *name)
{
	return begins(name, "ld-musl") || begins(name, "libc.musl");
}

/* Some versions of glibc's loader have a malloc for themselves until the real one is there. */
static bool is_c_library(const char *name)
{
	return is_glibc(name) || is_musl(name) || begins(name, "ld-linux") || begins(name, "ld-2.");
}

/* The banner at address: "(Debian GLIBC 2.36-9) stable release version 2.36." */
static bool tell_banner(struct window_cache *memory, taddr address, struct text *text)
{
	static const char before[] = " release version ";
	char words[BANNER_MAX + 1] = {0};
	const char *version;
	const char *close;

	if (!window_cache_read(memory, address + strlen(banner), words, BANNER_MAX))
		return false;
	version = strstr(words, before);
	close = strchr(words, ')');
	if (!version || !close || close > version || words[0] != '(')
		return false;
	version += strlen(before);
	text_append(text, "glibc ");
	text_append_bytes(text, version, strspn(version, ".0123456789"));
	if (text->length && text->bytes[text->length - 1] == '.')
		text->bytes[--text->length] = '\0';
	text_append_char(text, ' ');
	text_append_bytes(text, words, (size_t)(close + 1 - words));
	return true;
}

/* Looks for it in one mapping, in pieces that overlap by its length. */
static bool search_region(struct window_cache *memory, const struct target_region *region,
                          struct text *text)
{
	taddr end = region->end - region->start > LIBRARY_MAX ? region->start + LIBRARY_MAX
	                                                      : region->end;

	for (taddr at = region->start; at < end; at += PIECE - sizeof(banner)) {
		size_t size = end - at < PIECE ? (size_t)(end - at) : PIECE;
		const uint8_t *bytes = window_cache_view(memory, at, size);
		const uint8_t *found = bytes ? memmem(bytes, size, banner, strlen(banner)) : NULL;

		if (found && tell_banner(memory, at + (taddr)(found - bytes), text))
			return true;
	}
	return false;
}

static void tell_glibc(struct window_cache *memory, const struct mapped_image *image,
                       struct text *text)
{
	const struct target_region *regions;
	size_t count;

	regions = target_regions(memory->target, &count);
	for (size_t i = 0; i < count; i++) {
		const struct target_region *region = &regions[i];

		if (region->start < image->start || region->end > image->end ||
		    !region->is_readable || region->is_writable || region->is_executable)
			continue;
		if (search_region(memory, region, text))
			return;
	}
	text_append(text, "glibc");
}

const struct mapped_image *c_library_glibc(const struct mapped_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_glibc(mapped_image_name(&images[i])))
			return &images[i];
	return NULL;
}

unsigned int c_library_glibc_minor(struct window_cache *memory, const struct mapped_image *glibc)
{
	_cleanup_(text_deinit) struct text text = {0};
	unsigned int minor = 0;

	tell_glibc(memory, glibc, &text);
	if (text.is_broken)
		(void)window_cache_no_memory(memory);
	if (sscanf(text_string(&text), "glibc 2.%4u", &minor) != 1)
		return 0;
	return minor;
}

void c_library_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                    struct text *text)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = mapped_image_name(&images[i]);

		if (is_musl(name)) {
			text_append(text, "musl");
			return;
		}
		if (is_glibc(name)) {
			tell_glibc(memory, &images[i], text);
			return;
		}
	}
}

/* What a library is known by, whatever its file is called. NULL: by its file. */
static const char *known_malloc(const char *name)
{
	static const char *const known[] = {"jemalloc", "tcmalloc", "mimalloc", "snmalloc"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strstr(name, known[i]))
			return known[i];
	return NULL;
}

static bool defines_malloc(struct window_cache *memory, const struct mapped_image *image)
{
	taddr address;

	return !is_c_library(mapped_image_name(image)) &&
	       mapped_image_symbol(memory, image, "malloc", &address);
}

bool c_malloc_is_other(struct window_cache *memory, const struct mapped_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_musl(mapped_image_name(&images[i])) || defines_malloc(memory, &images[i]))
			return true;
	return false;
}

void c_malloc_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                   struct text *text)
{
	size_t told = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = mapped_image_name(&images[i]);
		const char *known = known_malloc(name);

		if (!defines_malloc(memory, &images[i]))
			continue;
		text_append(text, told++ ? ", " : "");
		if (known)
			text_printf(text, "%s (%s)", known, name);
		else
			text_append(text, name);
	}
	if (!told)
		text_append(text, "the C library's");
}
