/* The contact table, one person at a time. Lists are store_contact_list.c, what belongs to a
 * person store_contact_detail.c. */
#include "store/store_contact.h"

#include "store/db.h"
#include "store/store_contact_internal.h"

static struct db_value text_or_null(struct text text)
{
    return text.size == 0 ? DB_NULL : DB_TEXT(text);
}

void store_contact_read_row(struct db_statement *statement, struct arena *arena,
                            struct store_contact *ret_contact)
{
    *ret_contact = (struct store_contact){
        .id = db_int64(statement, 0),
        .phone = db_int64(statement, 1),
        .suppressed = db_int64(statement, 2),
        .erased = db_int64(statement, 3) != 0,
        .timezone_source = (enum contact_timezone_source)db_int64(statement, 4),
        .timezone = db_text_copy(statement, 5, arena),
        .name = db_text_copy(statement, 6, arena),
        .fields = db_text_copy(statement, 7, arena),
        .wa_id = db_int64(statement, 8),
        .user_id = db_text_copy(statement, 9, arena),
        .consent = db_text_copy(statement, 10, arena),
        .created_at_ms = db_int64(statement, 11),
        .updated_at_ms = db_int64(statement, 12),
        .last_inbound_at_ms = db_int64(statement, 13),
    };
}

static enum error_code find(struct work *work, struct db_sql *sql, int64_t key,
                            struct store_contact *ret_contact, bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, DB_VALUES(DB_INT(key)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            store_contact_read_row(statement, work->arena, ret_contact);
        }
    }
    return code;
}

DB_SQL(CONTACT_GET, "SELECT " CONTACT_COLUMNS " FROM contact WHERE id = $1");

enum error_code store_contact_get(struct work *work, int64_t id, struct store_contact *ret_contact,
                                  bool *ret_found, struct error *error)
{
    return find(work, &CONTACT_GET, id, ret_contact, ret_found, error);
}

DB_SQL(CONTACT_FIND_PHONE, "SELECT " CONTACT_COLUMNS " FROM contact WHERE phone = $1");

enum error_code store_contact_find_phone(struct work *work, int64_t phone,
                                         struct store_contact *ret_contact, bool *ret_found,
                                         struct error *error)
{
    return find(work, &CONTACT_FIND_PHONE, phone, ret_contact, ret_found, error);
}

DB_SQL(CONTACT_INSERT,
       "INSERT INTO contact (phone, suppressed, timezone_source, timezone, name, fields, wa_id, "
       "user_id, consent, created_at_ms, updated_at_ms) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING id");

enum error_code store_contact_insert(struct work *work, struct store_contact *contact,
                                     struct error *error)
{
    contact->created_at_ms = work->now_ms;
    contact->updated_at_ms = work->now_ms;
    return db_find_int64(
        work->db, &CONTACT_INSERT,
        DB_VALUES(DB_INT_UNLESS(contact->phone, 0), DB_INT(contact->suppressed),
                  DB_INT(contact->timezone_source), text_or_null(contact->timezone),
                  DB_TEXT(contact->name.size == 0 ? TEXT("") : contact->name),
                  DB_TEXT(contact->fields.size == 0 ? TEXT("{}") : contact->fields),
                  DB_INT_UNLESS(contact->wa_id, 0), text_or_null(contact->user_id),
                  text_or_null(contact->consent), DB_INT(work->now_ms)),
        &contact->id, NULL, error);
}

DB_SQL(CONTACT_UPDATE,
       "UPDATE contact SET suppressed = $2, timezone_source = $3, timezone = $4, name = $5, "
       "fields = $6, consent = $7, updated_at_ms = $8 WHERE id = $1");

enum error_code store_contact_update(struct work *work, const struct store_contact *contact,
                                     struct error *error)
{
    return db_run(work->db, &CONTACT_UPDATE,
                  DB_VALUES(DB_INT(contact->id), DB_INT(contact->suppressed),
                            DB_INT(contact->timezone_source), text_or_null(contact->timezone),
                            DB_TEXT(contact->name.size == 0 ? TEXT("") : contact->name),
                            DB_TEXT(contact->fields.size == 0 ? TEXT("{}") : contact->fields),
                            text_or_null(contact->consent), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(CONTACT_SET_SUPPRESSED,
       "UPDATE contact SET suppressed = $2, updated_at_ms = $3 WHERE id = $1");

enum error_code store_contact_set_suppressed(struct work *work, int64_t id, int64_t bits,
                                             struct error *error)
{
    return db_run(work->db, &CONTACT_SET_SUPPRESSED,
                  DB_VALUES(DB_INT(id), DB_INT(bits), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(CONTACT_NOTE_HELP, "UPDATE contact SET help_at_ms = $2 WHERE id = $1 "
                          "AND coalesce(help_at_ms, 0) <= $3");

enum error_code store_contact_note_help(struct work *work, int64_t id, int64_t before_ms,
                                        bool *ret_noted, struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, &CONTACT_NOTE_HELP,
               DB_VALUES(DB_INT(id), DB_INT(work->now_ms), DB_INT(before_ms)), &changed, error);
    if (code == OK) {
        *ret_noted = changed > 0;
    }
    return code;
}
