#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* One connection to the database, and the only door to it: no type of the engine shows here, so a
 * second engine is a second db_*.c. A connection belongs to one thread at a time.
 *
 * Statements are named constants beside the one function that runs them:
 *
 *     DB_SQL(CONTACT_BY_PHONE, "SELECT id, name FROM contact WHERE phone = $1");
 *
 *     CLEANUP(db_finish) struct db_statement *statement = NULL;
 *     enum error_code code =
 *         db_query(work->db, &CONTACT_BY_PHONE, DB_VALUES(DB_INT(phone)), &statement, error);
 *     bool row = false;
 *     if (code == OK) { code = db_next(statement, &row, error); }
 *     if (code == OK && row) { id = db_int64(statement, 0); }
 *
 * All of them are compiled once when the writer opens, so a typo cannot wait; what a connection
 * keeps, it prepares at first use. Parameters are $1 … $20, each bound by its number, and may
 * repeat. */
struct db;
struct db_statement;

struct db_sql {
    const char *name;
    const char *text;
    size_t index; /* set by registration */
    struct db_sql *next;
};

/* Defines a statement and registers it before main(). Its text names only tables that exist once
 * all migrations ran. */
#define DB_SQL(sql_name, ...)                                                                      \
    static struct db_sql sql_name = {.name = #sql_name, .text = __VA_ARGS__};                      \
    __attribute__((constructor)) static void sql_name##_register(void)                             \
    {                                                                                              \
        db_sql_register(&sql_name);                                                                \
    }                                                                                              \
    struct db_sql_semicolon
void db_sql_register(struct db_sql *sql);

/* What is bound. Texts and blobs are borrowed until the statement is finished. A text whose data is
 * NULL binds NULL; an empty one with data binds ''. */
struct db_value {
    enum db_value_kind { DB_VALUE_NULL, DB_VALUE_INT64, DB_VALUE_TEXT, DB_VALUE_BLOB } kind;
    int64_t number;
    struct text text;
};
#define DB_NULL ((struct db_value){.kind = DB_VALUE_NULL})
#define DB_INT(value) ((struct db_value){.kind = DB_VALUE_INT64, .number = (int64_t)(value)})
#define DB_TEXT(value) ((struct db_value){.kind = DB_VALUE_TEXT, .text = (value)})
#define DB_CHARS(value) DB_TEXT(text_from(value))
#define DB_BLOB(value) ((struct db_value){.kind = DB_VALUE_BLOB, .text = (value)})
/* NULL when `value` equals `none`: times and ids that use 0, minutes that use -1. */
#define DB_INT_UNLESS(value, none) ((int64_t)(value) == (int64_t)(none) ? DB_NULL : DB_INT(value))
/* Two arguments at once: the array and its size. */
#define DB_VALUES(...)                                                                             \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NO_VALUES NULL, 0

enum { DB_VALUES_MAX = 40 };

/* Starts a statement: binds and leaves it before its first row. It is busy until db_next() said
 * "no row" or db_finish(); running a busy one again is ERROR_INTERNAL. */
MUST_USE enum error_code db_query(struct db *db, struct db_sql *sql, const struct db_value *values,
                                  size_t count, struct db_statement **ret_statement,
                                  struct error *error);
/* Errors     ERROR_CONFLICT: a unique or foreign key forbids it; ERROR_UNAVAILABLE: busy or disk
 *            full; ERROR_INTERNAL: anything else. The statement is finished by an error. */
MUST_USE enum error_code db_next(struct db_statement *statement, bool *ret_row,
                                 struct error *error);
void db_finish(struct db_statement *statement); /* NULL and finished ones are fine */
DEFINE_CLEANUP(struct db_statement *, db_finish);

/* Columns of the current row, from 0. Texts live until the next db_next() or db_finish(). */
int64_t db_int64(struct db_statement *statement, int column); /* NULL reads as 0 */
int64_t db_int64_or(struct db_statement *statement, int column, int64_t if_null);
bool db_is_null(struct db_statement *statement, int column);
struct text db_text(struct db_statement *statement, int column); /* NULL reads as {NULL, 0} */
struct text db_text_copy(struct db_statement *statement, int column, struct arena *arena);

/* Runs to the end and drops the rows. ret_changed (may be NULL): rows inserted, updated, deleted.
 */
MUST_USE enum error_code db_run(struct db *db, struct db_sql *sql, const struct db_value *values,
                                size_t count, int64_t *ret_changed, struct error *error);
/* Inserts one row and gives its id. Without RETURNING, which costs as much as the insert. */
MUST_USE enum error_code db_insert(struct db *db, struct db_sql *sql, const struct db_value *values,
                                   size_t count, int64_t *ret_id, struct error *error);
/* Runs to the end and gives the first row's first column: counts, RETURNING id. ret_found may be
 * NULL when a row is certain: then none is ERROR_NOT_FOUND. */
MUST_USE enum error_code db_find_int64(struct db *db, struct db_sql *sql,
                                       const struct db_value *values, size_t count,
                                       int64_t *ret_value, bool *ret_found, struct error *error);

/* Transactions. Only the writer (and readers that need one consistent view) use them. */
enum db_role {
    DB_WRITER, /* the one connection that writes and checkpoints */
    DB_READER, /* cannot write */
};
MUST_USE enum error_code db_open(const char *path, enum db_role role, bool create,
                                 struct db **ret_db, struct error *error);
void db_close(struct db *db); /* NULL is fine */
DEFINE_CLEANUP(struct db *, db_close);
/* Compiles every registered statement, keeping none, and reports the first that is wrong. */
MUST_USE enum error_code db_check_all(struct db *db, struct error *error);

MUST_USE enum error_code db_begin(struct db *db, struct error *error);
MUST_USE enum error_code db_commit(struct db *db, struct error *error);
void db_rollback(struct db *db); /* fine when none is open */
bool db_in_transaction(const struct db *db);
MUST_USE enum error_code db_savepoint(struct db *db, struct error *error);
MUST_USE enum error_code db_release(struct db *db, struct error *error);
/* Undoes everything since the savepoint and drops it. False when the engine had to give up the
 * whole transaction. */
MUST_USE bool db_undo(struct db *db);
void db_finish_all(struct db *db); /* finishes statements that somebody left busy */

/* Migrations, maintenance and checks only: text of our own, never of a user. */
MUST_USE enum error_code db_exec(struct db *db, const char *sql, struct error *error);
MUST_USE enum error_code db_schema_version(struct db *db, int64_t *ret_version,
                                           struct error *error);
MUST_USE enum error_code db_set_schema_version(struct db *db, int64_t version, struct error *error);
/* Moves the write-ahead log into the database file, as far as readers allow. */
MUST_USE enum error_code db_checkpoint(struct db *db, bool truncate, struct error *error);
/* Frees pages that are kept for speed only. */
void db_drop_cache(struct db *db);
int64_t db_log_pages(const struct db *db); /* pages in the write-ahead log after the last commit */
/* A consistent copy into a new file, while others read and write. */
MUST_USE enum error_code db_copy_to(struct db *db, const char *path, struct error *error);
/* "ok", or the first findings, one per line. */
MUST_USE enum error_code db_integrity(struct db *db, struct arena *arena, struct text *ret_findings,
                                      struct error *error);

/* True after an I/O error of the disk: what the file holds is unknown until it is opened anew. */
bool db_is_broken(const struct db *db);
/* Test hook: the n-th step from now (1 = the next) fails with ERROR_UNAVAILABLE; 0 = none. */
void db_inject_failure(struct db *db, int64_t nth);
/* Whether the hook's failure has happened. */
bool db_failure_injected(const struct db *db);
