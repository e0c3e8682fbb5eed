/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How commands talk to the user: the answer on stdout in one piece, one clear
 * line on stderr for an error, progress on stderr for what takes long.
 */
#ifndef PLUMB_CLI_OUTPUT_H
#define PLUMB_CLI_OUTPUT_H

#include "base/error.h"
#include "base/text.h"
#include "report/layout.h"

#include <time.h>

/* The terminal behind stdout; without one, 80 columns and no colour. */
struct layout output_layout(void);

/* Writes the whole text to stdout. Takes what is in text. */
struct error *output_text(struct text *text);

/* Writes it to a new file of that name. */
struct error *output_file(const char *name, struct text *text);

/* Prints "plumb: MESSAGE" and returns the exit code for it. Takes error; NULL: EXIT_DONE. */
int output_error(struct error *error);

/* Progress: a line on stderr that is rewritten, once something takes over a second. */
struct progress {
	bool is_enabled;
	bool is_shown;
	struct timespec start;
};

void progress_start(struct progress *progress, bool is_json);
/* For capture_options: context is the struct progress. */
void progress_report(void *progress, const char *what, double fraction);
/* The same without a fraction, and at once. */
void progress_say(struct progress *progress, const char *what);
void progress_end(struct progress *progress);

#endif
