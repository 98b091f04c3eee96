#pragma once

#include "base/clock.h"
#include "cli/cli.h"
#include "service/service.h"

/* A server without doors to the outside and without a sender, inside the process of a command, for
 * data directories that no server runs on: the store, the runner of long work, and the API on the
 * directory's Unix socket. So every command has one way to do its work. */
struct cli_local;

/* create   make the directory and an empty database when there is none
 * Errors   those of store_open() */
MUST_USE enum error_code cli_local_open(const struct cli *cli, bool create,
                                        struct cli_local **ret_local, struct error *error);
/* Reads the master key, for commands that do more than look at rows.
 * Errors   those of serve_keys_open() */
MUST_USE enum error_code cli_local_unlock(struct cli_local *local, struct error *error);
/* Also unlocks, and opens the API on the socket; for commands that talk to it. */
MUST_USE enum error_code cli_local_listen(struct cli_local *local, struct error *error);
void cli_local_close(struct cli_local *local); /* waits for what was begun; NULL is fine */
DEFINE_CLEANUP(struct cli_local *, cli_local_close);
struct service *cli_local_service(struct cli_local *local);
