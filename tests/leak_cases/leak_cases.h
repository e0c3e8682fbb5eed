/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that lose memory in known ways, as a library: a Python target loads
 * it and a plain program does (alone.c), so that plumb, valgrind and LeakSanitizer
 * are asked of the same code. tests/test_leak_cases.py has the answers.
 *
 * A block is known by its size, which no other of its family has; most are made
 * COPIES times. Sizes are those that malloc gives out unrounded, 16 n + 8.
 *
 * Counts are exact, in a process that has lived before too:
 *
 *	blocks come from memory that was never used, the arena of a new thread, so
 *	no word that was left anywhere leads to them;
 *	they are zeroed, so nothing left in them leads anywhere;
 *	whoever makes them does so far down its stack, which is cleared afterwards.
 *
 * A family is leak_case_NAME(rest): it makes its blocks, and calls rest while
 * they are lost and held as they should be. Nothing here needs a symbol of a
 * newer libc than the oldest that the tests have: threads meet in pipes.
 */
#ifndef LEAK_CASES_H
#define LEAK_CASES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COPIES = 16 };

/* Writes "ready" and waits until somebody writes to its stdin. */
void rest(void);

/* Zeroed, of malloc. Ends the process if there is none. */
void *block_new(size_t size);

/* Stores to in word `word` of a block. */
void block_link(void *block, size_t word, const void *to);

/* Calls work far down the stack, and leaves there what it leaves: below the pointer, then. */
void far_below(void (*work)(void *), void *argument);

/* Calls make there, and clears what it left there and in registers. */
void far_down(void (*make)(void));

/* The same in a thread with an arena of its own, that has ended then. */
void in_new_thread(void (*make)(void));

/* Starts a thread, and returns when that is in wait_for_good. */
void start_thread(void *(*work)(void *), void *argument);
void wait_for_good(void);

/* The pipes behind these two, for who waits by its own means: a byte to the first, then a read. */
extern int arrived_writer;
extern int never_reader;

/* Moves what is in *place away, so that only the caller has it. */
void *take(void *volatile *place);

#ifdef __cplusplus
}
#endif

#endif
