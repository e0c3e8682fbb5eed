/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every question with each allocation failing in turn: lack of memory is an
 * error, or the answer is the same as ever. Never a shorter answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/account_owners.h"
#include "analysis/diff.h"
#include "analysis/growth.h"
#include "analysis/heap_table.h"
#include "analysis/lost.h"
#include "analysis/settings_diff.h"
#include "analysis/verdict.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "failing_allocator.h"
#include "graph.h"

enum { LOOK_COUNT = 4, SESSIONS = 20, MORE = 10, CHAIN = 40 };

/* One heap that grows: app.cache[key] -> Session -> .user, and a chain of errors. */
static struct graph heaps[LOOK_COUNT];

static void name_types(struct graph *graph)
{
	static const char *const names[] = {"type", "module",      "dict",  "str",
	                                    "list", "app.Session", "error", "User"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		graph_object_at(graph, names[i], 16, 0x100 + i * 16);
}

static void add_cache(struct graph *graph, node_id app, uint32_t count)
{
	node_id cache = graph_object_at(graph, "dict", 1000, 0x7f000000);

	graph_global(graph, app, "cache", cache);
	snapshot_builder_container(graph->builder, cache, count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t address = 0x7f100000 + i * 256ULL;
		node_id session = graph_object_at(graph, "app.Session", 48, address);
		node_id user = graph_object_at(graph, "User", 100, address + 128);
		char key[32];

		snprintf(key, sizeof(key), "'key%u'", i);
		graph_item(graph, cache, session, graph_key(graph, key));
		graph_attribute(graph, session, user, "user");
	}
}

static void add_chain(struct graph *graph, node_id app, uint32_t count)
{
	node_id last = graph_object_at(graph, "error", 48, 0x8f000000);

	graph_global(graph, app, "ERROR", last);
	for (uint32_t i = 1; i < count; i++) {
		node_id link = graph_object_at(graph, "error", 48, 0x8f000000 + i * 64ULL);

		graph_attribute(graph, last, link, "next");
		last = link;
	}
}

static int make_heaps(void **state)
{
	(void)state;
	for (uint32_t look = 0; look < LOOK_COUNT; look++) {
		struct graph *graph = &heaps[look];
		node_id app;

		graph_init(graph);
		name_types(graph);
		app = graph_module(graph, "app");
		add_cache(graph, app, SESSIONS + look * MORE);
		add_chain(graph, app, CHAIN + look * MORE);
		graph_object_at(graph, "list", 56, 0x9f000000);
		graph_seal(graph);
		graph->snapshot->facts.pid = 100;
	}
	return 0;
}

static int free_heaps(void **state)
{
	(void)state;
	for (size_t look = 0; look < LOOK_COUNT; look++)
		graph_deinit(&heaps[look]);
	return 0;
}

/* Asks between allocator_arm and _disarm, then appends the answer. */
typedef struct error *question(struct text *answer);

struct trial {
	question *ask;
	char *whole; /* the answer when no allocation fails; owned */
};

static bool ask(void *context)
{
	const struct trial *trial = context;
	_cleanup_(text_deinit) struct text answer;
	struct error *error;

	text_init(&answer);
	error = trial->ask(&answer);
	if (error) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
		error_free(error);
		return true;
	}
	assert_string_equal(text_string(&answer), trial->whole);
	return false;
}

static void exhaust(question *asked, size_t least)
{
	struct trial trial = {.ask = asked};
	struct text answer;

	text_init(&answer);
	assert_null(asked(&answer));
	trial.whole = text_take(&answer);
	assert_non_null(trial.whole);
	assert_true(allocator_exhaust(ask, &trial) >= least);
	free(trial.whole);
}

/* -------------------------------------------------------------- questions */

static struct error *ask_heap_table(struct text *answer)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	struct error *error;

	allocator_arm();
	error = heap_table_make(heaps[0].snapshot, HEAP_BY_TYPE, HEAP_SORT_BYTES, &table);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < table->row_count; i++)
		text_printf(answer, "%s %llu %llu\n", table->rows[i].name,
		            (unsigned long long)table->rows[i].objects,
		            (unsigned long long)table->rows[i].bytes);
	return NULL;
}

static void say_path(const struct concrete_path *path, struct text *answer)
{
	text_printf(answer, "  %s\n", path->text);
	for (size_t i = 0; i < path->step_count; i++)
		text_printf(answer, "    %s %s %s\n", path->steps[i].edge, path->steps[i].label,
		            path->steps[i].type);
}

static void say_paths(const struct paths *paths, struct text *answer)
{
	for (size_t i = 0; i < paths->path_count; i++) {
		text_printf(answer, "%s %llu\n", paths->paths[i].text,
		            (unsigned long long)paths->paths[i].objects);
		say_path(&paths->paths[i].example, answer);
	}
}

