/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which plumb this is. One string, asked for by the command line and by every
 * format that names its writer, so that it is written in one place only: the
 * project() line of the root meson.build.
 */
#ifndef PLUMB_BASE_VERSION_H
#define PLUMB_BASE_VERSION_H

/* "0.1.0"; static, never freed. */
const char *plumb_version(void);

#endif
