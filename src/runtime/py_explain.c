/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All versions of CPython compose the text of sys.version in a static buffer
 * (Py_GetVersion, Python/getversion.c): "2.7.18 (default, ...) \n[GCC ...]".
 * It is found by its form in the writable memory of what looks like Python;
 * failing that, the name of the file often has the version in it.
 */
#include "runtime/py_explain.h"

#include "base/cleanup.h"
#include "runtime/py_version.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

enum {
	VERSION_TEXT_MAX = 24,
	COMPILER_DISTANCE_MAX = 128, /* from the version to "\n[GCC" */
	SEARCH_MAX = 32 << 20,
	CHUNK = WINDOW_SIZE / 2,
	OVERLAP = 256,
};

static bool images_have_name(const struct mapped_image *images, size_t count, const char *part,
                             const struct mapped_image **ret)
{
	for (size_t i = 0; i < count; i++) {
		if (strstr(mapped_image_name(&images[i]), part)) {
			*ret = &images[i];
			return true;
		}
	}
	return false;
}

/* Length of "2.7.18" or "3.16.0a3+" at text, 0 when there is none. */
static size_t version_length(const uint8_t *text, size_t size)
{
	size_t length = 0;
	size_t dots = 0;

	if (size < 2 || (text[0] != '2' && text[0] != '3') || text[1] != '.')
		return 0;
	while (length < size && length < VERSION_TEXT_MAX &&
	       (isalnum(text[length]) || text[length] == '.' || text[length] == '+'))
		dots += text[length++] == '.';
	return dots == 2 ? length : 0;
}

/* Is the text of sys.version at bytes? Its version goes to ret. */
static bool version_text_at(const uint8_t *bytes, size_t size, char *ret)
{
	size_t length = version_length(bytes, size);

	if (!length || length + 2 > size || bytes[length] != ' ' || bytes[length + 1] != '(')
		return false;
	if (size > length + COMPILER_DISTANCE_MAX)
		size = length + COMPILER_DISTANCE_MAX;
	if (!memmem(bytes + length, size - length, "\n[", 2))
		return false;
	memcpy(ret, bytes, length);
	ret[length] = '\0';
	return true;
}

static bool search_version_text(struct window_cache *memory, const struct mapped_range *range,
                                char *ret)
{
	taddr end = range->end;

	if (end - range->start > SEARCH_MAX)
		end = range->start + SEARCH_MAX;
	for (taddr at = range->start; at < end; at += CHUNK) {
		uint64_t left = end - at;
		size_t size = left < CHUNK + OVERLAP ? (size_t)left : CHUNK + OVERLAP;
		const uint8_t *bytes = window_cache_view(memory, at, size);

		for (size_t i = 0; bytes && i < size && i < CHUNK; i++) {
			if (version_text_at(bytes + i, size - i, ret))
				return true;
		}
	}
	return false;
}

/* "libpython3.6m.so.1.0" and "python2.7" have it. */
static bool version_in_name(const char *name, char *ret)
{
	const char *text = strstr(name, "python");
	unsigned int major;
	unsigned int minor;

	if (!text || sscanf(text, "python%1u.%2u", &major, &minor) != 2)
		return false;
	snprintf(ret, VERSION_TEXT_MAX + 1, "%u.%u", major, minor);
	return true;
}

static bool find_version(struct window_cache *memory, const struct mapped_image *image, char *ret)
{
	bool has_symbol;
	taddr symbol;

	has_symbol = mapped_image_symbol(memory, image, "Py_GetVersion", &symbol);
	if (!has_symbol && !strstr(mapped_image_name(image), "python"))
		return false;
	for (size_t i = 0; i < image->data_count; i++) {
		if (search_version_text(memory, &image->data[i], ret))
			return true;
	}
	/* A name alone makes no Python. */
	return has_symbol && version_in_name(mapped_image_name(image), ret);
}

static bool version_is_supported(const char *text)
{
	unsigned int major = 0;
	unsigned int minor = 0;

	return sscanf(text, "%1u.%2u", &major, &minor) == 2 && major == 3 &&
	       minor >= PYTHON_MINOR_FIRST && minor <= PYTHON_MINOR_LAST;
}

/* The program: the lowest file that is mapped, but for odd linkers. */
static const char *program_path(struct window_cache *memory)
{
	size_t count;
	const struct target_region *regions = target_regions(memory->target, &count);

	for (size_t i = 0; i < count; i++) {
		if (regions[i].path[0] == '/')
			return regions[i].path;
	}
	return NULL;
}

static struct error *not_python(struct window_cache *memory, size_t image_count)
{
	const char *path = program_path(memory);

	if (!path)
		return error_new(ERROR_NOT_PYTHON,
		                 "it is no Python process: no program is mapped in it");
	if (strstr(strrchr(path, '/'), "python"))
		return error_new(ERROR_UNREADY,
		                 "it runs %s, but no CPython was found in its %zu mapped binaries "
		                 "(is it just starting?)",
		                 path, image_count);
	return error_new(ERROR_NOT_PYTHON,
	                 "it runs %s, which is not Python (no CPython in its %zu mapped binaries)",
	                 path, image_count);
}

static struct error *unsupported(const char *version)
{
	return error_new(ERROR_UNSUPPORTED,
	                 "it runs CPython %s, which plumb does not know (it knows 3.%d to 3.%d)",
	                 version, PYTHON_MINOR_FIRST, PYTHON_MINOR_LAST);
}

static struct error *does_not_add_up(const char *version, struct error *cause)
{
	if (cause)
		return error_wrap(cause, "it runs CPython %s, which cannot be read", version);
	return error_new(ERROR_UNREADY,
	                 "it runs CPython %s, but its runtime was not found (is it just starting, "
	                 "or ending?)",
	                 version);
}

struct error *py_explain(struct window_cache *memory, const struct mapped_image *images,
                         size_t count, struct error *cause)
{
	_cleanup_(cleanup_error) struct error *owned = cause;
	const struct mapped_image *image;
	char version[VERSION_TEXT_MAX + 1];

	if (images_have_name(images, count, "pypy", &image))
		return error_new(ERROR_UNSUPPORTED, "it runs PyPy (%s); plumb reads CPython only",
		                 mapped_image_name(image));
	for (size_t i = 0; i < count; i++) {
		if (!find_version(memory, &images[i], version))
			continue;
		if (!version_is_supported(version))
			return unsupported(version);
		return does_not_add_up(version, take_ptr(owned));
	}
	if (owned)
		return take_ptr(owned);
	return not_python(memory, count);
}
