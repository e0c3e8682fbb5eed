/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A teller reads the picture through a cache and a registry of types of its
 * own, so that several run at once. Most nodes have no value, and that is
 * known of their type: only the others are looked at.
 */
#include "capture/node_values.h"

#include "base/cleanup.h"
#include "runtime/py_refs.h"

#include <stdlib.h>
#include <string.h>

enum { TELLER_CACHE = 2 << 20 };

enum worth { NOT_ASKED, WORTH_NOTHING, WORTH_TEXT, WORTH_STRING };

struct teller {
	const struct snapshot *snapshot;
	struct window_cache memory;
	struct python python; /* a copy with this teller's memory; owns nothing */
	struct py_types *types;
	uint8_t *worth; /* enum worth of each type of the snapshot */
	char *text;     /* of the last value */
};

static void close_teller(void *context)
{
	struct teller *teller = context;

	if (!teller)
		return;
	py_types_free(teller->types);
	window_cache_deinit(&teller->memory);
	free(teller->worth);
	free(teller->text);
	free(teller);
}

static void cleanup_teller(struct teller **teller)
{
	close_teller(*teller);
}

static void *open_teller(void *context)
{
	const struct node_values *values = context;
	_cleanup_(cleanup_teller) struct teller *teller = calloc(1, sizeof(*teller));
	struct error *error;

	if (!teller)
		return NULL;
	teller->snapshot = values->snapshot;
	teller->python = *values->python;
	teller->python.memory = &teller->memory;
	teller->worth = calloc((size_t)values->snapshot->type_count + 1, 1);
	error = window_cache_init(&teller->memory, values->python->memory->target, TELLER_CACHE);
	if (!error)
		error = py_types_new(&teller->python, &teller->types);
	if (!teller->worth || error) {
		error_free(error);
		return NULL;
	}
	return take_ptr(teller);
}

static enum worth worth_of_shape(enum py_shape shape)
{
	switch (shape) {
	case PY_SHAPE_NONE:
	case PY_SHAPE_INT:
	case PY_SHAPE_FLOAT:
	case PY_SHAPE_TYPE:
	case PY_SHAPE_MODULE:
	case PY_SHAPE_FUNCTION: return WORTH_TEXT;
	case PY_SHAPE_STR:
	case PY_SHAPE_BYTES: return WORTH_STRING;
	default: return WORTH_NOTHING;
	}
}

static enum worth worth_of(struct teller *teller, node_id node)
{
	type_id type = teller->snapshot->type[node];
	uint8_t *known = &teller->worth[type];
	uint64_t address = teller->snapshot->types[type].address;
	const struct py_type *read;

	if (*known == NOT_ASKED) {
		read = address ? py_types_get(teller->types, address) : NULL;
		*known = read ? (uint8_t)worth_of_shape(read->shape) : WORTH_NOTHING;
	}
	return *known;
}

/* The literal of a string that is whole ends in its quote. */
static bool is_cut(const struct node_value *value)
{
	return value->length && value->text[value->length - 1] == '.';
}

static bool tell(void *context, node_id node, bool is_key, struct node_value *ret)
{
	struct teller *teller = context;
	enum worth worth = worth_of(teller, node);
	uint64_t address = teller->snapshot->address[node];
	struct node_value value = {0};

	if ((worth == WORTH_NOTHING && !is_key) || !snapshot_is_object(teller->snapshot, node))
		return false;
	free(teller->text);
	teller->text = py_object_text(&teller->python, teller->types, address, NODE_TEXT_LIMIT);
	if (!teller->text)
		return false;
	value.text = teller->text;
	value.length = strlen(teller->text);
	value.is_cut = worth == WORTH_STRING && is_cut(&value);
	if (value.is_cut)
		(void)py_object_content(&teller->python, teller->types, address,
		                        &value.whole_length, &value.hash);
	*ret = value;
	return true;
}

static bool has_run_out(void *context)
{
	const struct teller *teller = context;

	return teller->memory.memory_ran_out;
}

struct value_source node_values_source(struct node_values *values)
{
	return (struct value_source){values, open_teller, close_teller, tell, has_run_out};
}
