/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranks are counted once and kept for each word: half a bit more for a number,
 * for which a rank is two loads and no search.
 */
#include "base/bit_set.h"

#include <stdlib.h>

bool bit_set_init(struct bit_set *set, size_t bound)
{
	*set = (struct bit_set){.word_count = bound / 64 + 1};
	set->words = calloc(set->word_count, sizeof(*set->words));
	return set->words;
}

void bit_set_deinit(struct bit_set *set)
{
	free(set->words);
	free(set->ranks);
	*set = (struct bit_set){0};
}

bool bit_set_rank_all(struct bit_set *set, size_t *ret_count)
{
	size_t count = 0;

	set->ranks = reallocarray(NULL, set->word_count, sizeof(*set->ranks));
	if (!set->ranks)
		return false;
	for (size_t i = 0; i < set->word_count; i++) {
		set->ranks[i] = (uint32_t)count;
		count += (size_t)__builtin_popcountll(set->words[i]);
	}
	*ret_count = count;
	return true;
}
