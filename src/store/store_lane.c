/* Channels as the send machine sees them, and what it asks about messages by channel: see
 * store_lane.h. */
#include "store/store_lane.h"

#include "store/db.h"
#include "store/store_message_internal.h"

DB_SQL(LANE_LIST, "SELECT id, provider, sender_id, account_id, is_default, state, probe_at_ms, "
                  "rate_per_second, in_flight_max, settings, secrets, version, updated_at_ms, "
                  "tier_limit FROM channel WHERE removed_at_ms IS NULL ORDER BY id LIMIT $1");

enum error_code store_lane_list(struct work *work, size_t limit, struct store_lane **ret_lanes,
                                size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_lane *lanes = arena_array(work->arena, limit, sizeof(*lanes));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &LANE_LIST, DB_VALUES(DB_INT(limit)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        lanes[count++] = (struct store_lane){
            .id = db_int64(statement, 0),
            .provider = db_text_copy(statement, 1, work->arena),
            .sender_id = db_text_copy(statement, 2, work->arena),
            .account_id = db_text_copy(statement, 3, work->arena),
            .is_default = db_int64(statement, 4) != 0,
            .state = (enum channel_state)db_int64(statement, 5),
            .probe_at_ms = db_int64(statement, 6),
            .rate_per_second = db_int64(statement, 7),
            .in_flight_max = db_int64(statement, 8),
            .settings = db_text_copy(statement, 9, work->arena),
            .secrets = db_text_copy(statement, 10, work->arena),
            .version = db_int64(statement, 11),
            .updated_at_ms = db_int64(statement, 12),
            .daily_limit = db_int64(statement, 13),
        };
    }
    if (code == OK) {
        *ret_lanes = lanes;
        *ret_count = count;
    }
    return code;
}

DB_SQL(LANE_HOLD, "UPDATE channel SET state = 2, state_reason = $2, state_at_ms = $3, "
                  "probe_at_ms = $4 WHERE id = $1 AND state <> 1");

enum error_code store_lane_hold(struct work *work, int64_t channel_id, struct text reason,
                                int64_t probe_at_ms, struct error *error)
{
    return db_run(
        work->db, &LANE_HOLD,
        DB_VALUES(DB_INT(channel_id), DB_TEXT(reason), DB_INT(work->now_ms), DB_INT(probe_at_ms)),
        NULL, error);
}

DB_SQL(LANE_PROBE, "UPDATE channel SET probe_at_ms = $2 WHERE id = $1 AND state = 2");

enum error_code store_lane_probe(struct work *work, int64_t channel_id, int64_t probe_at_ms,
                                 struct error *error)
{
    return db_run(work->db, &LANE_PROBE, DB_VALUES(DB_INT(channel_id), DB_INT(probe_at_ms)), NULL,
                  error);
}

DB_SQL(LANE_RELEASE, "UPDATE channel SET state = 0, state_reason = NULL, state_at_ms = $2, "
                     "probe_at_ms = NULL WHERE id = $1 AND state = 2");

enum error_code store_lane_release(struct work *work, int64_t channel_id, struct error *error)
{
    return db_run(work->db, &LANE_RELEASE, DB_VALUES(DB_INT(channel_id), DB_INT(work->now_ms)),
                  NULL, error);
}

/* `state IN (0, 1)` stands here as in the partial index, else the index would not be used. */
DB_SQL(LANE_CANDIDATES,
       "SELECT " MESSAGE_COLUMNS(
           "m.") ", c.phone, c.suppressed, c.erased, c.user_id, c.timezone, "
                 "c.id IS NOT NULL, e.status, e.id IS NOT NULL, w.last_inbound_at_ms, b.type, "
                 "b.media_type, "
                 "b.text, b.media_url, b.filename, b.template "
                 "FROM message m LEFT JOIN contact c ON c.id = m.contact_id "
                 "LEFT JOIN enrollment e ON e.id = m.enrollment_id "
                 "LEFT JOIN contact_window w ON w.contact_id = m.contact_id AND w.channel_id = "
                 "m.channel_id "
                 "LEFT JOIN message_body b ON b.message_id = m.id "
                 "WHERE m.channel_id = $1 AND m.state IN (0, 1) AND m.next_at_ms <= $2 "
                 "ORDER BY m.next_at_ms LIMIT $3");

