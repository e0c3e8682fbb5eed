/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose table in its data keeps ever more blocks; static, it would be left out. */
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 20, SIZE = 5000, TABLE = 1 << 20 };

char *table[TABLE];
int count;

void step(void)
{
	for (int i = 0; i < BLOCKS && count < TABLE; i++) {
		table[count] = malloc(SIZE);
		memset(table[count], 1, SIZE);
		count++;
	}
}
