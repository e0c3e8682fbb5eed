/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getopt_long reads the line; its own messages are turned off, so that every
 * complaint is an error like any other and is printed in one place.
 */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPTION_HELP = 256,
	OPTION_JSON,
	OPTION_PAUSE,
	OPTION_BY,
	OPTION_SORT,
	OPTION_TOP,
	OPTION_DOT,
	OPTION_FOR,
	OPTION_LOOKS,
	OPTION_DIFF_BY,
	OPTION_OUTPUT,
	OPTION_NO_VALUES,
	OPTION_EVERY,
	OPTION_COUNT,
	OPTION_SYSROOT,
	OPTION_SEARCH,
	OPTION_ENV,
	OPTION_COMPRESS,
	OPTION_FAIL,
	OPTION_NATIVE,
};

/* Which of the sets each option belongs to; 0: every command takes it. */
static const struct {
	struct option option;
	unsigned int set;
} known_options[] = {
	{{"help", no_argument, NULL, OPTION_HELP}, 0},
	{{"json", no_argument, NULL, OPTION_JSON}, 0},
	{{"pause", required_argument, NULL, OPTION_PAUSE}, 0},
	{{"by", required_argument, NULL, OPTION_BY}, OPTIONS_TABLE},
	{{"sort", required_argument, NULL, OPTION_SORT}, OPTIONS_TABLE},
	{{"top", required_argument, NULL, OPTION_TOP}, OPTIONS_TOP},
	{{"dot", required_argument, NULL, OPTION_DOT}, OPTIONS_DOT},
	{{"for", required_argument, NULL, OPTION_FOR}, OPTIONS_WATCH},
	{{"looks", required_argument, NULL, OPTION_LOOKS}, OPTIONS_WATCH},
	{{"by", required_argument, NULL, OPTION_DIFF_BY}, OPTIONS_DIFF},
	{{"output", required_argument, NULL, OPTION_OUTPUT}, OPTIONS_OUTPUT},
	{{"no-values", no_argument, NULL, OPTION_NO_VALUES}, OPTIONS_VALUES},
	{{"every", required_argument, NULL, OPTION_EVERY}, OPTIONS_SERIES},
	{{"count", required_argument, NULL, OPTION_COUNT}, OPTIONS_SERIES},
	{{"sysroot", required_argument, NULL, OPTION_SYSROOT}, OPTIONS_CORE},
	{{"search", required_argument, NULL, OPTION_SEARCH}, OPTIONS_CORE},
	{{"env", no_argument, NULL, OPTION_ENV}, OPTIONS_DIFF},
	{{"compress", required_argument, NULL, OPTION_COMPRESS}, OPTIONS_COMPRESS},
	{{"fail", no_argument, NULL, OPTION_FAIL}, OPTIONS_FAIL},
	{{"native", no_argument, NULL, OPTION_NATIVE}, OPTIONS_NATIVE},
};

enum { KNOWN_OPTIONS = sizeof(known_options) / sizeof(*known_options) };

/* A word of a list, as its position. */
static struct error *parse_choice(const char *option, const char *word, const char *const *choices,
                                  int count, int *ret)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(word, choices[i]) == 0) {
			*ret = i;
			return NULL;
		}
	}
	if (count == 3)
		return error_new(ERROR_USAGE, "--%s %s: choose one of %s, %s, %s", option, word,
		                 choices[0], choices[1], choices[2]);
	return error_new(ERROR_USAGE, "--%s %s: choose one of %s, %s, %s, %s", option, word,
	                 choices[0], choices[1], choices[2], choices[3]);
}

static struct error *parse_number(const char *option, const char *word, unsigned long low,
                                  unsigned long high, unsigned long *ret)
{
	char *end = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(word, &end, 10);
	if (!isdigit((unsigned char)word[0]) || *end || errno || number < low || number > high)
		return error_new(ERROR_USAGE, "--%s %s: not a number from %lu to %lu", option, word,
		                 low, high);
	*ret = number;
	return NULL;
}

