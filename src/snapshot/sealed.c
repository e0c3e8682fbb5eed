/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a snapshot, from its making to its end. */
#include "snapshot/sealed.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <sys/mman.h>

static const size_t large_column = 4 << 20; /* bytes from which large pages pay */

void *sealed_column_new(size_t capacity, size_t element_size)
{
	const uintptr_t page = 4096;
	void *column = calloc(capacity, element_size);
	uintptr_t start = ((uintptr_t)column + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)column + capacity * element_size) & ~(page - 1);

	if (column && capacity * element_size >= large_column)
		(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
	return column;
}

void sealed_show(struct sealed_snapshot *sealed)
{
	struct snapshot *snapshot = &sealed->snapshot;

	snapshot->address = sealed->address;
	snapshot->type = sealed->type;
	snapshot->size = sealed->size;
	snapshot->memory = sealed->memory;
	snapshot->refcount = sealed->refcount;
	snapshot->flags = sealed->flags;
	snapshot->edge_start = sealed->edge_start;
	snapshot->edges = sealed->edges;
	snapshot->types = sealed->types;
	snapshot->string_bytes = sealed->string_bytes;
	snapshot->string_start = sealed->string_start;
	snapshot->roots = sealed->roots;
	snapshot->containers = sealed->containers;
	snapshot->names = sealed->names;
	snapshot->large = sealed->large;
	snapshot->many = sealed->many;
	snapshot->trace = sealed->trace;
	snapshot->traces = sealed->traces;
	snapshot->frames = sealed->frames;
}

void snapshot_drop_memory(struct snapshot *snapshot)
{
	struct sealed_snapshot *sealed = (struct sealed_snapshot *)snapshot;

	free(take_ptr(sealed->memory));
	free(take_ptr(sealed->refcount));
	snapshot->memory = NULL;
	snapshot->refcount = NULL;
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
	free(sealed->many);
	free(sealed->trace);
	free(sealed->traces);
	free(sealed->frames);
	snap_account_deinit(&sealed->snapshot.account);
	snapshot_facts_deinit(&sealed->snapshot.facts);
	free(sealed);
}
