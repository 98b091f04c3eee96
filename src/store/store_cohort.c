/* Reads the table of cohorts, and writes it anew for repairs: see store_cohort.h. In daily life
 * store/counters.c writes it. */
#include "store/store_cohort.h"

#include "base/hash.h"
#include "domain/enrollment.h"
#include "store/db.h"

#include <string.h>

#define COHORT_COLUMNS                                                                             \
    "cohort_at_ms, step_id, waiting, queued, sent, failed, skipped, cancelled, unknown, "          \
    "delivered, read, replied, opted_out"
DB_SQL(COHORT_LIST, "SELECT " COHORT_COLUMNS " FROM counter_cohort WHERE sequence_id = $1 "
                    "AND width = $2 AND cohort_at_ms >= $3 AND cohort_at_ms < $4 "
                    "ORDER BY cohort_at_ms, step_id");

enum error_code store_cohort_visit(struct work *work, int64_t sequence_id, enum counter_width width,
                                   int64_t from_ms, int64_t to_ms,
                                   void (*visit)(void *context, const struct store_cohort *row),
                                   void *context, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool more = true;
    enum error_code code =
        db_query(work->db, &COHORT_LIST,
                 DB_VALUES(DB_INT(sequence_id), DB_INT(width), DB_INT(from_ms), DB_INT(to_ms)),
                 &statement, error);
    while (code == OK && (code = db_next(statement, &more, error)) == OK && more) {
        struct store_cohort row = {.at_ms = db_int64(statement, 0),
                                   .step_id = db_int64(statement, 1)};
        for (int i = 0; i < OUTCOME_COUNT; i++) {
            row.counts[i] = db_int64(statement, i + 2);
        }
        visit(context, &row);
    }
    return code;
}

/* People by cohort, found by the quarter they were enrolled in. */
struct people {
    struct arena *arena;
    struct map64 *places;
    int64_t sequence_id;
    struct store_cohort *rows;
    size_t count;
    size_t capacity;
};

static struct store_cohort *find_cohort(struct people *people, int64_t at_ms)
{
    int64_t place = 0;
    if (map64_get(people->places, at_ms, &place)) {
        return &people->rows[place];
    }
    if (people->count == people->capacity) {
        size_t capacity = people->capacity * 2 + 64;
        struct store_cohort *more = arena_array(people->arena, capacity, sizeof(*more));
        if (people->count > 0) {
            memcpy(more, people->rows, people->count * sizeof(*more));
        }
        people->rows = more;
        people->capacity = capacity;
    }
    (void)map64_put(people->places, at_ms, (int64_t)people->count);
    people->rows[people->count] = (struct store_cohort){.at_ms = at_ms};
    return &people->rows[people->count++];
}

static void add_row(void *context, const struct store_cohort *row)
{
    if (row->step_id != 0) {
        return;
    }
    struct store_cohort *cohort = find_cohort(context, row->at_ms);
    for (size_t status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
        cohort->counts[status] += row->counts[status];
    }
}

static void add_pending(void *context, const struct counter_key *key, int64_t delta)
{
    struct people *people = context;
    if (key->sequence_id == people->sequence_id && key->step_id == 0 &&
        key->width == COUNTER_QUARTER) {
        find_cohort(people, key->at_ms)->counts[key->outcome] += delta;
    }
}

enum error_code store_cohort_people(struct work *work, int64_t sequence_id,
                                    struct store_cohort **ret_rows, size_t *ret_count,
                                    struct error *error)
{
    CLEANUP(map64_free) struct map64 *places = map64_new(64);
    struct people people = {.arena = work->arena, .places = places, .sequence_id = sequence_id};
    enum error_code code = store_cohort_visit(work, sequence_id, COUNTER_QUARTER, INT64_MIN,
                                              INT64_MAX, add_row, &people, error);
    if (code == OK) {
        counters_visit(work, COUNTER_COHORT, add_pending, &people);
        *ret_rows = people.rows;
        *ret_count = people.count;
    }
    return code;
}

DB_SQL(COHORT_MISSING, "SELECT EXISTS (SELECT 1 FROM enrollment) "
                       "AND NOT EXISTS (SELECT 1 FROM counter_cohort)");

enum error_code store_cohort_missing(struct work *work, bool *ret_missing, struct error *error)
{
    int64_t missing = 0;
    enum error_code code =
        db_find_int64(work->db, &COHORT_MISSING, DB_NO_VALUES, &missing, NULL, error);
    if (code == OK) {
        *ret_missing = missing != 0;
    }
    return code;
}

DB_SQL(COHORT_CLEAR, "DELETE FROM counter_cohort WHERE sequence_id = $1 AND step_id = $2");

enum error_code store_cohort_clear(struct work *work, int64_t sequence_id, int64_t step_id,
                                   struct error *error)
{
    return db_run(work->db, &COHORT_CLEAR, DB_VALUES(DB_INT(sequence_id), DB_INT(step_id)), NULL,
                  error);
}

DB_SQL(COHORT_PUT, "INSERT INTO counter_cohort (sequence_id, width, " COHORT_COLUMNS ") "
                   "VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");

