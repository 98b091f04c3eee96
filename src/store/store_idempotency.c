/* Answers kept per caller and Idempotency-Key, written in the transaction of their effect. */
#include "store/store_idempotency.h"

#include "store/db.h"

DB_SQL(IDEMPOTENCY_FIND,
       "SELECT request_hash, status, content_type, answer, created_at_ms, headers "
       "FROM idempotency WHERE caller = $1 AND key = $2");

enum error_code store_idempotency_find(struct work *work, struct text caller, struct text key,
                                       struct store_idempotency *ret_row, bool *ret_found,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &IDEMPOTENCY_FIND,
                                    DB_VALUES(DB_TEXT(caller), DB_TEXT(key)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        *ret_row = (struct store_idempotency){
            .caller = caller,
            .key = key,
            .request_hash = db_text_copy(statement, 0, work->arena),
            .status = db_int64(statement, 1),
            .content_type = db_text_copy(statement, 2, work->arena),
            .answer = db_text_copy(statement, 3, work->arena),
            .created_at_ms = db_int64(statement, 4),
            .headers = db_text_copy(statement, 5, work->arena),
        };
    }
    return OK;
}

DB_SQL(IDEMPOTENCY_ADD, "INSERT INTO idempotency (caller, key, request_hash, status, content_type, "
                        "answer, created_at_ms, headers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");

enum error_code store_idempotency_add(struct work *work, const struct store_idempotency *row,
                                      struct error *error)
{
    struct text type = row->content_type.data == NULL ? TEXT("") : row->content_type;
    struct text headers = row->headers.data == NULL ? TEXT("") : row->headers;
    return db_run(work->db, &IDEMPOTENCY_ADD,
                  DB_VALUES(DB_TEXT(row->caller), DB_TEXT(row->key), DB_BLOB(row->request_hash),
                            DB_INT(row->status), DB_TEXT(type), DB_BLOB(row->answer),
                            DB_INT(work->now_ms), DB_TEXT(headers)),
                  NULL, error);
}

DB_SQL(IDEMPOTENCY_PRUNE,
       "DELETE FROM idempotency WHERE (caller, key) IN "
       "(SELECT caller, key FROM idempotency WHERE created_at_ms < $1 LIMIT $2)");

enum error_code store_idempotency_prune(struct work *work, int64_t before_ms, size_t limit,
                                        int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &IDEMPOTENCY_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}
