/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph of a heap at one moment: nodes are blocks of memory, edges are
 * references. This layer is neutral: it knows no Python, no process. All
 * analyses read it, and only it.
 *
 * Everything is in columns, indexed by node_id (dense, from 0). The edges of
 * node n are edges[edge_start[n]] up to edges[edge_start[n + 1]].
 *
 * Invariants (snapshot_check walks them all):
 *   - type[n] < type_count, every edge's `to` < node_count, edge_start ascends
 *   - roots name existing nodes; a root's tier is < SNAP_TIER_COUNT
 *   - containers, names, large and many are sorted by node, each node at most once
 *   - operands fit their kind: string ids exist, key nodes exist
 *   - traces of nodes exist, their frames and the files of these too
 */
#ifndef PLUMB_SNAPSHOT_SNAPSHOT_H
#define PLUMB_SNAPSHOT_SNAPSHOT_H

#include "base/error.h"
#include "snapshot/snap_account.h"
#include "snapshot/snapshot_facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t node_id;
typedef uint32_t str_id;
typedef uint32_t type_id;

#define NODE_NONE UINT32_MAX /* no enum: ISO C keeps those within int */

/* What a reference is called. The operand's meaning depends on the kind. */
enum edge_kind {
	EDGE_ATTRIBUTE,    /* string: x.name */
	EDGE_INDEX,        /* number: x[7] */
	EDGE_VALUE,        /* node of the key: x[key] */
	EDGE_KEY,          /* number of the entry: a key of x, or an element of the set x */
	EDGE_LOCAL,        /* string: a local variable of the frame x */
	EDGE_STACK,        /* number: a slot of the value stack of the frame x */
	EDGE_FIELD,        /* string: a C field that has no name in Python */
	EDGE_TYPE,         /* 0: the type of x */
	EDGE_CONSERVATIVE, /* number of the 8-byte word: something that looks like a reference */
	EDGE_WEAK,         /* string: does not keep anything alive */
	EDGE_INTERIOR,     /* number of the 8-byte word: it points into a block, not at its start */
	EDGE_HIDDEN,       /* the same as conservative; the collector is not shown it */
	EDGE_KIND_COUNT
};

enum {
	EDGE_OPERAND_BITS = 27,
	EDGE_OPERAND_MAX = (1 << EDGE_OPERAND_BITS) - 1, /* larger numbers saturate */
};

/*
 * One reference, 8 bytes:
 *
 *   0         4    4+5 bits
 *   +---------+----+------------------+
 *   | to: u32 |kind|   operand: 27    |
 *   +---------+----+------------------+
 */
struct snap_edge {
	node_id to;
	uint32_t label;
};

_Static_assert(sizeof(struct snap_edge) == 8, "an edge is 8 bytes");

static inline struct snap_edge snap_edge_make(node_id to, enum edge_kind kind, uint64_t operand)
{
	uint32_t fitted = operand > EDGE_OPERAND_MAX ? EDGE_OPERAND_MAX : (uint32_t)operand;

	return (struct snap_edge){to, ((uint32_t)kind << EDGE_OPERAND_BITS) | fitted};
}

static inline enum edge_kind snap_edge_kind(struct snap_edge edge)
{
	return (enum edge_kind)(edge.label >> EDGE_OPERAND_BITS);
}

static inline uint32_t snap_edge_operand(struct snap_edge edge)
{
	return edge.label & EDGE_OPERAND_MAX;
}

/* The key of an EDGE_VALUE; NODE_NONE: not known which, for its number did not fit. */
static inline node_id snap_edge_key(struct snap_edge edge)
{
	uint32_t operand = snap_edge_operand(edge);

	return operand == EDGE_OPERAND_MAX ? NODE_NONE : operand;
}

static inline bool snap_edge_is_weak(struct snap_edge edge)
{
	return snap_edge_kind(edge) == EDGE_WEAK;
}

/* "attribute", "index", "value" ... Static. */
const char *snap_edge_kind_name(enum edge_kind kind);

enum node_flags {
	NODE_IS_OBJECT = 1 << 0,    /* a Python object; counted in tables */
	NODE_IS_TRACKED = 1 << 1,   /* on a list of the garbage collector */
	NODE_IS_IMMORTAL = 1 << 2,  /* its reference count means nothing */
	NODE_IS_SYNTHETIC = 1 << 3, /* a thread, a frame, an interpreter: holds, but is no object */
	NODE_IS_OPAQUE = 1 << 4,    /* its references were (partly) found by scanning */
	NODE_IS_NAMESPACE = 1 << 5, /* the __dict__ of something: keys are attribute names */
	NODE_IS_TYPE = 1 << 6,
	NODE_IS_STATIC = 1 << 7, /* lies in the data of a module of the target, not on its heap */
};

