/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the columns. What does not fit its column stands in a side table;
 * lengths and names are side tables too. All are searched by bisection.
 */
#include "snapshot/snapshot.h"

#include "snapshot/node_records.h"

#include <assert.h>
#include <string.h>

bool snapshot_type_is_native(const struct snapshot *snapshot, type_id type)
{
	static const char beginning[] = SNAP_TYPE_NATIVE;

	return !snapshot->types[type].address &&
	       strncmp(snapshot_type_name(snapshot, type), beginning, sizeof(beginning) - 1) == 0;
}

const char *snapshot_native_look(const struct snapshot *snapshot, type_id type)
{
	const char *name = snapshot_type_name(snapshot, type);
	const char *look = name + sizeof(SNAP_TYPE_NATIVE) - 1;

	return snapshot_type_is_native(snapshot, type) && *look == ' ' ? look + 1 : NULL;
}

static const struct snap_large *find_large(const struct snapshot *snapshot, node_id node)
{
	return node_records_find(snapshot->large, snapshot->large_count, sizeof(*snapshot->large),
	                         node);
}

uint64_t snapshot_size(const struct snapshot *snapshot, node_id node)
{
	const struct snap_large *large;

	if (snapshot->size[node] != SNAP_SIZE_LARGE)
		return snapshot->size[node];
	large = find_large(snapshot, node);
	return large ? large->size : SNAP_SIZE_LARGE;
}

uint64_t snapshot_memory(const struct snapshot *snapshot, node_id node)
{
	const struct snap_large *large;

	assert(snapshot->memory);
	if (snapshot->memory[node] != SNAP_SIZE_LARGE)
		return snapshot->memory[node];
	large = find_large(snapshot, node);
	return large ? large->memory : SNAP_SIZE_LARGE;
}

uint32_t snapshot_refcount(const struct snapshot *snapshot, node_id node)
{
	const struct snap_many *many;

	assert(snapshot->refcount);
	if (snapshot->refcount[node] != SNAP_REFCOUNT_MANY)
		return snapshot->refcount[node];
	many = node_records_find(snapshot->many, snapshot->many_count, sizeof(*many), node);
	return many ? many->refcount : SNAP_REFCOUNT_MANY;
}

bool snapshot_length(const struct snapshot *snapshot, node_id node, uint64_t *ret)
{
	const struct snap_container *container = node_records_find(
		snapshot->containers, snapshot->container_count, sizeof(*container), node);

	if (!container)
		return false;
	*ret = container->length;
	return true;
}

const char *snapshot_node_name(const struct snapshot *snapshot, node_id node)
{
	const struct snap_name *name =
		node_records_find(snapshot->names, snapshot->name_count, sizeof(*name), node);

	return name ? snapshot_string(snapshot, name->name) : NULL;
}

bool snapshot_has_native(const struct snapshot *snapshot)
{
	for (type_id type = 0; type < snapshot->type_count; type++) {
		const char *name = snapshot_type_name(snapshot, type);

		if (!snapshot->types[type].address &&
		    (strcmp(name, SNAP_TYPE_MEMORY) == 0 || strcmp(name, SNAP_TYPE_STACK) == 0))
			return true;
	}
	return false;
}

const struct snap_trace *snapshot_trace(const struct snapshot *snapshot, node_id node)
{
	uint32_t trace = snapshot->trace ? snapshot->trace[node] : 0;

	return trace ? &snapshot->traces[trace - 1] : NULL;
}

node_id snapshot_find(const struct snapshot *snapshot, uint64_t address)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (snapshot->address[node] == address)
			return node;
	return NODE_NONE;
}

const char *snap_edge_kind_name(enum edge_kind kind)
{
	static const char *const names[EDGE_KIND_COUNT] = {
		[EDGE_ATTRIBUTE] = "attribute",
		[EDGE_INDEX] = "index",
		[EDGE_VALUE] = "value",
		[EDGE_KEY] = "key",
		[EDGE_LOCAL] = "local",
		[EDGE_STACK] = "stack",
		[EDGE_FIELD] = "field",
		[EDGE_TYPE] = "type",
		[EDGE_CONSERVATIVE] = "conservative",
		[EDGE_WEAK] = "weak",
		[EDGE_INTERIOR] = "interior",
		[EDGE_HIDDEN] = "hidden",
	};

	return names[kind];
}
