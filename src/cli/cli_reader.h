#pragma once

#include "cli/cli.h"
#include "service/service.h"
#include "store/work.h"

/* One consistent moment of the database for commands that only read: works beside a running server
 * and without one. */
struct cli_reader;

MUST_USE enum error_code cli_reader_open(const struct cli *cli, struct cli_reader **ret_reader,
                                         struct error *error);
void cli_reader_close(struct cli_reader *reader); /* NULL is fine */
DEFINE_CLEANUP(struct cli_reader *, cli_reader_close);
struct work *cli_reader_work(struct cli_reader *reader);
