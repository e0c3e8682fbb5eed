/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of threads, sound and torn, in a target made of a few pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/layouts/layout_tables.h"
#include "runtime/py_roots.h"
#include "runtime/py_threads.h"
#include "target/fake_target.h"

enum { MEMORY = 1 << 20, THREAD = 1 << 12, CACHE = 1 << 20 };

static const taddr base = 0x7f0000000000;

struct world {
	uint8_t bytes[MEMORY];
	taddr interpreters[2];
	struct python python;
	struct target *target;
	struct window_cache cache;
};

static void put(struct world *world, taddr address, uint64_t value)
{
	memcpy(world->bytes + (address - base), &value, sizeof(value));
}

/* The states of two interpreters lie behind the threads: thread i is at base + (i + 1) * 4 KiB. */
static taddr thread_at(unsigned int i)
{
	return base + (taddr)(i + 1) * THREAD;
}

static struct world *world_new(void)
{
	struct world *world = test_calloc(1, sizeof(*world));

	world->interpreters[0] = base + MEMORY - (1 << 18);
	world->interpreters[1] = base + MEMORY - (1 << 17);
	world->python = (struct python){.layout = py_layout_3_12,
	                                .minor = 12,
	                                .interpreters = world->interpreters,
	                                .interpreter_count = 2,
	                                .memory = &world->cache};
	return world;
}

static void first_thread(struct world *world, size_t interpreter, taddr thread)
{
	put(world, world->interpreters[interpreter] + py_layout_3_12.interpreter.threads_head,
	    thread);
}

static void next_thread(struct world *world, taddr thread, taddr next)
{
	put(world, thread + py_layout_3_12.thread.next, next);
}

static void finish(struct world *world)
{
	struct fake_target *fake = fake_target_new();

	assert_true(fake_target_add(fake, base, world->bytes, MEMORY, true, ""));
	assert_null(fake_target_finish(fake, &world->target));
	assert_null(window_cache_init(&world->cache, world->target, CACHE));
}

static void world_free(struct world *world)
{
	window_cache_deinit(&world->cache);
	target_free(world->target);
	test_free(world);
}

static void threads_of_all_interpreters_are_met_once(void **state)
{
	struct world *world = world_new();
	struct py_thread_walk walk = {0};
	unsigned int met = 0;

	(void)state;
	first_thread(world, 0, thread_at(0));
	for (unsigned int i = 0; i < 9; i++)
		next_thread(world, thread_at(i), thread_at(i + 1));
	first_thread(world, 1, thread_at(20));
	finish(world);
	while (py_thread_next(&world->python, &walk)) {
		assert_int_equal(walk.thread, met < 10 ? thread_at(met) : thread_at(20));
		assert_int_equal(walk.interpreter, met < 10 ? 0 : 1);
		met++;
	}
	assert_int_equal(met, 11);
	assert_int_equal(py_threads_count(&world->python), 11);
	world_free(world);
}

static void an_interpreter_without_threads_is_passed(void **state)
{
	struct world *world = world_new();

	(void)state;
	first_thread(world, 1, thread_at(3));
	finish(world);
	assert_int_equal(py_threads_count(&world->python), 1);
	world_free(world);
}

static void a_list_that_bites_its_tail_ends(void **state)
{
	struct world *world = world_new();
	size_t count;

	(void)state;
	first_thread(world, 0, thread_at(0));
	for (unsigned int i = 0; i < 40; i++)
		next_thread(world, thread_at(i), thread_at(i + 1));
	next_thread(world, thread_at(40), thread_at(17));
	first_thread(world, 1, thread_at(50));
	next_thread(world, thread_at(50), thread_at(50));
	finish(world);
	count = py_threads_count(&world->python);
	assert_in_range(count, 42, 200);
	world_free(world);
}

static void a_list_that_leaves_memory_ends(void **state)
{
	struct world *world = world_new();

	(void)state;
	first_thread(world, 0, thread_at(0));
	next_thread(world, thread_at(0), 0x1234567890);
	finish(world);
	assert_in_range(py_threads_count(&world->python), 1, 2);
	world_free(world);
}

struct told {
	size_t count;
	taddr last;
};

static void count_reference(void *context, const struct py_ref *reference)
{
	struct told *told = context;

	told->count++;
	told->last = reference->to;
}

static void handled_exceptions_that_bite_their_tail_end(void **state)
{
	struct world *world = world_new();
	struct told told = {0};
	const struct py_visitor visitor = {.context = &told, .reference = count_reference};
	taddr item = base + 64;

	(void)state;
	first_thread(world, 0, thread_at(0));
	put(world, thread_at(0) + py_layout_3_12.thread.exc_info, item);
	put(world, item + py_layout_3_12.exc_stack_item.exc_value, 0xabc0);
	put(world, item + py_layout_3_12.exc_stack_item.previous_item, item);
	finish(world);
	py_thread_tell(&world->python, thread_at(0), &visitor);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last, 0xabc0);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_of_all_interpreters_are_met_once),
		cmocka_unit_test(an_interpreter_without_threads_is_passed),
		cmocka_unit_test(a_list_that_bites_its_tail_ends),
		cmocka_unit_test(a_list_that_leaves_memory_ends),
		cmocka_unit_test(handled_exceptions_that_bite_their_tail_end),
	};

	return cmocka_run_group_tests_name("py_threads", tests, NULL, NULL);
}
