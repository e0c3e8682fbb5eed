/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of C modules are the buffers that look most like objects: arrays
 * of pointers, many of them to types. In an executable that is not position
 * independent even the word before can pass for a reference count, being the
 * address of a static object. So they are ruled out by name, before nodes are
 * numbered; other buffers are taken back when their owner claims them.
 */
#ifndef PLUMB_CAPTURE_MODULE_STATES_H
#define PLUMB_CAPTURE_MODULE_STATES_H

#include "capture/heap_worker.h"

void deny_module_states(struct heap_worker *worker);

#endif
