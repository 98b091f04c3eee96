/* Reads the counter tables of steps and of time; store/counters.c writes them. The table of cohorts
 * is read by store_cohort.c. */
#include "store/store_counter.h"

#include "base/instant.h"
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

static void add_pending(void *context, const struct counter_key *key, int64_t delta)
{
    struct counter_list *list = context;
    if (list->sequence_id != 0 && key->sequence_id != list->sequence_id) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct store_counter *row = &list->rows[i];
        if (row->sequence_id == key->sequence_id && row->step_id == key->step_id &&
            row->outcome == key->outcome && row->reason == key->reason) {
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
        (struct store_counter){key->sequence_id, key->step_id, key->outcome, key->reason, delta};
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
    counters_visit(work, COUNTER_STEP, add_pending, &list);
    if (list.added) {
        qsort(list.rows, list.count, sizeof(*list.rows), compare_counters);
    }
    *ret_counters = list.rows;
    *ret_count = list.count;
    return OK;
}

DB_SQL(COUNTER_TIME_SUM,
       "SELECT count(*), sum(sent), sum(failed), sum(skipped), sum(cancelled), sum(unknown), "
       "sum(delivered), sum(read), sum(replied), sum(opted_out), sum(enrolled), sum(completed) "
       "FROM counter_time "
       "WHERE sequence_id = $1 AND width = $2 AND at_ms >= $3 AND at_ms < $4");

/* A span of time as stretches of one width, from both ends inwards: quarters up to whole hours,
 * hours up to whole days, days between. Some are empty. */
struct stretch {
    enum counter_width width;
    int64_t from_ms;
    int64_t to_ms;
};
enum { STRETCH_COUNT = 5 };

static int64_t round_up(enum counter_width width, int64_t at_ms)
{
    return counters_start(width, at_ms + COUNTER_WIDTH_MS[width] - 1);
}

static void cut(int64_t from_ms, int64_t to_ms, struct stretch *ret_stretches)
{
    int64_t start_ms = counters_start(COUNTER_QUARTER, from_ms);
    int64_t end_ms = round_up(COUNTER_QUARTER, to_ms);
    size_t count = 0;
    for (enum counter_width width = 0; width < COUNTER_DAY; width++) {
        int64_t inner_start_ms = round_up(width + 1, start_ms);
        int64_t inner_end_ms = counters_start(width + 1, end_ms);
        if (inner_start_ms > inner_end_ms) {
            inner_start_ms = end_ms;
            inner_end_ms = end_ms;
        }
        ret_stretches[count++] = (struct stretch){width, start_ms, inner_start_ms};
        ret_stretches[count++] = (struct stretch){width, inner_end_ms, end_ms};
        start_ms = inner_start_ms;
        end_ms = inner_end_ms;
    }
    ret_stretches[count++] = (struct stretch){COUNTER_DAY, start_ms, end_ms};
    CHECK(count == STRETCH_COUNT);
}

/* Adds the rows of one width from `from_ms` to `to_ms`. */
static enum error_code add_width(struct work *work, int64_t sequence_id, enum counter_width width,
                                 int64_t from_ms, int64_t to_ms, struct store_counter_time *sums,
                                 struct error *error)
{
    static const int COLUMNS[] = {OUTCOME_SENT,          OUTCOME_FAILED,        OUTCOME_SKIPPED,
                                  OUTCOME_CANCELLED,     OUTCOME_UNKNOWN,       OUTCOME_DELIVERED,
                                  OUTCOME_READ,          OUTCOME_REPLIED,       OUTCOME_OPTED_OUT,
                                  COUNTER_TIME_ENROLLED, COUNTER_TIME_COMPLETED};
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    if (from_ms >= to_ms) {
        return OK;
    }
    enum error_code code =
        db_query(work->db, &COUNTER_TIME_SUM,
                 DB_VALUES(DB_INT(sequence_id), DB_INT(width), DB_INT(from_ms), DB_INT(to_ms)),
                 &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    for (size_t i = 0; code == OK && row && i < ARRAY_SIZE(COLUMNS); i++) {
        sums->counts[COLUMNS[i]] += db_int64(statement, (int)i + 1);
    }
    return code;
}

enum error_code store_counter_time(struct work *work, int64_t sequence_id, int64_t from_ms,
                                   int64_t to_ms, struct store_counter_time *ret_sums,
                                   struct error *error)
{
    struct store_counter_time sums = {0};
    struct stretch stretches[STRETCH_COUNT];
    enum error_code code = OK;
    cut(from_ms, to_ms, stretches);
    for (size_t i = 0; code == OK && i < STRETCH_COUNT; i++) {
        code = add_width(work, sequence_id, stretches[i].width, stretches[i].from_ms,
                         stretches[i].to_ms, &sums, error);
    }
    if (code == OK) {
        *ret_sums = sums;
    }
    return code;
}

/* $1 sequence, then the ends of each stretch in the order of cut(). */
#define FAILURES_IN(width, from, to)                                                               \
    "SELECT reason, count FROM counter_failure WHERE sequence_id = $1 AND width = " width          \
    " AND at_ms >= " from " AND at_ms < " to
DB_SQL(
    COUNTER_FAILURES,
    "SELECT reason, sum(count) FROM (" FAILURES_IN("0", "$2", "$3") " UNION ALL " FAILURES_IN(
        "0", "$4",
        "$5") " UNION ALL " FAILURES_IN("1", "$6",
                                        "$7") " UNION ALL " FAILURES_IN("1", "$8",
                                                                        "$9") " UNION "
                                                                              "ALL " FAILURES_IN(
                                                                                  "2",
                                                                                  "$"
                                                                                  "1"
                                                                                  "0",
                                                                                  "$"
                                                                                  "1"
                                                                                  "1") ") GROUP BY "
                                                                                       "reason");
enum { FAILURE_REASONS_MAX = 500 };

enum error_code store_counter_failures(struct work *work, int64_t sequence_id, int64_t from_ms,
                                       int64_t to_ms, struct store_counter_failure **ret_rows,
                                       size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_counter_failure *rows =
        arena_array(work->arena, FAILURE_REASONS_MAX, sizeof(*rows));
    struct stretch stretches[STRETCH_COUNT];
    struct db_value values[1 + 2 * STRETCH_COUNT] = {DB_INT(sequence_id)};
    size_t count = 0;
    bool row = true;
    cut(from_ms, to_ms, stretches);
    for (size_t i = 0; i < STRETCH_COUNT; i++) {
        values[1 + 2 * i] = DB_INT(stretches[i].from_ms);
        values[2 + 2 * i] = DB_INT(stretches[i].to_ms);
    }
    enum error_code code =
        db_query(work->db, &COUNTER_FAILURES, values, ARRAY_SIZE(values), &statement, error);
    while (code == OK && count < FAILURE_REASONS_MAX &&
           (code = db_next(statement, &row, error)) == OK && row) {
        rows[count++] = (struct store_counter_failure){
            .reason = db_int64(statement, 0),
            .count = db_int64(statement, 1),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
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
