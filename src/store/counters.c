/* Outcome counters of one commit, in memory: a small open-addressing table of keys and deltas, and
 * a log of the running job's changes, so that a failed job's part can be taken back. Rows that hold
 * several outcomes are written once, with all of them. */
#include "store/counters.h"

#include "base/hash.h"
#include "base/instant.h"
#include "base/mem.h"
#include "store/db.h"

#include <string.h>

enum {
    FIRST_CAPACITY = 256,
    LOOK_BACK = 4, /* changes of the running job that a new one may join */
};

const int64_t COUNTER_WIDTH_MS[COUNTER_WIDTHS] = {COUNTER_QUARTER_MS, MS_PER_HOUR, MS_PER_DAY};

struct counter_entry {
    struct counter_key key;
    int64_t delta;
    bool used;
};

struct counter_change {
    struct counter_key key;
    int64_t delta;
};

struct counters {
    struct counter_entry *entries;
    size_t capacity; /* a power of two */
    size_t count;
    struct counter_change *changes; /* of the running job */
    size_t change_count;
    size_t change_capacity;
};

struct counters *counters_new(void)
{
    struct counters *counters = mem_zalloc(sizeof(*counters));
    counters->capacity = FIRST_CAPACITY;
    counters->entries = mem_array(counters->capacity, sizeof(struct counter_entry));
    return counters;
}

void counters_free(struct counters *counters)
{
    if (counters != NULL) {
        mem_free(counters->entries);
        mem_free(counters->changes);
        mem_free(counters);
    }
}

static struct counter_entry *find_place(struct counters *counters, const struct counter_key *key)
{
    size_t mask = counters->capacity - 1;
    size_t at = (size_t)hash_bytes(key, sizeof(*key), 0) & mask;
    while (counters->entries[at].used &&
           memcmp(&counters->entries[at].key, key, sizeof(*key)) != 0) {
        at = (at + 1) & mask;
    }
    return &counters->entries[at];
}

static void grow(struct counters *counters)
{
    struct counter_entry *old = counters->entries;
    size_t old_capacity = counters->capacity;
    counters->capacity *= 2;
    counters->entries = mem_array(counters->capacity, sizeof(struct counter_entry));
    for (size_t at = 0; at < old_capacity; at++) {
        if (old[at].used) {
            *find_place(counters, &old[at].key) = old[at];
        }
    }
    mem_free(old);
}

static void apply(struct counters *counters, const struct counter_key *key, int64_t delta)
{
    struct counter_entry *entry = find_place(counters, key);
    if (!entry->used) {
        *entry = (struct counter_entry){.key = *key, .used = true};
        counters->count++;
        if (counters->count * 2 > counters->capacity) {
            grow(counters);
            entry = find_place(counters, key);
        }
    }
    entry->delta += delta;
}

static void change(struct counters *counters, const struct counter_key *key, int64_t delta)
{
    CHECK(counters != NULL); /* a reader's work has none: counters move only in writer jobs */
    if (delta == 0) {
        return;
    }
    /* The commonest job adds to the same few counters again and again. */
    for (size_t back = 1; back <= LOOK_BACK && back <= counters->change_count; back++) {
        struct counter_change *earlier = &counters->changes[counters->change_count - back];
        if (memcmp(&earlier->key, key, sizeof(*key)) == 0) {
            earlier->delta += delta;
            return;
        }
    }
    if (counters->change_count == counters->change_capacity) {
        counters->change_capacity =
            counters->change_capacity == 0 ? 64 : counters->change_capacity * 2;
        counters->changes =
            mem_resize(counters->changes, counters->change_capacity * sizeof(*counters->changes));
    }
    counters->changes[counters->change_count++] =
        (struct counter_change){.key = *key, .delta = delta};
}

static int64_t quarter_of(int64_t at_ms)
{
    return counters_start(COUNTER_QUARTER, at_ms);
}

