/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that writes to the user. A line on stderr is cleared before
 * anything else is printed, so progress never mixes with an answer.
 */
#include "cli/output.h"

#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 40, WIDTH_MAX = 160 };

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return LAYOUT_WIDTH_DEFAULT;
	if (size.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) &&
	       !(terminal && terminal[0] == 'd' && terminal[1] == 'u');
}

struct layout output_layout(void)
{
	return (struct layout){terminal_width(), wants_colour(), isatty(STDOUT_FILENO)};
}

static struct error *write_all(int fd, const char *name, const struct text *text)
{
	const char *bytes = text_string(text);
	size_t left = text->length;

	if (text->is_broken)
		return error_no_memory();
	while (left > 0) {
		ssize_t written = write(fd, bytes, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(ERROR_IO, errno, "cannot write to %s", name);
		bytes += written;
		left -= (size_t)written;
	}
	return NULL;
}

struct error *output_text(struct text *text)
{
	struct error *error = write_all(STDOUT_FILENO, "standard output", text);

	text_deinit(text);
	return error;
}

static struct error *write_file(const char *name, const struct text *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct error *error;

	if (fd < 0)
		return error_errno(ERROR_IO, errno, "cannot write to %s", name);
	error = write_all(fd, name, text);
	if (close(fd) < 0 && !error)
		error = error_errno(ERROR_IO, errno, "cannot write to %s", name);
	return error;
}

struct error *output_file(const char *name, struct text *text)
{
	struct error *error = write_file(name, text);

	text_deinit(text);
	return error;
}

int output_error(struct error *error)
{
	struct text line;
	int code;

	if (!error)
		return EXIT_DONE;
	code = error_kind(error) == ERROR_USAGE ? EXIT_USAGE : EXIT_TARGET;
	/* A message may name what the target calls its types, or itself. */
	text_init(&line);
	layout_plain(&line, error_message(error));
	fprintf(stderr, "plumb: %s\n", text_string(&line));
	text_deinit(&line);
	error_free(error);
	return code;
}

void progress_start(struct progress *progress, bool is_json)
{
	*progress = (struct progress){.is_enabled = !is_json && isatty(STDERR_FILENO)};
	clock_gettime(CLOCK_MONOTONIC, &progress->start);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void progress_report(void *context, const char *what, double fraction)
{
	struct progress *progress = context;

	if (!progress->is_enabled || seconds_since(&progress->start) < 1)
		return;
	fprintf(stderr, "\r\x1b[K%s %.0f %%", what, fraction * 100);
	progress->is_shown = true;
}

void progress_say(struct progress *progress, const char *what)
{
	if (!progress->is_enabled)
		return;
	fprintf(stderr, "\r\x1b[K%s", what);
	progress->is_shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\x1b[K", stderr);
	progress->is_shown = false;
}
