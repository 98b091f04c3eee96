/* Holding and replaying after a restore: see store_fence.h. Runs once, at start-up, inside one
 * transaction. */
#include "store/store_fence.h"

#include "domain/message.h"
#include "store/counters.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/store_progress.h"

enum { ATTEMPT_OPEN = 0, ATTEMPT_DOUBT = 3 };

DB_SQL(FENCE_ATTEMPTS, "UPDATE attempt SET result = $1 WHERE result = $2 AND message_id IN "
                       "(SELECT id FROM message WHERE state = $3)");
DB_SQL(FENCE_SENDING, "UPDATE message SET doubts = doubts + 1 WHERE state = $1");
DB_SQL(FENCE_HOLD, "UPDATE message SET state = $1, reason = $2, next_at_ms = NULL "
                   "WHERE state IN ($3, $4, $5, $6)");

static enum error_code hold_open(struct work *work, int64_t *ret_held, struct error *error)
{
    enum error_code code =
        db_run(work->db, &FENCE_ATTEMPTS,
               DB_VALUES(DB_INT(ATTEMPT_DOUBT), DB_INT(ATTEMPT_OPEN), DB_INT(MESSAGE_SENDING)),
               NULL, error);
    if (code == OK) {
        code = db_run(work->db, &FENCE_SENDING, DB_VALUES(DB_INT(MESSAGE_SENDING)), NULL, error);
    }
    if (code == OK) {
        code =
            db_run(work->db, &FENCE_HOLD,
                   DB_VALUES(DB_INT(MESSAGE_HELD), DB_INT(REASON_RESTORED), DB_INT(MESSAGE_PLANNED),
                             DB_INT(MESSAGE_WAIT), DB_INT(MESSAGE_SENDING), DB_INT(MESSAGE_DOUBT)),
                   ret_held, error);
    }
    return code;
}

/* --- replay ----------------------------------------------------------------------------------- */

struct replay {
    struct work *work;
    struct store_fence_report *report;
    int64_t newest_claim_at_ms; /* of the database: older lines belong to deleted history */
    enum error_code code;
    struct error *error;
};

DB_SQL(FENCE_NEWEST_CLAIM, "SELECT coalesce(max(started_at_ms), 0) FROM attempt");
DB_SQL(FENCE_ATTEMPT_FIND, "SELECT 1 FROM attempt WHERE message_id = $1 AND n = $2");
DB_SQL(FENCE_MESSAGE_FIND,
       "SELECT id FROM message WHERE id = $1 AND coalesce(enrollment_id, 0) = $2");
DB_SQL(FENCE_MESSAGE_DOUBT,
       "UPDATE message SET state = $3, reason = $4, attempts = max(attempts, $2), "
       "doubts = doubts + 1, next_at_ms = NULL WHERE id = $1");
DB_SQL(FENCE_ATTEMPT_ADD,
       "INSERT INTO attempt (message_id, n, result, instance_id, started_at_ms, started_boot_ms) "
       "VALUES ($1, $2, $3, 0, $4, 0)");
DB_SQL(FENCE_MESSAGE_ADD,
       "INSERT INTO message (id, state, attempts, tries, channel_id, contact_id, enrollment_id, "
       "step_id, sequence_id, position, reason, doubts, due_at_ms, claimed_at_ms, created_at_ms) "
       "SELECT $1, $2, $3, $3, $4, contact_id, id, $5, sequence_id, $6, $7, 1, $8, $8, $8 "
       "FROM enrollment WHERE id = $9 "
       "ON CONFLICT DO NOTHING RETURNING sequence_id");
DB_SQL(FENCE_BODY_ADD, "INSERT INTO message_body (message_id, type) "
                       "SELECT $1, coalesce((SELECT type FROM step WHERE id = $2), 0)");
DB_SQL(FENCE_DUE_DELETE, "DELETE FROM due WHERE enrollment_id = $1 AND due_at_ms = "
                         "(SELECT next_due_at_ms FROM enrollment WHERE id = $1)");
DB_SQL(FENCE_DUE_CLEAR, "UPDATE enrollment SET next_due_at_ms = NULL WHERE id = $1");

static enum error_code add_attempt(struct work *work, const struct claim_line *line,
                                   struct error *error)
{
    return db_run(work->db, &FENCE_ATTEMPT_ADD,
                  DB_VALUES(DB_INT(line->message_id), DB_INT(line->attempt), DB_INT(ATTEMPT_DOUBT),
                            DB_INT(line->at_ms)),
                  NULL, error);
}

static enum error_code doubt_message(struct work *work, const struct claim_line *line,
                                     struct error *error)
{
    enum error_code code = db_run(work->db, &FENCE_MESSAGE_DOUBT,
                                  DB_VALUES(DB_INT(line->message_id), DB_INT(line->attempt),
                                            DB_INT(MESSAGE_HELD), DB_INT(REASON_RESTORED)),
                                  NULL, error);
    return code == OK ? add_attempt(work, line, error) : code;
}

/* The message was planned after the backup: it comes back under its own id, so that webhooks with
 * its token still find it. Its text is lost. */
