/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: of any text, a name is read that is not empty, ends within its room
 * and is the same whatever follows the room; or nothing is written.
 */
#include "fuzz_target.h"

#include "image/cxx_name.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *mangled = malloc(size + 1);
	char whole[CXX_NAME_MAX] = "";
	char part[ROOM] = "";

	if (!mangled)
		return 0;
	memcpy(mangled, data, size);
	mangled[size] = '\0';
	if (cxx_name_read(mangled, whole, sizeof(whole)))
		check(*whole && strlen(whole) < sizeof(whole));
	else
		check(!*whole);
	if (cxx_name_read(mangled, part, sizeof(part)))
		check(!strcmp(part, whole));
	else
		check(!*part && (!*whole || strlen(whole) >= sizeof(part)));
	free(mangled);
	return 0;
}
