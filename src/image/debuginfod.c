/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library is loaded when servers are named and not linked: it brings an
 * HTTP client with TLS and twenty more libraries, which no look at a running
 * process should have to load, nor a machine without it to install.
 * libdw does the same (libdwfl/debuginfod-client.c of elfutils).
 */
#include "image/debuginfod.h"

#include "base/cleanup.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* elfutils/debuginfod.h, the same since 0.178; a length of 0 says that the id is text. */
typedef void *begin_function(void);
typedef int find_function(void *client, const unsigned char *build_id, int length, char **path);
typedef void end_function(void *client);

struct debuginfod {
	void *library;
	void *client;
	find_function *find;
	end_function *end;
	bool is_unreachable;
};

/* DEBUGINFOD_URLS names something. */
static bool is_configured(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && urls[strspn(urls, " ")];
}

/* C has no cast from an object to a function; POSIX promises that the bits serve. */
static bool find_symbol(void *library, const char *name, void *function, size_t size)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, size);
	return symbol;
}

static bool connect_client(struct debuginfod *client)
{
	begin_function *begin;

	client->library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!client->library ||
	    !find_symbol(client->library, "debuginfod_begin", &begin, sizeof(begin)) ||
	    !find_symbol(client->library, "debuginfod_find_executable", &client->find,
	                 sizeof(client->find)) ||
	    !find_symbol(client->library, "debuginfod_end", &client->end, sizeof(client->end)))
		return false;
	client->client = begin();
	return client->client;
}

struct debuginfod *debuginfod_new(void)
{
	struct debuginfod *client;

	if (!is_configured())
		return NULL;
	client = calloc(1, sizeof(*client));
	if (client && !connect_client(client)) {
		debuginfod_free(client);
		return NULL;
	}
	return client;
}

void debuginfod_free(struct debuginfod *client)
{
	if (!client)
		return;
	if (client->client)
		client->end(client->client);
	/* The library stays loaded: what it uses registers things that run at exit. */
	free(client);
}

int debuginfod_fetch(struct debuginfod *client, const char *build_id)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (client->is_unreachable || !*build_id)
		return -1;
	fd = client->find(client->client, (const unsigned char *)build_id, 0, &path);
	client->is_unreachable = fd < 0 && fd != -ENOENT;
	return fd < 0 ? -1 : fd;
}
