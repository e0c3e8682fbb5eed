/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work in parallel, results in order. A job is cut into chunks, numbered from
 * 0; workers take them one by one, do the long part at the same time, and
 * commit what came out one after the other, in the order of the chunks:
 *
 *	while (work_queue_take(queue, &chunk)) {
 *		... the long part, on data of this worker alone ...
 *		work_queue_begin_commit(queue, chunk);
 *		... append to what all share ...
 *		work_queue_end_commit(queue);
 *	}
 *
 * So the outcome is the same for any number of workers. The queue's lock
 * also guards, by work_queue_lock, other things that the workers share.
 */
#ifndef PLUMB_BASE_WORK_QUEUE_H
#define PLUMB_BASE_WORK_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct work_queue {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	size_t chunks;
	size_t next;      /* the chunk that is taken next */
	size_t committed; /* chunks below this one are committed */
};

void work_queue_init(struct work_queue *queue);
void work_queue_deinit(struct work_queue *queue);

/* Prepares a job of so many chunks. Nobody works. */
void work_queue_reset(struct work_queue *queue, size_t chunks);

/* False: nothing is left to take. */
bool work_queue_take(struct work_queue *queue, size_t *ret_chunk);

/* Waits until all chunks before this one are committed; then holds the lock. */
void work_queue_begin_commit(struct work_queue *queue, size_t chunk);
void work_queue_end_commit(struct work_queue *queue);

void work_queue_lock(struct work_queue *queue);
void work_queue_unlock(struct work_queue *queue);

/*
 * Runs function(contexts[i]) for every i, each in a thread, the first in the
 * caller's; returns when all have ended. A thread that cannot be started is
 * left out: the others take its chunks.
 */
void work_run(void (*function)(void *context), void **contexts, size_t count);

/* How many threads are worth starting here: the processors we may run on, at most limit. */
size_t work_threads(size_t limit);

#endif
