/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object in full: what it is, what it holds, what it refers to and what
 * refers to it, each by the name of the reference, and the way that it is held
 * by. One pass over all edges.
 */
#ifndef PLUMB_ANALYSIS_OBJECT_VIEW_H
#define PLUMB_ANALYSIS_OBJECT_VIEW_H

#include "analysis/concrete_path.h"
#include "analysis/reach.h"

/* A reference, seen from one of its ends. */
struct object_link {
	char *label; /* ".lines", "['k']", "[7]"; a root's name */
	bool is_weak;
	node_id node;     /* the other end; NODE_NONE: a root */
	const char *type; /* of the other end; borrowed, as all that is not char * */
	uint64_t address;
	char *value; /* of the other end, short */
};

struct object_links {
	struct object_link *links;
	size_t count;
	uint64_t total; /* with those beyond the limit */
};

struct object_view {
	node_id node;
	const char *type;
	uint64_t address;
	uint64_t size;
	uint64_t memory;
	uint32_t refcount;
	uint8_t flags; /* enum node_flags */
	bool has_length;
	uint64_t length;
	char *value;
	struct object_links references;
	struct object_links referrers; /* roots first */
	bool is_reached;
	struct concrete_path path; /* when it is */
};

/* At most limit links of each kind are told. The snapshot has edges. */
struct error *object_view_make(const struct snapshot *snapshot, const struct reach *reach,
                               node_id node, size_t limit, struct object_view **ret);
void object_view_free(struct object_view *view);

static inline void cleanup_object_view(struct object_view **view)
{
	object_view_free(*view);
}

#endif