struct error *options_duration(const char *word, double *ret_seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
	static const double longest = 7 * 24 * 3600;
	char *end = NULL;
	double number = 0;

	if (isdigit((unsigned char)word[0]))
		number = strtod(word, &end);
	for (size_t i = 0; end && i < sizeof(units) / sizeof(*units); i++) {
		double seconds = number * units[i].seconds;

		if (strcmp(end, units[i].unit) != 0 || !isfinite(seconds) || seconds <= 0 ||
		    seconds > longest)
			continue;
		*ret_seconds = seconds;
		return NULL;
	}
	return error_new(ERROR_USAGE, "%s: not a duration (write 30s, 2m or 500ms)", word);
}

struct error *options_pid(const char *word, pid_t *ret)
{
	char *end = NULL;
	long number;

	errno = 0;
	number = strtol(word, &end, 10);
	if (!isdigit((unsigned char)word[0]) || *end || errno || number <= 0 || number > INT_MAX)
		return error_new(ERROR_USAGE, "%s: not a process id", word);
	*ret = (pid_t)number;
	return NULL;
}

static const char *const pause_names[] = {
	[PAUSE_FORK] = "fork",
	[PAUSE_COPY] = "copy",
	[PAUSE_NONE] = "none",
};

const char *options_pause_name(enum pause_mode pause)
{
	return pause_names[pause];
}

static struct error *set_pause(struct options *options, const char *word)
{
	int chosen = 0;
	struct error *error = parse_choice("pause", word, pause_names, 3, &chosen);

	options->pause = (enum pause_mode)chosen;
	options->may_fall_back = false;
	return error;
}

static struct error *set_by(struct options *options, const char *word)
{
	static const char *const groups[] = {
		[HEAP_BY_TYPE] = "type",
		[HEAP_BY_MODULE] = "module",
		[HEAP_BY_SIZE] = "size",
		[HEAP_BY_LINE] = "line",
	};
	int chosen = 0;
	struct error *error = parse_choice("by", word, groups, 4, &chosen);

	options->by = (enum heap_by)chosen;
	return error;
}

static struct error *set_diff_by(struct options *options, const char *word)
{
	static const char *const tables[] = {"type", "path", "container", "line"};
	int chosen = 0;
	struct error *error = parse_choice("by", word, tables, 4, &chosen);

	options->diff_by = (enum diff_by)(DIFF_BY_TYPE + chosen);
	return error;
}

static struct error *set_sort(struct options *options, const char *word)
{
	static const char *const columns[] = {
		[HEAP_SORT_MEMORY] = "memory",
		[HEAP_SORT_BYTES] = "bytes",
		[HEAP_SORT_OBJECTS] = "objects",
		[HEAP_SORT_NAME] = "name",
	};
	int chosen = 0;
	struct error *error = parse_choice("sort", word, columns, 4, &chosen);

	options->sort = (enum heap_sort)chosen;
	return error;
}

static struct error *set_top(struct options *options, const char *word)
{
	unsigned long number = 0;
	struct error *error = parse_number("top", word, 0, 1000000, &number);

	options->has_top = true;
	options->top = number;
	return error;
}

static struct error *set_looks(struct options *options, const char *word)
{
	unsigned long number = 0;
	struct error *error = parse_number("looks", word, LOOKS_MIN, LOOKS_MAX, &number);

	options->looks = (unsigned int)number;
	return error;
}

static struct error *set_for(struct options *options, const char *word)
{
	struct error *error = options_duration(word, &options->seconds);

	return error ? error_wrap(error, "--for") : NULL;
}

static struct error *set_compression(struct options *options, const char *word)
{
	if (strcmp(word, "zstd") != 0)
		return error_new(ERROR_USAGE, "--compress %s: there is zstd only", word);
	options->is_compressed = true;
	return NULL;
}

