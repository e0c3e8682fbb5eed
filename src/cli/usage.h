/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `plumb --help` says.
 */
#ifndef PLUMB_CLI_USAGE_H
#define PLUMB_CLI_USAGE_H

#include <stdio.h>

/* Prints the help of the program itself (not that of one command). */
void usage_print(FILE *out);

#endif
