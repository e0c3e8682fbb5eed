/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that have ended, joined or not, and threads with nothing but their argument. */
#include "leak_cases.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAITING = 4, LEFT = 512 };

static void *volatile arguments[WAITING];
static void *volatile left[COPIES];
static void *volatile results[2];
static long ended_id;

static void make_blocks(void)
{
	for (int i = 0; i < COPIES; i++) {
		(void)block_new(24);
		left[i] = block_new(40);
	}
	for (int i = 0; i < WAITING; i++)
		arguments[i] = block_new(56);
	results[0] = block_new(72);
	results[1] = block_new(88);
}

static void *wait_with_argument(void *argument)
{
	wait_for_good();
	return argument;
}

/*
 * glibc keeps the stack for the next thread, but of what is below the end of
 * the last function only what lies in the same page: so there are many copies.
 */
static void *leave(void *unused)
{
	void *volatile mine[LEFT];

	for (int i = 0; i < LEFT; i++)
		mine[i] = left[i % COPIES];
	for (int i = 0; i < COPIES; i++)
		left[i] = NULL;
	return mine[0] ? unused : mine[1];
}

static void *return_result(void *number)
{
	ended_id = syscall(SYS_gettid);
	return take(&results[(intptr_t)number]);
}

static pthread_t begin(void *(*work)(void *), intptr_t number)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, (void *)number) != 0)
		abort();
	return thread;
}

static void join(pthread_t thread)
{
	if (pthread_join(thread, NULL) != 0)
		abort();
}

/* A thread that has ended and that nobody joins keeps its result. */
static void end_one(void)
{
	char path[64];

	ended_id = 0;
	(void)begin(return_result, 1);
	while (!*(volatile long *)&ended_id)
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%ld", ended_id);
	while (access(path, F_OK) == 0)
		sched_yield();
}

void leak_case_threads(void (*look)(void))
{
	in_new_thread(make_blocks);
	join(begin(return_result, 0));
	end_one();
	for (int i = 0; i < WAITING; i++)
		start_thread(wait_with_argument, take(&arguments[i]));
	join(begin(leave, 0));
	look();
}
