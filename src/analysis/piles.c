/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Millions of blocks have few holders: they are summed up by numbers first, and
 * what has been summed up is found again by its names.
 */
#include "analysis/piles.h"

#include "analysis/look_containers.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLASS_BITS = 11, /* exact ones to 1024, then powers of 2 */
	OWNER_BITS = 3,
	EXACT_CLASSES = 1024,
};

void piles_init(struct piles *piles)
{
	*piles = (struct piles){0};
	number_map_init(&piles->numbers);
}

void piles_deinit(struct piles *piles)
{
	for (size_t i = 0; i < piles->count; i++)
		free(piles->list[i].words);
	free(piles->list);
	number_map_deinit(&piles->numbers);
	piles_init(piles);
}

static uint64_t hash_key(const struct pile_key *key)
{
	uint64_t number = key->size_class * (NATIVE_OWNER_MEMORY + 1) + key->owner;

	number = (number * LOST_CAUSE_COUNT + key->cause) * 2 + key->kind;
	return look_hash(look_hash(number, key->name), key->module);
}

/* Keeps the key's strings. False: memory ran out. */
static bool init_pile(struct pile *pile, const struct pile_key *key)
{
	size_t name = strlen(key->name) + 1;
	size_t module = strlen(key->module) + 1;
	char *words = malloc(name + module);

	if (!words)
		return false;
	memcpy(words, key->name, name);
	memcpy(words + name, key->module, module);
	*pile = (struct pile){.key = *key, .words = words, .example = NODE_NONE};
	pile->key.name = words;
	pile->key.module = words + name;
	return true;
}

/* The pile, made when it is new. NULL: memory ran out. */
static struct pile *find_pile(struct piles *piles, const struct pile_key *key)
{
	uint64_t hash = hash_key(key);
	struct pile *pile;
	uint32_t number;

	if (number_map_get(&piles->numbers, hash, &number))
		return &piles->list[number];
	if (!array_reserve(&piles->list, &piles->capacity, piles->count + 1, sizeof(*piles->list)))
		return NULL;
	pile = &piles->list[piles->count];
	if (!init_pile(pile, key))
		return NULL;
	if (!number_map_put(&piles->numbers, hash, (uint32_t)piles->count)) {
		free(pile->words);
		return NULL;
	}
	piles->count++;
	return pile;
}

/* ------------------------------------------------------------------ islands */

static bool add_islands(struct piles *piles, const struct snapshot *snapshot,
                        const struct lost *lost)
{
	unsigned int look = piles->look_count;

	for (size_t i = 0; i < lost->group_count; i++) {
		const struct lost_group *group = &lost->groups[i];
		const struct pile_key key = {
			.kind = PILE_ISLANDS,
			.cause = group->cause,
			.name = snapshot_type_name(snapshot, group->type),
			.module = "",
		};
		struct pile *pile = find_pile(piles, &key);

		if (!pile)
			return false;
		pile->heads[look] += group->islands;
		pile->objects[look] += group->objects;
		pile->bytes[look] += group->bytes;
		pile->example = group->example;
		pile->counted = group->counted;
		pile->found = group->found;
	}
	return true;
}

/* ------------------------------------------------------------------- blocks */

/* Blocks of one holder and one class of size, while they are summed up. */
struct block_sum {
	struct native_owner owner;
	uint64_t size_class;
	uint64_t blocks;
	uint64_t bytes;
	node_id example;
};

struct block_sums {
	const struct snapshot *snapshot;
	struct block_sum *list;
	size_t count, capacity;
	struct number_map places;
};

static void block_sums_deinit(struct block_sums *sums)
{
	free(sums->list);
	number_map_deinit(&sums->places);
}

/* What stands for the name of the holder within one snapshot. */
static uint32_t holder_of(const struct snapshot *snapshot, node_id block,
                          const struct native_owner *owner)
{
	switch (owner->kind) {
	case NATIVE_OWNER_NOBODY: return snapshot->type[block]; /* has the module */
	case NATIVE_OWNER_TYPE: return snapshot->type[owner->node];
	case NATIVE_OWNER_MEMORY: return owner->node;
	default: return 0;
	}
}

static uint64_t class_number(uint64_t size_class)
{
	if (size_class <= EXACT_CLASSES)
		return size_class;
	return EXACT_CLASSES + (uint64_t)(64 - __builtin_clzll(size_class));
}

