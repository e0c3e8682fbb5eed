/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of an account end with it. */
#include "snapshot/snap_account.h"

#include <stdlib.h>

void snap_account_deinit(struct snap_account *account)
{
	free(account->parts);
	free(account->arenas);
	free(account->absent);
	*account = (struct snap_account){0};
}
