/* Statements for enrolling by the million: see store_enroll.h. */
#include "store/store_enroll.h"

#include "store/db.h"

DB_SQL(ENROLL_NEXT_CONTACT, "SELECT coalesce(max(id), 0) + 1 FROM contact");
DB_SQL(ENROLL_NEXT_ENROLLMENT, "SELECT coalesce(max(id), 0) + 1 FROM enrollment");
DB_SQL(ENROLL_NEXT_ROW, "SELECT coalesce(max(id), 0) + 1 FROM batch_row");

enum error_code store_enroll_next_ids(struct work *work, int64_t *ret_contact_id,
                                      int64_t *ret_enrollment_id, int64_t *ret_row_id,
                                      struct error *error)
{
    enum error_code code =
        db_find_int64(work->db, &ENROLL_NEXT_CONTACT, DB_NO_VALUES, ret_contact_id, NULL, error);
    if (code == OK) {
        code = db_find_int64(work->db, &ENROLL_NEXT_ENROLLMENT, DB_NO_VALUES, ret_enrollment_id,
                             NULL, error);
    }
    if (code == OK) {
        code = db_find_int64(work->db, &ENROLL_NEXT_ROW, DB_NO_VALUES, ret_row_id, NULL, error);
    }
    return code;
}

DB_SQL(ENROLL_CONTACT_ADD,
       "INSERT INTO contact (id, phone, suppressed, timezone_source, timezone, name, fields, "
       "created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) "
       "ON CONFLICT (phone) DO NOTHING");

enum error_code store_enroll_contact_add(struct work *work,
                                         const struct store_enroll_contact *contact, bool *ret_new,
                                         struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, &ENROLL_CONTACT_ADD,
               DB_VALUES(DB_INT(contact->id), DB_INT(contact->phone), DB_INT(contact->suppressed),
                         DB_INT(contact->timezone_source), DB_TEXT(contact->timezone),
                         DB_TEXT(contact->name), DB_TEXT(contact->fields), DB_INT(work->now_ms)),
               &changed, error);
    if (code == OK) {
        *ret_new = changed == 1;
    }
    return code;
}

DB_SQL(ENROLL_CONTACT_FIND, "SELECT id, phone, suppressed, timezone_source, timezone, name, fields "
                            "FROM contact WHERE phone = $1");

enum error_code store_enroll_contact_find(struct work *work, int64_t phone,
                                          struct store_enroll_contact *ret_contact, bool *ret_found,
                                          struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &ENROLL_CONTACT_FIND, DB_VALUES(DB_INT(phone)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        *ret_contact = (struct store_enroll_contact){
            .id = db_int64(statement, 0),
            .phone = db_int64(statement, 1),
            .suppressed = db_int64(statement, 2),
            .timezone_source = db_int64(statement, 3),
            .timezone = db_text_copy(statement, 4, work->arena),
            .name = db_text_copy(statement, 5, work->arena),
            .fields = db_text_copy(statement, 6, work->arena),
        };
    }
    return OK;
}

DB_SQL(ENROLL_CONTACT_MERGE,
       "UPDATE contact SET timezone_source = $2, timezone = $3, name = $4, "
       "fields = CASE WHEN $5 = '{}' THEN fields ELSE json_patch(fields, $5) END, "
       "updated_at_ms = $6 WHERE id = $1");

enum error_code store_enroll_contact_merge(struct work *work,
                                           const struct store_enroll_contact *contact,
                                           struct error *error)
{
    return db_run(work->db, &ENROLL_CONTACT_MERGE,
                  DB_VALUES(DB_INT(contact->id), DB_INT(contact->timezone_source),
                            DB_TEXT(contact->timezone), DB_TEXT(contact->name),
                            DB_TEXT(contact->fields), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(
    ENROLL_CONTACTS_ADD,
    "INSERT INTO contact (id, phone, suppressed, timezone_source, timezone, name, fields, "
    "created_at_ms, updated_at_ms) VALUES "
    "($2, $3, 0, $4, $5, $6, $7, $1, $1), ($2 + 1, $8, 0, $9, $10, $11, $12, $1, $1), "
    "($2 + 2, $13, 0, $14, $15, $16, $17, $1, $1), ($2 + 3, $18, 0, $19, $20, $21, $22, $1, $1), "
    "($2 + 4, $23, 0, $24, $25, $26, $27, $1, $1), ($2 + 5, $28, 0, $29, $30, $31, $32, $1, $1), "
    "($2 + 6, $33, 0, $34, $35, $36, $37, $1, $1) ON CONFLICT (phone) DO NOTHING");

enum error_code store_enroll_contacts_add(
    struct work *work, const struct store_enroll_contact contacts[STORE_ENROLL_GROUP],
    int64_t *ret_new, struct error *error)
{
    struct db_value values[2 + 5 * STORE_ENROLL_GROUP];
    size_t at = 0;
    values[at++] = DB_INT(work->now_ms);
    values[at++] = DB_INT(contacts[0].id);
    for (size_t i = 0; i < STORE_ENROLL_GROUP; i++) {
        values[at++] = DB_INT(contacts[i].phone);
        values[at++] = DB_INT(contacts[i].timezone_source);
        values[at++] = DB_TEXT(contacts[i].timezone);
        values[at++] = DB_TEXT(contacts[i].name);
        values[at++] = DB_TEXT(contacts[i].fields);
    }
    return db_run(work->db, &ENROLL_CONTACTS_ADD, values, at, ret_new, error);
}

DB_SQL(ENROLL_RUN,
       "INSERT INTO enrollment (id, sequence_id, contact_id, status, live, position, "
       "messages_sent, next_due_at_ms, enrolled_at_ms, ended_at_ms, batch_id, source, "
       "created_at_ms, order_minute) SELECT id + $1, $2, id, $3, $4, $5, $6, $7, $8, $9, $10, "
       "$11, $12, $15 "
       "FROM contact WHERE id >= $13 AND id < $14 ORDER BY id");
DB_SQL(ENROLL_RUN_DUE, "INSERT INTO due (due_at_ms, enrollment_id) "
                       "SELECT $1, id FROM enrollment WHERE id >= $2 AND id < $3 ORDER BY id");

enum error_code store_enroll_run(struct work *work, const struct store_enroll_run *run,
                                 struct error *error)
{
    int64_t first = run->first_enrollment_id;
    enum error_code code =
        db_run(work->db, &ENROLL_RUN,
               DB_VALUES(DB_INT(first - run->first_contact_id), DB_INT(run->sequence_id),
                         DB_INT(run->status), run->status == 0 ? DB_INT(1) : DB_NULL,
                         DB_INT(run->position), DB_INT(run->messages_sent),
                         DB_INT_UNLESS(run->next_due_at_ms, 0), DB_INT(run->enrolled_at_ms),
                         DB_INT_UNLESS(run->ended_at_ms, 0), DB_INT_UNLESS(run->batch_id, 0),
                         DB_TEXT(run->source), DB_INT(work->now_ms), DB_INT(run->first_contact_id),
                         DB_INT(run->first_contact_id + run->count), DB_INT(run->order_minute)),
               NULL, error);
    if (code == OK && run->next_due_at_ms != 0) {
        code = db_run(
            work->db, &ENROLL_RUN_DUE,
            DB_VALUES(DB_INT(run->next_due_at_ms), DB_INT(first), DB_INT(first + run->count)), NULL,
            error);
    }
    return code;
}
