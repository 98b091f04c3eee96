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
