/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes pictures of a process, for the tests of target/picture.h:
 *
 *	picture_tool PID [--mode fork|copy|none] [--fall-back] [--hold MS]
 *	             [--repeat N] [--unsettled N] [--stall MS] [--read ADDRESS:SIZE]
 *
 * prints per picture one line "mode=fork pause_ms=1.234 settled=1" and, while
 * it is held, "read=HEX" or "read=fault"; it is held as long again after
 * reading. --unsettled N says no to the first
 * N moments, --stall MS takes that long over saying so. Exit codes as plumb: 0,
 * 2 wrong usage, 3 with a line on stderr.
 */
#include "base/cleanup.h"
#include "target/picture.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct task {
	pid_t pid;
	struct picture_options options;
	long hold_ms;
	long repeat;
	long unsettled; /* counts down */
	long stall_ms;
	taddr address;
	size_t size;
};

static bool parse_mode(const char *name, enum pause_mode *ret)
{
	static const char *const names[] = {"fork", "copy", "none"};

	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum pause_mode)i;
			return true;
		}
	}
	return false;
}

static bool parse_read(const char *text, struct task *task)
{
	char *end;

	task->address = strtoull(text, &end, 0);
	if (*end != ':')
		return false;
	task->size = strtoull(end + 1, &end, 0);
	return !*end && task->size <= 1 << 20;
}

static bool parse_option(int option, struct task *task)
{
	switch (option) {
	case 'm': return parse_mode(optarg, &task->options.mode);
	case 'f': task->options.may_fall_back = true; return true;
	case 'h': task->hold_ms = strtol(optarg, NULL, 10); return true;
	case 'n': task->repeat = strtol(optarg, NULL, 10); return true;
	case 'u': task->unsettled = strtol(optarg, NULL, 10); return true;
	case 's': task->stall_ms = strtol(optarg, NULL, 10); return true;
	case 'r': return parse_read(optarg, task);
	default: return false;
	}
}

static bool parse_arguments(int argc, char **argv, struct task *task)
{
	static const struct option options[] = {
		{"mode", required_argument, NULL, 'm'},
		{"fall-back", no_argument, NULL, 'f'},
		{"hold", required_argument, NULL, 'h'},
		{"repeat", required_argument, NULL, 'n'},
		{"unsettled", required_argument, NULL, 'u'},
		{"stall", required_argument, NULL, 's'},
		{"read", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!parse_option(option, task))
			return false;
	if (optind + 1 != argc)
		return false;
	task->pid = (pid_t)strtol(argv[optind], NULL, 10);
	return true;
}

static void sleep_ms(long ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

/* Says no as often as it was told to, and takes its time. */
static bool is_settled(void *context, struct target *stopped)
{
	struct task *task = context;

	(void)stopped;
	sleep_ms(task->stall_ms);
	return task->unsettled-- <= 0;
}

static void print_read(struct target *target, taddr address, size_t size)
{
	_cleanup_free_ unsigned char *bytes = malloc(size + 1);

	if (!bytes || target_read(target, address, bytes, size) != DECODE_OK) {
		printf("read=fault\n");
		return;
	}
	printf("read=");
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static struct error *take_one(struct task *task)
{
	static const char *const names[] = {"fork", "copy", "none"};
	_cleanup_(cleanup_picture) struct picture *picture = NULL;
	struct error *error;

	task->options.is_settled = is_settled;
	task->options.context = task;
	task->options.settle_attempts = 5;
	error = picture_take(task->pid, &task->options, &picture);
	if (error)
		return error;
	printf("mode=%s pause_ms=%.3f settled=%d\n", names[picture_mode(picture)],
	       picture_pause_ms(picture), picture_is_settled(picture));
	fflush(stdout);
	sleep_ms(task->hold_ms);
	if (!task->size)
		return NULL;
	print_read(picture_target(picture), task->address, task->size);
	fflush(stdout);
	sleep_ms(task->hold_ms);
	return NULL;
}

int main(int argc, char **argv)
{
	struct task task = {.repeat = 1};

	if (!parse_arguments(argc, argv, &task)) {
		fprintf(stderr, "usage: picture_tool PID [--mode fork|copy|none] ...\n");
		return 2;
	}
	for (long i = 0; i < task.repeat; i++) {
		struct error *error = take_one(&task);

		if (error) {
			fprintf(stderr, "%s\n", error_message(error));
			error_free(error);
			return 3;
		}
	}
	return 0;
}
