/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of functions that run, and of such that have returned; registers. */
#include "leak_cases.h"

enum { REGISTERS = 5 };

static void *volatile places[4][COPIES];
static void *volatile register_blocks[REGISTERS];
static void *volatile vector_block;

static void make_blocks(void)
{
	for (int i = 0; i < COPIES; i++) {
		places[0][i] = block_new(24);
		places[1][i] = block_new(40);
		places[2][i] = block_new(56);
		places[3][i] = block_new(72);
	}
	for (int i = 0; i < REGISTERS; i++)
		register_blocks[i] = block_new(88);
	vector_block = block_new(104);
}

static void leave(void *from)
{
	void *volatile left[COPIES];

	for (int i = 0; i < COPIES; i++)
		left[i] = take(&((void *volatile *)from)[i]);
	(void)left;
}

static void *wait_with_variables(void *unused)
{
	void *volatile mine[COPIES];

	for (int i = 0; i < COPIES; i++)
		mine[i] = take(&places[0][i]);
	far_below(leave, (void *)places[1]);
	wait_for_good();
	return mine[0] ? mine[0] : unused;
}

/*
 * What functions have to preserve is where it was until the system call ends:
 * write(arrived_writer, stack, 1), read(never_reader, stack, 1).
 */
static void *wait_with_registers(void *unused)
{
	void *volatile *blocks = register_blocks;
	void *volatile *vector = &vector_block;
	long byte = 0;
	void *buffer = &byte;
	long writer = arrived_writer;

	__asm__ volatile("mov (%[blocks]), %%rbx\n\t"
	                 "mov 8(%[blocks]), %%r12\n\t"
	                 "mov 16(%[blocks]), %%r13\n\t"
	                 "mov 24(%[blocks]), %%r14\n\t"
	                 "mov 32(%[blocks]), %%r15\n\t"
	                 "movq (%[vector]), %%xmm9\n\t"
	                 "movq $0, (%[blocks])\n\t"
	                 "movq $0, 8(%[blocks])\n\t"
	                 "movq $0, 16(%[blocks])\n\t"
	                 "movq $0, 24(%[blocks])\n\t"
	                 "movq $0, 32(%[blocks])\n\t"
	                 "movq $0, (%[vector])\n\t"
	                 "mov $1, %%edx\n\t"
	                 "mov $1, %%eax\n\t"
	                 "syscall\n\t"
	                 "mov %[reader], %%edi\n\t"
	                 "xor %%eax, %%eax\n\t"
	                 "syscall\n\t"
	                 : [blocks] "+a"(blocks), [vector] "+d"(vector), "+S"(buffer), "+D"(writer)
	                 : [reader] "r"(never_reader)
	                 : "rbx", "rcx", "r11", "r12", "r13", "r14", "r15", "xmm9", "memory");
	return unused;
}

void leak_case_stacks(void (*look)(void))
{
	void *volatile mine[COPIES];

	in_new_thread(make_blocks);
	for (int i = 0; i < COPIES; i++)
		mine[i] = take(&places[2][i]);
	start_thread(wait_with_variables, NULL);
	start_thread(wait_with_registers, NULL);
	far_below(leave, (void *)places[3]);
	look();
	if (mine[0])
		mine[0] = NULL;
}
