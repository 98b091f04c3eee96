/* The setting table. The smallest of the store_*.c files, and their pattern: each statement stands
 * as a named constant above the one function that runs it; functions work inside the caller's
 * transaction; what they return lives in work->arena. */
#include "store/store_setting.h"

#include "store/db.h"

DB_SQL(SETTING_GET, "SELECT value FROM setting WHERE key = $1");

enum error_code store_setting_get(struct work *work, struct text key, struct text *ret_value,
                                  bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &SETTING_GET, DB_VALUES(DB_TEXT(key)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            *ret_value = db_text_copy(statement, 0, work->arena);
        }
    }
    return code;
}

DB_SQL(SETTING_PUT, "INSERT INTO setting (key, value, updated_at_ms) VALUES ($1, $2, $3) "
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
                    "updated_at_ms = excluded.updated_at_ms");

enum error_code store_setting_put(struct work *work, struct text key, struct text value,
                                  struct error *error)
{
    work->wakes |= WORK_WAKE_SETTINGS;
    return db_run(work->db, &SETTING_PUT,
                  DB_VALUES(DB_TEXT(key), DB_TEXT(value), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(SETTING_DELETE, "DELETE FROM setting WHERE key = $1");

enum error_code store_setting_delete(struct work *work, struct text key, struct error *error)
{
    work->wakes |= WORK_WAKE_SETTINGS;
    return db_run(work->db, &SETTING_DELETE, DB_VALUES(DB_TEXT(key)), NULL, error);
}

DB_SQL(SETTING_COUNT, "SELECT count(*) FROM setting");
DB_SQL(SETTING_LIST, "SELECT key, value, updated_at_ms FROM setting ORDER BY key");

enum error_code store_setting_list(struct work *work, struct store_setting **ret_settings,
                                   size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_find_int64(work->db, &SETTING_COUNT, DB_NO_VALUES, &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, &SETTING_LIST, DB_NO_VALUES, &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_setting *settings =
        arena_array(work->arena, (size_t)expected + 1, sizeof(*settings));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            settings[count++] =
                (struct store_setting){.key = db_text_copy(statement, 0, work->arena),
                                       .value = db_text_copy(statement, 1, work->arena),
                                       .updated_at_ms = db_int64(statement, 2)};
        }
    }
    if (code == OK) {
        *ret_settings = settings;
        *ret_count = count;
    }
    return code;
}
