/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands. Each takes its own arguments (argv[0] is its name), prints its
 * answer and returns the exit code.
 */
#ifndef PLUMB_CLI_COMMANDS_H
#define PLUMB_CLI_COMMANDS_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FOUND = 1, /* done, and found what it was asked to look for */
	EXIT_USAGE = 2,
	EXIT_TARGET = 3, /* the target cannot be read */
	EXIT_INTERRUPTED = 130,
};

int cmd_core(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_heap(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_snap(int argc, char **argv);
int cmd_sql(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_verdict(int argc, char **argv);

#endif
