/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping is its line of /proc/PID/maps and then some twenty lines of
 * figures (proc_pid_smaps(5)):
 *
 *	7f1c2000-7f1c3000 rw-p 00000000 00:00 0
 *	Size:                  4 kB
 *	Rss:                   4 kB
 *	...
 *
 * Names of figures begin with a capital letter, mappings with a digit of a
 * hexadecimal number in small letters, and no path begins a line of its own: a
 * newline in one is written as \012. So the lines of mappings are put aside and
 * read by the parser of maps; of the figures Rss and AnonHugePages count, and the flags
 *
 *	VmFlags: rd wr mr mw me ac sd
 *
 * (Documentation/filesystems/proc.rst: io, pf: of a device, dd: MADV_DONTDUMP).
 */
#include "target/process_smaps.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

enum { KIB = 1024, DIGITS_MAX = 16 };

struct reading {
	struct text heads; /* the lines of mappings */
	struct smaps_figures *figures;
	size_t count;
	size_t capacity;
	bool is_told; /* the last mapping's figure was there already */
};

static void deinit_reading(struct reading *reading)
{
	text_deinit(&reading->heads);
	free(reading->figures);
}

static bool is_head(char first)
{
	return (first >= '0' && first <= '9') || (first >= 'a' && first <= 'f');
}

/* "Rss:      4 kB" */
static bool parse_figure(const char *line, size_t length, uint64_t *ret)
{
	static const char unit[] = " kB";
	const char *end = line + length;
	const char *digits = line;
	uint64_t number = 0;

	while (digits < end && *digits == ' ')
		digits++;
	line = digits;
	for (; digits < end && *digits >= '0' && *digits <= '9'; digits++)
		number = number * 10 + (uint64_t)(*digits - '0');
	if (digits == line || digits - line > DIGITS_MAX ||
	    (size_t)(end - digits) != sizeof(unit) - 1 ||
	    memcmp(digits, unit, sizeof(unit) - 1) != 0)
		return false;
	*ret = number * KIB;
	return true;
}

static struct error *add_head(struct reading *reading, const char *line, size_t length)
{
	if (!array_reserve(&reading->figures, &reading->capacity, reading->count + 1,
	                   sizeof(*reading->figures)))
		return error_no_memory();
	reading->figures[reading->count++] = (struct smaps_figures){0};
	reading->is_told = false;
	text_append_bytes(&reading->heads, line, length);
	text_append_char(&reading->heads, '\n');
	return NULL;
}

/* Does one of the two-letter words say that the mapping must not be read? */
static bool has_bar(const char *words, size_t length)
{
	static const char *const bars[] = {" io", " pf", " dd"};

	for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++)
		if (memmem(words, length, bars[i], strlen(bars[i])))
			return true;
	return false;
}

/* Is this line that of key? Then *line goes on behind it. */
static bool skip_key(const char *key, const char **line, size_t *length)
{
	size_t size = strlen(key);

	if (*length < size || memcmp(*line, key, size) != 0)
		return false;
	*line += size;
	*length -= size;
	return true;
}

static struct error *read_line(struct reading *reading, const char *line, size_t length)
{
	struct smaps_figures *figures;

	if (length && is_head(line[0]))
		return add_head(reading, line, length);
	figures = reading->count ? &reading->figures[reading->count - 1] : NULL;
	if (figures && skip_key("VmFlags:", &line, &length))
		figures->is_barred = has_bar(line, length);
	if (figures && skip_key("AnonHugePages:", &line, &length))
		(void)parse_figure(line, length, &figures->huge);
	if (!skip_key("Rss:", &line, &length))
		return NULL;
	if (!figures || reading->is_told || !parse_figure(line, length, &figures->resident))
		return error_new(ERROR_CORRUPT, "the list of mappings has an Rss that is none");
	reading->is_told = true;
	return NULL;
}

static struct error *read_lines(struct reading *reading, const char *text, size_t length)
{
	const char *end = text + length;

	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		struct error *error = read_line(reading, line, (size_t)(stop - line));

		if (error)
			return error;
		line = stop + 1;
	}
	return reading->heads.is_broken ? error_no_memory() : NULL;
}

static struct error *add_up(struct process_smaps *smaps)
{
	for (size_t i = 0; i < smaps->maps.count; i++) {
		const struct target_region *region = &smaps->maps.regions[i];

		uint64_t resident = smaps->figures[i].resident;

		if (resident > region->end - region->start)
			return error_new(ERROR_CORRUPT,
			                 "more of the mapping at %#llx is resident than it has",
			                 (unsigned long long)region->start);
		if (smaps->figures[i].huge > resident)
			smaps->figures[i].huge = resident;
		smaps->resident_bytes += resident;
		smaps->huge_bytes += smaps->figures[i].huge;
	}
	return NULL;
}

struct error *process_smaps_parse(const char *text, size_t length, struct process_smaps *ret)
{
	_cleanup_(cleanup_process_smaps) struct process_smaps smaps = {0};
	_cleanup_(deinit_reading) struct reading reading = {0};
	struct error *error;

	text_init(&reading.heads);
	error = read_lines(&reading, text, length);
	if (!error)
		error = process_maps_parse(text_string(&reading.heads), reading.heads.length,
		                           &smaps.maps);
	if (error)
		return error;
	smaps.figures = take_ptr(reading.figures);
	error = add_up(&smaps);
	if (error)
		return error;
	*ret = smaps;
	smaps = (struct process_smaps){0};
	return NULL;
}

bool process_smaps_bars(const struct process_smaps *smaps, taddr start)
{
	size_t low = 0;
	size_t high = smaps->maps.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (smaps->maps.regions[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < smaps->maps.count && smaps->maps.regions[low].start == start &&
	       smaps->figures[low].is_barred;
}

void process_smaps_deinit(struct process_smaps *smaps)
{
	process_maps_deinit(&smaps->maps);
	free(smaps->figures);
	*smaps = (struct process_smaps){0};
}
