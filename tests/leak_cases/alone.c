/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alone LIBRARY FAMILY: a family of leak_cases.h in a program of C, which has
 * the tool that it runs under look for leaks: valgrind, or the LeakSanitizer
 * that it was linked with.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_DO_LEAK_CHECK
#endif

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void look(void)
{
	if (__lsan_do_recoverable_leak_check)
		(void)__lsan_do_recoverable_leak_check();
	else
		VALGRIND_DO_LEAK_CHECK;
}

int main(int argc, char **argv)
{
	void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	char name[64];
	void (*family)(void (*)(void));

	if (!library) {
		fprintf(stderr, "alone: %s\n", argc == 3 ? dlerror() : "LIBRARY FAMILY");
		return 2;
	}
	snprintf(name, sizeof(name), "leak_case_%s", argv[2]);
	family = (void (*)(void (*)(void)))dlsym(library, name);
	if (!family)
		return 2;
	family(look);
	_exit(0); /* at the end of main there would be other leaks */
}
