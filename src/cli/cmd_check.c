/* SPDX-License-Identifier: Apache-2.0 */
/* plumb check FILE: reads all of a snapshot, and says what it is or what is broken in it. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/snap_report.h"

static struct error *print_answer(const struct options *options, const struct snapshot_file *file)
{
	struct snap_report report = {
		.snapshot = snapshot_file_snapshot(file),
		.file = options->words[0],
		.info = snapshot_file_info(file),
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		check_report_json(&report, &text);
	else
		check_report_text(&layout, &report, &text);
	return output_text(&text);
}

struct error *cmd_check(const struct options *options)
{
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	struct error *error;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "check takes one file (plumb check --help)");
	error = snapshot_file_open(options->words[0], SNAPSHOT_FILE_ALL, &file);
	if (!error)
		error = snapshot_file_check(file);
	return error ? error : print_answer(options, file);
}
