#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/db.h"

/* The schema's versions: numbered SQL texts in migrations/, built into the program, each run in one
 * transaction, forward only. */

/* The version this program needs. */
int64_t migrate_target(void);
/* Part of version 15, after its SQL. */
MUST_USE enum error_code migrate_order(struct db *db, struct error *error);
/* Brings the database up to migrate_target() and says where it began.
 * Errors     ERROR_CONFLICT: the database is newer than this program; nothing was changed */
MUST_USE enum error_code migrate_run(struct db *db, int64_t *ret_from, struct error *error);