static struct error *find_paths(const struct snapshot *snapshot, const char *what,
                                struct paths **ret)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct selection selection;
	struct error *error = reach_make(snapshot, &reach);

	if (!error)
		error = selection_make(snapshot, what, &selection);
	if (error)
		return error;
	error = paths_make(snapshot, reach, &selection, 100, ret);
	selection_deinit(&selection);
	return error;
}

static struct error *ask_paths(struct text *answer, const char *what)
{
	_cleanup_(cleanup_paths) struct paths *paths = NULL;
	struct error *error;

	allocator_arm();
	error = find_paths(heaps[0].snapshot, what, &paths);
	allocator_disarm();
	if (!error)
		say_paths(paths, answer);
	return error;
}

static struct error *ask_paths_of_users(struct text *answer)
{
	return ask_paths(answer, "User");
}

static struct error *ask_paths_of_a_chain(struct text *answer)
{
	return ask_paths(answer, "error");
}

/* The nearest name is looked for. */
static struct error *ask_a_wrong_name(struct text *answer)
{
	struct selection selection;
	struct error *error;

	allocator_arm();
	error = selection_make(heaps[0].snapshot, "app.Sessn", &selection);
	allocator_disarm();
	assert_non_null(error);
	if (error_kind(error) == ERROR_MEMORY)
		return error;
	text_append(answer, error_message(error));
	error_free(error);
	return NULL;
}

static struct error *find_growth(struct looks *looks, struct growth **ret)
{
	for (size_t i = 0; i < LOOK_COUNT; i++) {
		_cleanup_(cleanup_reach) struct reach *reach = NULL;
		struct look_figures figures = {.seconds = (double)i * 10};
		struct error *error = reach_make(heaps[i].snapshot, &reach);

		if (!error)
			error = looks_add(looks, heaps[i].snapshot, reach, &figures);
		if (!error && i + 1 == LOOK_COUNT)
			error = growth_find(looks, heaps[i].snapshot, take_ptr(reach), ret);
		if (error)
			return error;
	}
	return NULL;
}

static void say_suspect(const struct suspect *suspect, struct text *answer)
{
	text_printf(answer, "%s %llu %llu %s %s\n", suspect->type,
	            (unsigned long long)suspect->objects, (unsigned long long)suspect->held_bytes,
	            suspect->path, suspect->container_count ? suspect->container_path : "-");
	say_path(&suspect->example, answer);
	for (size_t i = 0; i < suspect->companion_count; i++)
		text_printf(answer, "  %s\n", suspect->companions[i].type);
}

static struct error *ask_growth(struct text *answer)
{
	_cleanup_(cleanup_growth) struct growth *growth = NULL;
	struct looks looks;
	struct error *error;

	looks_init(&looks);
	allocator_arm();
	error = find_growth(&looks, &growth);
	allocator_disarm();
	for (size_t i = 0; growth && i < growth->suspect_count; i++)
		say_suspect(&growth->suspects[i], answer);
	for (size_t i = 0; growth && i < growth->type_count; i++)
		text_printf(answer, "%s\n", growth->types[i].type);
	looks_deinit(&looks);
	return error;
}

static struct error *find_diff(struct diff *diff)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	const struct snapshot *last = heaps[1].snapshot;
	struct error *error = diff_add(diff, heaps[0].snapshot);

	if (!error)
		error = diff_add(diff, last);
	if (!error)
		error = reach_make(last, &reach);
	return error ? error : diff_finish(diff, last, reach);
}

static struct error *ask_diff(struct text *answer)
{
	_cleanup_(cleanup_diff) struct diff diff;
	struct error *error;

	diff_init(&diff);
	allocator_arm();
	error = find_diff(&diff);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < diff.type_count; i++)
		text_printf(answer, "%s %lld\n", diff.types[i].series->name,
		            (long long)diff.types[i].objects);
	say_paths(diff.paths, answer);
	for (size_t i = 0; i < diff.container_count; i++)
		text_printf(answer, "%s %llu\n", diff.containers[i].path,
		            (unsigned long long)diff.containers[i].length_now);
	return NULL;
}

static void make_losses(struct graph *graph)
{
	graph_init(graph);
	for (uint32_t i = 0; i < CHAIN; i++) {
		node_id object = graph_counted(graph, i % 2 ? "app.Lost" : "app.Loop", 1, true);
		node_id block = graph_block(graph, 24 + 16ULL * i);

		if (i % 2 == 0)
			graph_attribute(graph, object, object, "me");
		graph_edge(graph, block, block, EDGE_CONSERVATIVE, 0);
	}
	graph_seal(graph);
}

static struct error *ask_lost(struct text *answer)
{
	_cleanup_(cleanup_lost) struct lost *lost = NULL;
	_cleanup_(graph_deinit) struct graph graph;
	struct error *error;

	make_losses(&graph);
	allocator_arm();
	error = lost_make(graph.snapshot, &lost);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < lost->group_count; i++)
		text_printf(answer, "%s %llu\n", lost_cause_name(lost->groups[i].cause),
		            (unsigned long long)lost->groups[i].islands);
	text_printf(answer, "%llu in %zu rows\n",
	            (unsigned long long)lost->kinds[LOST_DEFINITE].count, lost->block_count);
	return NULL;
}

