/* SPDX-License-Identifier: Apache-2.0 */
/* Sums are kept for each mapping, so that a lie in one spoils no other. */
#include "capture/resident_owners.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Steps that parts which never overlap may take at most, and sums that still add up. */
static const uint64_t STEPS_MIN = UINT64_C(1) << 30;
static const uint64_t OWNED_MAX = UINT64_C(1) << 58;

struct error *resident_owners_init(struct resident_owners *owners, const struct resident_map *map)
{
	*owners = (struct resident_owners){
		.map = map,
		.steps_left = STEPS_MIN + 16 * (uint64_t)map->run_count,
	};
	account_parts_init(&owners->parts);
	owners->regions = calloc(map->smaps.maps.count + 1, sizeof(*owners->regions));
	return owners->regions ? NULL : error_no_memory();
}

void resident_owners_deinit(struct resident_owners *owners)
{
	free(owners->regions);
	free(owners->blocks);
	free(owners->arenas);
	free(owners->absent);
	account_parts_deinit(&owners->parts);
	*owners = (struct resident_owners){0};
}

/* Moves to the first run that ends behind address. */
static void seek(struct resident_owners *owners, taddr address)
{
	const struct resident_map *map = owners->map;
	size_t run = owners->run;

	if (run < map->run_count && map->runs[run].end <= address)
		run++;
	if ((run && map->runs[run - 1].end > address) ||
	    (run < map->run_count && map->runs[run].end <= address))
		run = resident_map_run(map, address);
	owners->run = run;
}

static taddr end_of(taddr start, uint64_t size)
{
	return size > UINT64_MAX - start ? UINT64_MAX : start + size;
}

uint64_t resident_owners_add(struct resident_owners *owners, taddr start, uint64_t size,
                             enum snap_owner owner)
{
	const struct resident_map *map = owners->map;
	taddr end = end_of(start, size);
	uint64_t count = 0;

	seek(owners, start);
	for (size_t i = owners->run; i < map->run_count && map->runs[i].start < end; i++) {
		const struct resident_run *run = &map->runs[i];
		uint64_t *owned = &owners->regions[run->region][owner];
		taddr from = run->start > start ? run->start : start;
		taddr to = run->end < end ? run->end : end;

		if (!owners->steps_left)
			break;
		owners->steps_left--;
		*owned = to - from > OWNED_MAX - *owned ? OWNED_MAX : *owned + (to - from);
		count += to - from;
	}
	return count;
}

uint64_t resident_owners_count(struct resident_owners *owners, taddr start, uint64_t size)
{
	const struct resident_map *map = owners->map;
	taddr end = end_of(start, size);
	uint64_t count = 0;

	seek(owners, start);
	for (size_t i = owners->run; i < map->run_count && map->runs[i].start < end; i++) {
		taddr from = map->runs[i].start > start ? map->runs[i].start : start;
		taddr to = map->runs[i].end < end ? map->runs[i].end : end;

		if (!owners->steps_left)
			break;
		owners->steps_left--;
		count += to - from;
	}
	return count;
}

bool resident_owners_has_all(struct resident_owners *owners, taddr start, uint64_t size)
{
	const struct resident_run *run;

	seek(owners, start);
	if (owners->run == owners->map->run_count)
		return false;
	run = &owners->map->runs[owners->run];
	return run->start <= start && size <= run->end - start;
}

bool resident_owners_note(struct resident_owners *owners, taddr address, uint64_t size,
                          type_id type, bool is_object)
{
	if (!array_reserve(&owners->blocks, &owners->block_capacity, owners->block_count + 1,
	                   sizeof(*owners->blocks)))
		return false;
	owners->blocks[owners->block_count++] =
		(struct owned_block){address, size, type, is_object, false};
	return true;
}

bool resident_owners_note_absent(struct resident_owners *owners, node_id node, uint64_t bytes)
{
	if (!array_reserve(&owners->absent, &owners->absent_capacity, owners->absent_count + 1,
	                   sizeof(*owners->absent)))
		return false;
	owners->absent[owners->absent_count++] = (struct snap_absent){node, bytes};
	return true;
}

/* Of two at one address the object comes first. */
static int compare_blocks(const void *left, const void *right)
{
	const struct owned_block *a = left;
	const struct owned_block *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	return b->is_object - a->is_object;
}

