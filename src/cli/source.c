/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of target a word names, and the one call that opens it. */
#include "cli/source.h"

#include "base/cleanup.h"
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One of the two. */
struct source {
	struct capture *capture;
	struct snapshot_file *file;
};

/* What is wanted besides enum snapshot_file_parts; files have it anyway. */
enum {
	WITH_SETTINGS = 1 << 16,
	WITHOUT_HEAP = 1 << 17,
	WITH_ACCOUNT = 1 << 18,
	WITH_NATIVE = 1 << 19,
};

_Static_assert((SNAPSHOT_FILE_ALL & (WITH_SETTINGS | WITHOUT_HEAP | WITH_ACCOUNT | WITH_NATIVE)) ==
                       0,
               "bits of their own");

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

/* --pause is of processes only; a core does not look at it. */
static struct capture_options how_to_capture(const struct options *options, unsigned int parts,
                                             struct progress *progress)
{
	return (struct capture_options){
		.pause = options->pause,
		.may_fall_back = options->may_fall_back,
		.with_edges = parts & SNAPSHOT_FILE_EDGES,
		.with_traces = parts & SNAPSHOT_FILE_TRACES,
		.with_settings = parts & WITH_SETTINGS,
		.without_heap = parts & WITHOUT_HEAP,
		.with_account = parts & WITH_ACCOUNT,
		.with_native = parts & WITH_NATIVE,
		.progress = progress_report,
		.progress_context = progress,
	};
}

static struct error *open_process(const struct options *options, const char *word,
                                  unsigned int parts, struct progress *progress,
                                  struct source *source)
{
	struct capture_options how = how_to_capture(options, parts, progress);
	struct error *error;
	pid_t pid;

	error = options_pid(word, &pid);
	return error ? error : capture_process(pid, &how, &source->capture);
}

static struct error *open_core(const struct options *options, const char *word, unsigned int parts,
                               struct progress *progress, struct source *source)
{
	const struct core_options where = {
		.search =
			{
				.sysroot = options->sysroot,
				.folders = options->search,
				.folder_count = options->search_count,
			},
	};
	struct capture_options how = how_to_capture(options, parts, progress);

	return capture_core(word, &where, &how, &source->capture);
}

static struct error *open_file(const struct options *options, const char *word, unsigned int parts,
                               struct progress *progress, struct source *source)
{
	struct stat facts;

	if (access(word, F_OK) < 0)
		return error_new(ERROR_USAGE, "%s: not a process id, and there is no such file",
		                 word);
	if (core_target_is_core(word))
		return open_core(options, word, parts, progress, source);
	if (!snapshot_file_is_one(word))
		return error_new(ERROR_UNSUPPORTED, "%s is neither a core file nor a snapshot%s",
		                 word,
		                 stat(word, &facts) == 0 && S_ISDIR(facts.st_mode)
		                         ? ": it is a directory"
		                         : "");
	return snapshot_file_open(word, parts & SNAPSHOT_FILE_ALL, &source->file);
}

/* --native asks for what may not be there. */
static struct error *check_native(const struct source *source, const char *word)
{
	if (snapshot_has_native(source_snapshot(source)))
		return NULL;
	if (source->file)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s has no memory of C: it was written without --native", word);
	return error_new(ERROR_UNSUPPORTED,
	                 "%s: its malloc is not glibc's, so --native does not "
	                 "know its blocks",
	                 word);
}

/*
 * parts: as above, whatever it is that is opened. A table by line needs traces,
 * and no other.
 */
static struct error *open_source(const struct options *options, const char *word,
                                 unsigned int parts, struct progress *progress, struct source **ret)
{
	_cleanup_(cleanup_source) struct source *source = calloc(1, sizeof(*source));
	struct error *error;

	if (!source)
		return error_no_memory();
	if (options->by == HEAP_BY_LINE || options->diff_by == DIFF_BY_LINE)
		parts |= SNAPSHOT_FILE_TRACES;
	if (options->with_native)
		parts |= SNAPSHOT_FILE_ADDRESSES | SNAPSHOT_FILE_EDGES | WITH_NATIVE;
	if (is_number(word))
		error = open_process(options, word, parts, progress, source);
	else
		error = open_file(options, word, parts, progress, source);
	if (!error && options->with_native)
		error = check_native(source, word);
	if (error)
		return error;
	*ret = take_ptr(source);
	return NULL;
}

struct error *source_open(const struct options *options, const char *word, bool with_edges,
                          struct progress *progress, struct source **ret)
{
	return open_source(options, word, with_edges ? SNAPSHOT_FILE_ALL : SNAPSHOT_FILE_ADDRESSES,
	                   progress, ret);
}

struct error *source_open_table(const struct options *options, const char *word,
                                struct progress *progress, struct source **ret)
{
	return open_source(options, word, 0, progress, ret);
}

struct error *source_open_to_keep(const struct options *options, const char *word,
                                  struct progress *progress, struct source **ret)
{
	return open_source(options, word, SNAPSHOT_FILE_ALL | WITH_SETTINGS, progress, ret);
}

struct error *source_open_facts(const struct options *options, const char *word,
                                struct progress *progress, struct source **ret)
{
	return open_source(options, word, WITH_SETTINGS | WITHOUT_HEAP, progress, ret);
}

struct error *source_open_account(const struct options *options, const char *word,
                                  struct progress *progress, struct source **ret)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct error *error = open_source(
		options, word, SNAPSHOT_FILE_EDGES | WITH_NATIVE | WITH_ACCOUNT, progress, &source);

	if (error)
		return error;
	if (!source_snapshot(source)->account.is_known)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s: a snapshot does not keep what was resident; plumb rss takes "
		                 "a process or a core",
		                 word);
	*ret = take_ptr(source);
	return NULL;
}

struct error *source_open_native(const struct options *options, const char *word,
                                 struct progress *progress, struct source **ret)
{
	return open_source(options, word, SNAPSHOT_FILE_ALL | WITH_NATIVE, progress, ret);
}

void source_free(struct source *source)
{
	if (!source)
		return;
	capture_free(source->capture);
	snapshot_file_free(source->file);
	free(source);
}

const struct snapshot *source_snapshot(const struct source *source)
{
	return source->file ? snapshot_file_snapshot(source->file)
	                    : capture_snapshot(source->capture);
}

struct value_source source_values(struct source *source)
{
	return source->file ? snapshot_file_values(source->file) : capture_values(source->capture);
}

bool source_has_values(const struct source *source)
{
	return !source->file || snapshot_file_info(source->file).has_values;
}

void source_release_texts(struct source *source)
{
	if (source->capture)
		capture_release_picture(source->capture);
}
