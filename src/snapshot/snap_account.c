/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of an account end with it. */
#include "snapshot/snap_account.h"

#include "snapshot/node_records.h"

#include <stdlib.h>

void snap_account_deinit(struct snap_account *account)
{
	free(account->parts);
	free(account->arenas);
	free(account->absent);
	*account = (struct snap_account){0};
}

uint64_t snap_account_absent(const struct snap_account *account, uint32_t node)
{
	const struct snap_absent *absent = node_records_find(account->absent, account->absent_count,
	                                                     sizeof(*account->absent), node);

	return absent ? absent->bytes : 0;
}
