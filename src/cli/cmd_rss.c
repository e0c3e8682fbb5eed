/* SPDX-License-Identifier: Apache-2.0 */
/* plumb rss PID: captures sizes and whose memory it is, and prints the account. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/rss_report.h"

static struct error *print_account(const struct options *options, const struct snapshot *snapshot)
{
	struct layout layout = output_layout();
	struct account account;
	struct text text;

	account_make(&snapshot->account, &account);
	text_init(&text);
	if (options->is_json)
		rss_report_json(snapshot, &account, &text);
	else
		rss_report_text(&layout, snapshot, &account, &text);
	return output_text(&text);
}

struct error *cmd_rss(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct progress progress;
	struct error *error;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE, "rss takes one process id (plumb rss --help)");
	progress_start(&progress, options->is_json);
	error = source_open_account(options, options->words[0], &progress, &source);
	progress_end(&progress);
	if (error)
		return error;
	source_release_texts(source);
	return print_account(options, source_snapshot(source));
}
