/* What people write to us and who they are: see store_inbound.h. */
#include "store/store_inbound.h"

#include "base/hash.h"
#include "base/instant.h"
#include "store/db.h"

enum { REACTIONS_MAX = 200 };

DB_SQL(INBOUND_ADD,
       "INSERT INTO inbound_message (provider_hash, channel_id, contact_id, enrollment_id, at_ms, "
       "received_at_ms, type, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
       "ON CONFLICT (provider_hash) DO NOTHING RETURNING id");

enum error_code store_inbound_add(struct work *work, const struct store_inbound *inbound,
                                  int64_t *ret_id, bool *ret_new, struct error *error)
{
    int64_t id = 0;
    bool found = false;
    enum error_code code = db_find_int64(
        work->db, &INBOUND_ADD,
        DB_VALUES(DB_INT(hash_text(inbound->provider_id)), DB_INT(inbound->channel_id),
                  DB_INT_UNLESS(inbound->contact_id, 0), DB_INT_UNLESS(inbound->enrollment_id, 0),
                  DB_INT(inbound->at_ms), DB_INT(work->now_ms), DB_TEXT(inbound->type),
                  inbound->text.data == NULL ? DB_TEXT(TEXT("")) : DB_TEXT(inbound->text)),
        &id, &found, error);
    if (code == OK) {
        *ret_new = found;
        *ret_id = id;
    }
    return code;
}

DB_SQL(INBOUND_SET_ENROLLMENT, "UPDATE inbound_message SET enrollment_id = $2 WHERE id = $1");

enum error_code store_inbound_set_enrollment(struct work *work, int64_t id, int64_t enrollment_id,
                                             struct error *error)
{
    return db_run(work->db, &INBOUND_SET_ENROLLMENT, DB_VALUES(DB_INT(id), DB_INT(enrollment_id)),
                  NULL, error);
}

#define PERSON_COLUMNS "SELECT id, phone, suppressed, wa_id, user_id, name FROM contact "
DB_SQL(PERSON_BY_USER_ID, PERSON_COLUMNS "WHERE user_id = $1");
DB_SQL(PERSON_BY_WA_ID, PERSON_COLUMNS "WHERE wa_id = $1 ORDER BY id DESC LIMIT 1");
DB_SQL(PERSON_BY_PHONE, PERSON_COLUMNS "WHERE phone = $1");

static enum error_code find_by(struct work *work, struct db_sql *sql, struct db_value value,
                               struct store_inbound_person *ret_person, bool *found,
                               struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, &value, 1, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *found = true;
        *ret_person = (struct store_inbound_person){
            .contact_id = db_int64(statement, 0),
            .phone = db_int64(statement, 1),
            .suppressed = db_int64(statement, 2),
            .wa_id = db_int64(statement, 3),
            .user_id = db_text_copy(statement, 4, work->arena),
            .name = db_text_copy(statement, 5, work->arena),
        };
    }
    return code;
}

enum error_code store_inbound_find_person(struct work *work, struct text user_id, int64_t wa_id,
                                          int64_t phone, struct store_inbound_person *ret_person,
                                          bool *ret_found, struct error *error)
{
    bool found = false;
    enum error_code code = OK;
    if (user_id.size > 0) {
        code = find_by(work, &PERSON_BY_USER_ID, DB_TEXT(user_id), ret_person, &found, error);
    }
    if (code == OK && !found && wa_id != 0) {
        code = find_by(work, &PERSON_BY_WA_ID, DB_INT(wa_id), ret_person, &found, error);
    }
    if (code == OK && !found && phone != 0) {
        code = find_by(work, &PERSON_BY_PHONE, DB_INT(phone), ret_person, &found, error);
    }
    if (code == OK) {
        *ret_found = found;
    }
    return code;
}

DB_SQL(PERSON_DROP_USER_ID, "UPDATE contact SET user_id = NULL WHERE user_id = $1 AND id <> $2");
DB_SQL(PERSON_LEARN,
       "UPDATE contact SET wa_id = coalesce($2, wa_id), user_id = coalesce($3, user_id), "
       "updated_at_ms = $4 WHERE id = $1");

