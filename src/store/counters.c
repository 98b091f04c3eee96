/* Outcome counters of one commit, in memory: a small open-addressing table of keys and deltas, and
 * a log of the running job's changes, so that a failed job's part can be taken back. */
#include "store/counters.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/db.h"

#include <string.h>

enum {
    FIRST_CAPACITY = 256,
    HOUR_MS = 3600 * 1000,
};

struct counter_key {
    int64_t hour_at_ms; /* 0: the counter table; else the series per hour */
    int64_t sequence_id;
    int64_t step_id;
    int64_t outcome;
    int64_t reason;
};

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
    if (counters->change_count > 0) {
        struct counter_change *last = &counters->changes[counters->change_count - 1];
        if (memcmp(&last->key, key, sizeof(*key)) == 0) {
            last->delta += delta;
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

void counters_add(struct work *work, int64_t sequence_id, int64_t step_id, int outcome,
                  int64_t reason, int64_t delta)
{
    struct counter_key key = {
        .sequence_id = sequence_id, .step_id = step_id, .outcome = outcome, .reason = reason};
    change(work->counters, &key, delta);
}

void counters_add_hour(struct work *work, int64_t sequence_id, int outcome, int64_t delta)
{
    int64_t hour_at_ms = work->now_ms - work->now_ms % HOUR_MS;
    struct counter_key key = {.hour_at_ms = hour_at_ms > 0 ? hour_at_ms : HOUR_MS,
                              .sequence_id = sequence_id,
                              .outcome = outcome};
    change(work->counters, &key, delta);
}

void counters_visit(const struct work *work,
                    void (*visit)(void *context, int64_t sequence_id, int64_t step_id,
                                  int64_t outcome, int64_t reason, int64_t delta),
                    void *context)
{
    const struct counters *counters = work->counters;
    if (counters == NULL) {
        return;
    }
    for (size_t at = 0; counters->count > 0 && at < counters->capacity; at++) {
        const struct counter_entry *entry = &counters->entries[at];
        const struct counter_key *key = &entry->key;
        if (entry->used && key->hour_at_ms == 0) {
            visit(context, key->sequence_id, key->step_id, key->outcome, key->reason, entry->delta);
        }
    }
    for (size_t at = 0; at < counters->change_count; at++) {
        const struct counter_key *key = &counters->changes[at].key;
        if (key->hour_at_ms == 0) {
            visit(context, key->sequence_id, key->step_id, key->outcome, key->reason,
                  counters->changes[at].delta);
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

DB_SQL(COUNTER_HOUR_ADD, "INSERT INTO counter_hour (hour_at_ms, sequence_id, outcome, count) "
                         "VALUES ($1, $2, $3, $4) "
                         "ON CONFLICT (hour_at_ms, sequence_id, outcome) "
                         "DO UPDATE SET count = counter_hour.count + excluded.count");

static enum error_code write_entry(const struct counter_entry *entry, struct db *db,
                                   struct error *error)
{
    const struct counter_key *key = &entry->key;
    if (key->hour_at_ms != 0) {
        return db_run(db, &COUNTER_HOUR_ADD,
                      DB_VALUES(DB_INT(key->hour_at_ms), DB_INT(key->sequence_id),
                                DB_INT(key->outcome), DB_INT(entry->delta)),
                      NULL, error);
    }
    return db_run(db, &COUNTER_ADD,
                  DB_VALUES(DB_INT(key->sequence_id), DB_INT(key->step_id), DB_INT(key->outcome),
                            DB_INT(key->reason), DB_INT(entry->delta)),
                  NULL, error);
}

enum error_code counters_write(struct counters *counters, struct db *db, struct error *error)
{
    enum error_code code = OK;
    size_t left = counters->count;
    for (size_t at = 0; left > 0 && at < counters->capacity && code == OK; at++) {
        if (counters->entries[at].used) {
            left--;
            if (counters->entries[at].delta != 0) {
                code = write_entry(&counters->entries[at], db, error);
            }
        }
    }
    return code;
}
