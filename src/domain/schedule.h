#pragma once

#include "base/compiler.h"
#include "base/zone.h"
#include "domain/sequence.h"
#include "domain/window.h"

/* The one function that says what a person gets next and when. The planner, the preview, the
 * simulation, the forecast, the effects of an edit and the "why" card all call it.
 *
 * Day 1 is the local date of enrollment, Day N the date N-1 calendar days later. Everything is
 * counted from the enrollment, so a late message moves none of the following ones except as far as
 * spacing asks for. Pure: no clock, no memory, no I/O; structs are borrowed for the call. */

/* What scheduling needs to know of a step. */
struct schedule_step {
    int64_t id;
    int64_t origin_id; /* for edits, as in struct step */
    int32_t day;       /* 1 = the day of enrollment */
    int32_t minute;    /* local time of day, -1 = none of its own */
    int32_t ordinal;   /* 0-1023, breaks ties */
};

/* What it needs to know of a sequence and of the installation. `steps` must be in the order of
 * schedule_sort(). */
struct schedule_plan {
    const struct schedule_step *steps;
    size_t step_count;
    int32_t send_minute;       /* for Day 2 and later, -1 = the local time of enrollment */
    struct send_window window; /* of the sequence */
    struct quiet_hours quiet;  /* of the installation */
    enum late_action late_action;
    int64_t max_late_ms;
};

/* What it needs to know of an enrollment. */
struct schedule_person {
    const struct zone *zone; /* from schedule_zone() */
    int64_t enrolled_at_ms;
    /* From schedule_order_minute() on the day they came in: steps without a time of their own keep
     * their place among the others of a day, whatever zone the person is in later. 0, for
     * somebody thought up: the zone of now says it. Moments always follow the zone of now. */
    int32_t order_minute;
    int32_t shift_days; /* whole local days the person's clock stood still; may be negative */
    int64_t position;   /* key of the last step ended, 0 = none; only steps after it lie ahead */
    int64_t last_sent_at_ms;    /* when the last message was really accepted, 0 = none yet */
    int64_t last_planned_at_ms; /* what the plan had said for that message, 0 = unknown */
    /* Set by a resume that keeps the dates and sends one per day: what was planned before this
     * moment is wanted although late, 24 h apart. 0 = not so. */
    int64_t catch_up_until_ms;
    /* Steps already ended though their key lies ahead, because an edit moved them: bit n stands
     * for plan.steps[n]. NULL = none. */
    const uint64_t *done;
};

/* What decided the moment. Bits of schedule_next.rules. */
enum schedule_rule {
    SCHEDULE_AT_ONCE = 1u << 0,         /* a Day-1 step without a time of its own */
    SCHEDULE_STEP_TIME = 1u << 1,       /* the step's own time */
    SCHEDULE_SEND_TIME = 1u << 2,       /* the sequence's time */
    SCHEDULE_ENROLLMENT_TIME = 1u << 3, /* the local time of enrollment */
    SCHEDULE_DAY_ONE_NEXT = 1u << 4,    /* Day 1's time had passed: Day 1 is the next day */
    SCHEDULE_SHIFTED = 1u << 5,         /* a pause moved it */
    SCHEDULE_CLOCK_GAP = 1u << 6,       /* the clock jumps over its time: first moment after */
    SCHEDULE_CLOCK_TWICE = 1u << 7,     /* the clock shows its time twice: the first */
    SCHEDULE_SPACING = 1u << 8,         /* the message before it was late */
    SCHEDULE_ONE_PER_DAY = 1u << 9,     /* catching up after a pause */
    SCHEDULE_OVERDUE = 1u << 10,        /* its moment has passed: as soon as possible */
    SCHEDULE_WINDOW = 1u << 11,         /* waits for the send window */
    SCHEDULE_QUIET = 1u << 12,          /* waits for the end of the quiet hours */
    SCHEDULE_LATE = 1u << 13,           /* later than the limit */
    SCHEDULE_NEVER_OPEN = 1u << 14,     /* window and quiet hours leave no minute: looks again */
};
enum { SCHEDULE_RULE_COUNT = 15 };

