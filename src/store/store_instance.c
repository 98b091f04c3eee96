/* The installation's identity and epoch, the fence after a restore, and one row per start. */
#include "store/store_instance.h"

#include "store/db.h"

#include <string.h>

DB_SQL(INSTALLATION_GET, "SELECT install_id, epoch, fence_reason, fenced_at_ms FROM installation");

static void copy_word(char *out, size_t capacity, struct text text)
{
    size_t size = text.size < capacity ? text.size : capacity - 1;
    if (size > 0) {
        memcpy(out, text.data, size);
    }
    out[size] = '\0';
}

enum error_code store_installation_get(struct work *work,
                                       struct store_installation *ret_installation, bool *ret_found,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &INSTALLATION_GET, DB_NO_VALUES, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        struct store_installation installation = {
            .epoch = db_int64(statement, 1),
            .fenced = !db_is_null(statement, 2),
            .fence_reason = db_text_copy(statement, 2, work->arena),
            .fenced_at_ms = db_int64(statement, 3),
        };
        copy_word(installation.install_id, sizeof(installation.install_id), db_text(statement, 0));
        *ret_installation = installation;
    }
    return OK;
}

DB_SQL(INSTALLATION_CREATE, "INSERT INTO installation (id, install_id, epoch, created_at_ms) "
                            "VALUES (1, $1, $2, $3)");

enum error_code store_installation_create(struct work *work, const char *install_id, int64_t epoch,
                                          struct error *error)
{
    return db_run(work->db, &INSTALLATION_CREATE,
                  DB_VALUES(DB_CHARS(install_id), DB_INT(epoch), DB_INT(work->now_ms)), NULL,
                  error);
}

DB_SQL(INSTALLATION_FENCE,
       "UPDATE installation SET epoch = max(epoch, $1) + 1, fence_reason = $2, fenced_at_ms = $3 "
       "WHERE id = 1 RETURNING epoch");

enum error_code store_installation_fence(struct work *work, int64_t least_epoch, struct text reason,
                                         int64_t *ret_epoch, struct error *error)
{
    return db_find_int64(work->db, &INSTALLATION_FENCE,
                         DB_VALUES(DB_INT(least_epoch), DB_TEXT(reason), DB_INT(work->now_ms)),
                         ret_epoch, NULL, error);
}

DB_SQL(INSTALLATION_UNFENCE,
       "UPDATE installation SET fence_reason = NULL, fenced_at_ms = NULL WHERE id = 1");

enum error_code store_installation_unfence(struct work *work, struct error *error)
{
    work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    return db_run(work->db, &INSTALLATION_UNFENCE, DB_NO_VALUES, NULL, error);
}

DB_SQL(INSTANCE_START, "INSERT INTO instance (boot_id, epoch, started_at_ms, beat_at_ms, "
                       "beat_boot_ms) VALUES ($1, $2, $3, $3, $4) RETURNING id");

enum error_code store_instance_start(struct work *work, const char *boot_id, int64_t epoch,
                                     int64_t boot_ms, int64_t *ret_id, struct error *error)
{
    return db_find_int64(
        work->db, &INSTANCE_START,
        DB_VALUES(DB_CHARS(boot_id), DB_INT(epoch), DB_INT(work->now_ms), DB_INT(boot_ms)), ret_id,
        NULL, error);
}

DB_SQL(INSTANCE_BEAT, "UPDATE instance SET beat_at_ms = $2, beat_boot_ms = $3 WHERE id = $1");

enum error_code store_instance_beat(struct work *work, int64_t instance_id, int64_t boot_ms,
                                    struct error *error)
{
    return db_run(work->db, &INSTANCE_BEAT,
                  DB_VALUES(DB_INT(instance_id), DB_INT(work->now_ms), DB_INT(boot_ms)), NULL,
                  error);
}

DB_SQL(INSTANCE_STOP, "UPDATE instance SET stopped_at_ms = $2, beat_at_ms = $2 WHERE id = $1");

enum error_code store_instance_stop(struct work *work, int64_t instance_id, struct error *error)
{
    return db_run(work->db, &INSTANCE_STOP, DB_VALUES(DB_INT(instance_id), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(INSTANCE_BEFORE, "SELECT id, boot_id, started_at_ms, beat_at_ms, beat_boot_ms, "
                        "stopped_at_ms FROM instance WHERE id < $1 ORDER BY id DESC LIMIT 1");

enum error_code store_instance_before(struct work *work, int64_t instance_id,
                                      struct store_instance *ret_instance, bool *ret_found,
                                      struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &INSTANCE_BEFORE, DB_VALUES(DB_INT(instance_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        struct store_instance instance = {
            .id = db_int64(statement, 0),
            .started_at_ms = db_int64(statement, 2),
            .beat_at_ms = db_int64(statement, 3),
            .beat_boot_ms = db_int64(statement, 4),
            .stopped_at_ms = db_int64(statement, 5),
        };
        copy_word(instance.boot_id, sizeof(instance.boot_id), db_text(statement, 1));
        *ret_instance = instance;
    }
    return OK;
}

DB_SQL(INSTANCE_NEWEST, "SELECT coalesce(max(id), 0) FROM instance");

enum error_code store_instance_newest(struct work *work, int64_t *ret_id, struct error *error)
{
    return db_find_int64(work->db, &INSTANCE_NEWEST, DB_NO_VALUES, ret_id, NULL, error);
}
