#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "domain/schedule.h"
#include "store/work.h"

/* Plays the schedule of many people without sending: how many messages fall on which local day.
 * Every message is taken as sent at its moment. */
struct simulation_day {
    int64_t day; /* local date, days since 1970 */
    int64_t count;
};

struct simulation {
    int64_t people;
    int64_t messages;
    int64_t first_at_ms; /* 0 = no message */
    int64_t last_at_ms;
    int64_t late;                /* messages skipped as too late */
    int64_t stopped;             /* people whom a late message stops */
    int64_t never_open;          /* people for whom window and quiet hours leave no time */
    struct simulation_day *days; /* rising, without empty ones; set by simulate_finish() */
    size_t day_count;
    /* Told of every message, when set after simulate_init(). */
    void (*visit)(void *context, int64_t at_ms, int64_t people);
    void *visit_context;
    struct simulate_days *counted; /* private */
};

/* Everything lives in `arena`. */
void simulate_init(struct simulation *simulation, struct arena *arena);
/* Plays `people` identical people from `now_ms` to the end. */
void simulate_person(struct simulation *simulation, const struct schedule_plan *plan,
                     const struct schedule_person *person, int64_t now_ms, int64_t people);
void simulate_finish(struct simulation *simulation);

/* The active and paused people inside, as if those paused were resumed now with their dates
 * shifted. `sequence` may be a changed document with the id of the stored one. */
MUST_USE enum error_code simulate_inside(struct work *work, const struct sequence *sequence,
                                         struct simulation *ret_simulation, struct error *error);
/* Imagined newcomers, all enrolled at one moment. `timezone` empty = the sequence's. */
MUST_USE enum error_code simulate_newcomers(struct work *work, const struct sequence *sequence,
                                            int64_t people, int64_t enrolled_at_ms,
                                            struct text timezone, struct simulation *ret_simulation,
                                            struct error *error);
