/* SPDX-License-Identifier: Apache-2.0 */
/* plumb rss TARGET: captures the graph and whose memory is resident, and prints the account. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/rss_report.h"

static struct error *print_account(const struct options *options, const struct snapshot *snapshot,
                                   const struct account *account,
                                   const struct account_owners *owners)
{
	const struct rss_report report = {
		.snapshot = snapshot,
		.account = account,
		.owners = owners,
		.top = options->has_top && !options->top && !options->is_json ? SIZE_MAX
	                                                                      : options->top,
	};
	struct layout layout = output_layout();
	struct text text;

	text_init(&text);
	if (options->is_json)
		rss_report_json(&report, &text);
	else
		rss_report_text(&layout, &report, &text);
	return output_text(&text);
}

/* Without memory of C in the graph (there is no glibc) its blocks stay one row. */
static struct error *look(const struct options *options, struct progress *progress)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	_cleanup_(cleanup_native_shares) struct native_shares shares = {0};
	_cleanup_(cleanup_account_owners) struct account_owners owners = {0};
	struct error *error = source_open_account(options, options->words[0], progress, &source);
	const struct snapshot *snapshot;
	struct account account;
	bool has_native;

	if (error)
		return error;
	source_release_texts(source);
	snapshot = source_snapshot(source);
	account_make(&snapshot->account, &account);
	has_native = snapshot_has_native(snapshot);
	if (has_native)
		error = native_shares_init(&shares, snapshot);
	if (error)
		return error;
	if (has_native)
		account_split_native(&account, &shares);
	error = account_owners_init(&owners, snapshot, &account, has_native ? &shares : NULL);
	progress_end(progress);
	return error ? error : print_account(options, snapshot, &account, &owners);
}

struct error *cmd_rss(const struct options *options)
{
	struct progress progress;
	struct error *error;

	if (options->word_count != 1)
		return error_new(ERROR_USAGE,
		                 "rss takes one process id or core file (plumb rss --help)");
	progress_start(&progress, options->is_json);
	error = look(options, &progress);
	progress_end(&progress);
	return error;
}
