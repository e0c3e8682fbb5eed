/* SPDX-License-Identifier: Apache-2.0 */
/* What --help says, of the program and of each command. */
#ifndef PLUMB_CLI_USAGE_H
#define PLUMB_CLI_USAGE_H

/* Static text, ends in a newline. */
const char *usage_program(void);
const char *usage_core(void);
const char *usage_diff(void);
const char *usage_heap(void);
const char *usage_leaks(void);
const char *usage_rss(void);
const char *usage_show(void);
const char *usage_snap(void);
const char *usage_check(void);
const char *usage_sql(void);
const char *usage_why(void);
const char *usage_verdict(void);

#endif
