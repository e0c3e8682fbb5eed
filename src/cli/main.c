/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: reads the first argument and hands over. Exit codes are the
 * same for every command: 0 done, 1 done and found what it was asked to look
 * for, 2 wrong usage, 3 the target cannot be read.
 */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "cli/usage.h"

enum {
	EXIT_DONE = 0,
	EXIT_USAGE = 2,
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("plumb %s\n", plumb_version());
		return EXIT_DONE;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage_print(stdout);
		return EXIT_DONE;
	}
	usage_print(stderr);
	return EXIT_USAGE;
}
