/* SPDX-License-Identifier: Apache-2.0 */
/* Which roots of a path map are told as one; used by path_map.c alone. */
#ifndef PLUMB_ANALYSIS_PATH_MAP_ROOTS_H
#define PLUMB_ANALYSIS_PATH_MAP_ROOTS_H

#include "analysis/path_map.h"

/* Fills map->root_step once the weights are known; births as in path_map_make. False: no memory. */
bool path_map_name_roots(struct path_map *map, const uint8_t *births);

#endif
