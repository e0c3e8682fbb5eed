/* SPDX-License-Identifier: Apache-2.0 */
/* Those that a person or a shell sends; SIGKILL is met by files that have no name yet. */
#include "cli/ending_signals.h"

#include <stddef.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

bool ending_signals_wait(void *context)
{
	sigset_t pending;

	(void)context;
	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigismember(&pending, numbers[i]) == 1)
			return true;
	return false;
}

void ending_signals_hold(struct ending_signals *ending)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&held, numbers[i]);
	sigprocmask(SIG_BLOCK, &held, &ending->before);
}

void ending_signals_let_go(const struct ending_signals *ending)
{
	sigprocmask(SIG_SETMASK, &ending->before, NULL);
}
