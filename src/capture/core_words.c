/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core says less of its process than /proc does of a running one: arguments
 * up to 80 bytes, no size. The moment it shows is when its file was written.
 */
#include "capture/core_words.h"

#include "base/cleanup.h"

#include <string.h>
#include <sys/stat.h>

enum { LINES_SHOWN = 4 };

/* NULL stays what there are no words for. False: memory ran out. */
static bool take_words(struct text *words, char **ret)
{
	if (!words->length && !words->is_broken)
		return true;
	*ret = text_take(words);
	return *ret;
}

struct error *core_words_fill(const struct core_target *core, const char *path,
                              struct snapshot_facts *facts)
{
	struct text missing;
	struct text ending;
	struct stat file;
	bool is_told;

	text_init(&missing);
	text_init(&ending);
	core_target_missing(core, &missing);
	core_target_ending(core, &ending);
	facts->file = strdup(path);
	facts->command_line = strdup(core->core->command);
	is_told = take_words(&missing, &facts->missing);
	is_told = take_words(&ending, &facts->ending) && is_told;
	facts->is_core = true;
	facts->pid = core->core->process;
	facts->pause = SNAPSHOT_PAUSE_DEAD;
	if (stat(path, &file) == 0)
		facts->taken_at = file.st_mtime;
	return facts->file && facts->command_line && is_told ? NULL : error_no_memory();
}

/* Appends the lines of all that (do not) speak of python, and counts them. */
static size_t append_lines(const char *all, bool of_python, size_t shown, struct text *text)
{
	while (*all) {
		size_t length = strcspn(all, "\n");
		bool is_of_python = memmem(all, length, "python", strlen("python"));

		if (is_of_python == of_python && shown++ < LINES_SHOWN) {
			text_append(text, "; ");
			text_append_bytes(text, all, length);
		}
		all += length + (all[length] == '\n');
	}
	return shown;
}

struct error *core_words_explain(const struct core_target *core, const char *path,
                                 struct error *cause)
{
	struct text missing;
	struct text lines;
	size_t count;
	struct error *error;

	text_init(&missing);
	text_init(&lines);
	core_target_missing(core, &missing);
	count = append_lines(text_string(&missing), true, 0, &lines);
	count = append_lines(text_string(&missing), false, count, &lines);
	if (count > LINES_SHOWN)
		text_printf(&lines, "; and %zu more", count - LINES_SHOWN);
	if (strstr(text_string(&missing), " was not found"))
		text_append(&lines, " (say where the files are: --sysroot DIR, --search DIR, or "
		                    "DEBUGINFOD_URLS)");
	if (missing.is_broken || lines.is_broken)
		error = error_no_memory();
	else
		error = error_new(error_kind(cause), "core %s: %s%s", path, error_message(cause),
		                  text_string(&lines));
	error_free(cause);
	text_deinit(&missing);
	text_deinit(&lines);
	return error;
}

struct error *core_words_check_program(const struct core_target *core, const char *path,
                                       taddr address)
{
	const struct target_region *region = target_region_at(core->target, address);
	const struct core_binary *binary = region ? core_target_binary(core, region) : NULL;

	if (!binary || !binary->is_needed || binary->fd >= 0)
		return NULL;
	return core_words_explain(
		core, path,
		error_new(ERROR_NOT_FOUND,
	                  "CPython is in it, but not the names of its types, which are in a file"));
}
