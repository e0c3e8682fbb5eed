/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a process, running or dead, to a snapshot of its heap: the only place
 * where the two towers meet (ARCHITECTURE.md). Takes the picture or opens the
 * core, finds Python in it, walks the heap and names the roots.
 */
#ifndef PLUMB_CAPTURE_CAPTURE_H
#define PLUMB_CAPTURE_CAPTURE_H

#include "snapshot/snapshot.h"
#include "snapshot/snapshot_file.h"
#include "target/core_target.h"
#include "target/picture.h"

struct capture_options {
	enum pause_mode pause;
	bool may_fall_back;  /* PAUSE_FORK may become PAUSE_COPY where forking is not safe */
	bool with_edges;     /* false: sizes and counts only, in half the memory */
	bool with_traces;    /* where things were allocated, if the target records it */
	bool without_memory; /* only to be searched, see snapshot_drop_memory */
	bool without_heap;   /* only the facts: a snapshot without any node */
	bool with_settings;  /* what the program runs, see snapshot_facts; and its collector */
	bool with_account;   /* whose its memory is, see snap_account.h */
	/* With edges: memory of C has nodes and roots, see native_walk.h; and the collector. */
	bool with_native;
	void (*progress)(void *context, const char *what, double fraction); /* may be NULL */
	void *progress_context;
};

struct capture;

/*
 * Errors: as picture_take and python_find. A process that may be about to
 * become Python is waited for, two seconds at most.
 */
struct error *capture_process(pid_t pid, const struct capture_options *options,
                              struct capture **ret);

/*
 * The same of the core file at path; what concerns stopping is not looked at in
 * options. Errors: as core_target_open and python_find.
 */
struct error *capture_core(const char *path, const struct core_options *core_options,
                           const struct capture_options *options, struct capture **ret);
void capture_free(struct capture *capture);

static inline void cleanup_capture(struct capture **capture)
{
	capture_free(*capture);
}

/* With what is known of the process (snapshot_facts). Lives as long as the capture. */
const struct snapshot *capture_snapshot(const struct capture *capture);

/* The values of its nodes, while the picture is open. Borrows the capture. */
struct value_source capture_values(struct capture *capture);

/* Frees what snapshot_drop_memory frees, once sizes and counts of references have been read. */
void capture_drop_memory(struct capture *capture);

/* Ends the picture, or closes the core, early; texts of nodes are no longer told. */
void capture_release_picture(struct capture *capture);

#endif
