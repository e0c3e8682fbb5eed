/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoders of references do the work: a look-up is a visitor that keeps
 * the reference with the right name. They cannot stop half-way, and bound
 * their loops themselves.
 */
#include "runtime/py_lookup.h"

#include "base/cleanup.h"

#include <string.h>

enum { MARGIN = 16 }; /* so that a text of the right length is not cut */

struct lookup {
	struct python *python;
	enum py_ref_kind kind; /* of the references that count */
	const char *name;
	taddr found;
	taddr namespace; /* the dict of the attributes, when it is an object */
};

bool py_lookup_is_text(struct python *python, taddr string, const char *text)
{
	_cleanup_free_ char *utf8 = NULL;
	uint64_t length;
	size_t wanted = strlen(text);

	/* Characters are at most as many as bytes: most strings are told apart by length. */
	if (!string ||
	    !window_cache_u64(python->memory, string + python->layout.ascii.length, &length) ||
	    length != wanted)
		return false;
	utf8 = py_string_utf8(python, string, wanted + MARGIN);
	return utf8 && strcmp(utf8, text) == 0;
}

static void compare(void *context, const struct py_ref *reference)
{
	struct lookup *lookup = context;

	if (reference->flags & PY_REF_NAMESPACE ||
	    (reference->name && strcmp(reference->name, "__dict__") == 0))
		lookup->namespace = reference->to;
	if (reference->kind != lookup->kind || lookup->found)
		return;
	if (reference->name
	            ? strcmp(reference->name, lookup->name) == 0
	            : py_lookup_is_text(lookup->python, reference->name_object, lookup->name))
		lookup->found = reference->to;
}

enum decode py_lookup_all(struct python *python, struct py_types *types, taddr address,
                          const struct py_visitor *visitor)
{
	struct py_object object;
	enum decode status = py_object_at(python, types, address, &object);

	if (status != DECODE_OK)
		return status;
	return py_refs_visit(python, types, &object, visitor);
}

static struct lookup look(struct python *python, struct py_types *types, taddr address,
                          enum py_ref_kind kind, const char *name)
{
	struct lookup lookup = {.python = python, .kind = kind, .name = name};
	const struct py_visitor visitor = {.context = &lookup, .reference = compare};

	if (address)
		(void)py_lookup_all(python, types, address, &visitor);
	return lookup;
}

taddr py_lookup_key(struct python *python, struct py_types *types, taddr dict, const char *key)
{
	return look(python, types, dict, PY_REF_VALUE, key).found;
}

taddr py_lookup_attribute(struct python *python, struct py_types *types, taddr object,
                          const char *name)
{
	struct lookup lookup = look(python, types, object, PY_REF_ATTRIBUTE, name);

	if (lookup.found)
		return lookup.found;
	return py_lookup_key(python, types, lookup.namespace, name);
}
