/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that do not compile here. The build includes this header before
 * the first line of every file, so nobody has to remember it.
 *
 * Each of these either writes without knowing how much room there is (strcpy,
 * strcat, sprintf, vsprintf, gets, alloca), or cannot tell a wrong input from
 * a right one (atoi, atol), or keeps state between calls (strtok). Use
 * base/text.h, snprintf, strtoull with its end pointer, strsep.
 *
 * The system headers that declare them must have been read before they are
 * poisoned; hence the includes. They are no invitation: a header of ours still
 * includes what it needs, and tools/check-headers compiles each one without
 * this file.
 */
#ifndef PLUMB_BASE_BANNED_H
#define PLUMB_BASE_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef alloca
#undef sprintf
#undef strcpy
#undef strcat
#undef strtok
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf gets
#pragma GCC poison atoi atol strtok alloca

#endif
