#pragma once

#include "store/db.h"

#include <sqlite3.h>

/* What the two halves of the SQLite engine share. Included by db_sqlite*.c only. */
struct db_statement {
    sqlite3_stmt *handle;
    struct db *db;
    struct db_sql *sql;
    size_t value_count;       /* the highest $n */
    int place[DB_VALUES_MAX]; /* SQLite's place of $n, 0 when the text skips n */
    bool busy;
};

struct db {
    sqlite3 *handle;
    enum db_role role;
    bool broken;
    size_t busy_count; /* statements started and not finished */
    bool failed_by_hook;
    int64_t fail_in;                  /* test hook: steps until the failing one, 0 = none */
    int log_pages;                    /* pages in the write-ahead log after the last commit */
    struct db_statement **statements; /* by db_sql.index; NULL until prepared */
};

size_t db_sql_count(void);
/* Turns a result of SQLite into an error; `what` says for the log what was tried. */
enum error_code db_sqlite_error(struct db *db, int result, const char *what, struct error *error);
