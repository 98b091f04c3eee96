/* Reads the counter and counter_hour tables; store/counters.c writes them. */
#include "store/store_counter.h"

#include "store/db.h"

DB_SQL(COUNTER_COUNT, "SELECT count(*) FROM counter WHERE $1 = 0 OR sequence_id = $1");
DB_SQL(COUNTER_COUNT_ONE, "SELECT count(*) FROM counter WHERE sequence_id = $1");
DB_SQL(COUNTER_LIST, "SELECT sequence_id, step_id, outcome, reason, count FROM counter "
                     "ORDER BY sequence_id, step_id, outcome, reason");
DB_SQL(COUNTER_LIST_ONE, "SELECT sequence_id, step_id, outcome, reason, count FROM counter "
                         "WHERE sequence_id = $1 ORDER BY step_id, outcome, reason");

enum error_code store_counter_list(struct work *work, int64_t sequence_id,
                                   struct store_counter **ret_counters, size_t *ret_count,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool one = sequence_id != 0;
    const struct db_value id = DB_INT(sequence_id);
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code = db_find_int64(work->db, one ? &COUNTER_COUNT_ONE : &COUNTER_COUNT, &id,
                                         1, &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, one ? &COUNTER_LIST_ONE : &COUNTER_LIST, &id, one ? 1 : 0,
                        &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_counter *counters =
        arena_array(work->arena, (size_t)expected + 1, sizeof(*counters));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            counters[count++] = (struct store_counter){.sequence_id = db_int64(statement, 0),
                                                       .step_id = db_int64(statement, 1),
                                                       .outcome = db_int64(statement, 2),
                                                       .reason = db_int64(statement, 3),
                                                       .count = db_int64(statement, 4)};
        }
    }
    if (code == OK) {
        *ret_counters = counters;
        *ret_count = count;
    }
    return code;
}

DB_SQL(COUNTER_GET, "SELECT coalesce(sum(count), 0) FROM counter WHERE sequence_id = $1 "
                    "AND step_id = $2 AND outcome = $3");

enum error_code store_counter_get(struct work *work, int64_t sequence_id, int64_t step_id,
                                  int64_t outcome, int64_t *ret_count, struct error *error)
{
    return db_find_int64(work->db, &COUNTER_GET,
                         DB_VALUES(DB_INT(sequence_id), DB_INT(step_id), DB_INT(outcome)),
                         ret_count, NULL, error);
}

/* Gathers rows of (hour, sequence, outcome, count). The caller bounds how many there can be. */
static enum error_code read_hours(struct work *work, struct db_statement *statement,
                                  struct store_counter_hour **ret_hours, size_t *ret_count,
                                  struct error *error)
{
    size_t capacity = 256;
    size_t count = 0;
    bool row = true;
    enum error_code code = OK;
    struct store_counter_hour *hours = arena_array(work->arena, capacity, sizeof(*hours));
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code != OK || !row) {
            break;
        }
        if (count == capacity) {
            struct store_counter_hour *more = arena_array(work->arena, capacity * 2, sizeof(*more));
            memcpy(more, hours, count * sizeof(*more));
            hours = more;
            capacity *= 2;
        }
        hours[count++] = (struct store_counter_hour){.hour_at_ms = db_int64(statement, 0),
                                                     .sequence_id = db_int64(statement, 1),
                                                     .outcome = db_int64(statement, 2),
                                                     .count = db_int64(statement, 3)};
    }
    if (code == OK) {
        *ret_hours = hours;
        *ret_count = count;
    }
    return code;
}

DB_SQL(COUNTER_HOURS,
       "SELECT hour_at_ms, 0, outcome, sum(count) FROM counter_hour "
       "WHERE hour_at_ms >= $1 AND hour_at_ms < $2 AND (sequence_id <> 0 OR outcome = 10) "
       "GROUP BY hour_at_ms, outcome "
       "ORDER BY hour_at_ms, outcome");
DB_SQL(COUNTER_HOURS_ONE, "SELECT hour_at_ms, sequence_id, outcome, count FROM counter_hour "
                          "WHERE hour_at_ms >= $1 AND hour_at_ms < $2 AND sequence_id = $3 "
                          "ORDER BY hour_at_ms, outcome");

enum error_code store_counter_hours(struct work *work, int64_t sequence_id, int64_t from_ms,
                                    int64_t to_ms, struct store_counter_hour **ret_hours,
                                    size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool one = sequence_id != 0;
    const struct db_value values[] = {DB_INT(from_ms), DB_INT(to_ms), DB_INT(sequence_id)};
    enum error_code code = db_query(work->db, one ? &COUNTER_HOURS_ONE : &COUNTER_HOURS, values,
                                    one ? 3 : 2, &statement, error);
    return code == OK ? read_hours(work, statement, ret_hours, ret_count, error) : code;
}

DB_SQL(COUNTER_PERIOD, "SELECT 0, sequence_id, outcome, sum(count) FROM counter_hour "
                       "WHERE hour_at_ms >= $1 AND hour_at_ms < $2 GROUP BY sequence_id, outcome "
                       "ORDER BY sequence_id, outcome");

enum error_code store_counter_period(struct work *work, int64_t from_ms, int64_t to_ms,
                                     struct store_counter_hour **ret_rows, size_t *ret_count,
                                     struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code = db_query(work->db, &COUNTER_PERIOD,
                                    DB_VALUES(DB_INT(from_ms), DB_INT(to_ms)), &statement, error);
    return code == OK ? read_hours(work, statement, ret_rows, ret_count, error) : code;
}

DB_SQL(TEST_MESSAGE_SENT, "SELECT EXISTS (SELECT 1 FROM message WHERE enrollment_id IS NULL "
                          "AND state = 5)");

enum error_code store_test_message_sent(struct work *work, bool *ret_sent, struct error *error)
{
    int64_t sent = 0;
    enum error_code code =
        db_find_int64(work->db, &TEST_MESSAGE_SENT, DB_NO_VALUES, &sent, NULL, error);
    if (code == OK) {
        *ret_sent = sent != 0;
    }
    return code;
}
