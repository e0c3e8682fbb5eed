/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that the program made itself: of contexts (makecontext), suspended and
 * running, and the alternate stack of a signal handler.
 */
#include "leak_cases.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum {
	STACK = 65544,
	PLACES = 7,
	/* Contexts: */
	ON_BLOCK = 0,
	ON_MAPPING,
	FORGOTTEN,
	RUNNING,
	CONTEXTS,
};

static ucontext_t *volatile contexts[CONTEXTS];
static ucontext_t back[CONTEXTS];
static void *volatile stacks[CONTEXTS];
static void *volatile alternate;
static void *volatile places[PLACES];

static void *map_stack(void)
{
	void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED)
		abort();
	return stack;
}

static void make_blocks(void)
{
	places[0] = block_new(24);
	places[1] = block_new(40);
	places[2] = block_new(56);
	places[3] = block_new(72);
	places[4] = block_new(88);
	places[5] = block_new(104);
	places[6] = block_new(120);
	for (int i = 0; i < CONTEXTS; i++) {
		contexts[i] = block_new(sizeof(ucontext_t));
		stacks[i] = i == ON_MAPPING ? map_stack() : block_new(STACK);
	}
	alternate = block_new(STACK);
}

/* ---------------------------------------------------------------- contexts */

static void suspend(int number)
{
	void *volatile mine = take(&places[number]);

	swapcontext(contexts[number], &back[number]);
	take(&mine);
}

static void stay(int number)
{
	void *volatile mine = take(&places[number]);

	wait_for_good();
	take(&mine);
}

static void enter(int number, void (*work)(int))
{
	if (getcontext(contexts[number]) != 0)
		abort();
	contexts[number]->uc_stack.ss_sp = stacks[number];
	contexts[number]->uc_stack.ss_size = STACK;
	contexts[number]->uc_link = NULL;
	makecontext(contexts[number], (void (*)(void))work, 1, number);
	swapcontext(&back[number], contexts[number]);
}

static void enter_suspended(void)
{
	for (int i = 0; i < RUNNING; i++)
		enter(i, suspend);
	contexts[FORGOTTEN] = NULL;
	stacks[FORGOTTEN] = NULL;
	memset(&back[FORGOTTEN], 0, sizeof(back[FORGOTTEN]));
}

static void *run_on_another(void *unused)
{
	void *volatile mine = take(&places[4]);

	enter(RUNNING, stay);
	take(&mine);
	return unused;
}

/* ----------------------------------------------------------------- signals */

static void handle(int number)
{
	(void)number;
	stay(5);
}

static void *run_in_handler(void *unused)
{
	void *volatile mine = take(&places[6]);
	const stack_t stack = {.ss_sp = alternate, .ss_size = STACK};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

	if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0 ||
	    raise(SIGUSR1) != 0)
		abort();
	take(&mine);
	return unused;
}

void leak_case_contexts(void (*look)(void))
{
	in_new_thread(make_blocks);
	far_down(enter_suspended);
	start_thread(run_on_another, NULL);
	start_thread(run_in_handler, NULL);
	look();
}
