/* SPDX-License-Identifier: Apache-2.0 */
/* Types of extension modules of the standard library. */
#include "runtime/py_fields.h"

const struct py_fields_type py_fields_library[] = {
	{NULL, 0, false, 0, 0, NULL},
};
