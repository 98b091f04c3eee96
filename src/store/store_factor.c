/* Tables user_totp and user_recovery: see store_factor.h. */
#include "store/store_factor.h"

#include "store/db.h"

DB_SQL(FACTOR_GET, "SELECT secret, last_step, confirmed_at_ms FROM user_totp WHERE user_id = $1");

enum error_code store_factor_get(struct work *work, int64_t user_id,
                                 struct store_factor *ret_factor, bool *ret_found,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &FACTOR_GET, DB_VALUES(DB_INT(user_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        *ret_factor = (struct store_factor){
            .secret = db_text_copy(statement, 0, work->arena),
            .last_step = db_int64(statement, 1),
            .confirmed_at_ms = db_int64(statement, 2),
        };
    }
    return OK;
}

DB_SQL(FACTOR_PUT, "INSERT INTO user_totp (user_id, secret, created_at_ms) VALUES ($1, $2, $3) "
                   "ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, "
                   "confirmed_at_ms = NULL, created_at_ms = excluded.created_at_ms");

enum error_code store_factor_put(struct work *work, int64_t user_id, struct text secret,
                                 struct error *error)
{
    return db_run(work->db, &FACTOR_PUT,
                  DB_VALUES(DB_INT(user_id), DB_BLOB(secret), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(FACTOR_TAKE, "UPDATE user_totp SET last_step = $2, "
                    "confirmed_at_ms = coalesce(confirmed_at_ms, $3) WHERE user_id = $1");

enum error_code store_factor_take(struct work *work, int64_t user_id, int64_t step,
                                  struct error *error)
{
    return db_run(work->db, &FACTOR_TAKE,
                  DB_VALUES(DB_INT(user_id), DB_INT(step), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(FACTOR_REMOVE, "DELETE FROM user_totp WHERE user_id = $1");
DB_SQL(RECOVERY_REMOVE, "DELETE FROM user_recovery WHERE user_id = $1");

enum error_code store_factor_remove(struct work *work, int64_t user_id, bool *ret_found,
                                    struct error *error)
{
    int64_t removed = 0;
    enum error_code code =
        db_run(work->db, &RECOVERY_REMOVE, DB_VALUES(DB_INT(user_id)), NULL, error);
    if (code == OK) {
        code = db_run(work->db, &FACTOR_REMOVE, DB_VALUES(DB_INT(user_id)), &removed, error);
    }
    if (code == OK) {
        *ret_found = removed > 0;
    }
    return code;
}

DB_SQL(RECOVERY_ADD, "INSERT INTO user_recovery (user_id, hash) VALUES ($1, $2)");

enum error_code store_recovery_put(struct work *work, int64_t user_id,
                                   uint8_t hashes[STORE_RECOVERY_CODES][STORE_RECOVERY_HASH_SIZE],
                                   struct error *error)
{
    enum error_code code =
        db_run(work->db, &RECOVERY_REMOVE, DB_VALUES(DB_INT(user_id)), NULL, error);
    for (size_t i = 0; code == OK && i < STORE_RECOVERY_CODES; i++) {
        struct text hash = text_make((const char *)hashes[i], STORE_RECOVERY_HASH_SIZE);
        code =
            db_run(work->db, &RECOVERY_ADD, DB_VALUES(DB_INT(user_id), DB_BLOB(hash)), NULL, error);
    }
    return code;
}

DB_SQL(RECOVERY_USE, "UPDATE user_recovery SET used_at_ms = $3 WHERE user_id = $1 AND hash = $2 "
                     "AND used_at_ms IS NULL");

enum error_code store_recovery_use(struct work *work, int64_t user_id, struct text hash,
                                   bool *ret_used, struct error *error)
{
    int64_t used = 0;
    enum error_code code =
        db_run(work->db, &RECOVERY_USE,
               DB_VALUES(DB_INT(user_id), DB_BLOB(hash), DB_INT(work->now_ms)), &used, error);
    if (code == OK) {
        *ret_used = used > 0;
    }
    return code;
}
