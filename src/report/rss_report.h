/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb rss` answers: whose the resident memory is, what is kept free, and what may help. */
#ifndef PLUMB_REPORT_RSS_REPORT_H
#define PLUMB_REPORT_RSS_REPORT_H

#include "analysis/account_advice.h"
#include "analysis/account_owners.h"
#include "report/target_report.h"

struct rss_report { /* all borrowed */
	const struct snapshot *snapshot;
	const struct account *account;
	const struct account_owners *owners;
	size_t top; /* owners to show of each row; 0: none */
};

void rss_report_text(const struct layout *layout, const struct rss_report *report,
                     struct text *text);

/* top: 0 stands for all owners. */
void rss_report_json(const struct rss_report *report, struct text *text);

/* What an owner is called: "app.Order", "arena 2", "blocks of 64 bytes". */
void rss_report_owner(struct text *text, const struct account_owner *owner);

/*
 * The parts of it about allocators: what pymalloc keeps free and what pins it, glibc's
 * arenas, what to try, and huge pages. What is little is not shown.
 */
void rss_allocators_text(const struct layout *layout, const struct rss_report *report,
                         struct text *text);

/* The same, all of it, as members of a JSON object. */
void rss_allocators_json(const struct rss_report *report, struct json *json);

#endif