static bool add_block(struct block_sums *sums, node_id block, struct native_owner owner)
{
	uint64_t size = snapshot_memory(sums->snapshot, block);
	uint64_t size_class = lost_size_class(snapshot_size(sums->snapshot, block));
	struct block_sum *sum;
	uint64_t key;
	uint32_t place;

	if (owner.kind == NATIVE_OWNER_OBJECT)
		owner.kind = NATIVE_OWNER_TYPE;
	key = holder_of(sums->snapshot, block, &owner);
	key = ((key << OWNER_BITS | owner.kind) << CLASS_BITS | class_number(size_class)) + 1;
	if (!number_map_get(&sums->places, key, &place)) {
		place = (uint32_t)sums->count;
		if (!array_reserve(&sums->list, &sums->capacity, sums->count + 1,
		                   sizeof(*sums->list)) ||
		    !number_map_put(&sums->places, key, place))
			return false;
		sums->list[sums->count++] = (struct block_sum){
			.owner = owner, .size_class = size_class, .example = block};
	}
	sum = &sums->list[place];
	sum->blocks++;
	sum->bytes += size;
	return true;
}

static const char *holder_name(const struct snapshot *snapshot, const struct block_sum *sum)
{
	const char *name = NULL;

	if (sum->owner.kind == NATIVE_OWNER_TYPE)
		name = snapshot_type_name(snapshot, snapshot->type[sum->owner.node]);
	else if (sum->owner.kind == NATIVE_OWNER_MEMORY)
		name = snapshot_node_name(snapshot, sum->owner.node);
	return name ? name : "";
}

static bool add_sum(struct piles *piles, const struct snapshot *snapshot,
                    const struct block_sum *sum, uint64_t size_class)
{
	type_id type = snapshot->type[sum->example];
	bool is_nobodys = sum->owner.kind == NATIVE_OWNER_NOBODY;
	const struct pile_key key = {
		.kind = PILE_BLOCKS,
		.owner = sum->owner.kind,
		.size_class = size_class,
		.name = holder_name(snapshot, sum),
		.module = is_nobodys ? snapshot_string(snapshot, snapshot->types[type].module) : "",
	};
	struct pile *pile = find_pile(piles, &key);

	if (!pile)
		return false;
	pile->heads[piles->look_count] += sum->blocks;
	pile->bytes[piles->look_count] += sum->bytes;
	pile->example = sum->example;
	return true;
}

static bool add_blocks(struct piles *piles, const struct snapshot *snapshot,
                       const struct native_owners *owners)
{
	_cleanup_(block_sums_deinit) struct block_sums sums = {.snapshot = snapshot};
	bool is_fine = true;

	number_map_init(&sums.places);
	for (node_id node = 0; owners->count && node < snapshot->node_count && is_fine; node++)
		if (native_owners_is_block(owners, node))
			is_fine = add_block(&sums, node, native_owners_of(owners, node));
	for (size_t i = 0; i < sums.count && is_fine; i++)
		is_fine = add_sum(piles, snapshot, &sums.list[i], 0) &&
		          add_sum(piles, snapshot, &sums.list[i], sums.list[i].size_class);
	return is_fine;
}

/* -------------------------------------------------------------------- looks */

struct error *piles_add(struct piles *piles, const struct snapshot *snapshot)
{
	_cleanup_(cleanup_lost) struct lost *lost = NULL;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	struct error *error;
	bool is_fine;

	assert(piles->look_count < LOOKS_LIMIT);
	error = lost_make(snapshot, &lost);
	if (error)
		return error;
	is_fine = add_islands(piles, snapshot, lost);
	lost_free(take_ptr(lost));
	error = is_fine ? native_owners_init(&owners, snapshot) : error_no_memory();
	if (!error && !add_blocks(piles, snapshot, &owners))
		error = error_no_memory();
	piles->look_count += !error;
	return error;
}

void piles_drop_last(struct piles *piles)
{
	unsigned int last;

	if (!piles->look_count)
		return;
	last = --piles->look_count;
	for (size_t i = 0; i < piles->count; i++)
		piles->list[i].heads[last] = piles->list[i].objects[last] =
			piles->list[i].bytes[last] = 0;
}

uint64_t piles_growth(const struct piles *piles, const uint64_t *values)
{
	uint64_t last = piles->look_count ? values[piles->look_count - 1] : values[0];

	return last > values[0] ? last - values[0] : 0;
}

bool pile_is_part_of(const struct pile *pile, const struct pile *whole)
{
	const struct pile_key *key = &pile->key;
	const struct pile_key *of = &whole->key;

	return key->kind == PILE_BLOCKS && of->kind == PILE_BLOCKS && key->size_class &&
	       !of->size_class && key->owner == of->owner && strcmp(key->name, of->name) == 0 &&
	       strcmp(key->module, of->module) == 0;
}
