/* What the master key sealed, table by table: see store_sealed.h. */
#include "store/store_sealed.h"

#include "store/db.h"

DB_SQL(SEALED_CHANNEL_COUNT, "SELECT count(*) FROM channel WHERE secrets IS NOT NULL");
DB_SQL(SEALED_CHANNEL_LIST, "SELECT id, secrets FROM channel WHERE secrets IS NOT NULL");
DB_SQL(SEALED_CHANNEL_PUT, "UPDATE channel SET secrets = $2 WHERE id = $1");
DB_SQL(SEALED_WEBHOOK_COUNT, "SELECT count(*) FROM webhook WHERE secrets IS NOT NULL");
DB_SQL(SEALED_WEBHOOK_LIST, "SELECT id, secrets FROM webhook WHERE secrets IS NOT NULL");
DB_SQL(SEALED_WEBHOOK_PUT, "UPDATE webhook SET secrets = $2 WHERE id = $1");
DB_SQL(SEALED_FACTOR_COUNT, "SELECT count(*) FROM user_totp");
DB_SQL(SEALED_FACTOR_LIST, "SELECT user_id, secret FROM user_totp");
DB_SQL(SEALED_FACTOR_PUT, "UPDATE user_totp SET secret = $2 WHERE user_id = $1");

static const struct {
    struct db_sql *count, *list, *put;
} STATEMENTS[STORE_SEALED_KINDS] = {
    [STORE_SEALED_CHANNEL] = {&SEALED_CHANNEL_COUNT, &SEALED_CHANNEL_LIST, &SEALED_CHANNEL_PUT},
    [STORE_SEALED_WEBHOOK] = {&SEALED_WEBHOOK_COUNT, &SEALED_WEBHOOK_LIST, &SEALED_WEBHOOK_PUT},
    [STORE_SEALED_SECOND_FACTOR] = {&SEALED_FACTOR_COUNT, &SEALED_FACTOR_LIST, &SEALED_FACTOR_PUT},
};

enum error_code store_sealed_list(struct work *work, enum store_sealed_kind kind,
                                  struct store_sealed **ret_rows, size_t *ret_count,
                                  struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t total = 0;
    bool row = true;
    size_t count = 0;
    enum error_code code =
        db_find_int64(work->db, STATEMENTS[kind].count, DB_NO_VALUES, &total, NULL, error);
    if (code == OK) {
        code = db_query(work->db, STATEMENTS[kind].list, DB_NO_VALUES, &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_sealed *rows = arena_array(work->arena, (size_t)total + 1, sizeof(*rows));
    while ((code = db_next(statement, &row, error)) == OK && row && count < (size_t)total) {
        rows[count++] = (struct store_sealed){
            .id = db_int64(statement, 0),
            .bytes = db_text_copy(statement, 1, work->arena),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

enum error_code store_sealed_put(struct work *work, enum store_sealed_kind kind, int64_t id,
                                 struct text bytes, struct error *error)
{
    return db_run(work->db, STATEMENTS[kind].put, DB_VALUES(DB_INT(id), DB_BLOB(bytes)), NULL,
                  error);
}
