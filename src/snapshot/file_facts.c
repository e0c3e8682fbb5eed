/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table, read in both directions. The file that the graph came from is no
 * fact of it: whoever reads it knows which file that is.
 */
#include "snapshot/file_facts.h"

#include "base/array.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum fact_form {
	FACT_TEXT,
	FACT_COUNT,
	FACT_PID,
	FACT_TIME,
	FACT_MILLISECONDS,
	FACT_PAUSE,
	FACT_YES,
	FACT_ANSWER,
	FACT_NUMBERS
};

/* clang-format off */
static const struct {
	const char *name;
	enum fact_form form;
	size_t at;
} known_facts[] = {
	{"runtime", FACT_TEXT, offsetof(struct snapshot_facts, runtime_version)},
	{"command_line", FACT_TEXT, offsetof(struct snapshot_facts, command_line)},
	{"ending", FACT_TEXT, offsetof(struct snapshot_facts, ending)},
	{"missing", FACT_TEXT, offsetof(struct snapshot_facts, missing)},
	{"pid", FACT_PID, offsetof(struct snapshot_facts, pid)},
	{"taken_at", FACT_TIME, offsetof(struct snapshot_facts, taken_at)},
	{"pause_ms", FACT_MILLISECONDS, offsetof(struct snapshot_facts, pause_ms)},
	{"pause", FACT_PAUSE, offsetof(struct snapshot_facts, pause)},
	{"is_settled", FACT_YES, offsetof(struct snapshot_facts, is_settled)},
	{"resident_bytes", FACT_COUNT, offsetof(struct snapshot_facts, resident_bytes)},
	{"interpreters", FACT_COUNT, offsetof(struct snapshot_facts, interpreters)},
	{"threads", FACT_COUNT, offsetof(struct snapshot_facts, threads)},
	{"collector", FACT_ANSWER, offsetof(struct snapshot_facts, collector.is_enabled)},
	{"collector_counts", FACT_NUMBERS, offsetof(struct snapshot_facts, collector.counts)},
	{"collector_thresholds", FACT_NUMBERS,
	 offsetof(struct snapshot_facts, collector.thresholds)},
	{"collector_frozen", FACT_NUMBERS, offsetof(struct snapshot_facts, collector.frozen)},
};
/* clang-format on */

enum { KNOWN_FACTS = sizeof(known_facts) / sizeof(*known_facts) };

void file_facts_deinit(struct file_facts *facts)
{
	text_deinit(&facts->words);
	free(facts->start);
	*facts = (struct file_facts){0};
}

/* Starts the next word; what is appended until the next call is in it. */
static void start_word(struct file_facts *facts)
{
	if (facts->count)
		text_append_char(&facts->words, '\0');
	if (!array_reserve(&facts->start, &facts->capacity, facts->count + 1,
	                   sizeof(*facts->start))) {
		facts->words.is_broken = true;
		return;
	}
	facts->start[facts->count++] = facts->words.length;
}

/* What is not known is no fact. */
static bool is_known(const void *fact, enum fact_form form)
{
	switch (form) {
	case FACT_TEXT: return *(char *const *)fact;
	case FACT_ANSWER: return *(const enum snap_answer *)fact != SNAP_UNKNOWN;
	case FACT_NUMBERS: return ((const struct snap_numbers *)fact)->count;
	default: return true;
	}
}

static void tell_numbers(const struct snap_numbers *numbers, struct text *text)
{
	for (size_t i = 0; i < numbers->count; i++)
		text_printf(text, i ? " %" PRId64 : "%" PRId64, numbers->all[i]);
}

static void tell_value(const void *fact, enum fact_form form, struct text *text)
{
	switch (form) {
	case FACT_TEXT: text_append(text, *(char *const *)fact); return;
	case FACT_COUNT: text_printf(text, "%" PRIu64, *(const uint64_t *)fact); return;
	case FACT_PID: text_printf(text, "%d", *(const int *)fact); return;
	case FACT_TIME: text_printf(text, "%" PRId64, *(const int64_t *)fact); return;
	case FACT_MILLISECONDS: text_printf(text, "%.17g", *(const double *)fact); return;
	case FACT_PAUSE:
		text_append(text, snapshot_pause_name(*(const enum snapshot_pause *)fact));
		return;
	case FACT_YES: text_append(text, *(const bool *)fact ? "yes" : "no"); return;
	case FACT_ANSWER:
		text_append(text, *(const enum snap_answer *)fact == SNAP_YES ? "yes" : "no");
		return;
	case FACT_NUMBERS: tell_numbers(fact, text); return;
	}
}

static void tell_settings(const struct snap_settings *settings, struct file_facts *told)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct snap_setting *setting = &settings->all[i];

		start_word(told);
		text_append(&told->words, snap_section_name(setting->section));
		text_append_char(&told->words, ':');
		text_append(&told->words, setting->name);
		start_word(told);
		text_append(&told->words, setting->value);
	}
}

