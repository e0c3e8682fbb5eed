/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the columns. A size that does not fit its column is UINT32_MAX
 * there and stands in the table `large`; lengths and names are side tables
 * too, searched by bisection.
 */
#include "snapshot/snapshot.h"

#include "snapshot/node_records.h"
#include "snapshot/sealed.h"

#include <stdlib.h>

static const struct snap_large *find_large(const struct snapshot *snapshot, node_id node)
{
	return node_records_find(snapshot->large, snapshot->large_count, sizeof(*snapshot->large),
	                         node);
}

uint64_t snapshot_size(const struct snapshot *snapshot, node_id node)
{
	const struct snap_large *large;

	if (snapshot->size[node] != size_is_large)
		return snapshot->size[node];
	large = find_large(snapshot, node);
	return large ? large->size : size_is_large;
}

uint64_t snapshot_memory(const struct snapshot *snapshot, node_id node)
{
	const struct snap_large *large;

	if (snapshot->memory[node] != size_is_large)
		return snapshot->memory[node];
	large = find_large(snapshot, node);
	return large ? large->memory : size_is_large;
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

node_id snapshot_find(const struct snapshot *snapshot, uint64_t address)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (snapshot->address[node] == address)
			return node;
	return NODE_NONE;
}

void snapshot_free(struct snapshot *snapshot)
{
	struct sealed_snapshot *sealed = (struct sealed_snapshot *)snapshot;

	if (!sealed)
		return;
	free(sealed->address);
	free(sealed->type);
	free(sealed->size);
	free(sealed->memory);
	free(sealed->refcount);
	free(sealed->flags);
	free(sealed->edge_start);
	free(sealed->edges);
	free(sealed->types);
	free(sealed->string_bytes);
	free(sealed->string_start);
	free(sealed->roots);
	free(sealed->containers);
	free(sealed->names);
	free(sealed->large);
	snapshot_facts_deinit(&sealed->snapshot.facts);
	free(sealed);
}