static void read_candidate(struct db_statement *row, struct arena *arena,
                           struct store_candidate *candidate)
{
    enum { AT = MESSAGE_COLUMN_COUNT };
    store_message_read(row, &candidate->message);
    candidate->phone = db_int64(row, AT);
    candidate->suppressed = db_int64(row, AT + 1);
    candidate->erased = db_int64(row, AT + 2) != 0;
    candidate->user_id = db_text_copy(row, AT + 3, arena);
    candidate->timezone = db_text_copy(row, AT + 4, arena);
    candidate->contact_found = db_int64(row, AT + 5) != 0;
    candidate->enrollment_status = db_int64(row, AT + 6);
    candidate->enrollment_found = db_int64(row, AT + 7) != 0;
    candidate->last_inbound_at_ms = db_int64(row, AT + 8);
    candidate->body = (struct store_message_body){
        .message_id = candidate->message.id,
        .type = db_int64(row, AT + 9),
        .media_type = db_int64(row, AT + 10),
        .text = db_text_copy(row, AT + 11, arena),
        .media_url = db_text_copy(row, AT + 12, arena),
        .filename = db_text_copy(row, AT + 13, arena),
        .template = db_text_copy(row, AT + 14, arena),
    };
}

enum error_code store_lane_candidates(struct work *work, int64_t channel_id, int64_t until_ms,
                                      size_t limit, struct arena *arena,
                                      struct store_candidate **ret_candidates, size_t *ret_count,
                                      struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_candidate *candidates = arena_array(work->arena, limit, sizeof(*candidates));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &LANE_CANDIDATES,
                 DB_VALUES(DB_INT(channel_id), DB_INT(until_ms), DB_INT(limit)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        read_candidate(statement, arena, &candidates[count++]);
    }
    if (code == OK) {
        *ret_candidates = candidates;
        *ret_count = count;
    }
    return code;
}

DB_SQL(LANE_NEXT, "SELECT coalesce(min(next_at_ms), 0) FROM message "
                  "WHERE channel_id = $1 AND state IN (0, 1)");

enum error_code store_lane_next(struct work *work, int64_t channel_id, int64_t *ret_at_ms,
                                struct error *error)
{
    return db_find_int64(work->db, &LANE_NEXT, DB_VALUES(DB_INT(channel_id)), ret_at_ms, NULL,
                         error);
}

DB_SQL(DOUBT_NEXT, "SELECT coalesce(min(next_at_ms), 0) FROM message WHERE state = 3");

enum error_code store_doubt_next(struct work *work, int64_t *ret_at_ms, struct error *error)
{
    return db_find_int64(work->db, &DOUBT_NEXT, DB_NO_VALUES, ret_at_ms, NULL, error);
}

static enum error_code list_messages(struct work *work, struct db_sql *sql,
                                     const struct db_value *values, size_t value_count,
                                     size_t limit, struct store_message **ret_messages,
                                     size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_message *messages = arena_array(work->arena, limit, sizeof(*messages));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(work->db, sql, values, value_count, &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        store_message_read(statement, &messages[count++]);
    }
    if (code == OK) {
        *ret_messages = messages;
        *ret_count = count;
    }
    return code;
}

DB_SQL(DOUBT_LIST,
       "SELECT " MESSAGE_COLUMNS("") " FROM message WHERE state = 3 AND next_at_ms <= $1 "
                                     "ORDER BY next_at_ms LIMIT $2");

enum error_code store_doubt_list(struct work *work, int64_t until_ms, size_t limit,
                                 struct store_message **ret_messages, size_t *ret_count,
                                 struct error *error)
{
    return list_messages(work, &DOUBT_LIST, DB_VALUES(DB_INT(until_ms), DB_INT(limit)), limit,
                         ret_messages, ret_count, error);
}

DB_SQL(SENDING_LIST, "SELECT " MESSAGE_COLUMNS("") " FROM message WHERE state = 2 LIMIT $1");

