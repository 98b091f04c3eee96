/* Opening a data directory: lock, schema, identity, fence, journal, writer; and closing it in the
 * opposite order. Everything before the writer starts runs on the caller's thread with the writer's
 * connection. */
#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/journal.h"
#include "store/migrate.h"
#include "store/store_identity.h"
#include "store/store_lock.h"

#include <string.h>

static const char DATABASE_NAME[] = "dripline.db";

struct store {
    char *directory;
    char *database_path;
    struct clock *clock;
    struct store_lock *lock;
    struct writer *writer;
    struct store_identity identity;
};

char *store_database_path(const char *directory)
{
    return file_join(directory, DATABASE_NAME);
}

static enum error_code open_database(struct store *store, bool create, struct db **ret_db,
                                     struct error *error)
{
    CLEANUP(db_close) struct db *db = NULL;
    bool exists = file_exists(store->database_path);
    if (!exists && !create) {
        return error_set(error, ERROR_NOT_FOUND, "there is no database in \"%s\"",
                         store->directory);
    }
    enum error_code code = db_open(store->database_path, DB_WRITER, !exists, &db, error);
    int64_t from = 0;
    if (code == OK) {
        code = migrate_run(db, &from, error);
    }
    if (code == OK && !exists) {
        code = file_sync_directory(store->directory, error);
    }
    if (code == OK) {
        code = db_check_all(db, error);
    }
    if (code == OK) {
        *ret_db = TAKE(db);
    }
    return code;
}

static enum error_code start_writer(struct store *store, const struct store_settings *settings,
                                    struct error *error)
{
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(journal_close) struct journal *journal = NULL;
    enum error_code code = open_database(store, settings->create, &db, error);
    if (code == OK) {
        code =
            store_identity_establish(db, store->directory, store->clock, &store->identity, error);
    }
    if (code == OK) {
        code = journal_open(store->directory, store->identity.epoch, &journal, error);
    }
    if (code != OK) {
        return code;
    }
    store->writer = writer_new(TAKE(db), TAKE(journal), &settings->writer);
    return writer_start(store->writer, error);
}

enum error_code store_open(const struct store_settings *settings, struct store **ret_store,
                           struct error *error)
{
    CLEANUP(store_close) struct store *store = mem_zalloc(sizeof(*store));
    store->directory = mem_copy_text(settings->directory);
    store->database_path = store_database_path(settings->directory);
    store->clock = settings->writer.clock;
    enum error_code code = OK;
    if (settings->create) {
        code = file_make_directory(store->directory, 0700, error);
    } else if (!file_exists(store->database_path)) {
        code =
            error_set(error, ERROR_NOT_FOUND, "there is no database in \"%s\"", store->directory);
    }
    if (code == OK) {
        code = store_lock_take(store->directory, &store->lock, error);
    }
    if (code == OK) {
        code = start_writer(store, settings, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_store = TAKE(store);
    return OK;
}

static enum error_code stop_instance(struct work *work, void *context, struct error *error)
{
    return store_identity_stop(work, context, error);
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->writer != NULL) {
        struct error error = {0};
        struct epoch_file file = {.epoch = store->identity.epoch};
        if (writer_do(store->writer, stop_instance, &file, &error) == OK) {
            memcpy(file.install_id, store->identity.install_id, sizeof(file.install_id));
            enum error_code ignored = epoch_file_write(store->directory, &file, &error);
            (void)ignored; /* the older file is still true, only less exact */
        }
    }
    writer_free(store->writer);
    store_lock_release(store->lock);
    mem_free(store->database_path);
    mem_free(store->directory);
    mem_free(store);
}

struct writer *store_writer(struct store *store)
{
    return store->writer;
}

enum error_code store_reader_open(struct store *store, struct db **ret_db, struct error *error)
{
    return db_open(store->database_path, DB_READER, false, ret_db, error);
}

const struct store_identity *store_identity(const struct store *store)
{
    return &store->identity;
}
