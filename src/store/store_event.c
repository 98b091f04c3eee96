/* The event log: appended in the transaction of the change it tells of, read by cursor, pruned from
 * its old end. */
#include "store/store_event.h"

#include "base/instant.h"
#include "store/db.h"

/* How much longer events stay for webhooks: twice the time after which one is switched off. */
#define HELD_MS (10 * MS_PER_DAY)

DB_SQL(EVENT_ADD, "INSERT INTO event (at_ms, type, sequence_id, enrollment_id, message_id, "
                  "contact_id, batch_id, channel_id, data) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

enum error_code store_event_add(struct work *work, const struct store_event *event,
                                struct error *error)
{
    work->wakes |= WORK_WAKE_EVENTS | WORK_WAKE_WEBHOOKS;
    return db_run(
        work->db, &EVENT_ADD,
        DB_VALUES(DB_INT(event->at_ms == 0 ? work->now_ms : event->at_ms), DB_TEXT(event->type),
                  DB_INT_UNLESS(event->sequence_id, 0), DB_INT_UNLESS(event->enrollment_id, 0),
                  DB_INT_UNLESS(event->message_id, 0), DB_INT_UNLESS(event->contact_id, 0),
                  DB_INT_UNLESS(event->batch_id, 0), DB_INT_UNLESS(event->channel_id, 0),
                  event->data.size == 0 ? DB_NULL : DB_TEXT(event->data)),
        NULL, error);
}

DB_SQL(EVENT_LIST, "SELECT id, at_ms, type, sequence_id, enrollment_id, message_id, contact_id, "
                   "batch_id, channel_id, data FROM event WHERE id > $1 ORDER BY id LIMIT $2");

static void read_event(struct work *work, struct db_statement *statement,
                       struct store_event *ret_event)
{
    *ret_event = (struct store_event){
        .id = db_int64(statement, 0),
        .at_ms = db_int64(statement, 1),
        .type = db_text_copy(statement, 2, work->arena),
        .sequence_id = db_int64(statement, 3),
        .enrollment_id = db_int64(statement, 4),
        .message_id = db_int64(statement, 5),
        .contact_id = db_int64(statement, 6),
        .batch_id = db_int64(statement, 7),
        .channel_id = db_int64(statement, 8),
        .data = db_text_copy(statement, 9, work->arena),
    };
}

enum error_code store_event_list(struct work *work, int64_t after_id, size_t limit,
                                 struct store_event **ret_events, size_t *ret_count,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_event *events = arena_array(work->arena, limit + 1, sizeof(*events));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(work->db, &EVENT_LIST,
                                    DB_VALUES(DB_INT(after_id), DB_INT(limit)), &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_event(work, statement, &events[count++]);
        }
    }
    if (code == OK) {
        *ret_events = events;
        *ret_count = count;
    }
    return code;
}

DB_SQL(EVENT_NEWEST, "SELECT coalesce(max(id), 0) FROM event");

enum error_code store_event_newest(struct work *work, int64_t *ret_id, struct error *error)
{
    return db_find_int64(work->db, &EVENT_NEWEST, DB_NO_VALUES, ret_id, NULL, error);
}

DB_SQL(EVENT_OLDEST, "SELECT coalesce(min(id), 0) FROM event");

enum error_code store_event_oldest(struct work *work, int64_t *ret_id, struct error *error)
{
    return db_find_int64(work->db, &EVENT_OLDEST, DB_NO_VALUES, ret_id, NULL, error);
}

/* Ids grow with time, so the old end is found without an index on time. What an active webhook has
 * not been told yet stays, but not for ever: a receiver that fails so long is switched off. */
DB_SQL(EVENT_PRUNE,
       "DELETE FROM event WHERE id IN "
       "(SELECT id FROM (SELECT id, at_ms FROM event ORDER BY id LIMIT $2) AS oldest "
       "WHERE at_ms < $1 AND (at_ms < $3 OR id <= (SELECT coalesce(min(seen), 9223372036854775807) "
       "FROM (SELECT min(cursor) AS seen FROM webhook WHERE state = 0 AND removed_at_ms IS NULL "
       "UNION ALL SELECT min(event_id) - 1 FROM webhook_delivery AS d JOIN webhook AS w "
       "ON w.id = d.webhook_id WHERE d.state IN (0, 1) AND w.state = 0 "
       "AND w.removed_at_ms IS NULL))))");

enum error_code store_event_prune(struct work *work, int64_t before_ms, size_t limit,
                                  int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &EVENT_PRUNE,
                  DB_VALUES(DB_INT(before_ms), DB_INT(limit), DB_INT(before_ms - HELD_MS)),
                  ret_deleted, error);
}
