/* Where enrollments stand and what is due: see store_progress.h. */
#include "store/store_progress.h"

#include "store/db.h"
#include "store/store_edit.h"

DB_SQL(PROGRESS_GET,
       "SELECT e.id, e.sequence_id, e.contact_id, e.status, e.position, e.shift_days, "
       "e.messages_sent, e.next_due_at_ms, e.enrolled_at_ms, e.last_sent_at_ms, "
       "e.last_planned_at_ms, e.catch_up_until_ms, e.paused_at_ms, e.ended_at_ms, e.status_reason, "
       "c.phone, c.suppressed, c.erased, c.timezone, c.name, c.fields, e.created_at_ms, "
       "e.order_minute "
       "FROM enrollment e JOIN contact c ON c.id = e.contact_id WHERE e.id = $1");

enum error_code store_progress_get(struct work *work, int64_t enrollment_id,
                                   struct store_progress *ret_row, bool *ret_found,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *row = NULL;
    bool found = false;
    enum error_code code =
        db_query(work->db, &PROGRESS_GET, DB_VALUES(DB_INT(enrollment_id)), &row, error);
    if (code == OK) {
        code = db_next(row, &found, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = found;
    if (found) {
        *ret_row = (struct store_progress){
            .enrollment_id = db_int64(row, 0),
            .sequence_id = db_int64(row, 1),
            .contact_id = db_int64(row, 2),
            .status = db_int64(row, 3),
            .position = db_int64(row, 4),
            .shift_days = db_int64(row, 5),
            .messages_sent = db_int64(row, 6),
            .next_due_at_ms = db_int64(row, 7),
            .enrolled_at_ms = db_int64(row, 8),
            .last_sent_at_ms = db_int64(row, 9),
            .last_planned_at_ms = db_int64(row, 10),
            .catch_up_until_ms = db_int64(row, 11),
            .paused_at_ms = db_int64(row, 12),
            .ended_at_ms = db_int64(row, 13),
            .status_reason = db_text_copy(row, 14, work->arena),
            .phone = db_int64(row, 15),
            .suppressed = db_int64(row, 16),
            .erased = db_int64(row, 17),
            .timezone = db_text_copy(row, 18, work->arena),
            .name = db_text_copy(row, 19, work->arena),
            .fields = db_text_copy(row, 20, work->arena),
            .created_at_ms = db_int64(row, 21),
            .order_minute = db_int64(row, 22),
        };
        ret_row->stored = (struct store_progress_standing){
            .known = true,
            .status = ret_row->status,
            .position = ret_row->position,
            .paused_at_ms = ret_row->paused_at_ms,
            .ended_at_ms = ret_row->ended_at_ms,
            .status_reason = ret_row->status_reason,
        };
    }
    return OK;
}

DB_SQL(PROGRESS_PUT,
       "UPDATE enrollment SET status = $2, live = $3, position = $4, shift_days = $5, "
       "messages_sent = $6, next_due_at_ms = $7, last_sent_at_ms = $8, last_planned_at_ms = $9, "
       "catch_up_until_ms = $10, paused_at_ms = $11, ended_at_ms = $12, status_reason = $13 "
       "WHERE id = $1");
DB_SQL(PROGRESS_MOVE, "UPDATE enrollment SET position = $2, shift_days = $3, messages_sent = $4, "
                      "next_due_at_ms = $5, last_sent_at_ms = $6, last_planned_at_ms = $7, "
                      "catch_up_until_ms = $8 WHERE id = $1");
DB_SQL(DUE_INSERT, "INSERT INTO due (due_at_ms, enrollment_id) VALUES ($1, $2) "
                   "ON CONFLICT DO NOTHING");

static bool stands_as_stored(const struct store_progress *row)
{
    const struct store_progress_standing *stored = &row->stored;
    return stored->known && stored->status == row->status &&
           stored->paused_at_ms == row->paused_at_ms && stored->ended_at_ms == row->ended_at_ms &&
           text_equal(stored->status_reason, row->status_reason);
}

static enum error_code put_row(struct work *work, const struct store_progress *row,
                               struct error *error)
{
    bool live = row->status == 0 || row->status == 1;
    if (stands_as_stored(row)) {
        return db_run(work->db, &PROGRESS_MOVE,
                      DB_VALUES(DB_INT(row->enrollment_id), DB_INT(row->position),
                                DB_INT(row->shift_days), DB_INT(row->messages_sent),
                                DB_INT_UNLESS(row->next_due_at_ms, 0),
                                DB_INT_UNLESS(row->last_sent_at_ms, 0),
                                DB_INT_UNLESS(row->last_planned_at_ms, 0),
                                DB_INT_UNLESS(row->catch_up_until_ms, 0)),
                      NULL, error);
    }
    return db_run(
        work->db, &PROGRESS_PUT,
        DB_VALUES(DB_INT(row->enrollment_id), DB_INT(row->status), live ? DB_INT(1) : DB_NULL,
                  DB_INT(row->position), DB_INT(row->shift_days), DB_INT(row->messages_sent),
                  DB_INT_UNLESS(row->next_due_at_ms, 0), DB_INT_UNLESS(row->last_sent_at_ms, 0),
                  DB_INT_UNLESS(row->last_planned_at_ms, 0),
                  DB_INT_UNLESS(row->catch_up_until_ms, 0), DB_INT_UNLESS(row->paused_at_ms, 0),
                  DB_INT_UNLESS(row->ended_at_ms, 0), DB_TEXT(row->status_reason)),
        NULL, error);
}

enum error_code store_progress_put(struct work *work, const struct store_progress *row,
                                   int64_t before_due_at_ms, struct error *error)
{
    const struct store_progress_standing *stored = &row->stored;
    enum error_code code = OK;
    if (!stored->known || stored->status != row->status || stored->position != row->position) {
        code = store_edit_keep(work, row->sequence_id, row->enrollment_id, error);
    }
    if (code == OK) {
        code = put_row(work, row, error);
    }
    if (code == OK && before_due_at_ms != 0 && before_due_at_ms != row->next_due_at_ms) {
        code = store_due_delete(work, before_due_at_ms, row->enrollment_id, error);
    }
    if (code == OK && row->next_due_at_ms != 0 && before_due_at_ms != row->next_due_at_ms) {
        code =
            db_run(work->db, &DUE_INSERT,
                   DB_VALUES(DB_INT(row->next_due_at_ms), DB_INT(row->enrollment_id)), NULL, error);
    }
    return code;
}

DB_SQL(PROGRESS_START, "SELECT enrolled_at_ms FROM enrollment WHERE id = $1");

enum error_code store_progress_start(struct work *work, int64_t enrollment_id,
                                     int64_t *ret_enrolled_at_ms, struct error *error)
{
    int64_t enrolled_at_ms = 0;
    bool found = false;
    enum error_code code =
        db_find_int64(work->db, &PROGRESS_START, DB_VALUES(DB_INT(enrollment_id)), &enrolled_at_ms,
                      &found, error);
    if (code == OK) {
        *ret_enrolled_at_ms = found ? enrolled_at_ms : 0;
    }
    return code;
}

DB_SQL(
    DUE_LIST,
    "SELECT due_at_ms, enrollment_id FROM due WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2");

enum error_code store_due_list(struct work *work, int64_t until_ms, size_t limit,
                               int64_t **ret_enrollment_ids, int64_t **ret_due_at_ms,
                               size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t *ids = arena_array(work->arena, limit, sizeof(*ids));
    int64_t *times = arena_array(work->arena, limit, sizeof(*times));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(work->db, &DUE_LIST, DB_VALUES(DB_INT(until_ms), DB_INT(limit)),
                                    &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        times[count] = db_int64(statement, 0);
        ids[count++] = db_int64(statement, 1);
    }
    if (code == OK) {
        *ret_enrollment_ids = ids;
        *ret_due_at_ms = times;
        *ret_count = count;
    }
    return code;
}

DB_SQL(DUE_DELETE, "DELETE FROM due WHERE due_at_ms = $1 AND enrollment_id = $2");

enum error_code store_due_delete(struct work *work, int64_t due_at_ms, int64_t enrollment_id,
                                 struct error *error)
{
    return db_run(work->db, &DUE_DELETE, DB_VALUES(DB_INT(due_at_ms), DB_INT(enrollment_id)), NULL,
                  error);
}

DB_SQL(DUE_FIRST, "SELECT coalesce(min(due_at_ms), 0) FROM due");

enum error_code store_due_first(struct work *work, int64_t *ret_due_at_ms, struct error *error)
{
    return db_find_int64(work->db, &DUE_FIRST, DB_NO_VALUES, ret_due_at_ms, NULL, error);
}
