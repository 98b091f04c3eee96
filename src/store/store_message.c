/* The message and message_body tables: see store_message.h. An update is a compare-and-set on state
 * and attempt number, so that whoever read an older row changes nothing. */
#include "store/store_message.h"

#include "store/counters.h"
#include "store/store_message_internal.h"

void store_message_read(struct db_statement *row, struct store_message *message)
{
    *message = (struct store_message){
        .id = db_int64(row, 0),
        .state = (enum message_state)db_int64(row, 1),
        .rank = (enum message_rank)db_int64(row, 2),
        .attempts = db_int64(row, 3),
        .tries = db_int64(row, 4),
        .next_at_ms = db_int64(row, 5),
        .channel_id = db_int64(row, 6),
        .contact_id = db_int64(row, 7),
        .enrollment_id = db_int64(row, 8),
        .step_id = db_int64(row, 9),
        .sequence_id = db_int64(row, 10),
        .position = db_int64(row, 11),
        .policy = db_int64(row, 12),
        .category = db_int64(row, 13),
        .reason = (enum message_reason)db_int64(row, 14),
        .error_code = db_int64(row, 15),
        .doubts = db_int64(row, 16),
        .duplicates = db_int64(row, 17),
        .due_at_ms = db_int64(row, 18),
        .claimed_at_ms = db_int64(row, 19),
        .sent_at_ms = db_int64(row, 20),
        .delivered_at_ms = db_int64(row, 21),
        .read_at_ms = db_int64(row, 22),
        .failed_at_ms = db_int64(row, 23),
        .ended_at_ms = db_int64(row, 24),
        .created_at_ms = db_int64(row, 25),
    };
}

static enum error_code find_message(struct work *work, struct db_sql *sql,
                                    const struct db_value *values, size_t count,
                                    struct store_message *ret_message, bool *ret_found,
                                    struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, values, count, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            store_message_read(statement, ret_message);
        }
    }
    return code;
}

DB_SQL(MESSAGE_GET, "SELECT " MESSAGE_COLUMNS("") " FROM message WHERE id = $1");

enum error_code store_message_get(struct work *work, int64_t id, struct store_message *ret_message,
                                  bool *ret_found, struct error *error)
{
    return find_message(work, &MESSAGE_GET, DB_VALUES(DB_INT(id)), ret_message, ret_found, error);
}

DB_SQL(MESSAGE_FOR_STEP,
       "SELECT " MESSAGE_COLUMNS("") " FROM message WHERE enrollment_id = $1 AND step_id = $2");

enum error_code store_message_for_step(struct work *work, int64_t enrollment_id, int64_t step_id,
                                       struct store_message *ret_message, bool *ret_found,
                                       struct error *error)
{
    return find_message(work, &MESSAGE_FOR_STEP, DB_VALUES(DB_INT(enrollment_id), DB_INT(step_id)),
                        ret_message, ret_found, error);
}

DB_SQL(MESSAGE_FOR_ENROLLMENT,
       "SELECT " MESSAGE_COLUMNS("") " FROM message WHERE enrollment_id = $1");

