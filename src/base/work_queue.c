/* SPDX-License-Identifier: Apache-2.0 */
/* One mutex and one condition; chunks are large, so neither is contended. */
#include "base/work_queue.h"

#include <assert.h>
#include <sched.h>

enum { THREADS_MAX = 16 };

void work_queue_init(struct work_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->turn, NULL);
	work_queue_reset(queue, 0);
}

void work_queue_deinit(struct work_queue *queue)
{
	pthread_cond_destroy(&queue->turn);
	pthread_mutex_destroy(&queue->lock);
}

void work_queue_reset(struct work_queue *queue, size_t chunks)
{
	queue->chunks = chunks;
	queue->next = 0;
	queue->committed = 0;
}

void work_queue_lock(struct work_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
}

void work_queue_unlock(struct work_queue *queue)
{
	pthread_mutex_unlock(&queue->lock);
}

bool work_queue_take(struct work_queue *queue, size_t *ret_chunk)
{
	bool is_taken;

	work_queue_lock(queue);
	is_taken = queue->next < queue->chunks;
	if (is_taken)
		*ret_chunk = queue->next++;
	work_queue_unlock(queue);
	return is_taken;
}

void work_queue_begin_commit(struct work_queue *queue, size_t chunk)
{
	work_queue_lock(queue);
	while (queue->committed < chunk)
		pthread_cond_wait(&queue->turn, &queue->lock);
	assert(queue->committed == chunk);
}

void work_queue_end_commit(struct work_queue *queue)
{
	queue->committed++;
	pthread_cond_broadcast(&queue->turn);
	work_queue_unlock(queue);
}

struct job {
	void (*function)(void *context);
	void *context;
};

static void *run_job(void *argument)
{
	struct job *job = argument;

	job->function(job->context);
	return NULL;
}

void work_run(void (*function)(void *context), void **contexts, size_t count)
{
	struct job jobs[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	size_t started = 0;

	assert(count && count <= THREADS_MAX);
	for (size_t i = 1; i < count; i++) {
		jobs[started] = (struct job){function, contexts[i]};
		if (!pthread_create(&threads[started], NULL, run_job, &jobs[started]))
			started++;
	}
	function(contexts[0]);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

size_t work_threads(size_t limit)
{
	cpu_set_t processors;
	size_t count = 1;

	if (!sched_getaffinity(0, sizeof(processors), &processors))
		count = (size_t)CPU_COUNT(&processors);
	if (limit > THREADS_MAX)
		limit = THREADS_MAX;
	return count < limit ? count : limit;
}
