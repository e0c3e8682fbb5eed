/* SPDX-License-Identifier: Apache-2.0 */
/* All tables in one list, newest build family of a minor version first. */
#include "runtime/layouts/layout_tables.h"

#include <stddef.h>

const struct py_layout *const py_layouts[] = {
	&py_layout_3_8,     &py_layout_3_9,  &py_layout_3_10, &py_layout_3_11, &py_layout_3_12,
	&py_layout_3_13_18, &py_layout_3_13, &py_layout_3_14, &py_layout_3_15, NULL,
};
