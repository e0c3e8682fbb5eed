/* SPDX-License-Identifier: Apache-2.0 */
/* This process, and a child of it, read as any other would be. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/live_target.h"

enum { PAGE = 4096 };

static struct target *open_target(pid_t pid)
{
	struct target *target;

	assert_null(live_target_open(pid, pid, &target));
	return target;
}

static void memory_is_read_as_it_is(void **state)
{
	struct target *target = open_target(getpid());
	static const char text[] = "some bytes";
	char copy[sizeof(text)];

	(void)state;
	assert_int_equal(target_read(target, (uintptr_t)text, copy, sizeof(copy)), DECODE_OK);
	assert_string_equal(copy, text);
	target_free(target);
}

/* Three pages, of which the last cannot be read. */
static char *map_with_hole(void)
{
	char *pages =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 'x', 3 * PAGE);
	assert_int_equal(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void a_read_stops_at_the_first_page_that_faults(void **state)
{
	struct target *target = open_target(getpid());
	char *pages = map_with_hole();
	static char buffer[4 * PAGE];
	uintptr_t address = (uintptr_t)pages;

	(void)state;
	assert_int_equal(target_read_some(target, address + 100, buffer, sizeof(buffer)),
	                 2 * PAGE - 100);
	assert_int_equal(target_read(target, address, buffer, 2 * PAGE), DECODE_OK);
	assert_int_equal(target_read(target, address, buffer, 2 * PAGE + 1), DECODE_FAULT);
	assert_int_equal(target_read_some(target, address + 2 * PAGE, buffer, 1), 0);
	munmap(pages, 3 * PAGE);
	target_free(target);
}

static void impossible_addresses_fault(void **state)
{
	struct target *target = open_target(getpid());
	char buffer[16];

	(void)state;
	assert_int_equal(target_read_some(target, 0, buffer, 16), 0);
	assert_int_equal(target_read_some(target, UINT64_MAX, buffer, 16), 0);
	assert_int_equal(target_read_some(target, UINT64_MAX - 15, buffer, 16), 0);
	assert_int_equal(target_read_some(target, UINT64_C(1) << 63, buffer, 16), 0);
	target_free(target);
}

struct mapped_file {
	char name[64];
	void *address;
};

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void map_file(struct mapped_file *file, const char *text)
{
	int fd;

	snprintf(file->name, sizeof(file->name), "/tmp/plumb-live-%d", getpid());
	write_file(file->name, text);
	fd = open(file->name, O_RDONLY | O_CLOEXEC);
	file->address = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_ptr_not_equal(file->address, MAP_FAILED);
}

static void unmap_file(struct mapped_file *file)
{
	munmap(file->address, PAGE);
	unlink(file->name);
}

/* What the mapping of file leads to. */
static void read_mapped(const struct mapped_file *file, bool is_deleted, char *ret, size_t size)
{
	struct target *target = open_target(getpid());
	const struct target_region *region = target_region_at(target, (uintptr_t)file->address);
	ssize_t got;
	int fd;

	assert_non_null(region);
	assert_string_equal(region->path, file->name);
	assert_true(region->is_deleted == is_deleted);
	assert_null(target_open_file(target, region, &fd));
	got = read(fd, ret, size - 1);
	assert_true(got >= 0);
	ret[got] = '\0';
	close(fd);
	target_free(target);
}

static void a_mapped_file_is_opened(void **state)
{
	struct mapped_file file;
	char text[16];

	(void)state;
	map_file(&file, "mapped");
	read_mapped(&file, false, text, sizeof(text));
	assert_string_equal(text, "mapped");
	unmap_file(&file);
}

static bool may_open_mappings(void)
{
	return geteuid() == 0;
}

static void a_deleted_file_is_opened(void **state)
{
	struct mapped_file file;
	char text[16];

	(void)state;
	if (!may_open_mappings())
		skip();
	map_file(&file, "deleted");
	unlink(file.name);
	read_mapped(&file, true, text, sizeof(text));
	assert_string_equal(text, "deleted");
	unmap_file(&file);
}

/* As a package upgrade does: another file now has the name. */
static void a_replaced_file_is_not_mistaken_for_the_new_one(void **state)
{
	struct mapped_file file;
	char text[16];

	(void)state;
	if (!may_open_mappings())
		skip();
	map_file(&file, "old");
	unlink(file.name);
	write_file(file.name, "new");
	read_mapped(&file, true, text, sizeof(text));
	assert_string_equal(text, "old");
	unmap_file(&file);
}

/* A hostile name must not block or be taken for the file: here a pipe. */
static void a_pipe_of_that_name_is_not_waited_for(void **state)
{
	struct mapped_file file;
	char text[16];

	(void)state;
	if (!may_open_mappings())
		skip();
	map_file(&file, "real");
	unlink(file.name);
	assert_int_equal(mkfifo(file.name, 0600), 0);
	read_mapped(&file, true, text, sizeof(text));
	assert_string_equal(text, "real");
	unmap_file(&file);
}

static void what_is_not_a_file_cannot_be_opened(void **state)
{
	struct target *target = open_target(getpid());
	char on_stack = 0;
	const struct target_region *region = target_region_at(target, (uintptr_t)&on_stack);
	struct error *error;
	int fd;

	(void)state;
	assert_non_null(region);
	error = target_open_file(target, region, &fd);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	error_free(error);
	target_free(target);
}

static pid_t start_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(child > 0);
	return child;
}

static void a_process_that_has_ended_faults(void **state)
{
	static const char text[] = "still here?";
	pid_t child = start_child();
	struct target *target = open_target(child);
	struct target *second;
	struct error *error;
	char copy[sizeof(text)];
	siginfo_t ended;

	(void)state;
	assert_int_equal(target_read(target, (uintptr_t)text, copy, sizeof(copy)), DECODE_OK);
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(target_read(target, (uintptr_t)text, copy, sizeof(copy)), DECODE_FAULT);
	error = live_target_open(child, child, &second);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_GONE);
	error_free(error);
	waitpid(child, NULL, 0);
	error = live_target_open(child, child, &second);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NO_TARGET);
	error_free(error);
	target_free(target);
}

static void the_facts_of_a_process_are_read(void **state)
{
	struct process_facts facts;

	(void)state;
	assert_null(process_facts_read(getpid(), &facts));
	assert_int_equal(facts.pid, getpid());
	assert_non_null(strstr(facts.command_line, "test_live_target"));
	assert_non_null(strstr(facts.executable, "/test_live_target"));
	assert_true(facts.resident_bytes > 64 * 1024);
	assert_true(facts.age >= 0 && facts.age < 60);
	process_facts_deinit(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_read_as_it_is),
		cmocka_unit_test(a_read_stops_at_the_first_page_that_faults),
		cmocka_unit_test(impossible_addresses_fault),
		cmocka_unit_test(a_mapped_file_is_opened),
		cmocka_unit_test(a_deleted_file_is_opened),
		cmocka_unit_test(a_replaced_file_is_not_mistaken_for_the_new_one),
		cmocka_unit_test(a_pipe_of_that_name_is_not_waited_for),
		cmocka_unit_test(what_is_not_a_file_cannot_be_opened),
		cmocka_unit_test(a_process_that_has_ended_faults),
		cmocka_unit_test(the_facts_of_a_process_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
