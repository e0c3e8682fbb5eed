/* SPDX-License-Identifier: Apache-2.0 */
/* Each branch of the tree, and what is too little, dies away or is explained already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/verdict.h"
#include "base/cleanup.h"

enum { LOOK_COUNT = 4, PILES_MAX = 4, MIB = 1 << 20 };

/* What was seen, to be filled in by a test. */
struct scene {
	struct looks looks;
	struct growth growth;
	struct suspect suspects[1];
	struct growth_type types[1];
	struct piles piles;
	struct pile list[PILES_MAX];
	struct verdict_facts facts;
	struct verdict *verdict;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	scene->looks.count = scene->piles.look_count = LOOK_COUNT;
	for (unsigned int i = 0; i < LOOK_COUNT; i++) {
		struct look_figures *look = &scene->looks.figures[i];

		look->seconds = i * 20.0;
		look->resident_bytes = 100 * MIB;
		look->has_groups = i == 0 || i + 1 == LOOK_COUNT;
		look->groups[ACCOUNT_OBJECTS] = 100 * MIB;
	}
	scene->growth.suspects = scene->suspects;
	scene->growth.types = scene->types;
	scene->piles.list = scene->list;
	scene->facts = (struct verdict_facts){&scene->looks, &scene->growth, &scene->piles, false};
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	verdict_free(scene->verdict);
	free(scene);
	return 0;
}

static const struct verdict *judge(struct scene *scene)
{
	verdict_free(take_ptr(scene->verdict));
	assert_null(verdict_make(&scene->facts, &scene->verdict));
	return scene->verdict;
}

/* The RSS grows by so much from look to look, of which all is the group's. */
static void grow(struct scene *scene, enum account_group group, uint64_t step)
{
	for (unsigned int i = 0; i < LOOK_COUNT; i++) {
		scene->looks.figures[i].resident_bytes += i * step;
		scene->looks.figures[i].groups[group] += i * step;
	}
}

/* A pile of 100 at first, that many more at each look, of 1000 bytes each. */
static struct pile *add_pile(struct scene *scene, struct pile_key key, uint64_t step)
{
	struct pile *pile = &scene->list[scene->piles.count++];

	*pile = (struct pile){.key = key};
	pile->key.module = "";
	for (unsigned int i = 0; i < LOOK_COUNT; i++) {
		pile->heads[i] = pile->objects[i] = 100 + i * step;
		pile->bytes[i] = pile->heads[i] * 1000;
	}
	return pile;
}

static struct pile_key islands(enum lost_cause cause)
{
	return (struct pile_key){.kind = PILE_ISLANDS, .cause = cause, .name = "app.Order"};
}

static struct pile_key blocks(enum native_owner_kind owner, uint64_t size_class)
{
	return (struct pile_key){PILE_BLOCKS, 0, owner, size_class, "app.Order", ""};
}

static void add_suspect(struct scene *scene, uint64_t bytes)
{
	scene->suspects[0] = (struct suspect){.type = "app.Order", .held_bytes = bytes};
	scene->types[0].type = "app.Order";
	scene->growth.suspect_count = scene->growth.type_count = 1;
}

static void nothing_that_grows_is_no_leak(void **state)
{
	struct scene *scene = *state;

	add_pile(scene, islands(LOST_REFCOUNT), 0);
	add_pile(scene, blocks(NATIVE_OWNER_NOBODY, 0), 0);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
	assert_int_equal(scene->verdict->finding_count, 0);
	assert_int_equal(scene->verdict->pile_count, 0);
}

static void objects_that_pile_up(void **state)
{
	struct scene *scene = *state;

	add_suspect(scene, 5000);
	assert_int_equal(judge(scene)->kind, VERDICT_OBJECTS);
	assert_int_equal(scene->verdict->findings[0].bytes, 5000);
}

static void lost_objects_by_their_counts(void **state)
{
	struct scene *scene = *state;
	struct pile *pile = add_pile(scene, islands(LOST_REFCOUNT), 10);

	assert_int_equal(judge(scene)->kind, VERDICT_LOST);
	assert_int_equal(scene->verdict->pile_count, 1);
	assert_int_equal(scene->verdict->piles[0].heads, 30);
	assert_int_equal(scene->verdict->findings[0].bytes, 30000);
	pile->heads[2] = pile->heads[1]; /* it rested */
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
	add_pile(scene, islands(LOST_CYCLE_WITHOUT_GC), 3); /* too few */
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
}

static void garbage_is_lost_where_no_collector_comes(void **state)
{
	struct scene *scene = *state;

	add_pile(scene, islands(LOST_AWAITING), 100);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
	scene->facts.is_collector_off = true;
	assert_int_equal(judge(scene)->kind, VERDICT_LOST);
	scene->facts.is_collector_off = false;
	add_pile(scene, islands(LOST_AWAITING), 10000); /* much, also when it may come */
	assert_int_equal(judge(scene)->kind, VERDICT_LOST);
	assert_int_equal(scene->verdict->pile_count, 1);
}

static void blocks_of_nobody_need_not_be_many(void **state)
{
	struct scene *scene = *state;
	struct pile *part;

	add_pile(scene, blocks(NATIVE_OWNER_NOBODY, 0), 10);
	part = add_pile(scene, blocks(NATIVE_OWNER_NOBODY, 1000), 6);
	add_pile(scene, blocks(NATIVE_OWNER_NOBODY, 24), 4);
	assert_int_equal(judge(scene)->kind, VERDICT_NATIVE);
	assert_int_equal(scene->verdict->pile_count, 1);
	assert_ptr_equal(scene->verdict->piles[0].mostly, part);
	assert_int_equal(scene->verdict->findings[0].bytes, 30000);
}

