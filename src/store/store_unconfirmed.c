/* The table of those who have not confirmed yet: see store_unconfirmed.h. */
#include "store/store_unconfirmed.h"

#include "store/db.h"

DB_SQL(UNCONFIRMED_PUT, "INSERT INTO unconfirmed (form_id, phone, person, consent, created_at_ms) "
                        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (form_id, phone) DO UPDATE SET "
                        "person = excluded.person, consent = excluded.consent, "
                        "created_at_ms = excluded.created_at_ms");

enum error_code store_unconfirmed_put(struct work *work, const struct store_unconfirmed *row,
                                      struct error *error)
{
    return db_run(work->db, &UNCONFIRMED_PUT,
                  DB_VALUES(DB_INT(row->form_id), DB_INT(row->phone), DB_TEXT(row->person),
                            DB_TEXT(row->consent), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(UNCONFIRMED_LIST,
       "SELECT u.form_id, f.sequence_id, f.token, u.phone, u.person, u.consent, u.created_at_ms "
       "FROM unconfirmed AS u JOIN form AS f ON f.id = u.form_id WHERE u.phone = $1 "
       "AND f.revoked_at_ms IS NULL ORDER BY u.created_at_ms DESC LIMIT $2");

enum error_code store_unconfirmed_list(struct work *work, int64_t phone,
                                       struct store_unconfirmed **ret_rows, size_t *ret_count,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_unconfirmed *rows = arena_array(work->arena, STORE_UNCONFIRMED_MAX, sizeof(*rows));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &UNCONFIRMED_LIST,
                 DB_VALUES(DB_INT(phone), DB_INT(STORE_UNCONFIRMED_MAX)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < STORE_UNCONFIRMED_MAX);
        rows[count++] = (struct store_unconfirmed){
            .form_id = db_int64(statement, 0),
            .sequence_id = db_int64(statement, 1),
            .form_token = db_text_copy(statement, 2, work->arena),
            .phone = db_int64(statement, 3),
            .person = db_text_copy(statement, 4, work->arena),
            .consent = db_text_copy(statement, 5, work->arena),
            .created_at_ms = db_int64(statement, 6),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(UNCONFIRMED_REMOVE, "DELETE FROM unconfirmed WHERE form_id = $1 AND phone = $2");

enum error_code store_unconfirmed_remove(struct work *work, int64_t form_id, int64_t phone,
                                         struct error *error)
{
    return db_run(work->db, &UNCONFIRMED_REMOVE, DB_VALUES(DB_INT(form_id), DB_INT(phone)), NULL,
                  error);
}

DB_SQL(UNCONFIRMED_PRUNE, "DELETE FROM unconfirmed WHERE (form_id, phone) IN (SELECT form_id, "
                          "phone FROM unconfirmed WHERE created_at_ms < $1 LIMIT $2)");

enum error_code store_unconfirmed_prune(struct work *work, int64_t before_ms, size_t limit,
                                        int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &UNCONFIRMED_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}