enum error_code store_message_for_enrollment(struct work *work, int64_t enrollment_id,
                                             struct store_message **ret_messages, size_t *ret_count,
                                             struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_message *messages = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    enum error_code code = db_query(work->db, &MESSAGE_FOR_ENROLLMENT,
                                    DB_VALUES(DB_INT(enrollment_id)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        if (count == capacity) {
            capacity = capacity == 0 ? 8 : capacity * 2;
            struct store_message *grown = arena_array(work->arena, capacity, sizeof(*grown));
            if (count > 0) {
                memcpy(grown, messages, count * sizeof(*grown));
            }
            messages = grown;
        }
        store_message_read(statement, &messages[count++]);
    }
    if (code == OK) {
        *ret_messages = messages;
        *ret_count = count;
    }
    return code;
}

/* What a pause or an edit put aside is not over. */
DB_SQL(MESSAGE_OVER, "SELECT step_id FROM message WHERE enrollment_id = $1 AND state >= $2 "
                     "AND NOT (state = $3 AND reason IN ($4, $5)) LIMIT $6");

enum error_code store_message_over(struct work *work, int64_t enrollment_id, size_t most,
                                   int64_t *ret_step_ids, size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    size_t count = 0;
    enum error_code code =
        db_query(work->db, &MESSAGE_OVER,
                 DB_VALUES(DB_INT(enrollment_id), DB_INT(MESSAGE_ACCEPTED), DB_INT(MESSAGE_SKIPPED),
                           DB_INT(REASON_PAUSED), DB_INT(REASON_EDITED), DB_INT((int64_t)most)),
                 &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        ret_step_ids[count++] = db_int64(statement, 0);
    }
    *ret_count = count;
    return code;
}

DB_SQL(MESSAGE_INSERT,
       "INSERT INTO message (state, rank, attempts, tries, next_at_ms, channel_id, contact_id, "
       "enrollment_id, step_id, sequence_id, position, policy, category, reason, error_code, "
       "due_at_ms, failed_at_ms, ended_at_ms, created_at_ms) VALUES ($1, $2, 0, 0, $3, $4, $5, $6, "
       "$7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");

enum error_code store_message_insert(struct work *work, struct store_message *message,
                                     struct error *error)
{
    message->created_at_ms = work->now_ms;
    return db_insert(
        work->db, &MESSAGE_INSERT,
        DB_VALUES(DB_INT(message->state), DB_INT(message->rank),
                  DB_INT_UNLESS(message->next_at_ms, 0), DB_INT(message->channel_id),
                  DB_INT(message->contact_id), DB_INT_UNLESS(message->enrollment_id, 0),
                  DB_INT_UNLESS(message->step_id, 0), DB_INT(message->sequence_id),
                  DB_INT(message->position), DB_INT(message->policy), DB_INT(message->category),
                  DB_INT(message->reason), DB_INT(message->error_code), DB_INT(message->due_at_ms),
                  DB_INT_UNLESS(message->failed_at_ms, 0), DB_INT_UNLESS(message->ended_at_ms, 0),
                  DB_INT(message->created_at_ms)),
        &message->id, error);
}

DB_SQL(MESSAGE_UPDATE,
       "UPDATE message SET state = $4, rank = $5, attempts = $6, tries = $7, next_at_ms = $8, "
       "channel_id = $9, position = $10, policy = $11, category = $12, reason = $13, "
       "error_code = $14, doubts = $15, duplicates = $16, due_at_ms = $17, claimed_at_ms = $18, "
       "sent_at_ms = $19, delivered_at_ms = $20, read_at_ms = $21, failed_at_ms = $22, "
       "ended_at_ms = $23 WHERE id = $1 AND state = $2 AND attempts = $3");

enum error_code store_message_update(struct work *work, const struct store_message *message,
                                     enum message_state from_state, int64_t from_attempts,
                                     struct error *error)
{
    int64_t changed = 0;
    enum error_code code = db_run(
        work->db, &MESSAGE_UPDATE,
        DB_VALUES(DB_INT(message->id), DB_INT(from_state), DB_INT(from_attempts),
                  DB_INT(message->state), DB_INT(message->rank), DB_INT(message->attempts),
                  DB_INT(message->tries), DB_INT_UNLESS(message->next_at_ms, 0),
                  DB_INT(message->channel_id), DB_INT(message->position), DB_INT(message->policy),
                  DB_INT(message->category), DB_INT(message->reason), DB_INT(message->error_code),
                  DB_INT(message->doubts), DB_INT(message->duplicates), DB_INT(message->due_at_ms),
                  DB_INT_UNLESS(message->claimed_at_ms, 0), DB_INT_UNLESS(message->sent_at_ms, 0),
                  DB_INT_UNLESS(message->delivered_at_ms, 0), DB_INT_UNLESS(message->read_at_ms, 0),
                  DB_INT_UNLESS(message->failed_at_ms, 0), DB_INT_UNLESS(message->ended_at_ms, 0)),
        &changed, error);
    if (code == OK && changed != 1) {
        code = error_set(error, ERROR_CONFLICT, "the message changed meanwhile");
    }
    return code;
}

void store_message_counter(const struct store_message *message, enum step_outcome *ret_outcome,
                           int64_t *ret_reason)
{
    *ret_outcome = message_outcome(message->state, message->reason);
    switch (*ret_outcome) {
    case OUTCOME_FAILED:
        *ret_reason = message->error_code != 0 ? counters_provider_reason(message->error_code)
                                               : (int64_t)message->reason;
        return;
    case OUTCOME_SKIPPED:
    case OUTCOME_CANCELLED:
        *ret_reason = message->reason;
        return;
    case OUTCOME_WAITING:
    case OUTCOME_QUEUED:
    case OUTCOME_SENT:
    case OUTCOME_UNKNOWN:
    case OUTCOME_DELIVERED:
    case OUTCOME_READ:
    case OUTCOME_REPLIED:
    case OUTCOME_OPTED_OUT:
        *ret_reason = 0;
        return;
    }
}

DB_SQL(MESSAGE_BODY_PUT,
       "INSERT INTO message_body (message_id, type, media_type, text, media_url, filename, "
       "template) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (message_id) DO UPDATE SET "
       "type = excluded.type, media_type = excluded.media_type, text = excluded.text, "
       "media_url = excluded.media_url, filename = excluded.filename, "
       "template = excluded.template");

enum error_code store_message_body_put(struct work *work, const struct store_message_body *body,
                                       struct error *error)
{
    return db_run(work->db, &MESSAGE_BODY_PUT,
                  DB_VALUES(DB_INT(body->message_id), DB_INT(body->type), DB_INT(body->media_type),
                            DB_TEXT(body->text), DB_TEXT(body->media_url), DB_TEXT(body->filename),
                            DB_TEXT(body->template)),
                  NULL, error);
}

DB_SQL(MESSAGE_BODY_GET, "SELECT type, media_type, text, media_url, filename, template "
                         "FROM message_body WHERE message_id = $1");

enum error_code store_message_body_get(struct work *work, int64_t message_id,
                                       struct store_message_body *ret_body, bool *ret_found,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &MESSAGE_BODY_GET, DB_VALUES(DB_INT(message_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        *ret_body = (struct store_message_body){
            .message_id = message_id,
            .type = db_int64(statement, 0),
            .media_type = db_int64(statement, 1),
            .text = db_text_copy(statement, 2, work->arena),
            .media_url = db_text_copy(statement, 3, work->arena),
            .filename = db_text_copy(statement, 4, work->arena),
            .template = db_text_copy(statement, 5, work->arena),
        };
    }
    return OK;
}