enum schedule_kind {
    SCHEDULE_SEND,      /* `step` goes at due_at_ms */
    SCHEDULE_FINISHED,  /* nothing lies ahead */
    SCHEDULE_SKIP_LATE, /* `step` is too late: end it as skipped, move the position, ask again */
    SCHEDULE_STOP_LATE, /* `step` is too late: the enrollment stops */
};

struct schedule_next {
    enum schedule_kind kind;
    size_t step;           /* index in plan.steps */
    int64_t key;           /* the position once this step has ended */
    int64_t planned_at_ms; /* what days and times alone say */
    int64_t spaced_at_ms;  /* after spacing */
    int64_t due_at_ms;     /* after now, window and quiet hours: never before now */
    uint32_t rules;        /* enum schedule_rule */
};

/* What comes next for `person` when the clock shows `now_ms`. Always re-ask right before planning
 * a message: the answer may have moved. */
struct schedule_next schedule_next(const struct schedule_plan *plan,
                                   const struct schedule_person *person, int64_t now_ms);

/* Moves `person` past the answer: the position, and for a step that was sent also what spacing
 * needs. For SCHEDULE_SKIP_LATE pass sent_at_ms 0. */
void schedule_advance(struct schedule_person *person, const struct schedule_next *next,
                      int64_t sent_at_ms);

/* Fills a plan from a sequence; `steps` needs room for sequence->step_count. */
void schedule_plan_fill(struct schedule_plan *plan, struct schedule_step *steps,
                        const struct sequence *sequence, const struct quiet_hours *quiet);
/* Day, time (none first), ordinal. */
void schedule_sort(struct schedule_step *steps, size_t count);

/* The key of one step for one person, and the moment days and times alone give it. */
int64_t schedule_key(const struct schedule_plan *plan, const struct schedule_person *person,
                     size_t step);
int64_t schedule_planned_at(const struct schedule_plan *plan, const struct schedule_person *person,
                            size_t step, uint32_t *ret_rules);

/* The local time of day of an enrollment: 1 = 00:00 to 1440 = 23:59. */
int32_t schedule_order_minute(const struct zone *zone, int64_t enrolled_at_ms);

/* Positions for people who start in the middle: `start_day` 3 leaves out everything before Day 3,
 * `current_day` 3 also Day 3 itself. Any order of steps on a day fits. */
int64_t schedule_position_before_day(int32_t start_day);
int64_t schedule_position_after_day(int32_t current_day);
/* The day a position stands on: 0 before the first step has ended. */
int32_t schedule_position_day(int64_t position);
int64_t schedule_position_make(int32_t day, int32_t minute, int32_t ordinal);

/* True when Day 1 is the day after the enrollment, because its time had passed. After an edit of
 * the first step, whoever is already on the way keeps the Day 1 they had: see edit effects. */
bool schedule_day_one_is_next(const struct schedule_plan *plan,
                              const struct schedule_person *person);

/* Where a person's zone comes from. */
enum schedule_zone_source {
    SCHEDULE_ZONE_CONTACT,
    SCHEDULE_ZONE_SEQUENCE,
    SCHEDULE_ZONE_SERVER,
    SCHEDULE_ZONE_UTC,
};
struct schedule_zone {
    const struct zone *zone; /* never NULL */
    enum schedule_zone_source source;
    int32_t unknown_count; /* names that were set but mean nothing here: count a warning */
};
/* The contact's zone, else the sequence's, else the server's, else UTC; empty texts are not set. */
struct schedule_zone schedule_zone(struct text contact_zone, struct text sequence_zone,
                                   struct text server_zone);

/* Days to add to shift_days when a pause ends: the clock stood still for as many local days as
 * passed since `paused_at_ms`, and one more when the next step's time of day is already over.
 * 0 when nothing lies ahead. */
int32_t schedule_resume_shift(const struct schedule_plan *plan,
                              const struct schedule_person *person, int64_t paused_at_ms,
                              int64_t now_ms);

/* "spacing", "quiet_hours" …: a stable word for programs, and a sentence for people. */
const char *schedule_rule_to_text(enum schedule_rule rule);
const char *schedule_rule_sentence(enum schedule_rule rule);
const char *schedule_zone_source_to_text(enum schedule_zone_source source);
