/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 3.13 and newer carry a table for debuggers that names the version. Older
 * ones are found out by trial: a layout is taken for right when the main
 * interpreter is sound with it, and sys.hexversion, read with that very
 * layout, names the same minor version.
 */
#include "runtime/py_version.h"

#include "runtime/py_debug_offsets.h"
#include "runtime/py_fit.h"
#include "runtime/py_structure.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_WITH_DEBUG_OFFSETS = 0x030d };

void py_version_format(uint32_t hexversion, char *buffer, size_t size)
{
	static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
	const char *level = levels[hexversion >> 4 & 0xf];
	unsigned int major = hexversion >> 24;
	unsigned int minor = hexversion >> 16 & 0xff;
	unsigned int micro = hexversion >> 8 & 0xff;
	unsigned int serial = hexversion & 0xf;

	if (level)
		snprintf(buffer, size, "%u.%u.%u%s%u", major, minor, micro, level, serial);
	else
		snprintf(buffer, size, "%u.%u.%u", major, minor, micro);
}

/* Offsets still move between alphas and betas. */
static bool is_final(uint32_t hexversion)
{
	return (hexversion >> 4 & 0xf) == 0xf;
}

static struct error *check_supported(uint32_t hexversion)
{
	unsigned int minor = hexversion >> 16 & 0xff;
	char text[32];

	if (hexversion >> 24 == 3 && minor >= PYTHON_MINOR_FIRST && minor <= PYTHON_MINOR_LAST)
		return NULL;
	py_version_format(hexversion, text, sizeof(text));
	return error_new(ERROR_UNSUPPORTED,
	                 "it runs CPython %s, which plumb does not know (it knows 3.%d to 3.%d)",
	                 text, PYTHON_MINOR_FIRST, PYTHON_MINOR_LAST);
}

/* Does the list of interpreters lead to the main one? */
static bool list_leads_to(struct python *python, taddr main)
{
	taddr address;

	if (!window_cache_u64(python->memory,
	                      python->runtime + python->layout.runtime.interpreters_head, &address))
		return false;
	for (size_t i = 0; i < PYTHON_INTERPRETERS_MAX && address != main; i++) {
		if (!address ||
		    !window_cache_u64(python->memory, address + python->layout.interpreter.next,
		                      &address))
			return false;
	}
	return address == main;
}

/* Are the structs at python->runtime laid out like python->layout? */
static bool layout_is_sound(struct python *python, uint32_t known_version)
{
	const struct py_layout *layout = &python->layout;
	struct py_anchors anchors;
	uint32_t said;
	taddr sysdict;
	taddr main;

	if (!window_cache_u64(python->memory, python->runtime + layout->runtime.interpreters_main,
	                      &main) ||
	    !py_interpreter_is_sound(python->memory, layout, main, &anchors) ||
	    !list_leads_to(python, main) ||
	    !window_cache_u64(python->memory, main + layout->interpreter.sysdict, &sysdict))
		return false;
	/* Not there yet, or deleted by the program: then a symbol may have said it. */
	if (!py_small_int(python->memory, layout,
	                  py_dict_find(python->memory, layout, sysdict, "hexversion"), &said))
		said = known_version;
	if (said >> 16 != layout->version)
		return false;
	python->hexversion = known_version ? known_version : said;
	python->minor = layout->version & 0xff;
	python->type_type = anchors.type_type;
	python->base_object_type = anchors.base_object_type;
	py_layout_fit(python, main);
	return true;
}

static struct error *does_not_add_up(const struct python *python)
{
	return error_new(ERROR_UNREADY,
	                 "the structs of CPython at 0x%" PRIx64
	                 " do not add up (is it just starting, or ending?)",
	                 python->runtime);
}

static struct error *identify_by_trial(struct python *python, uint32_t known_version)
{
	for (size_t i = 0; py_layouts[i]; i++) {
		if (py_layouts[i]->version >= FIRST_WITH_DEBUG_OFFSETS ||
		    (known_version && known_version >> 16 != py_layouts[i]->version))
			continue;
		python->layout = *py_layouts[i];
		if (layout_is_sound(python, known_version))
			return NULL;
	}
	return does_not_add_up(python);
}

static struct error *identify_by_offsets(struct python *python, const struct py_debug_head *head)
{
	struct error *error;
	char text[32];

	py_version_format(head->hexversion, text, sizeof(text));
	if (head->is_free_threaded)
		return error_new(ERROR_UNSUPPORTED,
		                 "it runs a free-threaded build of CPython %s, which plumb does "
		                 "not know",
		                 text);
	error = py_debug_layout_read(python->memory, python->runtime, head->hexversion,
	                             &python->layout);
	if (error && !is_final(head->hexversion)) {
		error_free(error);
		return error_new(ERROR_UNSUPPORTED,
		                 "it runs CPython %s, a preview that plumb does not know", text);
	}
	if (error)
		return error;
	return layout_is_sound(python, head->hexversion) ? NULL : does_not_add_up(python);
}

struct error *py_version_identify(struct python *python, uint32_t known_version)
{
	struct py_debug_head head;
	bool has_head = py_debug_head_read(python->memory, python->runtime, &head);
	struct error *error = NULL;

	if (has_head)
		known_version = head.hexversion;
	if (known_version)
		error = check_supported(known_version);
	if (error)
		return error;
	return has_head ? identify_by_offsets(python, &head)
	                : identify_by_trial(python, known_version);
}