static struct error *ask_owners(struct text *answer)
{
	_cleanup_(cleanup_native_shares) struct native_shares shares = {0};
	_cleanup_(cleanup_account_owners) struct account_owners owners = {0};
	_cleanup_(graph_deinit) struct graph graph;
	struct account account;
	struct error *error;

	make_losses(&graph);
	graph.snapshot->account = (struct snap_account){
		.is_known = true,
		.resident = 1 << 20,
		.owned = {[SNAP_OWNER_NATIVE] = 1 << 20},
	};
	account_make(&graph.snapshot->account, &account);
	allocator_arm();
	error = native_shares_init(&shares, graph.snapshot);
	if (!error)
		error = account_owners_init(&owners, graph.snapshot, &account, &shares);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < owners.count; i++)
		text_printf(answer, "%llu %llu\n", (unsigned long long)owners.all[i].number,
		            (unsigned long long)owners.all[i].bytes);
	return NULL;
}

/* The same heap at each look: a pile of each kind, and a verdict on none of them. */
static struct error *find_verdict(struct piles *piles, const struct snapshot *snapshot,
                                  struct verdict **ret)
{
	const struct looks looks = {.count = LOOK_COUNT};
	const struct growth growth = {0};
	const struct verdict_facts facts = {&looks, &growth, piles, false};

	for (size_t i = 0; i < LOOK_COUNT; i++) {
		struct error *error = piles_add(piles, snapshot);

		if (error)
			return error;
	}
	return verdict_make(&facts, ret);
}

static struct error *ask_verdict(struct text *answer)
{
	_cleanup_(cleanup_verdict) struct verdict *verdict = NULL;
	_cleanup_(piles_deinit) struct piles piles;
	_cleanup_(graph_deinit) struct graph graph;
	struct error *error;

	make_losses(&graph);
	piles_init(&piles);
	allocator_arm();
	error = find_verdict(&piles, graph.snapshot, &verdict);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < piles.count; i++)
		text_printf(answer, "%s %llu\n", piles.list[i].key.name,
		            (unsigned long long)piles.list[i].heads[LOOK_COUNT - 1]);
	text_append(answer, verdict_name(verdict->kind));
	return NULL;
}

/* ------------------------------------------------------------------ tests */

/* Both tables are made anew each time, since adding and sealing can fail as well. */
static bool make_settings(struct snap_settings *settings, const char *version)
{
	return snap_settings_add(settings, SECTION_DISTRIBUTION, "idna", version) &&
	       snap_settings_add(settings, SECTION_LIBRARY, "libz.so.1", version) &&
	       snap_settings_add(settings, SECTION_LIBRARY, "libz.so.1", "b") &&
	       snap_settings_add(settings, SECTION_LIBRARY, "libz.so.1", "c") &&
	       snap_settings_seal(settings);
}

static struct error *ask_settings(struct text *answer)
{
	_cleanup_(snap_settings_deinit) struct snap_settings then = {0};
	_cleanup_(snap_settings_deinit) struct snap_settings now = {0};
	_cleanup_(settings_diff_deinit) struct settings_diff diff = {0};
	struct error *error = NULL;

	allocator_arm();
	if (!make_settings(&then, "1") || !make_settings(&now, "2"))
		error = error_no_memory();
	if (!error)
		error = settings_diff_make(&then, &now, &diff);
	allocator_disarm();
	if (error)
		return error;
	for (size_t i = 0; i < diff.count; i++)
		text_printf(answer, "%s %s %s\n", diff.all[i].name, diff.all[i].then,
		            diff.all[i].now);
	return NULL;
}

static void a_table_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_heap_table, 2);
}

static void what_is_lost_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_lost, 15);
}

static void owners_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_owners, 8);
}

static void a_verdict_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_verdict, 100);
}

static void paths_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_paths_of_users, 30);
	exhaust(ask_paths_of_a_chain, 30);
}

static void a_suggestion_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_a_wrong_name, 2);
}

static void growth_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_growth, 60);
}

static void a_comparison_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_diff, 60);
}

static void settings_can_lack_memory_anywhere(void **state)
{
	(void)state;
	exhaust(ask_settings, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_can_lack_memory_anywhere),
		cmocka_unit_test(what_is_lost_can_lack_memory_anywhere),
		cmocka_unit_test(owners_can_lack_memory_anywhere),
		cmocka_unit_test(a_verdict_can_lack_memory_anywhere),
		cmocka_unit_test(paths_can_lack_memory_anywhere),
		cmocka_unit_test(a_suggestion_can_lack_memory_anywhere),
		cmocka_unit_test(growth_can_lack_memory_anywhere),
		cmocka_unit_test(a_comparison_can_lack_memory_anywhere),
		cmocka_unit_test(settings_can_lack_memory_anywhere),
	};

	return cmocka_run_group_tests(tests, make_heaps, free_heaps);
}