enum error_code store_sending_list(struct work *work, size_t limit,
                                   struct store_message **ret_messages, size_t *ret_count,
                                   struct error *error)
{
    return list_messages(work, &SENDING_LIST, DB_VALUES(DB_INT(limit)), limit, ret_messages,
                         ret_count, error);
}

DB_SQL(PROOF_ADD,
       "INSERT INTO channel_proof (channel_id, category, newest_at_ms) VALUES ($1, $2, $3) "
       "ON CONFLICT (channel_id, category) DO UPDATE SET "
       "third_at_ms = CASE WHEN $3 > second_at_ms THEN second_at_ms "
       "WHEN $3 > third_at_ms THEN $3 ELSE third_at_ms END, "
       "second_at_ms = CASE WHEN $3 > newest_at_ms THEN newest_at_ms "
       "WHEN $3 > second_at_ms THEN $3 ELSE second_at_ms END, "
       "newest_at_ms = max(newest_at_ms, $3)");

enum error_code store_proof_add(struct work *work, int64_t channel_id, int64_t category,
                                int64_t started_at_ms, struct error *error)
{
    return db_run(work->db, &PROOF_ADD,
                  DB_VALUES(DB_INT(channel_id), DB_INT(category), DB_INT(started_at_ms)), NULL,
                  error);
}

DB_SQL(PROOF_SINCE,
       "SELECT third_at_ms > $3 FROM channel_proof WHERE channel_id = $1 AND category = $2");

enum error_code store_proof_since(struct work *work, int64_t channel_id, int64_t category,
                                  int64_t since_ms, bool *ret_alive, struct error *error)
{
    int64_t alive = 0;
    bool found = false;
    enum error_code code = db_find_int64(
        work->db, &PROOF_SINCE, DB_VALUES(DB_INT(channel_id), DB_INT(category), DB_INT(since_ms)),
        &alive, &found, error);
    if (code == OK) {
        *ret_alive = found && alive != 0;
    }
    return code;
}

DB_SQL(OUTAGE_ADD, "INSERT INTO endpoint_outage (from_at_ms, to_at_ms) VALUES ($1, $2) "
                   "ON CONFLICT (from_at_ms) DO UPDATE SET to_at_ms = "
                   "max(to_at_ms, excluded.to_at_ms)");

enum error_code store_outage_add(struct work *work, int64_t from_ms, int64_t to_ms,
                                 struct error *error)
{
    return db_run(work->db, &OUTAGE_ADD, DB_VALUES(DB_INT(from_ms), DB_INT(to_ms)), NULL, error);
}

DB_SQL(OUTAGE_SINCE, "SELECT coalesce(sum(to_at_ms - max(from_at_ms, $1)), 0) "
                     "FROM endpoint_outage WHERE to_at_ms > $1");

enum error_code store_outage_since(struct work *work, int64_t since_ms, int64_t *ret_ms,
                                   struct error *error)
{
    return db_find_int64(work->db, &OUTAGE_SINCE, DB_VALUES(DB_INT(since_ms)), ret_ms, NULL, error);
}

DB_SQL(TEMPLATE_STATE, "SELECT status, category FROM template "
                       "WHERE channel_id = $1 AND name = $2 AND language = $3");

enum error_code store_template_state(struct work *work, int64_t channel_id, struct text name,
                                     struct text language, struct store_template_state *ret_state,
                                     bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &TEMPLATE_STATE,
                                    DB_VALUES(DB_INT(channel_id), DB_TEXT(name), DB_TEXT(language)),
                                    &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            ret_state->status = db_text_copy(statement, 0, work->arena);
            ret_state->category = db_text_copy(statement, 1, work->arena);
        }
    }
    return code;
}

DB_SQL(LANE_SUPPRESS, "UPDATE contact SET suppressed = suppressed | $2, updated_at_ms = $3 "
                      "WHERE id = $1");

enum error_code store_lane_suppress(struct work *work, int64_t contact_id, int64_t bits,
                                    struct error *error)
{
    return db_run(work->db, &LANE_SUPPRESS,
                  DB_VALUES(DB_INT(contact_id), DB_INT(bits), DB_INT(work->now_ms)), NULL, error);
}