void resident_owners_sort(struct resident_owners *owners)
{
	if (owners->block_count)
		qsort(owners->blocks, owners->block_count, sizeof(*owners->blocks), compare_blocks);
}

/* The first block at or behind address. */
static size_t block_from(const struct resident_owners *owners, taddr address)
{
	size_t low = 0;
	size_t high = owners->block_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->blocks[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct owned_block *resident_owners_search(struct resident_owners *owners, taddr start,
                                                 uint64_t size)
{
	const struct owned_block *found = NULL;
	taddr end = end_of(start, size);

	for (size_t i = block_from(owners, start);
	     i < owners->block_count && owners->blocks[i].address < end; i++) {
		struct owned_block *block = &owners->blocks[i];

		block->is_credited = true;
		if (!found || (block->is_object && !found->is_object))
			found = block;
	}
	return found;
}

void resident_owners_add_owned(struct resident_owners *owners, taddr start, uint64_t size,
                               const struct owned_block *block)
{
	struct type_parts *type = account_parts_type(&owners->parts, block->type);
	uint64_t bytes = resident_owners_add(owners, start, size, owned_block_owner(block));

	if (block->is_object)
		type->objects += bytes;
	else
		type->buffers += bytes;
}

/* part * whole / sum, rounded down; the product may be larger than 64 bits hold. */
static uint64_t in_proportion(uint64_t part, uint64_t whole, uint64_t sum)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint64_t)((wide)part * whole / sum);
}

/* Memory of no file, as any malloc gets it from the kernel; also where brk made it. */
static bool is_plain(const struct target_region *region)
{
	return !region->inode && !region->is_shared && region->is_writable &&
	       (!region->path[0] || strcmp(region->path, "[heap]") == 0 ||
	        strncmp(region->path, "[anon", strlen("[anon")) == 0);
}

static uint64_t sum_of(const uint64_t *owned)
{
	uint64_t sum = 0;

	for (size_t owner = 0; owner < SNAP_OWNER_COUNT; owner++)
		sum += owned[owner];
	return sum;
}

uint64_t resident_owners_rest(const struct resident_owners *owners, size_t region)
{
	uint64_t whole = owners->map->smaps.figures[region].resident;
	uint64_t sum = sum_of(owners->regions[region]);

	return sum < whole ? whole - sum : 0;
}

/* Whether another malloc has it, or nobody. */
static void add_rest(const struct resident_owners *owners, size_t region,
                     struct snap_account *account)
{
	if (owners->malloc.other[0] && is_plain(&owners->map->smaps.maps.regions[region]))
		account->owned[SNAP_OWNER_OTHER_MALLOC] += resident_owners_rest(owners, region);
}

static void sum_up(const struct resident_owners *owners, struct snap_account *account)
{
	const struct process_smaps *smaps = &owners->map->smaps;

	for (size_t i = 0; i < smaps->maps.count; i++) {
		const uint64_t *owned = owners->regions[i];
		uint64_t whole = smaps->figures[i].resident;
		uint64_t sum = sum_of(owned);

		for (size_t owner = 0; owner < SNAP_OWNER_COUNT; owner++)
			account->owned[owner] += sum > whole
			                                 ? in_proportion(owned[owner], whole, sum)
			                                 : owned[owner];
		add_rest(owners, i, account);
	}
}

struct error *resident_owners_finish(struct resident_owners *owners, struct snapshot *snapshot)
{
	struct snap_account account = {
		.is_known = true,
		.resident = owners->map->smaps.resident_bytes,
		.page_tables = owners->map->page_tables,
		.gpu_mapped = owners->gpu_mapped,
		.huge = owners->map->smaps.huge_bytes,
		.huge_zeros = owners->huge_zeros,
		.malloc = owners->malloc,
		.pools = owners->pools,
		.arena_count = owners->arena_count,
		.absent_count = owners->absent_count,
	};
	struct error *error =
		account_parts_seal(&owners->parts, snapshot, &account.parts, &account.part_count);

	if (error)
		return error;
	sum_up(owners, &account);
	account.arenas = take_ptr(owners->arenas);
	account.absent = take_ptr(owners->absent);
	snap_account_deinit(&snapshot->account);
	snapshot->account = account;
	return NULL;
}
