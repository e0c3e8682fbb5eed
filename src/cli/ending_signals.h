/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that would end plumb while it writes a file waits until what was
 * written so far is gone, and ends it then as it would have:
 *
 *	struct ending_signals ending;
 *	ending_signals_hold(&ending);
 *	... asks ending_signals_wait now and then, and stops when it says so ...
 *	ending_signals_let_go(&ending);
 */
#ifndef PLUMB_CLI_ENDING_SIGNALS_H
#define PLUMB_CLI_ENDING_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct ending_signals {
	sigset_t before;
};

void ending_signals_hold(struct ending_signals *ending);
void ending_signals_let_go(const struct ending_signals *ending);

/* Is one of them waiting? A callback: context is not looked at. */
bool ending_signals_wait(void *context);

#endif
