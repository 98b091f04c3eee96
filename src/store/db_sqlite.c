/* The SQLite engine behind db.h: registry of statements, binding by number, transactions, errors.
 * One writer with synchronous=FULL that checkpoints by itself on request; readers cannot write.
 * Opening, copying and checking stand in db_sqlite_file.c. */
#include "store/db_sqlite_internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct db_sql *registered_first;
static size_t registered_count;

void db_sql_register(struct db_sql *sql)
{
    sql->index = registered_count++;
    sql->next = registered_first;
    registered_first = sql;
}

size_t db_sql_count(void)
{
    return registered_count;
}

enum error_code db_sqlite_error(struct db *db, int result, const char *what, struct error *error)
{
    int primary = result & 0xff;
    int extended = db->handle == NULL ? result : sqlite3_extended_errcode(db->handle);
    enum error_code code = ERROR_INTERNAL;
    if (result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY ||
        result == SQLITE_CONSTRAINT_FOREIGNKEY || result == SQLITE_CONSTRAINT_ROWID) {
        code = error_set(error, ERROR_CONFLICT, "the database forbids it: %s",
                         sqlite3_errmsg(db->handle));
    } else if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not use the database: it is locked");
    } else if (primary == SQLITE_FULL) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not write the database: disk full");
    } else if (primary == SQLITE_CANTOPEN) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not open the database file");
    } else if (primary == SQLITE_READONLY) {
        code = error_set(error, ERROR_UNAVAILABLE,
                         "could not write the database: the file or its disk is read-only");
    } else if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
        db->broken = true;
        code = error_set(error, ERROR_INTERNAL,
                         "the database file is damaged: put a backup in its place with "
                         "`dripline restore FILE`");
    } else {
        db->broken = db->broken || primary == SQLITE_IOERR;
        code = error_set(error, ERROR_INTERNAL, "could not use the database");
    }
    error_detail(error, "%s: %s (%d/%d)", what,
                 db->handle == NULL ? sqlite3_errstr(result) : sqlite3_errmsg(db->handle), result,
                 extended);
    return code;
}

/* Parameters may repeat and stand in any order, so SQLite's place of $n is looked up once. */
static enum error_code map_parameters(struct db_statement *statement, struct error *error)
{
    int count = sqlite3_bind_parameter_count(statement->handle);
    for (int at = 1; at <= count; at++) {
        const char *name = sqlite3_bind_parameter_name(statement->handle, at);
        int64_t number = 0;
        if (name == NULL || name[0] != '$' || !text_to_int64(text_from(name + 1), &number) ||
            number < 1 || number > DB_VALUES_MAX) {
            return error_set(error, ERROR_INTERNAL, "statement %s: parameter %d is not $1 … $%d",
                             statement->sql->name, at, DB_VALUES_MAX);
        }
        statement->place[number - 1] = at;
        if ((size_t)number > statement->value_count) {
            statement->value_count = (size_t)number;
        }
    }
    return OK;
}

static enum error_code prepare(struct db *db, struct db_sql *sql, struct error *error)
{
    struct db_statement *statement = mem_zalloc(sizeof(*statement));
    statement->db = db;
    statement->sql = sql;
    int result = sqlite3_prepare_v3(db->handle, sql->text, -1, SQLITE_PREPARE_PERSISTENT,
                                    &statement->handle, NULL);
    enum error_code code = OK;
    if (result != SQLITE_OK) {
        code = db_sqlite_error(db, result, sql->name, error);
    } else {
        code = map_parameters(statement, error);
    }
    if (code != OK) {
        sqlite3_finalize(statement->handle);
        mem_free(statement);
        return code;
    }
    db->statements[sql->index] = statement;
    return OK;
}

static void forget(struct db *db, const struct db_sql *sql)
{
    struct db_statement *statement = TAKE(db->statements[sql->index]);
    sqlite3_finalize(statement->handle);
    mem_free(statement);
}

enum error_code db_check_all(struct db *db, struct error *error)
{
    for (struct db_sql *sql = registered_first; sql != NULL; sql = sql->next) {
        if (db->statements[sql->index] == NULL) {
            enum error_code code = prepare(db, sql, error);
            if (code != OK) {
                return error_prefix(error, "statement %s", sql->name);
            }
            forget(db, sql);
        }
    }
    return OK;
}