/*
 * The types of synthetic nodes. What a running frame of a generator or
 * coroutine refers to, the generator or coroutine itself refers to as well.
 */
#define SNAP_TYPE_THREAD "(thread)"
#define SNAP_TYPE_FRAME "(frame)"
#define SNAP_TYPE_GENERATOR_FRAME "(generator frame)"
/* What may hold blocks and is none: a module's data, memory that C mapped itself ... */
#define SNAP_TYPE_MEMORY "(memory)"
/* ... and a thread's stack, or its registers. */
#define SNAP_TYPE_STACK "(stack)"
/*
 * Nodes that are neither: blocks of the C library's malloc that no object owns. As
 * many types as there are sorts of them: the name goes on with what their bytes
 * look like ("(native block) array of doubles"), and the module is the file whose
 * data or code they point into ("engine.so"), or "".
 */
#define SNAP_TYPE_NATIVE "(native block)"
/* The label of the edge from a running frame to its frame object. */
#define SNAP_FRAME_OBJECT "frame_object"

/* A type of the target. Two types of one name are two entries. */
struct snap_type {
	uint64_t address; /* 0: synthetic (SNAP_TYPE_*) */
	str_id name;      /* qualified with its module, without "builtins.": "dict", "app.Order" */
	str_id module;    /* "builtins", "app" */
	node_id node;     /* the type object itself, or NODE_NONE */
};

enum root_kind {
	ROOT_MODULE,      /* name "app.cache"; node: the module */
	ROOT_THREAD,      /* name "thread 4242 (MainThread)"; node: synthetic */
	ROOT_INTERPRETER, /* name "interpreter.codec_search_path"; node: what the field refers to */
	ROOT_STATIC_TYPE, /* name of the type */
	ROOT_MEMORY,      /* name "libpython3.11.so.1.0+0x1f30"; found by scanning */
};

/*
 * Tiers order the search for paths: all that tier 0 reaches is named by a
 * path from tier 0, and so on. 0: modules and threads. 1: fields of the
 * interpreters. 2: static types and objects. 3: scanned memory.
 */
enum { SNAP_TIER_COUNT = 4 };

struct snap_root {
	node_id node;
	str_id name;
	uint8_t kind; /* enum root_kind */
	uint8_t tier;
};

struct snap_container { /* a list, dict, set, deque ...: how many elements */
	node_id node;
	uint32_t length; /* saturates */
};

struct snap_name { /* what to call a synthetic node: "handle (app.py:31)" */
	node_id node;
	str_id name;
};

/*
 * Two columns are narrow, because nearly all that a heap has fits: an object
 * of 64 KiB or more pays for its row in a side table by its own size, and few
 * objects are referred to by hundreds. In the column such a node has the
 * largest value there is.
 */
enum {
	SNAP_SIZE_LARGE = UINT16_MAX,   /* in size and memory: see the table `large` */
	SNAP_REFCOUNT_MANY = UINT8_MAX, /* in refcount: see the table `many` */
};

struct snap_large {
	node_id node;
	uint64_t size;
	uint64_t memory;
};

struct snap_many {
	node_id node;
	uint32_t refcount; /* saturates */
};

/*
 * Where a node was allocated, when the target recorded it. Frames of a trace
 * stand together, the innermost first; total counts also those that the
 * target did not keep.
 */
struct snap_frame {
	str_id file;
	uint32_t line; /* 0: not known */
};

struct snap_trace {
	uint32_t first; /* of its frames */
	uint32_t count; /* at least 1 */
	uint32_t total; /* at least count */
};

/* Sums and counts of the capture. Bytes, where not said otherwise. */
struct snap_totals {
	uint64_t objects;          /* count */
	uint64_t bytes;            /* as sys.getsizeof counts */
	uint64_t memory;           /* blocks that objects occupy, in pools and outside */
	uint64_t pool_in_use;      /* all used pymalloc blocks */
	uint64_t pool_objects;     /* of these: what belongs to objects */
	uint64_t pool_not_objects; /* of these: what does not (pool_in_use - pool_objects) */
	uint64_t pool_blocks;      /* count of used pymalloc blocks */
	uint64_t faults;           /* count of reads that met unmapped memory */
	uint64_t torn;             /* count of things that contradicted themselves */
	uint64_t unknown_types;    /* count of objects whose type has no known layout */
};

struct snapshot {
	node_id node_count;
	const uint64_t *address;
	const type_id *type;
	const uint16_t *size;    /* see snapshot_size */
	const uint16_t *memory;  /* see snapshot_memory */
	const uint8_t *refcount; /* see snapshot_refcount */
	const uint8_t *flags;    /* enum node_flags */

