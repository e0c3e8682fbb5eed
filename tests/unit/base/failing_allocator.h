/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that fails on demand, for tests named test_memory_<layer>: the
 * build links them so that every allocation which plumb's own code asks for
 * passes through here (-Wl,--wrap, see meson.build). What libraries ask for
 * themselves does not. Works under the sanitizers too: what does not fail is
 * theirs.
 *
 *	allocator_exhaust(make_and_free_something, context);
 *
 * Blocks in use are counted, so no sanitizer is needed to see a leak.
 */
#ifndef PLUMB_TESTS_FAILING_ALLOCATOR_H
#define PLUMB_TESTS_FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One run of what is tested: does its work and frees everything again. Between
 * its calls of allocator_arm, when all that it stands on is there, and of
 * allocator_disarm one allocation fails, or all from that one on. Either the
 * work then says that memory ran out (true), or it asserts that what came out
 * is what comes out when no allocation fails: nothing is lost in silence.
 */
typedef bool (*allocator_work)(void *context);

/*
 * Called by work. What it allocates outside of the two does not fail, and
 * nothing does outside of allocator_exhaust.
 */
void allocator_arm(void);
void allocator_disarm(void);

/*
 * Runs work with the first allocation failing, the second ..., until it has
 * failed at each one; and then with all from the first on failing, from the
 * second on ... Asserts each time that nothing is in use afterwards which was
 * not before. Returns how many allocations there are.
 */
size_t allocator_exhaust(allocator_work work, void *context);

#endif
