/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of target a word names, and the one call that opens it. */
#include "cli/source.h"

#include "base/cleanup.h"
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>

struct source {
	struct capture *capture;
};

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static struct error *open_process(const struct options *options, const char *word, bool with_edges,
                                  struct progress *progress, struct source *source)
{
	struct capture_options how = {
		.pause = options->pause,
		.may_fall_back = options->may_fall_back,
		.with_edges = with_edges,
		.progress = progress_report,
		.progress_context = progress,
	};
	struct error *error;
	pid_t pid;

	error = options_pid(word, &pid);
	return error ? error : capture_process(pid, &how, &source->capture);
}

struct error *source_open(const struct options *options, const char *word, bool with_edges,
                          struct progress *progress, struct source **ret)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct error *error;

	if (!is_number(word))
		return error_new(ERROR_USAGE, "%s: not a process id", word);
	source = calloc(1, sizeof(*source));
	if (!source)
		return error_no_memory();
	error = open_process(options, word, with_edges, progress, source);
	if (error)
		return error;
	*ret = take_ptr(source);
	return NULL;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	capture_free(source->capture);
	free(source);
}

const struct snapshot *source_snapshot(const struct source *source)
{
	return capture_snapshot(source->capture);
}

void source_release_texts(struct source *source)
{
	capture_release_picture(source->capture);
}
