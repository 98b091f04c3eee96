/* Writing rows under given ids: see store_import.h. */
#include "store/store_import.h"

#include "store/db.h"
#include "store/store_contact.h"

/* Where steps wait while they change ids, so that two of them never meet. */
#define STEP_ID_ASIDE (INT64_C(1) << 50)

enum error_code store_import_begin(struct work *work, struct error *error)
{
    /* A sequence's id and its steps' references change one after the other; the commit checks. */
    return db_exec(work->db, "PRAGMA defer_foreign_keys = ON", error);
}

/* --- sequences and steps ---------------------------------------------------------------------- */

DB_SQL(IMPORT_SEQUENCE_FREE, "SELECT count(*) FROM sequence WHERE id = $1");
DB_SQL(IMPORT_SEQUENCE_MOVE,
       "UPDATE sequence SET id = $2, created_at_ms = coalesce($3, created_at_ms), "
       "updated_at_ms = coalesce($4, updated_at_ms) WHERE id = $1");
DB_SQL(IMPORT_SEQUENCE_STEPS, "UPDATE step SET sequence_id = $2 WHERE sequence_id = $1");

enum error_code store_import_rename_sequence(struct work *work, int64_t id, int64_t wanted,
                                             int64_t created_at_ms, int64_t updated_at_ms,
                                             int64_t *ret_id, struct error *error)
{
    int64_t taken = 1;
    enum error_code code = OK;
    if (wanted > 0 && wanted != id) {
        code = db_find_int64(work->db, &IMPORT_SEQUENCE_FREE, DB_VALUES(DB_INT(wanted)), &taken,
                             NULL, error);
    }
    int64_t target = taken == 0 ? wanted : id;
    if (code == OK) {
        code = db_run(work->db, &IMPORT_SEQUENCE_MOVE,
                      DB_VALUES(DB_INT(id), DB_INT(target), DB_INT_UNLESS(created_at_ms, 0),
                                DB_INT_UNLESS(updated_at_ms, 0)),
                      NULL, error);
    }
    if (code == OK && target != id) {
        code = db_run(work->db, &IMPORT_SEQUENCE_STEPS, DB_VALUES(DB_INT(id), DB_INT(target)), NULL,
                      error);
    }
    if (code == OK) {
        *ret_id = target;
    }
    return code;
}

DB_SQL(IMPORT_STEP_MOVE, "UPDATE step SET id = $2 WHERE id = $1");
DB_SQL(IMPORT_STEP_ID,
       "SELECT CASE WHEN $1 > 0 AND NOT EXISTS (SELECT 1 FROM step WHERE id = $1) "
       "THEN $1 ELSE max($2, coalesce((SELECT max(id) FROM step WHERE id < $3), 0)) "
       "+ 1 END");

enum error_code store_import_rename_steps(struct work *work, int64_t *ids, const int64_t *wanted,
                                          size_t count, int64_t id_floor, struct error *error)
{
    enum error_code code = OK;
    for (size_t at = 0; at < count && code == OK; at++) {
        code = db_run(work->db, &IMPORT_STEP_MOVE,
                      DB_VALUES(DB_INT(ids[at]), DB_INT(ids[at] + STEP_ID_ASIDE)), NULL, error);
    }
    for (size_t at = 0; at < count && code == OK; at++) {
        int64_t target = 0;
        code = db_find_int64(work->db, &IMPORT_STEP_ID,
                             DB_VALUES(DB_INT(wanted[at]), DB_INT(id_floor), DB_INT(STEP_ID_ASIDE)),
                             &target, NULL, error);
        if (code == OK) {
            code = db_run(work->db, &IMPORT_STEP_MOVE,
                          DB_VALUES(DB_INT(ids[at] + STEP_ID_ASIDE), DB_INT(target)), NULL, error);
        }
        ids[at] = target;
    }
    return code;
}

DB_SQL(IMPORT_SEQUENCE_FIND, "SELECT id FROM sequence WHERE name = $1 AND removed_at_ms IS NULL "
                             "AND ($2 IS NULL OR created_at_ms = $2) ORDER BY id LIMIT 1");

enum error_code store_import_find_sequence(struct work *work, struct text name,
                                           int64_t created_at_ms, int64_t *ret_id, bool *ret_found,
                                           struct error *error)
{
    return db_find_int64(work->db, &IMPORT_SEQUENCE_FIND,
                         DB_VALUES(DB_TEXT(name), DB_INT_UNLESS(created_at_ms, 0)), ret_id,
                         ret_found, error);
}

/* --- people ----------------------------------------------------------------------------------- */

