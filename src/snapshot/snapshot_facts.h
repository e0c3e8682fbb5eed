/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of where a graph came from: which program, how it was
 * stopped, when. Neutral like the graph itself; what is not known is 0 or "".
 * A snapshot owns one (snapshot.h), so it is there for whoever reads the
 * graph, from a running process as from a file years later.
 */
#ifndef PLUMB_SNAPSHOT_SNAPSHOT_FACTS_H
#define PLUMB_SNAPSHOT_SNAPSHOT_FACTS_H

#include "snapshot/snap_settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the memory was held still while it was read. */
enum snapshot_pause {
	SNAPSHOT_PAUSE_NONE, /* it was not */
	SNAPSHOT_PAUSE_FORK, /* a copy-on-write image of one moment */
	SNAPSHOT_PAUSE_COPY, /* stopped while its memory was copied */
	SNAPSHOT_PAUSE_DEAD, /* a core file: nothing moves any more */
	SNAPSHOT_PAUSE_COUNT
};

enum snap_answer { SNAP_UNKNOWN, SNAP_YES, SNAP_NO };

enum { SNAP_NUMBERS_MAX = 3 };

struct snap_numbers {
	size_t count; /* 0: not known */
	int64_t all[SNAP_NUMBERS_MAX];
};

/* The collector of garbage, of the first interpreter; when it was asked for. */
struct snap_collector {
	enum snap_answer is_enabled;
	struct snap_numbers counts; /* towards the thresholds, the youngest generation first */
	struct snap_numbers thresholds;
	struct snap_numbers frozen; /* one: objects that it never looks at */
};

/* Does it never start by itself: gc.disable(), or a threshold of 0? Who does not know says no. */
static inline bool snap_collector_is_off(const struct snap_collector *collector)
{
	return collector->is_enabled == SNAP_NO ||
	       (collector->thresholds.count && !collector->thresholds.all[0]);
}

struct snapshot_facts {
	char *file;            /* the core or snapshot that was read; NULL: a live process */
	char *runtime_version; /* "3.12.1"; owned, as all strings here; NULL: not known */
	char *command_line;    /* arguments joined by spaces; NULL: not known */
	bool is_core;          /* file is the core itself, no snapshot of it */
	char *ending;          /* "died of SIGSEGV in thread 4243"; NULL: it had not ended */
	char *missing;         /* what the core lacks, a line each; NULL: nothing */
	int pid;
	int64_t taken_at; /* seconds since 1970, of the moment that the graph shows */
	double pause_ms;  /* how long the process stood still for it */
	enum snapshot_pause pause;
	bool is_settled; /* false: the collector ran in every moment that was tried */
	uint64_t resident_bytes;
	uint64_t interpreters; /* count */
	uint64_t threads;      /* count */
	struct snap_collector collector;
	struct snap_settings settings; /* sealed; none: they were not asked for */
};

void snapshot_facts_deinit(struct snapshot_facts *facts);

/* "none", "fork", "copy" or "dead". Static. */
const char *snapshot_pause_name(enum snapshot_pause pause);

#endif
