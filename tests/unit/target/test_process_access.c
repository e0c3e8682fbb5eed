/* SPDX-License-Identifier: Apache-2.0 */
/* Each reason why the kernel says no has its words and its remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/proc_file.h"
#include "target/process_access.h"

struct reason {
	struct access_facts facts;
	const char *why;
	const char *remedy;
};

/* Two plain users of one uid, and nothing in the way but what is named. */
static const struct reason reasons[] = {
	{{.own_uid = 1000, .target_uid = 33},
         "belongs to uid 33 and plumb runs as uid 1000",
         "sudo plumb 4711"},
	{{.own_uid = 1000, .target_uid = 33, .ptrace_scope = 1},
         "belongs to uid 33",
         "sudo plumb 4711"},
	{{.own_uid = 1000, .target_uid = 1000, .ptrace_scope = 1},
         "ptrace_scope is 1",
         "sysctl kernel.yama.ptrace_scope=0"},
	{{.own_uid = 1000, .target_uid = 1000, .ptrace_scope = 2},
         "ptrace_scope is 2",
         "sudo plumb 4711"},
	{{.own_uid = 1000, .target_uid = 1000, .ptrace_scope = 3},
         "ptrace_scope is 3",
         "/etc/sysctl.d and reboot"},
	{{.own_uid = 1000, .target_uid = 1000, .is_undumpable = true, .ptrace_scope = 1},
         "made itself unreadable",
         "sudo plumb 4711"},
	{{.own_uid = 0, .target_uid = 0}, "root without CAP_SYS_PTRACE", "--cap-add=SYS_PTRACE"},
	{{.own_uid = 0, .target_uid = 33, .is_filtered = true},
         "and under a seccomp filter",
         "--cap-add=SYS_PTRACE"},
	{{.own_uid = 1000, .target_uid = 1000, .is_filtered = true},
         "seccomp filter",
         "--cap-add=SYS_PTRACE"},
	{{.own_uid = 1000, .target_uid = 1000, .is_other_namespace = true},
         "user namespace",
         "sudo plumb 4711"},
	{{.own_uid = 0, .has_ptrace_capability = true, .is_other_namespace = true},
         "user namespace",
         "sudo plumb 4711"},
	{{.own_uid = 0, .has_ptrace_capability = true, .ptrace_scope = 3},
         "ptrace_scope is 3",
         "reboot"},
	{{.own_uid = 0, .has_ptrace_capability = true, .is_filtered = true},
         "seccomp filter",
         "seccomp=unconfined"},
	{{.own_uid = 0, .has_ptrace_capability = true}, "security module", "journalctl"},
	{{.own_uid = 1000, .target_uid = 1000}, "capabilities that plumb lacks", "sudo plumb 4711"},
};

static void every_reason_has_its_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		char *said = process_access_explain(4711, &reasons[i].facts);

		assert_non_null(said);
		if (!strstr(said, reasons[i].why) || !strstr(said, reasons[i].remedy))
			fail_msg("reason %zu: %s", i, said);
		assert_null(strchr(said, '\n'));
		free(said);
	}
}

static void a_status_file_is_read_by_whole_keys(void **state)
{
	static const char status[] = "Name:\tUid: 7\nState:\tS (sleeping)\nTgid:\t12\nNStgid:\t13\n"
				     "CapEff:\t000001ffffffffff\nVmRSS:\t    44 kB\nEmpty:\n";
	uint64_t number = 99;

	(void)state;
	assert_int_equal(proc_status_state(status), 'S');
	assert_true(proc_status_number(status, "Tgid", 10, &number));
	assert_int_equal(number, 12);
	assert_true(proc_status_number(status, "CapEff", 16, &number));
	assert_true(number == 0x1ffffffffff);
	assert_true(proc_status_number(status, "VmRSS", 10, &number));
	assert_int_equal(number, 44);
	number = 99;
	assert_false(proc_status_number(status, "Uid", 10, &number));
	assert_false(proc_status_number(status, "gid", 10, &number));
	assert_false(proc_status_number(status, "Empty", 10, &number));
	assert_int_equal(number, 99);
	assert_int_equal(proc_status_state("Name:\tx\n"), '?');
}

static void a_stat_file_is_read_behind_the_name(void **state)
{
	static const char stat[] = "12 (a) S (b 9) R 7 8 -1";
	uint64_t number = 99;

	(void)state;
	assert_true(proc_stat_number(stat, 4, &number));
	assert_int_equal(number, 7);
	assert_true(proc_stat_number(stat, 5, &number));
	assert_int_equal(number, 8);
	number = 99;
	assert_false(proc_stat_number(stat, 3, &number));
	assert_false(proc_stat_number(stat, 7, &number));
	assert_false(proc_stat_number("12 (cut", 4, &number));
	assert_false(proc_stat_number("", 4, &number));
	assert_int_equal(number, 99);
}

static void what_is_no_process_is_told_apart(void **state)
{
	struct error *error = process_access_check_alive(0);

	(void)state;
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NO_TARGET);
	error_free(error);
	error = process_access_check_alive(-5);
	assert_non_null(error);
	error_free(error);
	assert_null(process_access_check_alive(getpid()));
	assert_int_equal(process_access_living_thread(getpid()), getpid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_its_remedy),
		cmocka_unit_test(a_status_file_is_read_by_whole_keys),
		cmocka_unit_test(a_stat_file_is_read_behind_the_name),
		cmocka_unit_test(what_is_no_process_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