static enum error_code recreate_message(struct replay *replay, const struct claim_line *line)
{
    struct work *work = replay->work;
    struct error *error = replay->error;
    int64_t sequence_id = 0;
    bool added = false;
    enum error_code code = db_find_int64(
        work->db, &FENCE_MESSAGE_ADD,
        DB_VALUES(DB_INT(line->message_id), DB_INT(MESSAGE_HELD), DB_INT(line->attempt),
                  DB_INT(line->channel_id), DB_INT(line->step_id), DB_INT(line->position),
                  DB_INT(REASON_RESTORED), DB_INT(line->at_ms), DB_INT(line->enrollment_id)),
        &sequence_id, &added, error);
    if (code != OK || !added) {
        replay->report->unknown += code == OK;
        return code;
    }
    struct counter_place place = {.sequence_id = sequence_id, .step_id = line->step_id};
    code = store_progress_start(work, line->enrollment_id, &place.enrolled_at_ms, error);
    counters_move(work, &place, OUTCOME_WAITING, 0, OUTCOME_QUEUED, 0);
    if (code == OK) {
        code = add_attempt(work, line, error);
    }
    if (code == OK) {
        code = db_run(work->db, &FENCE_BODY_ADD,
                      DB_VALUES(DB_INT(line->message_id), DB_INT(line->step_id)), NULL, error);
    }
    if (code == OK) {
        code = db_run(work->db, &FENCE_DUE_DELETE, DB_VALUES(DB_INT(line->enrollment_id)), NULL,
                      error);
    }
    if (code == OK) {
        code =
            db_run(work->db, &FENCE_DUE_CLEAR, DB_VALUES(DB_INT(line->enrollment_id)), NULL, error);
    }
    return code;
}

static bool replay_line(void *context, const struct claim_line *line)
{
    struct replay *replay = context;
    struct db *db = replay->work->db;
    int64_t ignored = 0;
    bool known = false;
    replay->code = db_find_int64(db, &FENCE_ATTEMPT_FIND,
                                 DB_VALUES(DB_INT(line->message_id), DB_INT(line->attempt)),
                                 &ignored, &known, replay->error);
    if (replay->code != OK || known || line->at_ms < replay->newest_claim_at_ms) {
        return replay->code == OK;
    }
    replay->report->replayed++;
    replay->code = db_find_int64(db, &FENCE_MESSAGE_FIND,
                                 DB_VALUES(DB_INT(line->message_id), DB_INT(line->enrollment_id)),
                                 &ignored, &known, replay->error);
    if (replay->code == OK) {
        replay->code = known ? doubt_message(replay->work, line, replay->error)
                             : recreate_message(replay, line);
    }
    return replay->code == OK;
}

static enum error_code replay_journal(struct replay *replay, const char *directory)
{
    enum error_code code = db_find_int64(replay->work->db, &FENCE_NEWEST_CLAIM, DB_NO_VALUES,
                                         &replay->newest_claim_at_ms, NULL, replay->error);
    if (code == OK) {
        code = journal_read(directory, replay_line, replay, replay->error);
    }
    return code == OK ? replay->code : code;
}

enum error_code store_fence_hold(struct work *work, const char *directory,
                                 struct store_fence_report *ret_report, struct error *error)
{
    struct store_fence_report report = {0};
    struct replay replay = {.work = work, .report = &report, .error = error};
    enum error_code code = hold_open(work, &report.held, error);
    if (code == OK) {
        code = replay_journal(&replay, directory);
    }
    if (code == OK) {
        *ret_report = report;
    }
    return code;
}

DB_SQL(FENCE_BEAT_AFTER, "SELECT count(*) FROM instance WHERE beat_at_ms >= $1");

enum error_code store_fence_journal_is_ahead(struct work *work, const char *directory,
                                             bool *ret_ahead, struct error *error)
{
    struct claim_line line = {0};
    bool found = false;
    int64_t count = 0;
    enum error_code code = journal_last(directory, &line, &found, error);
    if (code != OK || !found) {
        *ret_ahead = code == OK ? false : *ret_ahead;
        return code;
    }
    /* A database that lived on after the line is newer than it, even when retention has deleted
     * that attempt since. */
    code = db_find_int64(work->db, &FENCE_BEAT_AFTER, DB_VALUES(DB_INT(line.at_ms)), &count, NULL,
                         error);
    if (code == OK && count == 0) {
        code = db_find_int64(work->db, &FENCE_ATTEMPT_FIND,
                             DB_VALUES(DB_INT(line.message_id), DB_INT(line.attempt)), &count,
                             &found, error);
    }
    if (code == OK) {
        *ret_ahead = count == 0;
    }
    return code;
}

DB_SQL(FENCE_HELD_LIST, "SELECT id, doubts FROM message WHERE state = $1 AND reason = $2 "
                        "AND id > $3 ORDER BY id LIMIT $4");

enum error_code store_fence_held_list(struct work *work, int64_t after_id, size_t limit,
                                      struct store_fence_held **ret_messages, size_t *ret_count,
                                      struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_fence_held *messages = arena_array(work->arena, limit + 1, sizeof(*messages));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(
        work->db, &FENCE_HELD_LIST,
        DB_VALUES(DB_INT(MESSAGE_HELD), DB_INT(REASON_RESTORED), DB_INT(after_id), DB_INT(limit)),
        &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            messages[count++] = (struct store_fence_held){.message_id = db_int64(statement, 0),
                                                          .doubts = db_int64(statement, 1)};
        }
    }
    if (code == OK) {
        *ret_messages = messages;
        *ret_count = count;
    }
    return code;
}
