/* Backup and restore: see backup.h. */
#include "service/backup.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/migrate.h"
#include "store/store.h"
#include "store/store_lock.h"
#include "store/store_setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 1 << 20 };

/* Opens a copy for itself and lets the engine look at every page. */
static enum error_code check_copy(const char *path, struct error *error)
{
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct text findings = {0};
    int64_t version = 0;
    enum error_code code = db_open(path, DB_READER, false, &db, error);
    if (code == OK) {
        code = db_schema_version(db, &version, error);
    }
    if (code == OK && (version < 1 || version > migrate_target())) {
        return error_set(error, ERROR_INVALID,
                         "\"%s\" is no backup this program can read (schema %lld)", path,
                         (long long)version);
    }
    if (code == OK) {
        code = db_integrity(db, arena, &findings, error);
    }
    if (code == OK && !text_equal(findings, TEXT("ok"))) {
        return error_set(error, ERROR_INVALID, "\"%s\" is damaged: %.*s", path,
                         TEXT_ARGS(text_head(findings, 120)));
    }
    if (code != OK) {
        error->code = ERROR_INVALID;
        return error_prefix(error, "\"%s\"", path);
    }
    return OK;
}

enum error_code backup_write(struct work *work, const char *path, struct backup_result *ret_result,
                             struct error *error)
{
    CLEANUP(mem_free_char) char *part = mem_alloc(strlen(path) + sizeof(".part"));
    struct stat status;
    if (file_exists(path)) {
        return error_set(error, ERROR_CONFLICT, "\"%s\" exists already", path);
    }
    (void)snprintf(part, strlen(path) + sizeof(".part"), "%s.part", path);
    (void)unlink(part); /* what an interrupted backup left */
    enum error_code code = db_copy_to(work->db, part, error);
    if (code == OK) {
        code = check_copy(part, error);
    }
    if (code == OK && (rename(part, path) < 0 || stat(path, &status) < 0)) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not write \"%s\": %s", path,
                         strerror(errno));
    }
    if (code != OK) {
        (void)unlink(part);
        return code;
    }
    ret_result->size = (int64_t)status.st_size;
    return OK;
}

static enum error_code copy_file(const char *from, const char *to, struct error *error)
{
    CLEANUP(mem_free_char) char *piece = mem_alloc(COPY_SIZE);
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum error_code code = OK;
    ssize_t size = source < 0 || target < 0 ? -1 : 1;
    while (code == OK && size > 0) {
        size = read(source, piece, COPY_SIZE);
        if (size > 0) {
            code = file_write_all(target, text_make(piece, (size_t)size), error);
        }
    }
    if (code == OK && (size < 0 || fsync(target) < 0)) {
        code =
            error_set(error, ERROR_UNAVAILABLE, "could not copy \"%s\": %s", from, strerror(errno));
    }
    if (source >= 0) {
        (void)close(source); /* only read */
    }
    if (target >= 0) {
        (void)close(target); /* synced above */
    }
    return code;
}

static char *join_name(const char *path, const char *ending)
{
    size_t size = strlen(path) + strlen(ending) + 1;
    char *joined = mem_alloc(size);
    (void)snprintf(joined, size, "%s%s", path, ending);
    return joined;
}

/* The write-ahead log belongs to the database that goes: left behind, it would be played into the
 * one that comes. */
static enum error_code put_in_place(const char *directory, const char *part, struct error *error)
{
    CLEANUP(mem_free_char) char *database = store_database_path(directory);
    CLEANUP(mem_free_char) char *before = join_name(database, ".before-restore");
    CLEANUP(mem_free_char) char *log = join_name(database, "-wal");
    CLEANUP(mem_free_char) char *shared = join_name(database, "-shm");
    CLEANUP(mem_free_char) char *log_before = join_name(before, "-wal");
    if (file_exists(database)) {
        (void)unlink(log_before);
        if (rename(database, before) < 0 || (file_exists(log) && rename(log, log_before) < 0)) {
            return error_set(error, ERROR_UNAVAILABLE, "could not keep the present database: %s",
                             strerror(errno));
        }
    }
    (void)unlink(log);
    (void)unlink(shared);
    if (rename(part, database) < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not put the backup in place: %s",
                         strerror(errno));
    }
    return file_sync_directory(directory, error);
}

