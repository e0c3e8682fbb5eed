/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version comes from the build (PLUMB_VERSION, a project argument), not
 * from a generated header: a header would make every file that includes it
 * compile again when the number changes.
 */
#include "base/version.h"

const char *plumb_version(void)
{
	return PLUMB_VERSION;
}
