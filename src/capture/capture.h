/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a running process to a snapshot of its heap: the only place where the
 * two towers meet (ARCHITECTURE.md). Takes the picture, finds Python in it,
 * walks the heap and names the roots.
 */
#ifndef PLUMB_CAPTURE_CAPTURE_H
#define PLUMB_CAPTURE_CAPTURE_H

#include "snapshot/snapshot.h"
#include "target/picture.h"

struct capture_options {
	enum pause_mode pause;
	bool may_fall_back; /* PAUSE_FORK may become PAUSE_COPY where forking is not safe */
	bool with_edges;    /* false: sizes and counts only, in half the memory */
	void (*progress)(void *context, const char *what, double fraction); /* may be NULL */
	void *progress_context;
};

struct capture;

/* What else is known of the process. Strings live as long as the capture. */
struct capture_facts {
	pid_t pid;
	const char *python_version; /* "3.12.1" */
	const char *command_line;
	double pause_ms; /* how long it stood still */
	enum pause_mode pause_mode;
	uint64_t resident_bytes;
	bool is_settled; /* false: the collector ran in every moment that was tried */
	size_t interpreters;
	size_t threads;
};

/* Errors: as picture_take and python_find. */
struct error *capture_process(pid_t pid, const struct capture_options *options,
                              struct capture **ret);
void capture_free(struct capture *capture);

static inline void cleanup_capture(struct capture **capture)
{
	capture_free(*capture);
}

const struct snapshot *capture_snapshot(const struct capture *capture);
const struct capture_facts *capture_facts(const struct capture *capture);

/* Ends the picture early; texts of nodes are no longer told. */
void capture_release_picture(struct capture *capture);

#endif