void counters_add(struct work *work, const struct counter_place *place, int outcome, int64_t reason,
                  int64_t delta)
{
    struct counter_key key = {.kind = COUNTER_STEP,
                              .sequence_id = place->sequence_id,
                              .step_id = place->step_id,
                              .outcome = outcome,
                              .reason = reason};
    change(work->counters, &key, delta);
    key.kind = COUNTER_COHORT;
    key.at_ms = quarter_of(place->enrolled_at_ms);
    key.reason = 0;
    change(work->counters, &key, delta);
}

void counters_add_time(struct work *work, int64_t sequence_id, int outcome, int64_t delta)
{
    if (sequence_id == 0 && outcome != OUTCOME_OPTED_OUT) {
        return;
    }
    struct counter_key key = {.kind = COUNTER_TIME,
                              .at_ms = quarter_of(work->now_ms),
                              .sequence_id = sequence_id,
                              .outcome = outcome};
    change(work->counters, &key, delta);
}

static void add_failure(struct work *work, int64_t sequence_id, int64_t reason)
{
    struct counter_key key = {.kind = COUNTER_FAILURE,
                              .at_ms = quarter_of(work->now_ms),
                              .sequence_id = sequence_id,
                              .outcome = OUTCOME_FAILED,
                              .reason = reason};
    change(work->counters, &key, 1);
}

void counters_move(struct work *work, const struct counter_place *place, enum step_outcome from,
                   int64_t from_reason, enum step_outcome to, int64_t to_reason)
{
    if (from == to && from_reason == to_reason) {
        return;
    }
    counters_add(work, place, (int)from, from_reason, -1);
    counters_add(work, place, (int)to, to_reason, 1);
    if (from != to && to != OUTCOME_QUEUED && to != OUTCOME_WAITING) {
        counters_add_time(work, place->sequence_id, (int)to, 1);
        if (to == OUTCOME_FAILED && place->sequence_id != 0) {
            add_failure(work, place->sequence_id, to_reason);
        }
    }
}

void counters_visit(const struct work *work, enum counter_kind kind,
                    void (*visit)(void *context, const struct counter_key *key, int64_t delta),
                    void *context)
{
    const struct counters *counters = work->counters;
    if (counters == NULL) {
        return;
    }
    for (size_t at = 0; counters->count > 0 && at < counters->capacity; at++) {
        const struct counter_entry *entry = &counters->entries[at];
        if (entry->used && entry->key.kind == (int64_t)kind) {
            visit(context, &entry->key, entry->delta);
        }
    }
    for (size_t at = 0; at < counters->change_count; at++) {
        if (counters->changes[at].key.kind == (int64_t)kind) {
            visit(context, &counters->changes[at].key, counters->changes[at].delta);
        }
    }
}

void counters_keep(struct counters *counters)
{
    for (size_t at = 0; at < counters->change_count; at++) {
        apply(counters, &counters->changes[at].key, counters->changes[at].delta);
    }
    counters->change_count = 0;
}

void counters_drop(struct counters *counters)
{
    counters->change_count = 0;
}

void counters_clear(struct counters *counters)
{
    counters->change_count = 0;
    if (counters->count > 0) {
        memset(counters->entries, 0, counters->capacity * sizeof(*counters->entries));
        counters->count = 0;
    }
}

DB_SQL(COUNTER_ADD, "INSERT INTO counter (sequence_id, step_id, outcome, reason, count) "
                    "VALUES ($1, $2, $3, $4, $5) "
                    "ON CONFLICT (sequence_id, step_id, outcome, reason) "
                    "DO UPDATE SET count = counter.count + excluded.count");

#define TIME_COLUMNS                                                                               \
    "sent, failed, skipped, cancelled, unknown, delivered, read, replied, opted_out, enrolled, "   \
    "completed"
