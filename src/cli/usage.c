/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The help text of the program. It lists commands that exist, not plans.
 */
#include "cli/usage.h"

#include <stdio.h>

void usage_print(FILE *out)
{
	fputs("plumb tells why a Python process uses its memory, from outside.\n"
	      "\n"
	      "usage: plumb --version | --help\n",
	      out);
}
