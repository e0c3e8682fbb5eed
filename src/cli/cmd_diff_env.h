/* SPDX-License-Identifier: Apache-2.0 */
/* `plumb diff --env A B`, the other question that diff answers. */
#ifndef PLUMB_CLI_CMD_DIFF_ENV_H
#define PLUMB_CLI_CMD_DIFF_ENV_H

#include "cli/options.h"

struct error *cmd_diff_env(const struct options *options);

#endif