static void blocks_that_are_held_have_to_be_much_and_resident(void **state)
{
	struct scene *scene = *state;

	add_pile(scene, blocks(NATIVE_OWNER_MEMORY, 0), 1000);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
	grow(scene, ACCOUNT_NATIVE, MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_NATIVE);
	scene->list[0] = (struct pile){0};
	scene->piles.count = 0;
	add_pile(scene, blocks(NATIVE_OWNER_MEMORY, 0), 100);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
}

static void blocks_of_objects_that_pile_up_are_theirs(void **state)
{
	struct scene *scene = *state;

	grow(scene, ACCOUNT_NATIVE, MIB);
	add_pile(scene, blocks(NATIVE_OWNER_TYPE, 0), 1000);
	assert_int_equal(judge(scene)->kind, VERDICT_NATIVE);
	add_suspect(scene, 5000);
	assert_int_equal(judge(scene)->kind, VERDICT_OBJECTS);
	assert_int_equal(scene->verdict->finding_count, 1);
	assert_int_equal(scene->verdict->findings[0].bytes, 5000 + 3000000);
	scene->growth.suspect_count = scene->growth.type_count = 0;
	add_pile(scene, islands(LOST_REFCOUNT), 1000);
	assert_int_equal(judge(scene)->kind, VERDICT_LOST);
	assert_int_equal(scene->verdict->finding_count, 1);
}

static void blocks_may_grow_whoever_holds_them(void **state)
{
	struct scene *scene = *state;

	grow(scene, ACCOUNT_NATIVE, 2 * MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_NATIVE);
	assert_int_equal(scene->verdict->pile_count, 0);
	assert_int_equal(scene->verdict->findings[0].bytes, 6 * MIB);
	add_suspect(scene, 7 * MIB); /* which own them, perhaps */
	assert_int_equal(judge(scene)->kind, VERDICT_OBJECTS);
	assert_int_equal(scene->verdict->finding_count, 1);
}

static void memory_that_is_free_and_kept(void **state)
{
	struct scene *scene = *state;

	grow(scene, ACCOUNT_MALLOC_FREE, 2 * MIB);
	grow(scene, ACCOUNT_POOLS_FREE, MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_ALLOCATOR);
	assert_int_equal(scene->verdict->finding_count, 1);
	assert_int_equal(scene->verdict->findings[0].bytes, 9 * MIB);
	assert_int_equal(scene->verdict->findings[0].group, ACCOUNT_MALLOC_FREE);
	grow(scene, ACCOUNT_OBJECTS, 4 * MIB); /* which makes it less than half */
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
}

static void other_memory_is_called_by_its_group(void **state)
{
	struct scene *scene = *state;

	grow(scene, ACCOUNT_FILES, MIB);
	grow(scene, ACCOUNT_STACKS, 2 * MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_OTHER);
	assert_int_equal(scene->verdict->findings[0].bytes, 9 * MIB);
	assert_int_equal(scene->verdict->findings[0].group, ACCOUNT_STACKS);
}

static void resident_memory_that_hardly_grows_is_no_leak(void **state)
{
	struct scene *scene = *state;

	grow(scene, ACCOUNT_FILES, MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
	scene->looks.figures[0].has_groups = false; /* not known how much */
	grow(scene, ACCOUNT_FILES, 10 * MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
}

static void a_warm_up_is_no_leak(void **state)
{
	struct scene *scene = *state;

	for (unsigned int i = 1; i < LOOK_COUNT; i++) {
		scene->looks.figures[i].resident_bytes += (20 + i) * (uint64_t)MIB;
		scene->looks.figures[i].groups[ACCOUNT_MALLOC_FREE] += (20 + i) * (uint64_t)MIB;
	}
	assert_int_equal(judge(scene)->kind, VERDICT_NONE);
}

static void the_largest_of_several_comes_first(void **state)
{
	struct scene *scene = *state;

	add_suspect(scene, 5000);
	add_pile(scene, islands(LOST_REFCOUNT), 10);
	grow(scene, ACCOUNT_SHARED, 2 * MIB);
	assert_int_equal(judge(scene)->kind, VERDICT_OTHER);
	assert_int_equal(scene->verdict->finding_count, 3);
	assert_int_equal(scene->verdict->findings[1].kind, VERDICT_LOST);
	assert_int_equal(scene->verdict->findings[2].kind, VERDICT_OBJECTS);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(nothing_that_grows_is_no_leak),
		SCENE(objects_that_pile_up),
		SCENE(lost_objects_by_their_counts),
		SCENE(garbage_is_lost_where_no_collector_comes),
		SCENE(blocks_of_nobody_need_not_be_many),
		SCENE(blocks_that_are_held_have_to_be_much_and_resident),
		SCENE(blocks_of_objects_that_pile_up_are_theirs),
		SCENE(blocks_may_grow_whoever_holds_them),
		SCENE(memory_that_is_free_and_kept),
		SCENE(other_memory_is_called_by_its_group),
		SCENE(resident_memory_that_hardly_grows_is_no_leak),
		SCENE(a_warm_up_is_no_leak),
		SCENE(the_largest_of_several_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
