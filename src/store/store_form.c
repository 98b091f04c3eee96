/* The form table. A revoked form keeps its row, so that the consent given on it can be told later,
 * but nobody finds it any more. */
#include "store/store_form.h"

#include "store/db.h"

#define FORM_COLUMNS                                                                               \
    "id, sequence_id, token, title, intro, consent_text, consent_version, submissions, "           \
    "last_used_at_ms, created_at_ms, updated_at_ms, confirm"

static enum error_code find_form(struct work *work, struct db_sql *sql, struct db_value value,
                                 struct store_form *ret_form, bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, &value, 1, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *ret_form = (struct store_form){
            .id = db_int64(statement, 0),
            .sequence_id = db_int64(statement, 1),
            .token = db_text_copy(statement, 2, work->arena),
            .title = db_text_copy(statement, 3, work->arena),
            .intro = db_text_copy(statement, 4, work->arena),
            .consent_text = db_text_copy(statement, 5, work->arena),
            .consent_version = db_int64(statement, 6),
            .submissions = db_int64(statement, 7),
            .last_used_at_ms = db_int64(statement, 8),
            .created_at_ms = db_int64(statement, 9),
            .updated_at_ms = db_int64(statement, 10),
            .confirm = db_int64(statement, 11) != 0,
        };
    }
    if (code == OK) {
        *ret_found = row;
    }
    return code;
}

DB_SQL(FORM_BY_TOKEN,
       "SELECT " FORM_COLUMNS " FROM form WHERE token = $1 AND revoked_at_ms IS NULL");

enum error_code store_form_by_token(struct work *work, struct text token,
                                    struct store_form *ret_form, bool *ret_found,
                                    struct error *error)
{
    return find_form(work, &FORM_BY_TOKEN, DB_TEXT(token), ret_form, ret_found, error);
}

DB_SQL(FORM_BY_SEQUENCE,
       "SELECT " FORM_COLUMNS " FROM form WHERE sequence_id = $1 AND revoked_at_ms IS NULL");

enum error_code store_form_by_sequence(struct work *work, int64_t sequence_id,
                                       struct store_form *ret_form, bool *ret_found,
                                       struct error *error)
{
    return find_form(work, &FORM_BY_SEQUENCE, DB_INT(sequence_id), ret_form, ret_found, error);
}

static struct db_value text_or_empty(struct text text)
{
    return DB_TEXT(text.data == NULL ? TEXT("") : text);
}

DB_SQL(FORM_INSERT, "INSERT INTO form (sequence_id, token, title, intro, consent_text, "
                    "consent_version, created_at_ms, updated_at_ms, confirm) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING id");

enum error_code store_form_insert(struct work *work, struct store_form *form, struct error *error)
{
    form->created_at_ms = work->now_ms;
    form->updated_at_ms = work->now_ms;
    return db_find_int64(work->db, &FORM_INSERT,
                         DB_VALUES(DB_INT(form->sequence_id), DB_TEXT(form->token),
                                   text_or_empty(form->title), text_or_empty(form->intro),
                                   text_or_empty(form->consent_text), DB_INT(form->consent_version),
                                   DB_INT(work->now_ms), DB_INT(form->confirm)),
                         &form->id, NULL, error);
}

DB_SQL(FORM_UPDATE, "UPDATE form SET title = $2, intro = $3, consent_text = $4, "
                    "consent_version = $5, updated_at_ms = $6, confirm = $7 WHERE id = $1");

enum error_code store_form_update(struct work *work, const struct store_form *form,
                                  struct error *error)
{
    return db_run(work->db, &FORM_UPDATE,
                  DB_VALUES(DB_INT(form->id), text_or_empty(form->title),
                            text_or_empty(form->intro), text_or_empty(form->consent_text),
                            DB_INT(form->consent_version), DB_INT(work->now_ms),
                            DB_INT(form->confirm)),
                  NULL, error);
}

DB_SQL(FORM_USED,
       "UPDATE form SET submissions = submissions + 1, last_used_at_ms = $2 WHERE id = $1");

enum error_code store_form_used(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &FORM_USED, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(FORM_REVOKE,
       "UPDATE form SET revoked_at_ms = $2 WHERE sequence_id = $1 AND revoked_at_ms IS NULL");

enum error_code store_form_revoke(struct work *work, int64_t sequence_id, bool *ret_found,
                                  struct error *error)
{
    int64_t revoked = 0;
    enum error_code code =
        db_run(work->db, &FORM_REVOKE, DB_VALUES(DB_INT(sequence_id), DB_INT(work->now_ms)),
               &revoked, error);
    if (code == OK) {
        *ret_found = revoked > 0;
    }
    return code;
}