DB_SQL(IMPORT_CONTACT_FIND, "SELECT id FROM contact WHERE phone = $1");
DB_SQL(IMPORT_CONTACT_ADD,
       "INSERT INTO contact (id, phone, erased, timezone_source, timezone, name, fields, "
       "created_at_ms, updated_at_ms) VALUES (CASE WHEN $1 > 0 AND NOT EXISTS "
       "(SELECT 1 FROM contact WHERE id = $1) THEN $1 ELSE "
       "max($2, coalesce((SELECT max(id) FROM contact), 0)) + 1 END, "
       "$3, $4, $5, $6, $7, $8, $9, $9) RETURNING id");

enum error_code store_import_contact(struct work *work, const struct store_export_enrollment *row,
                                     int64_t id_floor, int64_t *ret_id, struct error *error)
{
    bool found = false;
    enum error_code code = OK;
    if (row->phone != 0) {
        code = db_find_int64(work->db, &IMPORT_CONTACT_FIND, DB_VALUES(DB_INT(row->phone)), ret_id,
                             &found, error);
    }
    if (code != OK || found) {
        return code;
    }
    return db_find_int64(
        work->db, &IMPORT_CONTACT_ADD,
        DB_VALUES(DB_INT(row->contact_id), DB_INT(id_floor), DB_INT_UNLESS(row->phone, 0),
                  DB_INT(row->phone == 0), DB_INT(row->timezone_source),
                  row->timezone.size == 0 ? DB_NULL : DB_TEXT(row->timezone),
                  DB_TEXT(row->name.size == 0 ? TEXT("") : row->name),
                  DB_TEXT(row->fields.size == 0 ? TEXT("{}") : row->fields), DB_INT(work->now_ms)),
        ret_id, NULL, error);
}

DB_SQL(IMPORT_ENROLLMENT_FIND,
       "SELECT id FROM enrollment WHERE contact_id = $1 AND sequence_id = $2 "
       "AND ($3 IS NULL OR enrolled_at_ms = $3) AND ($4 = 0 OR live = 1) ORDER BY id DESC LIMIT 1");

enum error_code store_import_find_enrollment(struct work *work, int64_t contact_id,
                                             int64_t sequence_id, int64_t enrolled_at_ms, bool live,
                                             int64_t *ret_id, bool *ret_found, struct error *error)
{
    return db_find_int64(work->db, &IMPORT_ENROLLMENT_FIND,
                         DB_VALUES(DB_INT(contact_id), DB_INT(sequence_id),
                                   DB_INT_UNLESS(enrolled_at_ms, 0), DB_INT(live)),
                         ret_id, ret_found, error);
}

DB_SQL(IMPORT_ENROLLMENT_ADD,
       "INSERT INTO enrollment (id, sequence_id, contact_id, status, live, position, shift_days, "
       "messages_sent, enrolled_at_ms, last_sent_at_ms, last_planned_at_ms, paused_at_ms, "
       "ended_at_ms, source, status_reason, created_at_ms, order_minute) VALUES (CASE WHEN $1 > 0 "
       "AND NOT EXISTS "
       "(SELECT 1 FROM enrollment WHERE id = $1) THEN $1 ELSE "
       "max($2, coalesce((SELECT max(id) FROM enrollment), 0)) + 1 END, "
       "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING id");

enum error_code store_import_enrollment(struct work *work,
                                        const struct store_export_enrollment *row, int64_t id_floor,
                                        int64_t *ret_id, struct error *error)
{
    bool live = enrollment_status_is_live(row->status);
    return db_find_int64(
        work->db, &IMPORT_ENROLLMENT_ADD,
        DB_VALUES(DB_INT(row->id), DB_INT(id_floor), DB_INT(row->sequence_id),
                  DB_INT(row->contact_id), DB_INT(row->status), live ? DB_INT(1) : DB_NULL,
                  DB_INT(row->position), DB_INT(row->shift_days), DB_INT(row->messages_sent),
                  DB_INT(row->enrolled_at_ms), DB_INT_UNLESS(row->last_sent_at_ms, 0),
                  DB_INT_UNLESS(row->last_planned_at_ms, 0), DB_INT_UNLESS(row->paused_at_ms, 0),
                  DB_INT_UNLESS(row->ended_at_ms, 0),
                  DB_TEXT(row->source.size == 0 ? TEXT("import") : row->source),
                  row->status_reason.size == 0 ? DB_NULL : DB_TEXT(row->status_reason),
                  DB_INT(work->now_ms), DB_INT(row->order_minute)),
        ret_id, NULL, error);
}

/* --- messages --------------------------------------------------------------------------------- */

