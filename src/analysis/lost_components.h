/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strongly connected components of what nothing reaches and nothing has
 * claimed: the cycles, and each of what lies on none by itself. They are
 * numbered so that none leads to one of a higher number.
 */
#ifndef PLUMB_ANALYSIS_LOST_COMPONENTS_H
#define PLUMB_ANALYSIS_LOST_COMPONENTS_H

#include "analysis/lost_graph.h"

enum lost_component_flags {
	LOST_IS_CYCLE = 1 << 0,
	LOST_HAS_PARENT = 1 << 1,  /* another component leads to it */
	LOST_HAS_OBJECT = 1 << 2,  /* not only blocks */
	LOST_HAS_TRACKED = 1 << 3, /* an object that is on a list of the collector */
	/*
	 * A cycle that the collector takes for one that is held from outside:
	 * a tracked object of it is referred to by one that is not, for which
	 * no tracked one stands in.
	 */
	LOST_IS_UNSEEN = 1 << 4,
};

struct lost_component {
	uint32_t head; /* the member that names it: rather a class of the program than a dict */
	uint8_t flags; /* enum lost_component_flags */
};

struct lost_components {
	struct lost_component *list;
	uint32_t count;
};

struct error *lost_components_init(struct lost_components *components,
                                   const struct lost_graph *graph);
void lost_components_deinit(struct lost_components *components);

#endif
