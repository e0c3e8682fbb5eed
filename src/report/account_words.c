/* SPDX-License-Identifier: Apache-2.0 */
#include "report/account_words.h"

const char *account_group_words(enum account_group group)
{
	static const char *const words[ACCOUNT_GROUP_COUNT] = {
		[ACCOUNT_OBJECTS] = "live Python objects",
		[ACCOUNT_POOLS_USED] = "pymalloc in use besides",
		[ACCOUNT_POOLS_FREE] = "free in pymalloc",
		[ACCOUNT_NATIVE] = "C's blocks of malloc",
		[ACCOUNT_MALLOC_FREE] = "free in glibc",
		[ACCOUNT_OTHER_MALLOC] = "another malloc's",
		[ACCOUNT_FILES] = "mapped files",
		[ACCOUNT_STACKS] = "stacks",
		[ACCOUNT_SHARED] = "shared memory",
		[ACCOUNT_GPU] = "graphics devices",
		[ACCOUNT_UNEXPLAINED] = "unexplained",
	};

	return words[group];
}
