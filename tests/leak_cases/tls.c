/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables of threads: in the static block beside a thread's descriptor, in a
 * block of a module that was loaded later, and under keys: the first 32 of
 * these lie in the descriptor, others in blocks of malloc.
 */
#include "leak_cases.h"

#include <pthread.h>
#include <stdlib.h>

enum { KINDS = 5, KEYS = 40 };

static __thread void *in_static[1] __attribute__((tls_model("initial-exec")));
static __thread void *in_dynamic[COPIES] __attribute__((tls_model("global-dynamic")));
static __thread void *overwritten;
static void *volatile places[3][KINDS];
static pthread_key_t keys[KEYS];

static void make_keys(void)
{
	for (int i = 0; i < KEYS; i++)
		if (pthread_key_create(&keys[i], NULL) != 0)
			abort();
}

static void set_key(pthread_key_t key, const void *value)
{
	if (pthread_setspecific(key, value) != 0)
		abort();
}

static void make_blocks(void)
{
	places[0][0] = block_new(24);
	places[0][1] = block_new(40);
	places[0][2] = block_new(56);
	places[0][3] = block_new(72);
	places[0][4] = block_new(88);
	places[1][0] = block_new(104);
	places[1][1] = block_new(120);
	places[1][2] = block_new(136);
	places[1][3] = block_new(152);
	places[1][4] = block_new(168);
	places[2][0] = block_new(184);
	places[2][1] = block_new(200);
	places[2][2] = block_new(216);
	places[2][3] = block_new(232);
	places[2][4] = block_new(248);
}

/* A block into each place that is the thread's own, and one that is taken away again. */
static void keep(void *volatile *blocks)
{
	in_static[0] = take(&blocks[0]);
	in_dynamic[COPIES - 1] = take(&blocks[1]);
	set_key(keys[0], take(&blocks[2]));
	set_key(keys[KEYS - 1], take(&blocks[3]));
	overwritten = take(&blocks[4]);
	overwritten = NULL;
}

static void keep_in_first(void)
{
	keep(places[0]);
}

static void keep_in_second(void)
{
	keep(places[1]);
}

static void keep_in_ended(void)
{
	keep(places[2]);
}

static void *keep_and_wait(void *unused)
{
	far_down(keep_in_second);
	wait_for_good();
	return unused;
}

void leak_case_tls(void (*look)(void))
{
	make_keys();
	in_new_thread(make_blocks);
	in_new_thread(keep_in_ended);
	far_down(keep_in_first);
	start_thread(keep_and_wait, NULL);
	look();
}