bool file_facts_tell(const struct snapshot_facts *facts, struct file_facts *ret)
{
	struct file_facts told = {0};

	text_init(&told.words);
	for (size_t i = 0; i < KNOWN_FACTS; i++) {
		const void *fact = (const char *)facts + known_facts[i].at;

		if (!is_known(fact, known_facts[i].form))
			continue;
		start_word(&told);
		text_append(&told.words, known_facts[i].name);
		start_word(&told);
		tell_value(fact, known_facts[i].form, &told.words);
	}
	tell_settings(&facts->settings, &told);
	if (told.words.is_broken) {
		file_facts_deinit(&told);
		return false;
	}
	*ret = told;
	return true;
}

static bool read_number(const char *word, int64_t low, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(word, &end, 10);
	return *word && !*end && !errno && *ret >= low;
}

static bool read_pause(const char *word, enum snapshot_pause *ret)
{
	for (int i = 0; i < SNAPSHOT_PAUSE_COUNT; i++) {
		*ret = (enum snapshot_pause)i;
		if (!strcmp(word, snapshot_pause_name(*ret)))
			return true;
	}
	return false;
}

static bool read_milliseconds(const char *word, double *ret)
{
	char *end;

	*ret = strtod(word, &end);
	return *word && !*end && isfinite(*ret) && *ret >= 0;
}

static bool read_text(const char *word, char **ret)
{
	free(*ret);
	*ret = strdup(word);
	return *ret;
}

static bool read_answer(const char *word, enum snap_answer *ret)
{
	bool is_yes = strcmp(word, "yes") == 0;

	if (!is_yes && strcmp(word, "no") != 0)
		return false;
	*ret = is_yes ? SNAP_YES : SNAP_NO;
	return true;
}

/* "700 10 10" */
static bool read_numbers(const char *word, struct snap_numbers *ret)
{
	struct snap_numbers numbers = {0};

	do {
		char *end;

		if (numbers.count == SNAP_NUMBERS_MAX)
			return false;
		errno = 0;
		numbers.all[numbers.count++] = strtoll(word, &end, 10);
		if (end == word || errno || (*end && *end != ' '))
			return false;
		word = *end ? end + 1 : end;
	} while (*word);
	*ret = numbers;
	return true;
}

/* A value into its place; false: it makes no sense. */
static bool understand(const char *word, enum fact_form form, void *fact)
{
	int64_t number;

	switch (form) {
	case FACT_TEXT: return read_text(word, fact);
	case FACT_MILLISECONDS: return read_milliseconds(word, fact);
	case FACT_PAUSE: return read_pause(word, fact);
	case FACT_YES: *(bool *)fact = !strcmp(word, "yes"); return true;
	case FACT_ANSWER: return read_answer(word, fact);
	case FACT_NUMBERS: return read_numbers(word, fact);
	case FACT_COUNT:
		if (!read_number(word, 0, &number))
			return false;
		*(uint64_t *)fact = (uint64_t)number;
		return true;
	case FACT_TIME: return read_number(word, INT64_MIN, fact);
	case FACT_PID:
		if (!read_number(word, 0, &number) || number > INT_MAX)
			return false;
		*(int *)fact = (int)number;
		return true;
	}
	return false;
}

/* Any text makes sense, so what fails there is memory. */
static struct error *refuse(enum fact_form form, const char *name, const char *value)
{
	if (form == FACT_TEXT)
		return error_no_memory();
	return error_new(ERROR_CORRUPT, "its fact %s cannot be %s", name, value);
}

/* "section:name"; of a section that is not known it is no setting. False: memory ran out. */
static bool take_setting(const char *name, const char *value, struct snap_settings *settings)
{
	const char *colon = strchr(name, ':');
	enum snap_section section;

	if (!colon || !snap_section_of_name(name, (size_t)(colon - name), &section))
		return true;
	return snap_settings_add(settings, section, colon + 1, value);
}

struct error *file_facts_understand(struct string_rows words, size_t count,
                                    struct snapshot_facts *facts)
{
	for (size_t i = 0; i + 1 < count; i += 2) {
		const char *name = words.bytes + words.start[i];
		const char *value = words.bytes + words.start[i + 1];

		for (size_t k = 0; k < KNOWN_FACTS; k++)
			if (!strcmp(name, known_facts[k].name) &&
			    !understand(value, known_facts[k].form,
			                (char *)facts + known_facts[k].at))
				return refuse(known_facts[k].form, name, value);
		if (!take_setting(name, value, &facts->settings))
			return error_no_memory();
	}
	return snap_settings_seal(&facts->settings) ? NULL : error_no_memory();
}