/* The next start compares this with the database: a higher epoch closes the fence even when the
 * backup is so young that nothing was sent since. */
static enum error_code raise_epoch(const char *directory, struct error *error)
{
    struct epoch_file file = {0};
    bool found = false;
    enum error_code code = epoch_file_read(directory, &file, &found, error);
    if (code == OK && found) {
        file.epoch++;
        code = epoch_file_write(directory, &file, error);
    }
    return code; /* without the file the fence closes as well */
}

enum error_code backup_restore(const char *directory, const char *path, struct error *error)
{
    CLEANUP(store_lock_release) struct store_lock *lock = NULL;
    CLEANUP(mem_free_char) char *part = file_join(directory, "dripline.db.restoring");
    enum error_code code = file_make_directory(directory, 0700, error);
    if (code == OK) {
        code = store_lock_take(directory, &lock, error);
    }
    if (code == OK) {
        code = copy_file(path, part, error);
    }
    if (code == OK) {
        code = check_copy(part, error);
    }
    if (code == OK) {
        code = raise_epoch(directory, error);
    }
    if (code == OK) {
        code = put_in_place(directory, part, error);
    }
    if (code != OK) {
        CLEANUP(mem_free_char) char *log = join_name(part, "-wal");
        CLEANUP(mem_free_char) char *shared = join_name(part, "-shm");
        (void)unlink(part);
        (void)unlink(log);
        (void)unlink(shared);
    }
    return code;
}

/* ---- when ---- */

static const char NOTE[] = "backup_at_ms";

enum error_code backup_note(struct work *work, struct error *error)
{
    return store_setting_put(work, text_from(NOTE),
                             arena_format(work->arena, "%lld", (long long)work->now_ms), error);
}

enum error_code backup_newest(struct work *work, int64_t *ret_at_ms, struct error *error)
{
    struct text value = {0};
    bool found = false;
    int64_t at_ms = 0;
    enum error_code code = store_setting_get(work, text_from(NOTE), &value, &found, error);
    if (code == OK) {
        *ret_at_ms = found && text_to_int64(value, &at_ms) ? at_ms : 0;
    }
    return code;
}

static enum error_code rewrite(const char *path, struct error *error)
{
    CLEANUP(db_close) struct db *db = NULL;
    enum error_code code = db_open(path, DB_WRITER, false, &db, error);
    if (code == OK) {
        code = db_exec(db, "VACUUM", error);
    }
    return code == OK ? db_checkpoint(db, true, error) : code;
}

enum error_code backup_compact(const char *directory, struct backup_compacted *ret_compacted,
                               struct error *error)
{
    CLEANUP(store_lock_release) struct store_lock *lock = NULL;
    CLEANUP(mem_free_char) char *path = store_database_path(directory);
    struct stat before;
    struct stat after;
    if (stat(path, &before) < 0) {
        return error_set(error, ERROR_NOT_FOUND, "there is no database in \"%s\"", directory);
    }
    enum error_code code = store_lock_take(directory, &lock, error);
    if (code == OK) {
        code = rewrite(path, error);
    }
    if (code == OK && stat(path, &after) < 0) {
        code =
            error_set(error, ERROR_UNAVAILABLE, "could not read \"%s\": %s", path, strerror(errno));
    }
    if (code == OK) {
        *ret_compacted = (struct backup_compacted){.size_before = (int64_t)before.st_size,
                                                   .size_after = (int64_t)after.st_size};
    }
    return code;
}
