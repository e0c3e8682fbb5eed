/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of numbers below a bound, a bit each. What only some members have can
 * be kept in an array of just as many entries: once bit_set_rank_all was
 * called, bit_set_rank says which entry is a member's.
 */
#ifndef PLUMB_BASE_BIT_SET_H
#define PLUMB_BASE_BIT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bit_set {
	uint64_t *words;
	uint32_t *ranks; /* of each word's first bit; NULL before bit_set_rank_all */
	size_t word_count;
};

/* An empty set that may hold the numbers below bound. False: out of memory. */
bool bit_set_init(struct bit_set *set, size_t bound);
void bit_set_deinit(struct bit_set *set);

/* Counts the members, below each word. Adding ends here. False: out of memory. */
bool bit_set_rank_all(struct bit_set *set, size_t *ret_count);

static inline void bit_set_add(struct bit_set *set, size_t number)
{
	set->words[number / 64] |= UINT64_C(1) << number % 64;
}

static inline bool bit_set_has(const struct bit_set *set, size_t number)
{
	return set->words[number / 64] >> number % 64 & 1;
}

/* Adds number; false: it was there already. */
static inline bool bit_set_add_new(struct bit_set *set, size_t number)
{
	uint64_t bit = UINT64_C(1) << number % 64;
	uint64_t before = set->words[number / 64];

	set->words[number / 64] = before | bit;
	return !(before & bit);
}

/* How many members are smaller than number. */
static inline size_t bit_set_rank(const struct bit_set *set, size_t number)
{
	uint64_t below = set->words[number / 64] & ((UINT64_C(1) << number % 64) - 1);

	return set->ranks[number / 64] + (size_t)__builtin_popcountll(below);
}

#endif
