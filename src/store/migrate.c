/* Runs the migrations that are missing. A migration and its version number are one transaction, so
 * a crash in between leaves the version before it. */
#include "store/migrate.h"

#include "base/buffer.h"

static const char *const START[] = {
#include "migration_0001.inc"
    NULL,
};
static const char *const WEBHOOKS[] = {
#include "migration_0002.inc"
    NULL,
};

static const char *const ALERTS[] = {
#include "migration_0003.inc"
    NULL,
};

static const char *const PUBLIC[] = {
#include "migration_0004.inc"
    NULL,
};

static const char *const ANALYTICS[] = {
#include "migration_0005.inc"
    NULL,
};

static const char *const EMAIL[] = {
#include "migration_0006.inc"
    NULL,
};

static const char *const ACCESS[] = {
#include "migration_0007.inc"
    NULL,
};

static const char *const PEOPLE[] = {
#include "migration_0008.inc"
    NULL,
};

static const char *const TROUBLE[] = {
#include "migration_0009.inc"
    NULL,
};

static const char *const ANSWERS[] = {
#include "migration_0010.inc"
    NULL,
};

static const char *const FAILURES[] = {
#include "migration_0011.inc"
    NULL,
};

static const char *const COHORTS[] = {
#include "migration_0013.inc"
    NULL,
};

static const char *const CONFIRM[] = {
#include "migration_0014.inc"
    NULL,
};

static const char *const ORDER[] = {
#include "migration_0015.inc"
    NULL,
};

static const char *const ORIGIN[] = {
#include "migration_0016.inc"
    NULL,
};

static const struct migration {
    int64_t number;
    const char *name;
    const char *const *lines;                                    /* ended by NULL */
    enum error_code (*fill)(struct db *db, struct error *error); /* what SQL cannot say; or NULL */
} MIGRATIONS[] = {
    {1, "start", START},         {2, "webhooks", WEBHOOKS},
    {3, "alerts", ALERTS},       {4, "public", PUBLIC},
    {5, "analytics", ANALYTICS}, {6, "email", EMAIL},
    {7, "access", ACCESS},       {8, "people", PEOPLE},
    {9, "trouble", TROUBLE},     {10, "answers", ANSWERS},
    {11, "failures", FAILURES},  {13, "cohorts", COHORTS},
    {14, "confirm", CONFIRM},    {15, "order", ORDER, migrate_order},
    {16, "origin", ORIGIN},
};

int64_t migrate_target(void)
{
    return MIGRATIONS[ARRAY_SIZE(MIGRATIONS) - 1].number;
}

static enum error_code run_one(struct db *db, const struct migration *migration,
                               struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sql;
    buffer_init(&sql, SIZE_MAX / 2);
    for (size_t at = 0; migration->lines[at] != NULL; at++) {
        buffer_add_chars(&sql, migration->lines[at]);
    }
    enum error_code code = db_begin(db, error);
    if (code == OK) {
        code = db_exec(db, buffer_chars(&sql), error);
    }
    if (code == OK && migration->fill != NULL) {
        code = migration->fill(db, error);
    }
    if (code == OK) {
        code = db_set_schema_version(db, migration->number, error);
    }
    if (code == OK) {
        code = db_commit(db, error);
    }
    if (code != OK) {
        db_rollback(db);
        return error_prefix(error, "migration %lld (%s)", (long long)migration->number,
                            migration->name);
    }
    return OK;
}

enum error_code migrate_run(struct db *db, int64_t *ret_from, struct error *error)
{
    int64_t from = 0;
    enum error_code code = db_schema_version(db, &from, error);
    if (code == OK && from > migrate_target()) {
        code = error_set(error, ERROR_CONFLICT,
                         "the data directory was written by a newer program (schema %lld, this one "
                         "knows %lld): use that program or restore an older backup",
                         (long long)from, (long long)migrate_target());
    }
    for (size_t at = 0; at < ARRAY_SIZE(MIGRATIONS) && code == OK; at++) {
        if (MIGRATIONS[at].number > from) {
            code = run_one(db, &MIGRATIONS[at], error);
        }
    }
    if (code == OK) {
        *ret_from = from;
    }
    return code;
}