	const uint32_t *edge_start; /* node_count + 1 of them; NULL: captured without edges */
	const struct snap_edge *edges;

	const struct snap_type *types;
	type_id type_count;

	const char *string_bytes;     /* all strings, each terminated */
	const uint64_t *string_start; /* string_count of them */
	str_id string_count;

	const struct snap_root *roots;
	size_t root_count;
	const struct snap_container *containers;
	size_t container_count;
	const struct snap_name *names;
	size_t name_count;
	const struct snap_large *large;
	size_t large_count;
	const struct snap_many *many;
	size_t many_count;

	const uint32_t *trace; /* rows of traces, from 1; 0: none; NULL: nothing is recorded */
	const struct snap_trace *traces;
	size_t trace_count;
	const struct snap_frame *frames;
	size_t frame_count;

	struct snap_totals totals;
	struct snapshot_facts facts; /* filled in by whoever made the graph */
	struct snap_account account; /* when it was asked for; no file keeps it */

	/*
	 * The text of a node that serves as a key ('abc', 42, ('a', 1)), as a
	 * short Python literal; of a native block that looks like text, how that
	 * begins, in quotes. Asked of the picture while it is open. The
	 * caller frees *ret; NULL: cannot be said. False: plumb's own memory ran
	 * out. May be NULL itself.
	 */
	bool (*node_text)(void *context, node_id node, char **ret);
	void *node_text_context;
};

static inline bool snapshot_has_edges(const struct snapshot *snapshot)
{
	return snapshot->edge_start != NULL;
}

/* Did the target record where things are allocated? */
static inline bool snapshot_has_traces(const struct snapshot *snapshot)
{
	return snapshot->trace != NULL;
}

/*
 * Is memory of C in it: blocks that no object owns, and what may hold these? Linear
 * in types.
 */
bool snapshot_has_native(const struct snapshot *snapshot);

static inline bool snapshot_is_object(const struct snapshot *snapshot, node_id node)
{
	return snapshot->flags[node] & NODE_IS_OBJECT;
}

/* Is it a block of C's malloc that no object owns? */
static inline bool snapshot_is_native(const struct snapshot *snapshot, node_id node)
{
	return !(snapshot->flags[node] & (NODE_IS_OBJECT | NODE_IS_SYNTHETIC)) &&
	       !snapshot->types[snapshot->type[node]].address;
}

/* Borrowed; lives as long as the snapshot. */
static inline const char *snapshot_string(const struct snapshot *snapshot, str_id string)
{
	return snapshot->string_bytes + snapshot->string_start[string];
}

static inline const char *snapshot_type_name(const struct snapshot *snapshot, type_id type)
{
	return snapshot_string(snapshot, snapshot->types[type].name);
}

/* Is it the type of such blocks? */
bool snapshot_type_is_native(const struct snapshot *snapshot, type_id type);

/* What blocks of this type look like ("text"), or NULL: not told, or no such type. Borrowed. */
const char *snapshot_native_look(const struct snapshot *snapshot, type_id type);

/* sys.getsizeof of the node, in bytes. */
uint64_t snapshot_size(const struct snapshot *snapshot, node_id node);

/* Bytes of the blocks that it occupies, with storage that belongs to it alone. */
uint64_t snapshot_memory(const struct snapshot *snapshot, node_id node);

/* References that the target counts; 0 for what is immortal. Saturates at UINT32_MAX. */
uint32_t snapshot_refcount(const struct snapshot *snapshot, node_id node);

/* Elements of a container; false when it is none. Logarithmic. */
bool snapshot_length(const struct snapshot *snapshot, node_id node, uint64_t *ret);

/* The name of a synthetic node, or NULL. Borrowed. */
const char *snapshot_node_name(const struct snapshot *snapshot, node_id node);

/* Where the node was allocated, or NULL: not recorded. Borrowed. */
const struct snap_trace *snapshot_trace(const struct snapshot *snapshot, node_id node);

/* The node at address, or NODE_NONE. Linear in the number of nodes. */
node_id snapshot_find(const struct snapshot *snapshot, uint64_t address);

/* Names the first broken invariant (ERROR_CORRUPT), or NULL: the graph is sound. */
struct error *snapshot_check(const struct snapshot *snapshot);

/*
 * Frees the columns memory and refcount, for who only searches: neither
 * snapshot_memory nor snapshot_refcount may be asked after it.
 */
void snapshot_drop_memory(struct snapshot *snapshot);

void snapshot_free(struct snapshot *snapshot);

static inline void cleanup_snapshot(struct snapshot **snapshot)
{
	snapshot_free(*snapshot);
}

#endif
