/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: options and words. All commands share one table of
 * options; each says which of them it takes.
 */
#ifndef PLUMB_CLI_OPTIONS_H
#define PLUMB_CLI_OPTIONS_H

#include "analysis/heap_table.h"
#include "report/diff_report.h"
#include "target/picture.h"

enum { WORDS_MAX = 16, LOOKS_MIN = 3, LOOKS_MAX = 15, SERIES_MAX = 1000, SEARCH_FOLDERS_MAX = 16 };

struct options {
	bool wants_help;
	bool is_json;
	enum pause_mode pause;
	bool may_fall_back; /* --pause was not given */
	enum heap_by by;
	enum diff_by diff_by;
	bool wants_env; /* --env: what they run, not what they hold */
	enum heap_sort sort;
	bool has_top;
	size_t top;
	double seconds; /* --for */
	unsigned int looks;
	const char *dot; /* --dot: a file name, "-" for stdout */

	const char *output; /* --output, -o: a file name, or NULL */
	bool without_values;
	bool is_compressed; /* --compress zstd */
	bool fails;         /* --fail: what is found decides the exit code */
	bool with_native;   /* --native: memory of C, too */
	double every;       /* --every, in seconds; 0: not given */
	unsigned int count; /* --count; 0: not given */

	const char *sysroot; /* where a core's binaries are: --sysroot, or NULL ... */
	const char *search[SEARCH_FOLDERS_MAX]; /* ... and --search, as often as it was given */
	size_t search_count;

	const char *words[WORDS_MAX]; /* what is no option */
	int word_count;
};

/* Flags for options_parse: what a command takes besides --help, --json and --pause. */
enum option_set {
	OPTIONS_TABLE = 1 << 0,    /* --by, --sort */
	OPTIONS_TOP = 1 << 1,      /* --top */
	OPTIONS_DOT = 1 << 2,      /* --dot */
	OPTIONS_WATCH = 1 << 3,    /* --for, --looks */
	OPTIONS_DIFF = 1 << 4,     /* --by, of another kind, and --env */
	OPTIONS_OUTPUT = 1 << 5,   /* --output, -o */
	OPTIONS_VALUES = 1 << 6,   /* --no-values */
	OPTIONS_CORE = 1 << 7,     /* --sysroot, --search */
	OPTIONS_SERIES = 1 << 8,   /* --every, --count */
	OPTIONS_COMPRESS = 1 << 9, /* --compress */
	OPTIONS_FAIL = 1 << 10,    /* --fail */
	OPTIONS_NATIVE = 1 << 11,  /* --native */
};

/* ERROR_USAGE says what is wrong. argv[0] is not looked at. */
struct error *options_parse(int argc, char **argv, unsigned int allowed, struct options *ret);

/* "fork", "copy" or "none", as --pause takes it. Static. */
const char *options_pause_name(enum pause_mode pause);

/* "4242" */
struct error *options_pid(const char *word, pid_t *ret);

/* "30s", "2m", "500ms", "1.5h", or plain seconds: "30". */
struct error *options_duration(const char *word, double *ret_seconds);

#endif
