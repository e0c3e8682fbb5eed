/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by build-id from the servers that DEBUGINFOD_URLS names, by way of
 * elfutils' own client: it keeps what it fetched in its cache, and obeys the
 * other variables of debuginfod(7).
 */
#ifndef PLUMB_IMAGE_DEBUGINFOD_H
#define PLUMB_IMAGE_DEBUGINFOD_H

struct debuginfod;

/* NULL: none is configured, or its library is not installed. */
struct debuginfod *debuginfod_new(void);
void debuginfod_free(struct debuginfod *client);

/*
 * Opens the program or library of that build-id (hex digits). -1: no server has
 * it. After a server could not be reached no more is asked.
 */
int debuginfod_fetch(struct debuginfod *client, const char *build_id);

#endif
