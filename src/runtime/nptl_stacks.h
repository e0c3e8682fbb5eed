/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks that glibc made for threads. On top of each lies the thread's
 * descriptor (struct pthread of nptl/descr.h, to which the register fs points).
 * When the thread has ended, glibc keeps the stack for the next one, as it was left.
 *
 * Of no use for the first thread, whose stack is the kernel's.
 */
#ifndef PLUMB_RUNTIME_NPTL_STACKS_H
#define PLUMB_RUNTIME_NPTL_STACKS_H

#include "runtime/mapped_image.h"

/*
 * The whole stack, with its guard, that has the descriptor on top and address
 * below that. False: it says of no such stack.
 */
bool nptl_stack_of(struct window_cache *memory, taddr descriptor, taddr address,
                   struct mapped_range *ret);

/*
 * Tells of each stack that is kept, up to its descriptor; of some twice.
 * descriptors: of all threads that there are, ascending; not empty. tell must
 * not use memory.
 */
void nptl_stacks_kept(struct window_cache *memory, const taddr *descriptors, size_t count,
                      void (*tell)(void *context, taddr start, taddr end), void *context);

#endif