enum error_code store_inbound_learn_ids(struct work *work, int64_t contact_id, int64_t wa_id,
                                        struct text user_id, struct error *error)
{
    enum error_code code = OK;
    if (user_id.size > 0) {
        code = db_run(work->db, &PERSON_DROP_USER_ID,
                      DB_VALUES(DB_TEXT(user_id), DB_INT(contact_id)), NULL, error);
    }
    if (code != OK) {
        return code;
    }
    return db_run(work->db, &PERSON_LEARN,
                  DB_VALUES(DB_INT(contact_id), DB_INT_UNLESS(wa_id, 0),
                            user_id.size > 0 ? DB_TEXT(user_id) : DB_NULL, DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(PERSON_CHANGE_PHONE,
       "UPDATE contact SET phone = $2, wa_id = NULL, updated_at_ms = $3 WHERE id = $1 "
       "AND NOT EXISTS (SELECT 1 FROM contact WHERE phone = $2)");
DB_SQL(PERSON_ID_BY_PHONE, "SELECT id FROM contact WHERE phone = $1");

enum error_code store_inbound_change_phone(struct work *work, int64_t contact_id, int64_t new_phone,
                                           int64_t *ret_other_id, struct error *error)
{
    int64_t other_id = 0;
    bool found = false;
    enum error_code code = db_find_int64(work->db, &PERSON_ID_BY_PHONE,
                                         DB_VALUES(DB_INT(new_phone)), &other_id, &found, error);
    if (code == OK && !found) {
        code = db_run(work->db, &PERSON_CHANGE_PHONE,
                      DB_VALUES(DB_INT(contact_id), DB_INT(new_phone), DB_INT(work->now_ms)), NULL,
                      error);
    }
    if (code == OK) {
        *ret_other_id = found && other_id != contact_id ? other_id : 0;
    }
    return code;
}

DB_SQL(WINDOW_PUT, "INSERT INTO contact_window (contact_id, channel_id, last_inbound_at_ms) "
                   "VALUES ($1, $2, $3) ON CONFLICT (contact_id, channel_id) DO UPDATE SET "
                   "last_inbound_at_ms = max(last_inbound_at_ms, excluded.last_inbound_at_ms)");

enum error_code store_inbound_window(struct work *work, int64_t contact_id, int64_t channel_id,
                                     int64_t at_ms, struct error *error)
{
    return db_run(work->db, &WINDOW_PUT,
                  DB_VALUES(DB_INT(contact_id), DB_INT(channel_id), DB_INT(at_ms)), NULL, error);
}

/* A person's messages are reached through their enrollments: (contact, …) and (enrollment, step)
 * are indexes of unique keys. */
#define ORIGIN_COLUMNS                                                                             \
    "SELECT message.id, message.enrollment_id, message.sequence_id, message.step_id, "             \
    "enrollment.enrolled_at_ms FROM enrollment "                                                   \
    "JOIN message ON message.enrollment_id = enrollment.id "
DB_SQL(ORIGIN_NEWEST, ORIGIN_COLUMNS
       "WHERE enrollment.contact_id = $1 AND ($2 = 0 OR message.channel_id = $2) "
       "AND message.sent_at_ms <= $3 ORDER BY message.sent_at_ms DESC, message.id DESC LIMIT 1");
DB_SQL(ORIGIN_MESSAGE, ORIGIN_COLUMNS "WHERE message.id = $1 AND message.contact_id = $2");

static enum error_code read_origin(struct work *work, struct db_sql *sql,
                                   const struct db_value *values, size_t count,
                                   struct store_inbound_origin *ret_origin, bool *found,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, values, count, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *found = true;
        *ret_origin = (struct store_inbound_origin){
            .message_id = db_int64(statement, 0),
            .enrollment_id = db_int64(statement, 1),
            .sequence_id = db_int64(statement, 2),
            .step_id = db_int64(statement, 3),
            .enrolled_at_ms = db_int64(statement, 4),
        };
    }
    return code;
}

enum error_code store_inbound_origin(struct work *work, int64_t contact_id, int64_t channel_id,
                                     int64_t message_id, int64_t at_ms,
                                     struct store_inbound_origin *ret_origin, bool *ret_found,
                                     struct error *error)
{
    bool found = false;
    enum error_code code = OK;
    if (message_id != 0) {
        code = read_origin(work, &ORIGIN_MESSAGE, DB_VALUES(DB_INT(message_id), DB_INT(contact_id)),
                           ret_origin, &found, error);
    }
    if (code == OK && !found) {
        code = read_origin(
            work, &ORIGIN_NEWEST,
            DB_VALUES(DB_INT(contact_id), DB_INT(channel_id), DB_INT(at_ms + MS_PER_SECOND - 1)),
            ret_origin, &found, error);
    }
    if (code == OK) {
        *ret_found = found;
    }
    return code;
}

DB_SQL(MARK_REPLIED,
       "UPDATE message SET replied_at_ms = $2 WHERE id = $1 AND replied_at_ms IS NULL");
DB_SQL(MARK_OPTED_OUT,
       "UPDATE message SET opted_out_at_ms = $2 WHERE id = $1 AND opted_out_at_ms IS NULL");

enum error_code store_inbound_mark(struct work *work, int64_t message_id,
                                   enum store_inbound_mark mark, int64_t at_ms, bool *ret_new,
                                   struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, mark == INBOUND_REPLIED ? &MARK_REPLIED : &MARK_OPTED_OUT,
               DB_VALUES(DB_INT(message_id), DB_INT(at_ms)), &changed, error);
    if (code == OK) {
        *ret_new = changed == 1;
    }
    return code;
}

DB_SQL(REACTIONS, "SELECT enrollment.id, sequence.on_reply, enrollment.status FROM enrollment "
                  "JOIN sequence ON sequence.id = enrollment.sequence_id "
                  "WHERE enrollment.contact_id = $1 AND enrollment.live = 1 "
                  "AND sequence.on_reply <> 0 ORDER BY enrollment.id LIMIT $2");

enum error_code store_inbound_reactions(struct work *work, int64_t contact_id,
                                        struct store_inbound_reaction **ret_rows, size_t *ret_count,
                                        struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_inbound_reaction *rows = arena_array(work->arena, REACTIONS_MAX, sizeof(*rows));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &REACTIONS, DB_VALUES(DB_INT(contact_id), DB_INT(REACTIONS_MAX)),
                 &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < REACTIONS_MAX);
        rows[count++] = (struct store_inbound_reaction){
            .enrollment_id = db_int64(statement, 0),
            .on_reply = db_int64(statement, 1),
            .status = db_int64(statement, 2),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}
