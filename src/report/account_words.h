/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of an account in words for people. */
#ifndef PLUMB_REPORT_ACCOUNT_WORDS_H
#define PLUMB_REPORT_ACCOUNT_WORDS_H

#include "analysis/account.h"

/* "live Python objects", "free in glibc" ... Static. */
const char *account_group_words(enum account_group group);

#endif
