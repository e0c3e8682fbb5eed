/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: the first argument names the command; a process id alone asks
 * for the verdict. Which options a command takes, its help and its errors are
 * handled here, once for all. Exit codes are the same for every command, see
 * commands.h.
 */
#include "base/text.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/usage.h"

#include <ctype.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_BYTES = 256 << 10 };

/* clang-format off */
static const struct command {
	const char *name;
	const char *(*usage)(void);
	struct error *(*run)(const struct options *options);
	int (*judge)(const struct options *options); /* in place of run: the exit code */
	unsigned int takes;                          /* enum option_set */
} commands[] = {
	{"check", usage_check, cmd_check, NULL,
	 0},
	{"core", usage_core, cmd_core, NULL,
	 OPTIONS_OUTPUT | OPTIONS_COMPRESS},
	{"diff", usage_diff, cmd_diff, NULL,
	 OPTIONS_DIFF | OPTIONS_TOP | OPTIONS_CORE},
	{"heap", usage_heap, cmd_heap, NULL,
	 OPTIONS_TABLE | OPTIONS_TOP | OPTIONS_NATIVE | OPTIONS_CORE},
	{"leaks", usage_leaks, NULL, cmd_leaks,
	 OPTIONS_TOP | OPTIONS_FAIL | OPTIONS_CORE},
	{"rss", usage_rss, cmd_rss, NULL,
	 OPTIONS_TOP | OPTIONS_CORE},
	{"show", usage_show, cmd_show, NULL,
	 OPTIONS_TOP | OPTIONS_NATIVE | OPTIONS_CORE},
	{"snap", usage_snap, cmd_snap, NULL,
	 OPTIONS_OUTPUT | OPTIONS_VALUES | OPTIONS_SERIES | OPTIONS_NATIVE | OPTIONS_CORE},
	{"sql", usage_sql, cmd_sql, NULL,
	 OPTIONS_CORE},
	{"why", usage_why, cmd_why, NULL,
	 OPTIONS_TOP | OPTIONS_DOT | OPTIONS_NATIVE | OPTIONS_CORE},
};
/* clang-format on */

static int print(const char *words)
{
	struct text text;

	text_init(&text);
	text_append(&text, words);
	return output_error(output_text(&text));
}

static int print_version(void)
{
	struct text text;

	text_init(&text);
	text_printf(&text, "plumb %s\n", plumb_version());
	return output_error(output_text(&text));
}

static int run_verdict(int argc, char **argv)
{
	struct options options;
	struct error *error = options_parse(argc, argv, OPTIONS_WATCH, &options);

	if (error)
		return output_error(error);
	return options.wants_help ? print(usage_verdict()) : cmd_verdict(&options);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct error *error = options_parse(argc, argv, command->takes, &options);

	if (error)
		return output_error(error_wrap(error, "%s", command->name));
	if (options.wants_help)
		return print(command->usage());
	return command->judge ? command->judge(&options) : output_error(command->run(&options));
}

static int choose_command(int argc, char **argv)
{
	const char *name = argv[1];

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	if (isdigit((unsigned char)name[0]) || name[0] == '-')
		return run_verdict(argc, argv);
	if (access(name, F_OK) == 0)
		return output_error(error_new(ERROR_USAGE,
		                              "no command %s; what is in a file says plumb heap %s",
		                              name, name));
	return output_error(error_new(ERROR_USAGE, "no command %s (plumb --help)", name));
}

/*
 * Tables are mappings of their own, so that what is freed is given back at
 * once. By default glibc learns from the first large table that is freed to
 * keep the next ones on its heap (mallopt(3), M_MMAP_THRESHOLD).
 */
static void give_back_tables(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, TABLE_BYTES);
}

int main(int argc, char **argv)
{
	give_back_tables();
	if (argc < 2) {
		output_error(error_new(ERROR_USAGE,
		                       "say which process: plumb PID (plumb --help tells more)"));
		return EXIT_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return print_version();
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return print(usage_program());
	return choose_command(argc, argv);
}
