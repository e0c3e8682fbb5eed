/* SPDX-License-Identifier: Apache-2.0 */
/* A block of lines for each pile: by how much it grew, why it stays, and one of it. */
#include "report/verdict_piles.h"

#include "report/units.h"

#include <inttypes.h>

enum {
	LABEL_WIDTH = 15,
	EXACT_CLASSES_MAX = 1024, /* see lost_size_class */
};

const char *verdict_pile_cause(enum lost_cause cause, bool is_collector_off)
{
	static const char *const causes[LOST_CAUSE_COUNT] = {
		[LOST_REFCOUNT] = "C code takes references and never gives them back",
		[LOST_CYCLE_WITHOUT_GC] = "in cycles that the collector cannot see",
		[LOST_AWAITING] = "in cycles that the collector does not come to",
		[LOST_GARBAGE_LIST] = "the collector puts them into gc.garbage",
	};

	if (cause == LOST_AWAITING && is_collector_off)
		return "in cycles, and the collector is off";
	return causes[cause];
}

void verdict_pile_blocks(struct text *text, const struct growing_pile *growing)
{
	if (!growing->mostly) {
		text_append(text, "blocks of many sizes");
	} else if (growing->mostly->key.size_class <= EXACT_CLASSES_MAX) {
		text_append(text, "blocks of ");
		units_plural(text, growing->mostly->key.size_class, "byte");
	} else {
		text_append(text, "blocks of up to ");
		units_bytes(text, growing->mostly->key.size_class);
	}
}

void verdict_pile_holder(struct text *text, const struct pile *pile)
{
	switch (pile->key.owner) {
	case NATIVE_OWNER_NOBODY:
		text_append(text, "that nothing points at");
		if (*pile->key.module)
			text_printf(text, " (%s)", pile->key.module);
		return;
	case NATIVE_OWNER_MEMORY: text_printf(text, "held by %s", pile->key.name); return;
	case NATIVE_OWNER_OBJECTS: text_append(text, "owned by Python objects"); return;
	default: text_printf(text, "owned by %s", pile->key.name);
	}
}

static void append_label(struct text *text, const char *label)
{
	text_append(text, "   ");
	layout_left(text, label, LABEL_WIDTH - 3);
}

static void append_head(const struct layout *layout, const struct pile *pile, struct text *text)
{
	struct text head;
	struct text line;

	text_init(&head);
	text_init(&line);
	if (pile->key.kind == PILE_ISLANDS) {
		text_append(&head, "lost: ");
		text_append(&head, pile->key.name);
	} else {
		text_append(&head, "C memory ");
		verdict_pile_holder(&head, pile);
	}
	text_append_char(text, '\n');
	layout_cut(&line, text_string(&head), layout_room(layout, 0, 12));
	layout_bold(layout, text, text_string(&line));
	text_append_char(text, '\n');
	text_deinit(&head);
	text_deinit(&line);
}

static void append_rates(const struct growing_pile *growing, double minutes, struct text *text)
{
	bool is_lost = growing->pile->key.kind == PILE_ISLANDS;
	double per_minute = minutes > 0 ? 1 / minutes : 0;

	append_label(text, "new");
	units_plural(text, growing->heads, is_lost ? "object" : "block");
	text_append(text, " (");
	units_rate(text, (double)growing->heads * per_minute);
	text_append(text, " a minute)\n");
	append_label(text, is_lost ? "with them" : "memory");
	if (is_lost) {
		units_plural(text, growing->objects, "object");
		text_append(text, ", ");
	}
	units_bytes(text, growing->bytes);
	text_append(text, " (");
	units_signed_bytes(text, (int64_t)((double)growing->bytes * per_minute));
	text_append(text, " a minute)\n");
}

static void append_example(const struct snapshot *snapshot, const struct pile *pile,
                           struct text *text)
{
	append_label(text, "one of them");
	text_printf(text, "0x%" PRIx64, snapshot->address[pile->example]);
	if (pile->key.kind == PILE_ISLANDS && pile->key.cause == LOST_REFCOUNT) {
		text_append(text, ": its count is ");
		units_count(text, pile->counted);
		text_append(text, ", found ");
		units_plural(text, pile->found, "reference");
	}
	text_append_char(text, '\n');
}

void verdict_pile_text(const struct layout *layout, const struct snapshot *snapshot,
                       const struct growing_pile *growing, double minutes, struct text *text)
{
	const struct pile *pile = growing->pile;

	append_head(layout, pile, text);
	append_rates(growing, minutes, text);
	if (pile->key.kind == PILE_ISLANDS) {
		append_label(text, "why");
		text_append(text,
		            verdict_pile_cause(pile->key.cause,
		                               snap_collector_is_off(&snapshot->facts.collector)));
		text_append_char(text, '\n');
	} else {
		append_label(text, "mostly");
		verdict_pile_blocks(text, growing);
		text_append_char(text, '\n');
	}
	append_example(snapshot, pile, text);
}
