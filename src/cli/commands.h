/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands. Each is given the line it was asked with, says what is wrong
 * with its words (ERROR_USAGE), and prints its answer. Which options each takes
 * stands in main.c.
 */
#ifndef PLUMB_CLI_COMMANDS_H
#define PLUMB_CLI_COMMANDS_H

#include "base/error.h"
#include "cli/options.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FOUND = 1, /* done, and found what it was asked to look for */
	EXIT_USAGE = 2,
	EXIT_TARGET = 3, /* the target cannot be read */
	EXIT_INTERRUPTED = 130,
};

struct error *cmd_check(const struct options *options);
struct error *cmd_core(const struct options *options);
struct error *cmd_diff(const struct options *options);
struct error *cmd_heap(const struct options *options);
struct error *cmd_rss(const struct options *options);
struct error *cmd_show(const struct options *options);
struct error *cmd_snap(const struct options *options);
struct error *cmd_sql(const struct options *options);
struct error *cmd_why(const struct options *options);

/* These return the exit code itself: an answer may be one, and an interrupt is no error. */
int cmd_leaks(const struct options *options);
int cmd_verdict(const struct options *options);

#endif
