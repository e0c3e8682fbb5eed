/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object holds of C's memory: the words of its block, and of storage
 * that may have pointers, which lead into blocks of malloc. Which of these
 * belong to objects is not known yet while objects are decoded, so the edges
 * are promises (snapshot_builder.h). It costs a look-up of native_blocks.h a
 * word; objects that have no room for a pointer of C, and tables whose words
 * are all known references, are left out.
 */
#ifndef PLUMB_CAPTURE_NATIVE_PROMISES_H
#define PLUMB_CAPTURE_NATIVE_PROMISES_H

#include "capture/heap_worker.h"

/* May storage of an object of that type lead to blocks of C? */
bool native_storage_may_hold(const struct py_type *type);

/*
 * The object being decoded, to the end of its block. One that lies in none is
 * part of a module's data, which is searched as a whole.
 */
void native_promise_object(struct heap_worker *worker, const struct py_object *object);

/* Its storage, not claimed before, as it was requested. */
void native_promise_storage(struct heap_worker *worker, taddr address, uint64_t size);

#endif
