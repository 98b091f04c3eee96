/* Reads the counter and counter_hour tables; store/counters.c writes them. */
#include "store/store_counter.h"

#include "store/counters.h"
#include "store/db.h"

#include <stdlib.h>

/* Rows of the table, and what this commit adds to them. */
struct counter_list {
    struct arena *arena;
    int64_t sequence_id; /* 0: all */
    struct store_counter *rows;
    size_t count;
    size_t capacity;
    bool added;
};

static void add_pending(void *context, int64_t sequence_id, int64_t step_id, int64_t outcome,
                        int64_t reason, int64_t delta)
{
    struct counter_list *list = context;
    if (list->sequence_id != 0 && sequence_id != list->sequence_id) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct store_counter *row = &list->rows[i];
        if (row->sequence_id == sequence_id && row->step_id == step_id && row->outcome == outcome &&
            row->reason == reason) {
            row->count += delta;
            return;
        }
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity * 2 + 16;
        struct store_counter *more = arena_array(list->arena, capacity, sizeof(*more));
        if (list->count > 0) {
            memcpy(more, list->rows, list->count * sizeof(*more));
        }
        list->rows = more;
        list->capacity = capacity;
    }
    list->rows[list->count++] =
        (struct store_counter){sequence_id, step_id, outcome, reason, delta};
    list->added = true;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_counters(const void *left, const void *right)
{
    const struct store_counter *a = left;
    const struct store_counter *b = right;
    int result = compare_numbers(a->sequence_id, b->sequence_id);
    result = result != 0 ? result : compare_numbers(a->step_id, b->step_id);
    result = result != 0 ? result : compare_numbers(a->outcome, b->outcome);
    return result != 0 ? result : compare_numbers(a->reason, b->reason);
}

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
    if (code != OK) {
        return code;
    }
    struct counter_list list = {.arena = work->arena,
                                .sequence_id = sequence_id,
                                .rows = counters,
                                .count = count,
                                .capacity = count};
    counters_visit(work, add_pending, &list);
    if (list.added) {
        qsort(list.rows, list.count, sizeof(*list.rows), compare_counters);
    }
    *ret_counters = list.rows;
    *ret_count = list.count;
    return OK;
}

DB_SQL(COUNTER_GET, "SELECT coalesce(sum(count), 0) FROM counter WHERE sequence_id = $1 "
                    "AND step_id = $2 AND outcome = $3");

/* One counter as the table and this commit make it. */
struct counter_sum {
    int64_t sequence_id;
    int64_t step_id;
    int64_t outcome;
    int64_t count;
};

static void sum_pending(void *context, int64_t sequence_id, int64_t step_id, int64_t outcome,
                        int64_t reason, int64_t delta)
{
    struct counter_sum *sum = context;
    (void)reason;
    if (sum->sequence_id == sequence_id && sum->step_id == step_id && sum->outcome == outcome) {
        sum->count += delta;
    }
}

enum error_code store_counter_get(struct work *work, int64_t sequence_id, int64_t step_id,
                                  int64_t outcome, int64_t *ret_count, struct error *error)
{
    struct counter_sum sum = {.sequence_id = sequence_id, .step_id = step_id, .outcome = outcome};
    enum error_code code = db_find_int64(
        work->db, &COUNTER_GET, DB_VALUES(DB_INT(sequence_id), DB_INT(step_id), DB_INT(outcome)),
        &sum.count, NULL, error);
    if (code == OK) {
        counters_visit(work, sum_pending, &sum);
        *ret_count = sum.count;
    }
    return code;
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
