/* SPDX-License-Identifier: Apache-2.0 */
/* A block of lines for each suspect: what is new, what it holds, where, and what got longer. */
#include "report/verdict_suspects.h"

#include "report/units.h"
#include "report/why_report.h"

enum {
	COMPANIONS_SHOWN = 6,
	LABEL_WIDTH = 15,
	TYPE_WIDTH = 36,
	CONTAINER_TYPE_MIN = 12,
};

static void append_label(struct text *text, const char *label)
{
	text_append(text, "   ");
	layout_left(text, label, LABEL_WIDTH - 3);
}

/* ", 40 of them) had 335 elements, have 4,120" */
static void append_lengths(const struct suspect *suspect, struct text *text)
{
	bool is_family = !*suspect->container_type;

	if (suspect->container_count > 1) {
		text_append(text, ", ");
		units_count(text, suspect->container_count);
		text_append(text, " of them");
	}
	text_append(text, is_family ? "were " : ") had ");
	units_count(text, suspect->length_first);
	if (!is_family)
		text_append(text, suspect->length_first == 1 ? " element" : " elements");
	text_append(text, is_family                      ? ", are "
	                  : suspect->container_count > 1 ? ", have "
	                                                 : ", has ");
	units_count(text, suspect->length_last);
	text_append_char(text, '\n');
}

static void append_container(const struct layout *layout, const struct suspect *suspect,
                             struct text *text)
{
	struct text lengths;
	size_t used;

	if (!suspect->container_count) {
		append_label(text, "grows");
		text_append(text, "link by link: no container on the path got longer\n");
		return;
	}
	append_label(text, suspect->container_count > 1 ? "containers" : "container");
	layout_path(layout, text, suspect->container_path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_printf(text, "\n%*s", LABEL_WIDTH, "");
	text_init(&lengths);
	append_lengths(suspect, &lengths);
	if (*suspect->container_type) {
		used = LABEL_WIDTH + layout_columns(text_string(&lengths)) + 1;
		text_append_char(text, '(');
		layout_cut(text, suspect->container_type,
		           layout_room(layout, used, CONTAINER_TYPE_MIN));
	}
	text_append(text, text_string(&lengths));
	text_deinit(&lengths);
}

/* A list that goes on in the next line, under its beginning. */
static void append_companions(const struct layout *layout, const struct suspect *suspect,
                              struct text *text)
{
	size_t column = LABEL_WIDTH;
	struct text item;

	text_init(&item);
	for (size_t i = 0; i < suspect->companion_count && i < COMPANIONS_SHOWN; i++) {
		const struct growth_companion *companion = &suspect->companions[i];
		size_t letters;

		units_count(&item, companion->objects);
		text_append_char(&item, ' ');
		layout_cut(&item, companion->type, TYPE_WIDTH);
		/* With the comma before it, and perhaps " ..." behind it. */
		letters = layout_columns(text_string(&item)) + (i + 1 == COMPANIONS_SHOWN ? 6 : 2);
		if (i == 0)
			text_append(text, "   with them   ");
		else if (column + letters > layout->width)
			text_append(text, ",\n               ");
		else
			text_append(text, ", ");
		column = i && column + letters > layout->width ? LABEL_WIDTH + letters
		                                               : column + letters;
		layout_plain(text, text_string(&item));
		text_clear(&item);
	}
	if (suspect->companion_count)
		text_append(text, suspect->companion_count > COMPANIONS_SHOWN ? " ...\n" : "\n");
	text_deinit(&item);
}

static void append_one_object(const struct layout *layout, const struct suspect *suspect,
                              struct text *text)
{
	append_label(text, "one object");
	if (suspect->container_count) {
		text_append(text, "got longer, by what was there before (");
	} else {
		text_append(text, "was ");
		units_bytes(text, suspect->size_first);
		text_append(text, ", is ");
		units_bytes(text, suspect->size_last);
		text_append(text, " (");
	}
	units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	text_append(text, " a minute)\n");
	if (suspect->container_count) {
		append_container(layout, suspect, text);
		return;
	}
	append_label(text, "held by");
	layout_path(layout, text, suspect->path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_append_char(text, '\n');
}

void verdict_suspect_text(const struct layout *layout, const struct suspect *suspect, size_t number,
                          struct text *text)
{
	struct text head;

	text_init(&head);
	text_printf(&head, "%zu. %s", number, suspect->type);
	text_append_char(text, '\n');
	layout_bold(layout, text, text_string(&head));
	text_deinit(&head);
	text_append_char(text, '\n');
	if (suspect->is_one_object) {
		append_one_object(layout, suspect, text);
		return;
	}
	append_label(text, "new");
	units_plural(text, suspect->objects, "object");
	text_append(text, " (");
	units_rate(text, suspect->objects_per_minute);
	text_append(text, " a minute)\n");
	append_label(text, "they hold");
	units_bytes(text, suspect->held_bytes);
	text_append(text, " (");
	units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	text_append(text, " a minute)\n");
	append_label(text, "held by");
	layout_path(layout, text, suspect->path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_append_char(text, '\n');
	append_container(layout, suspect, text);
	append_companions(layout, suspect, text);
}

/* The chain of the first suspect, link by link. */
void verdict_suspect_example(const struct layout *layout, const struct suspect *suspect,
                             struct text *text)
{
	text_append(text, suspect->is_one_object ? "\nthe " : "\none of the new ");
	layout_cut(text, suspect->type, TYPE_WIDTH);
	text_append(text, ", and what holds it\n");
	why_steps_text(layout, &suspect->example, text);
}
