/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each with the reason why it is wanted. A pattern begins or ends with '*' only
 * where whoever owns these names has none that is for a secret; servers, which do
 * (the password of a key file), are listed name by name.
 */
#include "capture/known_variables.h"

#include <stddef.h>
#include <string.h>

static const char *const known[] = {
	/* glibc's malloc: arenas, thresholds, caches (mallopt(3), "Environment variables") */
	"MALLOC_*",
	"GLIBC_TUNABLES",
	/* which malloc, or which wrapper of it, is put in front */
	"LD_PRELOAD",
	"LD_LIBRARY_PATH",
	/* jemalloc, also as it is called with a prefix, and where others bring it */
	"JE_MALLOC_CONF",
	"_RJEM_MALLOC_CONF",
	/* mimalloc and tcmalloc: purging, huge pages, limits of caches */
	"MIMALLOC_*",
	"TCMALLOC_*",
	/* Python's own: its allocator, tracemalloc, hash seed, path, frozen modules, JIT */
	"PYTHON*",
	"VIRTUAL_ENV",
	/* a pool of threads keeps a stack and an arena for each */
	"*_NUM_THREADS",
	"OMP_STACKSIZE",
	"KMP_STACKSIZE",
	/* how many workers share the memory, and after how many requests one ends */
	"WEB_CONCURRENCY",
	"UVICORN_WORKERS",
	"UVICORN_LIMIT_CONCURRENCY",
	"UVICORN_LIMIT_MAX_REQUESTS",
	"UVICORN_BACKLOG",
	"GUNICORN_WORKERS",
	"GUNICORN_THREADS",
	"GUNICORN_MAX_REQUESTS",
	"GUNICORN_MAX_REQUESTS_JITTER",
	"CELERYD_CONCURRENCY",
	"CELERYD_MAX_TASKS_PER_CHILD",
	"CELERYD_MAX_MEMORY_PER_CHILD",
	/* caches of numerical libraries, on the host and on a device */
	"NUMEXPR_MAX_THREADS",
	"NUMBA_CACHE_DIR",
	"PYTORCH_CUDA_ALLOC_CONF",
	"PYTORCH_NO_CUDA_MEMORY_CACHING",
	"TF_GPU_ALLOCATOR",
	"TF_FORCE_GPU_ALLOW_GROWTH",
	"XLA_PYTHON_CLIENT_PREALLOCATE",
	"XLA_PYTHON_CLIENT_MEM_FRACTION",
	"ARROW_DEFAULT_MEMORY_POOL",
};

static bool matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);
	size_t name_length = strlen(name);

	if (pattern[length - 1] == '*')
		return strncmp(name, pattern, length - 1) == 0;
	if (pattern[0] == '*')
		return name_length >= length - 1 &&
		       strcmp(name + name_length - (length - 1), pattern + 1) == 0;
	return strcmp(name, pattern) == 0;
}

bool known_variable(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (matches(known[i], name))
			return true;
	return false;
}
