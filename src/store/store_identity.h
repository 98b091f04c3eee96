#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/db.h"
#include "store/store.h"
#include "store/work.h"

/* Start and end of an instance: who this directory is, whether its database is older than what was
 * sent, and the row of this start. For store.c. */

/* Runs before the writer starts, in a transaction of its own: creates the installation in a new
 * database, compares it with the epoch file and the intent journal, closes the fence when the
 * database is older than they are, adds the instance row, and writes the epoch file. */
MUST_USE enum error_code store_identity_establish(struct db *db, const char *directory,
                                                  struct clock *clock,
                                                  struct store_identity *ret_identity,
                                                  struct error *error);
/* The orderly stop, as a writer job: `context` is a struct epoch_file whose highest_message_id is
 * filled in. */
MUST_USE enum error_code store_identity_stop(struct work *work, void *context, struct error *error);
