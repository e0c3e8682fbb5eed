/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static types: nothing in Python has to refer to them, they are just there.
 * They are found from `object` down, through the weak references that every
 * type keeps to its subclasses; whoever else met one registered it already.
 *
 * From 3.12 on the static types of the interpreter itself keep that dict per
 * interpreter: tp_subclasses is then the type's number, counted from 1
 * (Objects/typeobject.c, lookup_tp_subclasses).
 */
#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/py_lookup.h"
#include "runtime/py_root_walk.h"

enum {
	TYPES_MAX = 1 << 20,
	STATIC_TYPES_MAX = 1 << 12, /* in each of CPython's two arrays */
};

struct type_walk {
	const struct py_root_walk *walk;
	struct number_map seen;
	taddr *waiting;
	size_t count;
	size_t capacity;
};

static void add_type(struct type_walk *types, taddr address)
{
	uint32_t ignored;

	if (!address || types->count >= TYPES_MAX ||
	    number_map_get(&types->seen, address, &ignored) ||
	    !py_types_get(types->walk->types, address))
		return;
	if (!array_reserve(&types->waiting, &types->capacity, types->count + 1,
	                   sizeof(*types->waiting)) ||
	    !number_map_put(&types->seen, address, 0))
		window_cache_no_memory(types->walk->python->memory);
	else
		types->waiting[types->count++] = address;
}

/* An item of tp_subclasses: {address: weak reference}. */
static void add_subclass(void *context, const struct py_ref *reference)
{
	struct type_walk *types = context;

	if (reference->kind == PY_REF_VALUE)
		add_type(types,
		         py_root_word(types->walk,
		                      reference->to +
		                              types->walk->python->layout.weakref.wr_object));
}

/* The subclasses of a static type of the interpreter, in an array of it; 0: not there. */
static taddr managed_subclasses(const struct py_root_walk *walk, uint32_t array, taddr type,
                                uint64_t number)
{
	const struct py_layout *layout = &walk->python->layout;
	taddr state;

	if (!py_has(array) || !py_has(layout->static_type_state.size) || number == 0 ||
	    number > STATIC_TYPES_MAX)
		return 0;
	state = walk->python->interpreters[0] + array +
	        (number - 1) * layout->static_type_state.size;
	if (py_root_word(walk, state + layout->static_type_state.type) != type)
		return 0;
	return py_root_word(walk, state + layout->static_type_state.tp_subclasses);
}

static taddr subclasses_of(const struct py_root_walk *walk, const struct py_type *type)
{
	const struct py_layout *layout = &walk->python->layout;
	taddr word = py_root_word(walk, type->address + layout->type.tp_subclasses);
	taddr dict;

	if (walk->python->minor < 12 || !(type->flags & PY_TYPE_STATIC_BUILTIN))
		return word;
	dict = managed_subclasses(walk, layout->interpreter.types_builtins, type->address, word);
	if (!dict)
		dict = managed_subclasses(walk, layout->interpreter.types_for_extensions,
		                          type->address, word);
	return dict;
}

/* Registers all types that can be found from `object`. */
static void find_types(const struct py_root_walk *walk)
{
	struct type_walk types = {.walk = walk};
	const struct py_visitor visitor = {.context = &types, .reference = add_subclass};

	number_map_init(&types.seen);
	add_type(&types, walk->python->base_object_type);
	for (size_t i = 0; i < types.count; i++) {
		const struct py_type *type = py_types_get(walk->types, types.waiting[i]);
		taddr dict = type ? subclasses_of(walk, type) : 0;

		if (dict)
			(void)py_lookup_all(walk->python, walk->types, dict, &visitor);
	}
	number_map_deinit(&types.seen);
	free(types.waiting);
}

static int compare_addresses(const void *left, const void *right)
{
	taddr a = *(const taddr *)left;
	taddr b = *(const taddr *)right;

	return (a > b) - (a < b);
}

/* The static types that are known, by address: in which order they were met is chance. */
static taddr *list_static_types(const struct py_root_walk *walk, size_t *ret_count)
{
	size_t known = py_types_count(walk->types);
	taddr *addresses = reallocarray(NULL, known + 1, sizeof(*addresses));
	size_t count = 0;

	for (size_t i = 0; addresses && i < known; i++) {
		const struct py_type *type = py_types_at(walk->types, i);

		if (!(type->flags & PY_TYPE_HEAP))
			addresses[count++] = type->address;
	}
	if (addresses)
		qsort(addresses, count, sizeof(*addresses), compare_addresses);
	*ret_count = count;
	return addresses;
}

void py_roots_static_types(const struct py_root_walk *walk)
{
	_cleanup_free_ taddr *addresses = NULL;
	size_t count = 0;

	find_types(walk);
	addresses = list_static_types(walk, &count);
	if (!addresses)
		window_cache_no_memory(walk->python->memory);
	for (size_t i = 0; i < count; i++) {
		const struct py_type *type = py_types_get(walk->types, addresses[i]);

		py_root_tell(walk, PY_ROOT_STATIC_TYPE, addresses[i], "%s",
		             type && type->name ? type->name : "?");
	}
}