DB_SQL(
    IMPORT_MESSAGE_ADD,
    "INSERT INTO message (id, state, rank, attempts, tries, next_at_ms, channel_id, contact_id, "
    "enrollment_id, step_id, sequence_id, position, reason, error_code, doubts, due_at_ms, "
    "sent_at_ms, delivered_at_ms, read_at_ms, failed_at_ms, ended_at_ms, created_at_ms) "
    "VALUES (CASE WHEN $1 > 0 AND NOT EXISTS (SELECT 1 FROM message WHERE id = $1) THEN $1 ELSE "
    "max($2, coalesce((SELECT max(id) FROM message), 0)) + 1 END, $3, $4, $5, $5, $6, $7, $8, $9, "
    "$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) RETURNING id");

static enum error_code add_message(struct work *work, const struct store_message *message,
                                   int64_t id_floor, int64_t *ret_id, struct error *error)
{
    return db_find_int64(
        work->db, &IMPORT_MESSAGE_ADD,
        DB_VALUES(DB_INT(message->id), DB_INT(id_floor), DB_INT(message->state),
                  DB_INT(message->rank), DB_INT(message->attempts),
                  DB_INT_UNLESS(message->next_at_ms, 0), DB_INT(message->channel_id),
                  DB_INT(message->contact_id), DB_INT(message->enrollment_id),
                  DB_INT(message->step_id), DB_INT(message->sequence_id), DB_INT(message->position),
                  DB_INT(message->reason), DB_INT(message->error_code), DB_INT(message->doubts),
                  DB_INT(message->due_at_ms), DB_INT_UNLESS(message->sent_at_ms, 0),
                  DB_INT_UNLESS(message->delivered_at_ms, 0), DB_INT_UNLESS(message->read_at_ms, 0),
                  DB_INT_UNLESS(message->failed_at_ms, 0), DB_INT_UNLESS(message->ended_at_ms, 0),
                  DB_INT(message->created_at_ms)),
        ret_id, NULL, error);
}

static enum attempt_result result_of(enum message_state state)
{
    switch (state) {
    case MESSAGE_ACCEPTED:
        return ATTEMPT_ACCEPTED;
    case MESSAGE_PLANNED:
    case MESSAGE_WAIT:
    case MESSAGE_FAILED:
    case MESSAGE_SKIPPED:
        return ATTEMPT_REJECTED;
    case MESSAGE_SENDING:
    case MESSAGE_DOUBT:
    case MESSAGE_HELD:
    case MESSAGE_UNKNOWN:
        return ATTEMPT_DOUBT;
    }
    return ATTEMPT_DOUBT;
}

static enum error_code add_attempt(struct work *work, const struct store_export_message *row,
                                   int64_t message_id, struct error *error)
{
    const struct store_message *message = &row->message;
    int64_t at_ms = message->sent_at_ms != 0 ? message->sent_at_ms : message->due_at_ms;
    const struct store_attempt attempt = {
        .message_id = message_id,
        .n = message->attempts,
        .result = result_of(message->state),
        .started_at_ms = at_ms,
        .error_code = message->error_code,
        .evidence = EVIDENCE_OPERATOR,
        .resolved_at_ms = at_ms,
        .provider_id = row->provider_id.size == 0 ? (struct text){NULL, 0} : row->provider_id,
        .error_title = row->error_title,
        .error_detail = row->error_detail,
    };
    enum error_code code = store_attempt_insert(work, &attempt, error);
    if (code == OK) {
        code = store_attempt_update(work, &attempt, error);
    }
    if (code == OK && attempt.provider_id.size > 0) {
        code = store_provider_id_add(work, attempt.provider_id, message_id, attempt.n, error);
    }
    return code;
}

enum error_code store_import_message(struct work *work, const struct store_export_message *row,
                                     int64_t id_floor, int64_t *ret_id, struct error *error)
{
    int64_t id = 0;
    struct store_message_body body = row->body;
    enum error_code code = add_message(work, &row->message, id_floor, &id, error);
    if (code == OK) {
        body.message_id = id;
        code = store_message_body_put(work, &body, error);
    }
    if (code == OK && row->message.attempts > 0) {
        code = add_attempt(work, row, id, error);
    }
    if (code == OK) {
        *ret_id = id;
    }
    return code;
}

DB_SQL(IMPORT_CHANNEL,
       "SELECT coalesce((SELECT id FROM channel WHERE id = $1 AND removed_at_ms IS NULL), "
       "(SELECT id FROM channel WHERE removed_at_ms IS NULL ORDER BY is_default DESC, id LIMIT 1), "
       "max($1, 1))");

enum error_code store_import_channel(struct work *work, int64_t wanted, int64_t *ret_id,
                                     struct error *error)
{
    return db_find_int64(work->db, &IMPORT_CHANNEL, DB_VALUES(DB_INT(wanted)), ret_id, NULL, error);
}