enum error_code store_cohort_put(struct work *work, int64_t sequence_id,
                                 const struct store_cohort *row, struct error *error)
{
    struct db_value values[3 + OUTCOME_COUNT] = {DB_INT(sequence_id), DB_INT(row->at_ms),
                                                 DB_INT(row->step_id)};
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        values[3 + i] = DB_INT(row->counts[i]);
    }
    return db_run(work->db, &COHORT_PUT, values, ARRAY_SIZE(values), NULL, error);
}

#define WIDE_START "cohort_at_ms - ((cohort_at_ms % $3) + $3) % $3"
DB_SQL(COHORT_WIDE_CLEAR, "DELETE FROM counter_cohort WHERE sequence_id = $1 AND width > 0");
DB_SQL(COHORT_WIDE_PUT,
       "INSERT INTO counter_cohort (sequence_id, width, " COHORT_COLUMNS ") "
       "SELECT sequence_id, $2, " WIDE_START ", step_id, sum(waiting), sum(queued), sum(sent), "
       "sum(failed), sum(skipped), sum(cancelled), sum(unknown), sum(delivered), sum(read), "
       "sum(replied), sum(opted_out) "
       "FROM counter_cohort WHERE sequence_id = $1 AND width = 0 GROUP BY 3, 4");

enum error_code store_cohort_widen(struct work *work, int64_t sequence_id, struct error *error)
{
    enum error_code code =
        db_run(work->db, &COHORT_WIDE_CLEAR, DB_VALUES(DB_INT(sequence_id)), NULL, error);
    for (enum counter_width width = COUNTER_HOUR; code == OK && width < COUNTER_WIDTHS; width++) {
        code =
            db_run(work->db, &COHORT_WIDE_PUT,
                   DB_VALUES(DB_INT(sequence_id), DB_INT(width), DB_INT(COUNTER_WIDTH_MS[width])),
                   NULL, error);
    }
    return code;
}

DB_SQL(COHORT_WIDE_WRONG,
       "SELECT start_ms, step_id FROM (SELECT " WIDE_START " AS start_ms, step_id, waiting, "
       "queued, sent, failed, skipped, cancelled, unknown, delivered, read, replied, opted_out "
       "FROM counter_cohort WHERE sequence_id = $1 AND width = 0 "
       "UNION ALL SELECT cohort_at_ms, step_id, -waiting, -queued, -sent, -failed, -skipped, "
       "-cancelled, -unknown, -delivered, -read, -replied, -opted_out "
       "FROM counter_cohort WHERE sequence_id = $1 AND width = $2) GROUP BY 1, 2 "
       "HAVING sum(waiting) <> 0 OR sum(queued) <> 0 OR sum(sent) <> 0 OR sum(failed) <> 0 "
       "OR sum(skipped) <> 0 OR sum(cancelled) <> 0 OR sum(unknown) <> 0 OR sum(delivered) <> 0 "
       "OR sum(read) <> 0 OR sum(replied) <> 0 OR sum(opted_out) <> 0 LIMIT 1");

static void add_of_step(void *context, const struct store_cohort *row)
{
    struct store_cohort *sum = context;
    for (size_t i = 0; row->step_id == sum->step_id && i < OUTCOME_COUNT; i++) {
        sum->counts[i] += row->counts[i];
    }
}

static enum error_code find_wrong_of_width(struct work *work, int64_t sequence_id,
                                           enum counter_width width, struct store_cohort *ret_place,
                                           bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, &COHORT_WIDE_WRONG,
                 DB_VALUES(DB_INT(sequence_id), DB_INT(width), DB_INT(COUNTER_WIDTH_MS[width])),
                 &statement, error);
    if (code == OK) {
        code = db_next(statement, ret_found, error);
    }
    if (code == OK && *ret_found) {
        *ret_place = (struct store_cohort){.at_ms = db_int64(statement, 0),
                                           .step_id = db_int64(statement, 1)};
    }
    return code;
}

enum error_code store_cohort_find_wrong(struct work *work, int64_t sequence_id,
                                        struct store_cohort *ret_stored,
                                        struct store_cohort *ret_sum, bool *ret_found,
                                        struct error *error)
{
    struct store_cohort stored = {0};
    enum error_code code = OK;
    enum counter_width width = COUNTER_QUARTER;
    bool found = false;
    while (code == OK && !found && ++width < COUNTER_WIDTHS) {
        code = find_wrong_of_width(work, sequence_id, width, &stored, &found, error);
    }
    struct store_cohort sum = stored;
    if (code == OK && found) {
        code = store_cohort_visit(work, sequence_id, width, stored.at_ms, stored.at_ms + 1,
                                  add_of_step, &stored, error);
    }
    if (code == OK && found) {
        code = store_cohort_visit(work, sequence_id, COUNTER_QUARTER, sum.at_ms,
                                  sum.at_ms + COUNTER_WIDTH_MS[width], add_of_step, &sum, error);
    }
    if (code == OK) {
        *ret_stored = stored;
        *ret_sum = sum;
        *ret_found = found;
    }
    return code;
}