static struct error *add_search(struct options *options, const char *word)
{
	if (options->search_count == SEARCH_FOLDERS_MAX)
		return error_new(ERROR_USAGE, "--search %s: at most %d folders", word,
		                 SEARCH_FOLDERS_MAX);
	options->search[options->search_count++] = word;
	return NULL;
}

static struct error *set_every(struct options *options, const char *word)
{
	struct error *error = options_duration(word, &options->every);

	return error ? error_wrap(error, "--every") : NULL;
}

static struct error *set_count(struct options *options, const char *word)
{
	unsigned long number = 0;
	struct error *error = parse_number("count", word, 1, SERIES_MAX, &number);

	options->count = (unsigned int)number;
	return error;
}

static struct error *set_option(struct options *options, int id, const char *word)
{
	switch ((enum option_id)id) {
	case OPTION_HELP: options->wants_help = true; return NULL;
	case OPTION_JSON: options->is_json = true; return NULL;
	case OPTION_PAUSE: return set_pause(options, word);
	case OPTION_BY: return set_by(options, word);
	case OPTION_SORT: return set_sort(options, word);
	case OPTION_TOP: return set_top(options, word);
	case OPTION_DOT: options->dot = word; return NULL;
	case OPTION_FOR: return set_for(options, word);
	case OPTION_LOOKS: return set_looks(options, word);
	case OPTION_DIFF_BY: return set_diff_by(options, word);
	case OPTION_OUTPUT: options->output = word; return NULL;
	case OPTION_NO_VALUES: options->without_values = true; return NULL;
	case OPTION_EVERY: return set_every(options, word);
	case OPTION_COUNT: return set_count(options, word);
	case OPTION_SYSROOT: options->sysroot = word; return NULL;
	case OPTION_SEARCH: return add_search(options, word);
	case OPTION_ENV: options->wants_env = true; return NULL;
	case OPTION_COMPRESS: return set_compression(options, word);
	case OPTION_FAIL: options->fails = true; return NULL;
	case OPTION_NATIVE: options->with_native = true; return NULL;
	}
	return NULL;
}

static void select_options(unsigned int allowed, struct option *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < KNOWN_OPTIONS; i++)
		if (!known_options[i].set || (known_options[i].set & allowed))
			ret[count++] = known_options[i].option;
	ret[count] = (struct option){0};
}

static struct error *read_options(int argc, char **argv, const struct option *table,
                                  unsigned int allowed, struct options *options)
{
	const char *letters = allowed & OPTIONS_OUTPUT ? ":ho:" : ":h";
	struct error *error = NULL;
	int id;

	optind = 1;
	opterr = 0;
	while (!error && (id = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (id == 'h')
			id = OPTION_HELP;
		if (id == 'o')
			id = OPTION_OUTPUT;
		if (id == ':')
			error = error_new(ERROR_USAGE, "%s needs a value", argv[optind - 1]);
		else if (id == '?' && optopt && optopt < OPTION_HELP)
			error = error_new(ERROR_USAGE, "no option -%c", optopt);
		else if (id == '?' && optopt)
			error = error_new(ERROR_USAGE, "%s takes no value", argv[optind - 1]);
		else if (id == '?')
			error = error_new(ERROR_USAGE, "no option %s", argv[optind - 1]);
		else
			error = set_option(options, id, optarg);
	}
	return error;
}

struct error *options_parse(int argc, char **argv, unsigned int allowed, struct options *ret)
{
	struct option table[KNOWN_OPTIONS + 1];
	struct options options = {.may_fall_back = true, .seconds = 30, .looks = 6};
	struct error *error;

	select_options(allowed, table);
	error = read_options(argc, argv, table, allowed, &options);
	if (error)
		return error;
	for (int i = optind; i < argc; i++) {
		if (options.word_count == WORDS_MAX)
			return error_new(ERROR_USAGE, "%s is one word too many", argv[i]);
		options.words[options.word_count++] = argv[i];
	}
	*ret = options;
	return NULL;
}
