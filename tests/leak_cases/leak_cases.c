/* SPDX-License-Identifier: Apache-2.0 */
/* What all families of leak_cases.h need. */
#include "leak_cases.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAR = 256 << 10 };

int arrived_writer;
int never_reader;
static int arrived_reader;

void rest(void)
{
	char byte;

	if (write(STDOUT_FILENO, "ready\n", 6) == 6)
		(void)!read(STDIN_FILENO, &byte, 1);
}

static void check(int is_fine)
{
	if (!is_fine)
		abort();
}

void *block_new(size_t size)
{
	void *block = malloc(size);

	check(block != NULL);
	memset(block, 0, size);
	return block;
}

void block_link(void *block, size_t word, const void *to)
{
	((const void **)block)[word] = to;
}

void *take(void *volatile *place)
{
	void *taken = *place;

	*place = NULL;
	return taken;
}

/* ------------------------------------------------------- to leave no trace */

static void clear_stack(void)
{
	volatile char room[2 * FAR];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

static void clear_registers(void)
{
	__asm__ volatile("xor %%eax, %%eax\n\t"
	                 "xor %%ecx, %%ecx\n\t"
	                 "xor %%edx, %%edx\n\t"
	                 "xor %%esi, %%esi\n\t"
	                 "xor %%edi, %%edi\n\t"
	                 "xor %%r8d, %%r8d\n\t"
	                 "xor %%r9d, %%r9d\n\t"
	                 "xor %%r10d, %%r10d\n\t"
	                 "xor %%r11d, %%r11d\n\t"
	                 :
	                 :
	                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

void far_below(void (*work)(void *), void *argument)
{
	volatile char room[FAR];

	room[FAR - 1] = room[0] = 0;
	work(argument);
	room[0] = room[FAR - 1];
}

static void call(void *make)
{
	((void (*)(void))make)();
}

void far_down(void (*make)(void))
{
	far_below(call, (void *)make);
	clear_stack();
	clear_registers();
}

/* ----------------------------------------------------------------- threads */

static void *make_in_thread(void *make)
{
	far_down((void (*)(void))make);
	return NULL;
}

void in_new_thread(void (*make)(void))
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, make_in_thread, (void *)make) == 0);
	check(pthread_join(thread, NULL) == 0);
}

static void open_pipes(void)
{
	int arrived[2];
	int never[2];

	if (arrived_writer)
		return;
	check(pipe(arrived) == 0 && pipe(never) == 0);
	arrived_reader = arrived[0];
	arrived_writer = arrived[1];
	never_reader = never[0];
}

void start_thread(void *(*work)(void *), void *argument)
{
	pthread_t thread;
	char byte;

	open_pipes();
	check(pthread_create(&thread, NULL, work, argument) == 0);
	check(read(arrived_reader, &byte, 1) == 1);
}

void wait_for_good(void)
{
	char byte = 0;

	check(write(arrived_writer, &byte, 1) == 1);
	(void)!read(never_reader, &byte, 1);
}
