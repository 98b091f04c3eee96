/* The SQLite engine, second half: opening with the right pragmas, running migrations' text,
 * checkpoints, copies and the integrity check. */
#include "store/db_sqlite_internal.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    BUSY_TIMEOUT_MS = 5000,
    INTEGRITY_FINDINGS_MAX = 64 * 1024,
};

/* Debian's 3.40 can corrupt a file when two connections checkpoint at once, so nobody does it by
 * itself: readers never, the writer when the writer thread says so. */
static const char *const WRITER_PRAGMAS = "PRAGMA journal_mode = WAL;"
                                          "PRAGMA synchronous = FULL;"
                                          "PRAGMA wal_autocheckpoint = 0;"
                                          "PRAGMA secure_delete = ON;"
                                          "PRAGMA foreign_keys = ON;"
                                          "PRAGMA cache_size = -65536;"
                                          "PRAGMA temp_store = MEMORY;";
static const char *const READER_PRAGMAS = "PRAGMA query_only = ON;"
                                          "PRAGMA wal_autocheckpoint = 0;"
                                          "PRAGMA cache_size = -4096;"
                                          "PRAGMA temp_store = MEMORY;";

static int remember_log_pages(void *context, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    ((struct db *)context)->log_pages = pages;
    return SQLITE_OK;
}

static enum error_code configure(struct db *db, bool create, struct error *error)
{
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* The last writer to close would otherwise checkpoint at a moment nobody chose. */
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (db->role == DB_READER) {
        return db_exec(db, READER_PRAGMAS, error);
    }
    enum error_code code = OK;
    if (create) { /* must come before the first page is written */
        code = db_exec(db, "PRAGMA page_size = 8192; PRAGMA application_id = 1685222768;", error);
    }
    if (code == OK) {
        code = db_exec(db, WRITER_PRAGMAS, error);
    }
    (void)sqlite3_wal_hook(db->handle, remember_log_pages, db);
    return code;
}

/* SQLite would make it readable for others; -wal and -shm take over the mode of the main file. */
static enum error_code make_private_file(const char *path, struct error *error)
{
    int descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return error_set(error, errno == EACCES ? ERROR_DENIED : ERROR_UNAVAILABLE,
                         "could not create \"%s\": %s", path, strerror(errno));
    }
    (void)close(descriptor); /* nothing was written */
    return OK;
}

/* Nobody reads its statistics of memory, and they take a lock at every allocation. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum error_code db_open(const char *path, enum db_role role, bool create, struct db **ret_db,
                        struct error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure_library);
    CLEANUP(db_close) struct db *db = mem_zalloc(sizeof(*db));
    db->role = role;
    db->statements = mem_array(db_sql_count() + 1, sizeof(struct db_statement *));
    /* Readers open read-write too: a write-ahead log cannot be read without its shared memory.
     * query_only keeps them from writing. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (create && role == DB_WRITER) {
        flags |= SQLITE_OPEN_CREATE;
    }
    if (create && role == DB_WRITER) {
        enum error_code made = make_private_file(path, error);
        if (made != OK) {
            return made;
        }
    }
    int result = sqlite3_open_v2(path, &db->handle, flags, NULL);
    enum error_code code = OK;
    if (result != SQLITE_OK) {
        code = db_sqlite_error(db, result, "open", error);
    } else {
        code = configure(db, create && role == DB_WRITER, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_db = TAKE(db);
    return OK;
}

void db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t at = 0; at < db_sql_count(); at++) {
        if (db->statements[at] != NULL) {
            sqlite3_finalize(db->statements[at]->handle);
            mem_free(db->statements[at]);
        }
    }
    (void)sqlite3_close_v2(db->handle); /* nothing is left that could fail */
    mem_free((void *)db->statements);
    mem_free(db);
}

enum error_code db_exec(struct db *db, const char *sql, struct error *error)
{
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? OK : db_sqlite_error(db, result, "exec", error);
}

enum error_code db_schema_version(struct db *db, int64_t *ret_version, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    enum error_code code = OK;
    if (result == SQLITE_ROW) {
        *ret_version = sqlite3_column_int64(statement, 0);
    } else {
        code = db_sqlite_error(db, result, "user_version", error);
    }
    sqlite3_finalize(statement);
    return code;
}

enum error_code db_set_schema_version(struct db *db, int64_t version, struct error *error)
{
    char sql[64]; /* a pragma takes no parameters; the number is ours */
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", (long long)version);
    return db_exec(db, sql, error);
}

enum error_code db_checkpoint(struct db *db, bool truncate, struct error *error)
{
    int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int left = 0;
    int done = 0;
    int result = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &left, &done);
    if (result != SQLITE_OK) {
        return db_sqlite_error(db, result, "checkpoint", error);
    }
    db->log_pages = left - done > 0 ? left - done : 0;
    return OK;
}

int64_t db_log_pages(const struct db *db)
{
    return db->log_pages;
}

void db_drop_cache(struct db *db)
{
    (void)sqlite3_db_release_memory(db->handle);
}

enum error_code db_copy_to(struct db *db, const char *path, struct error *error)
{
    /* VACUUM INTO reads one snapshot, needs no lock against the writer and leaves no free pages,
     * so nothing deleted is carried along. */
    sqlite3_stmt *statement = NULL;
    enum error_code code = make_private_file(path, error);
    if (code != OK) {
        return code;
    }
    code = db_exec(db, "PRAGMA query_only = OFF", error); /* it would forbid writing the copy */
    if (code != OK) {
        return code;
    }
    int result = sqlite3_prepare_v2(db->handle, "VACUUM INTO $1", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    }
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result != SQLITE_DONE) {
        code = db_sqlite_error(db, result, "VACUUM INTO", error);
    }
    sqlite3_finalize(statement);
    if (db->role == DB_READER && code == OK) {
        code = db_exec(db, "PRAGMA query_only = ON", error);
    }
    return code;
}

enum error_code db_integrity(struct db *db, struct arena *arena, struct text *ret_findings,
                             struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer findings;
    buffer_init(&findings, INTEGRITY_FINDINGS_MAX);
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(20)", -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            buffer_add_chars(&findings, findings.size == 0 ? "" : "\n");
            buffer_add_chars(&findings, (const char *)sqlite3_column_text(statement, 0));
        }
    }
    enum error_code code =
        result == SQLITE_DONE ? OK : db_sqlite_error(db, result, "integrity_check", error);
    sqlite3_finalize(statement);
    if (code == OK) {
        *ret_findings = arena_text(arena, buffer_text(&findings));
    }
    return code;
}
