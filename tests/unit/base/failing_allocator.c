/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linker sends calls of malloc to __wrap_malloc, and those of
 * __real_malloc to malloc. Counters are atomic: workers allocate in threads.
 *
 * Of vasprintf there is a second one, which is called when the headers are
 * told to check (_FORTIFY_SOURCE).
 */
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
	bool is_for_good; /* what comes after the one that fails, fails too */
	size_t wanted;    /* the allocation to fail, from 0 */
	bool is_armed;
	atomic_size_t seen; /* while armed */
	atomic_llong in_use;
} allocator = {.wanted = SIZE_MAX};

static bool fails(void)
{
	size_t number;

	if (!allocator.is_armed)
		return false;
	number = atomic_fetch_add(&allocator.seen, 1);
	return allocator.is_for_good ? number >= allocator.wanted : number == allocator.wanted;
}

static void *counted(void *block)
{
	if (block)
		atomic_fetch_add(&allocator.in_use, 1);
	return block;
}

/* A block that was there before stays counted. */
static void *counted_again(const void *before, void *block)
{
	return before ? block : counted(block);
}

void allocator_arm(void)
{
	atomic_store(&allocator.seen, 0);
	allocator.is_armed = true;
}

void allocator_disarm(void)
{
	allocator.is_armed = false;
}

/* True: there was such an allocation. */
static bool run_failing(allocator_work work, void *context, size_t number, bool is_for_good)
{
	long long before = atomic_load(&allocator.in_use);
	bool has_failed;
	bool was_told;

	allocator.wanted = number;
	allocator.is_for_good = is_for_good;
	was_told = work(context);
	allocator.wanted = SIZE_MAX;
	assert_false(allocator.is_armed);
	has_failed = atomic_load(&allocator.seen) > number;
	if (was_told && !has_failed)
		fail_msg("none of %zu allocations failed, and one was said to",
		         atomic_load(&allocator.seen));
	if (atomic_load(&allocator.in_use) != before)
		fail_msg("%lld blocks are in use after allocation %zu failed",
		         atomic_load(&allocator.in_use) - before, number);
	return has_failed;
}

size_t allocator_exhaust(allocator_work work, void *context)
{
	size_t number = 0;

	while (run_failing(work, context, number, false))
		number++;
	for (size_t again = 0; run_failing(work, context, again, true); again++)
		;
	return number;
}

/* ------------------------------------------- what the linker puts in place */

extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void *__real_realloc(void *block, size_t size);
extern void *__real_reallocarray(void *block, size_t count, size_t size);
extern char *__real_strdup(const char *string);
extern char *__real_strndup(const char *string, size_t size);
extern int __real_vasprintf(char **ret, const char *format, va_list arguments);
extern void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
char *__wrap_strdup(const char *string);
char *__wrap_strndup(const char *string, size_t size);
int __wrap_vasprintf(char **ret, const char *format, va_list arguments);
int __wrap_asprintf(char **ret, const char *format, ...);
int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list arguments);
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
	return fails() ? NULL : counted_again(block, __real_realloc(block, size));
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
	return fails() ? NULL : counted_again(block, __real_reallocarray(block, count, size));
}

char *__wrap_strdup(const char *string)
{
	return fails() ? NULL : counted(__real_strdup(string));
}

char *__wrap_strndup(const char *string, size_t size)
{
	return fails() ? NULL : counted(__real_strndup(string, size));
}

/* What *ret holds after a failure is not defined: it is spoilt. */
int __wrap_vasprintf(char **ret, const char *format, va_list arguments)
{
	int length;

	if (fails()) {
		*ret = (char *)UINTPTR_MAX;
		return -1;
	}
	length = __real_vasprintf(ret, format, arguments);
	if (length >= 0)
		counted(*ret);
	return length;
}

int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list arguments)
{
	(void)flag;
	return __wrap_vasprintf(ret, format, arguments);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = __wrap_vasprintf(ret, format, arguments);
	va_end(arguments);
	return length;
}

int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list arguments;
	int length;

	(void)flag;
	va_start(arguments, format);
	length = __wrap_vasprintf(ret, format, arguments);
	va_end(arguments);
	return length;
}

void __wrap_free(void *block)
{
	if (block)
		atomic_fetch_sub(&allocator.in_use, 1);
	__real_free(block);
}