static int bind(struct db_statement *statement, int place, const struct db_value *value)
{
    sqlite3_stmt *handle = statement->handle;
    const char *data = value->text.data;
    switch (value->kind) {
    case DB_VALUE_NULL:
        return sqlite3_bind_null(handle, place);
    case DB_VALUE_INT64:
        return sqlite3_bind_int64(handle, place, value->number);
    case DB_VALUE_TEXT:
        if (data == NULL) {
            return sqlite3_bind_null(handle, place);
        }
        return sqlite3_bind_text64(handle, place, data, value->text.size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case DB_VALUE_BLOB:
        if (data == NULL) {
            return sqlite3_bind_null(handle, place);
        }
        return sqlite3_bind_blob64(handle, place, data, value->text.size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

enum error_code db_query(struct db *db, struct db_sql *sql, const struct db_value *values,
                         size_t count, struct db_statement **ret_statement, struct error *error)
{
    struct db_statement *statement = db->statements[sql->index];
    if (statement == NULL) {
        enum error_code code = prepare(db, sql, error);
        if (code != OK) {
            return code;
        }
        statement = db->statements[sql->index];
    }
    if (statement->busy) {
        return error_set(error, ERROR_INTERNAL, "statement %s is still in use", sql->name);
    }
    if (count != statement->value_count) {
        return error_set(error, ERROR_INTERNAL, "statement %s takes %zu values, not %zu", sql->name,
                         statement->value_count, count);
    }
    statement->busy = true;
    db->busy_count++;
    for (size_t at = 0; at < count; at++) {
        int place = statement->place[at];
        int result = place == 0 ? SQLITE_OK : bind(statement, place, &values[at]);
        if (result != SQLITE_OK) {
            db_finish(statement);
            return db_sqlite_error(db, result, sql->name, error);
        }
    }
    *ret_statement = statement;
    return OK;
}

/* True when the test hook wants this very step to fail. */
static bool step_must_fail(struct db *db)
{
    if (db->fail_in == 0 || --db->fail_in > 0) {
        return false;
    }
    db->failed_by_hook = true;
    return true;
}

enum error_code db_next(struct db_statement *statement, bool *ret_row, struct error *error)
{
    struct db *db = statement->db;
    if (!statement->busy) {
        *ret_row = false;
        return OK;
    }
    if (step_must_fail(db)) {
        db_finish(statement);
        return error_set(error, ERROR_UNAVAILABLE, "could not use the database: injected failure");
    }
    int result = sqlite3_step(statement->handle);
    if (result == SQLITE_ROW) {
        *ret_row = true;
        return OK;
    }
    if (result == SQLITE_DONE) {
        db_finish(statement);
        *ret_row = false;
        return OK;
    }
    enum error_code code = db_sqlite_error(db, result, statement->sql->name, error);
    db_finish(statement);
    return code;
}

void db_finish(struct db_statement *statement)
{
    if (statement != NULL && statement->busy) {
        /* Repeats the error that db_next() told. What was bound stays, and nobody looks at it: the
         * next db_query() binds every value anew. */
        (void)sqlite3_reset(statement->handle);
        statement->busy = false;
        statement->db->busy_count--;
    }
}

void db_finish_all(struct db *db)
{
    for (size_t at = 0; db->busy_count > 0 && at < registered_count; at++) {
        db_finish(db->statements[at]);
    }
}

int64_t db_int64(struct db_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

int64_t db_int64_or(struct db_statement *statement, int column, int64_t if_null)
{
    return db_is_null(statement, column) ? if_null : db_int64(statement, column);
}

bool db_is_null(struct db_statement *statement, int column)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

struct text db_text(struct db_statement *statement, int column)
{
    if (db_is_null(statement, column)) {
        return (struct text){NULL, 0};
    }
    const char *data = sqlite3_column_blob(statement->handle, column);
    int size = sqlite3_column_bytes(statement->handle, column);
    return text_make(data == NULL ? "" : data, (size_t)size);
}

struct text db_text_copy(struct db_statement *statement, int column, struct arena *arena)
{
    struct text text = db_text(statement, column);
    return text.data == NULL ? text : arena_text(arena, text);
}

enum error_code db_run(struct db *db, struct db_sql *sql, const struct db_value *values,
                       size_t count, int64_t *ret_changed, struct error *error)
{
    struct db_statement *statement = NULL;
    enum error_code code = db_query(db, sql, values, count, &statement, error);
    bool row = true;
    while (code == OK && row) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && ret_changed != NULL) {
        *ret_changed = sqlite3_changes64(db->handle);
    }
    return code;
}

enum error_code db_insert(struct db *db, struct db_sql *sql, const struct db_value *values,
                          size_t count, int64_t *ret_id, struct error *error)
{
    enum error_code code = db_run(db, sql, values, count, NULL, error);
    if (code == OK) {
        *ret_id = sqlite3_last_insert_rowid(db->handle);
    }
    return code;
}

enum error_code db_find_int64(struct db *db, struct db_sql *sql, const struct db_value *values,
                              size_t count, int64_t *ret_value, bool *ret_found,
                              struct error *error)
{
    struct db_statement *statement = NULL;
    enum error_code code = db_query(db, sql, values, count, &statement, error);
    bool row = false;
    bool found = false;
    int64_t value = 0;
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        found = true;
        value = db_int64(statement, 0);
    }
    while (code == OK && row) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    if (!found && ret_found == NULL) {
        return error_set(error, ERROR_NOT_FOUND, "statement %s found no row", sql->name);
    }
    if (found) {
        *ret_value = value;
    }
    if (ret_found != NULL) {
        *ret_found = found;
    }
    return OK;
}

/* --- transactions ----------------------------------------------------------------------------- */

DB_SQL(BEGIN_WRITE, "BEGIN IMMEDIATE");
DB_SQL(BEGIN_READ, "BEGIN");
DB_SQL(COMMIT, "COMMIT");
DB_SQL(ROLLBACK, "ROLLBACK");
DB_SQL(SAVEPOINT, "SAVEPOINT job");
DB_SQL(RELEASE, "RELEASE job");
DB_SQL(ROLLBACK_TO, "ROLLBACK TO job");

enum error_code db_begin(struct db *db, struct error *error)
{
    struct db_sql *sql = db->role == DB_WRITER ? &BEGIN_WRITE : &BEGIN_READ;
    return db_run(db, sql, DB_NO_VALUES, NULL, error);
}

enum error_code db_commit(struct db *db, struct error *error)
{
    return db_run(db, &COMMIT, DB_NO_VALUES, NULL, error);
}

void db_rollback(struct db *db)
{
    db_finish_all(db);
    int64_t fail_in = db->fail_in;
    db->fail_in = 0; /* undoing is not what the hook tests */
    if (db_in_transaction(db)) {
        enum error_code ignored = db_run(db, &ROLLBACK, DB_NO_VALUES, NULL, NULL);
        (void)ignored; /* it fails only when the engine rolled back by itself */
    }
    db->fail_in = fail_in;
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

enum error_code db_savepoint(struct db *db, struct error *error)
{
    return db_run(db, &SAVEPOINT, DB_NO_VALUES, NULL, error);
}

enum error_code db_release(struct db *db, struct error *error)
{
    return db_run(db, &RELEASE, DB_NO_VALUES, NULL, error);
}

bool db_undo(struct db *db)
{
    db_finish_all(db);
    int64_t fail_in = db->fail_in;
    db->fail_in = 0;
    bool undone = db_in_transaction(db) &&
                  db_run(db, &ROLLBACK_TO, DB_NO_VALUES, NULL, NULL) == OK &&
                  db_run(db, &RELEASE, DB_NO_VALUES, NULL, NULL) == OK;
    db->fail_in = fail_in;
    return undone;
}

bool db_is_broken(const struct db *db)
{
    return db->broken;
}

void db_inject_failure(struct db *db, int64_t nth)
{
    db->fail_in = nth;
    db->failed_by_hook = false;
}

bool db_failure_injected(const struct db *db)
{
    return db->failed_by_hook;
}