DB_SQL(COUNTER_TIME_ADD,
       "INSERT INTO counter_time (sequence_id, width, at_ms, " TIME_COLUMNS ") "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
       "ON CONFLICT (sequence_id, width, at_ms) DO UPDATE SET "
       "sent = counter_time.sent + excluded.sent, failed = counter_time.failed + excluded.failed, "
       "skipped = counter_time.skipped + excluded.skipped, "
       "cancelled = counter_time.cancelled + excluded.cancelled, "
       "unknown = counter_time.unknown + excluded.unknown, "
       "delivered = counter_time.delivered + excluded.delivered, "
       "read = counter_time.read + excluded.read, "
       "replied = counter_time.replied + excluded.replied, "
       "opted_out = counter_time.opted_out + excluded.opted_out, "
       "enrolled = counter_time.enrolled + excluded.enrolled, "
       "completed = counter_time.completed + excluded.completed");

DB_SQL(COUNTER_COHORT_ADD,
       "INSERT INTO counter_cohort (sequence_id, width, cohort_at_ms, step_id, waiting, queued, "
       "sent, failed, skipped, cancelled, unknown, delivered, read, replied, opted_out) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
       "ON CONFLICT (sequence_id, width, cohort_at_ms, step_id) DO UPDATE SET "
       "waiting = counter_cohort.waiting + excluded.waiting, "
       "queued = counter_cohort.queued + excluded.queued, "
       "sent = counter_cohort.sent + excluded.sent, "
       "failed = counter_cohort.failed + excluded.failed, "
       "skipped = counter_cohort.skipped + excluded.skipped, "
       "cancelled = counter_cohort.cancelled + excluded.cancelled, "
       "unknown = counter_cohort.unknown + excluded.unknown, "
       "delivered = counter_cohort.delivered + excluded.delivered, "
       "read = counter_cohort.read + excluded.read, "
       "replied = counter_cohort.replied + excluded.replied, "
       "opted_out = counter_cohort.opted_out + excluded.opted_out");

DB_SQL(COUNTER_FAILURE_ADD,
       "INSERT INTO counter_failure (sequence_id, width, at_ms, reason, count) "
       "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sequence_id, width, at_ms, reason) "
       "DO UPDATE SET count = counter_failure.count + excluded.count");

/* All deltas that belong into the row of `entry`, taken out of the table. */
static void take_row(struct counters *counters, const struct counter_entry *entry, size_t count,
                     int64_t *ret_deltas)
{
    struct counter_key key = entry->key;
    for (size_t outcome = 0; outcome < count; outcome++) {
        key.outcome = (int64_t)outcome;
        struct counter_entry *one = find_place(counters, &key);
        ret_deltas[outcome] = one->used ? one->delta : 0;
        one->delta = 0;
    }
}

static enum error_code write_time(struct counters *counters, const struct counter_entry *entry,
                                  struct db *db, struct error *error)
{
    const struct counter_key key = entry->key;
    const int64_t sequences[] = {0, key.sequence_id}; /* everything together, and its own */
    int64_t of[COUNTER_TIME_COUNT];
    enum error_code code = OK;
    take_row(counters, entry, COUNTER_TIME_COUNT, of);
    for (enum counter_width width = 0; width < COUNTER_WIDTHS; width++) {
        for (size_t i = 0; code == OK && i < (key.sequence_id == 0 ? 1 : 2); i++) {
            code = db_run(
                db, &COUNTER_TIME_ADD,
                DB_VALUES(DB_INT(sequences[i]), DB_INT(width),
                          DB_INT(counters_start(width, key.at_ms)), DB_INT(of[OUTCOME_SENT]),
                          DB_INT(of[OUTCOME_FAILED]), DB_INT(of[OUTCOME_SKIPPED]),
                          DB_INT(of[OUTCOME_CANCELLED]), DB_INT(of[OUTCOME_UNKNOWN]),
                          DB_INT(of[OUTCOME_DELIVERED]), DB_INT(of[OUTCOME_READ]),
                          DB_INT(of[OUTCOME_REPLIED]), DB_INT(of[OUTCOME_OPTED_OUT]),
                          DB_INT(of[COUNTER_TIME_ENROLLED]), DB_INT(of[COUNTER_TIME_COMPLETED])),
                NULL, error);
        }
    }
    return code;
}

static enum error_code write_failure(const struct counter_entry *entry, struct db *db,
                                     struct error *error)
{
    const struct counter_key *key = &entry->key;
    const int64_t sequences[] = {0, key->sequence_id}; /* everything together, and its own */
    enum error_code code = OK;
    for (enum counter_width width = 0; width < COUNTER_WIDTHS; width++) {
        for (size_t i = 0; code == OK && i < ARRAY_SIZE(sequences); i++) {
            code = db_run(db, &COUNTER_FAILURE_ADD,
                          DB_VALUES(DB_INT(sequences[i]), DB_INT(width),
                                    DB_INT(counters_start(width, key->at_ms)), DB_INT(key->reason),
                                    DB_INT(entry->delta)),
                          NULL, error);
        }
    }
    return code;
}

static enum error_code write_cohort(struct counters *counters, const struct counter_entry *entry,
                                    struct db *db, struct error *error)
{
    const struct counter_key key = entry->key;
    struct db_value values[4 + OUTCOME_COUNT] = {DB_INT(key.sequence_id), DB_INT(key.width),
                                                 DB_INT(key.at_ms), DB_INT(key.step_id)};
    int64_t deltas[OUTCOME_COUNT];
    take_row(counters, entry, OUTCOME_COUNT, deltas);
    for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        values[4 + outcome] = DB_INT(deltas[outcome]);
    }
    return db_run(db, &COUNTER_COHORT_ADD, values, ARRAY_SIZE(values), NULL, error);
}

static enum error_code write_entry(struct counters *counters, const struct counter_entry *entry,
                                   struct db *db, struct error *error)
{
    const struct counter_key *key = &entry->key;
    switch ((enum counter_kind)key->kind) {
    case COUNTER_TIME:
        return write_time(counters, entry, db, error);
    case COUNTER_COHORT:
        return write_cohort(counters, entry, db, error);
    case COUNTER_FAILURE:
        return write_failure(entry, db, error);
    case COUNTER_STEP:
        break;
    }
    return db_run(db, &COUNTER_ADD,
                  DB_VALUES(DB_INT(key->sequence_id), DB_INT(key->step_id), DB_INT(key->outcome),
                            DB_INT(key->reason), DB_INT(entry->delta)),
                  NULL, error);
}

/* Adds the quarters of cohorts up into hours and days, so that each row is written once: here and
 * not for each job, since a commit holds many jobs and few cohorts. */
static void widen_cohorts(struct counters *counters)
{
    size_t capacity = counters->capacity;
    struct counter_entry *quarters =
        mem_copy(counters->entries, capacity * sizeof(*quarters)); /* adding may move them */
    for (size_t at = 0; at < capacity; at++) {
        struct counter_key key = quarters[at].key;
        while (quarters[at].delta != 0 && key.kind == COUNTER_COHORT &&
               ++key.width < COUNTER_WIDTHS) {
            key.at_ms = counters_start((enum counter_width)key.width, key.at_ms);
            apply(counters, &key, quarters[at].delta);
        }
    }
    mem_free(quarters);
}

enum error_code counters_write(struct counters *counters, struct db *db, struct error *error)
{
    if (counters->count > 0) {
        widen_cohorts(counters);
    }
    enum error_code code = OK;
    size_t left = counters->count;
    for (size_t at = 0; left > 0 && at < counters->capacity && code == OK; at++) {
        if (counters->entries[at].used) {
            left--;
            if (counters->entries[at].delta != 0) {
                code = write_entry(counters, &counters->entries[at], db, error);
            }
        }
    }
    return code;
}
