/* What a person gets next and when: day numbers and times of day on the person's calendar, then
 * spacing, then now, then window and quiet hours, then lateness. Each gate only ever moves the
 * moment later, and says so in `rules`. Steps are ordered by a key of day, minute and ordinal; a
 * person's position is the key of the last step ended, so nothing behind it is ever sent. */
#include "domain/schedule.h"

#include "base/instant.h"

#include <stdlib.h>

enum { MINUTES_PER_DAY = 1440, ORDINALS = 1024 };

/* When window and quiet hours leave no minute open, somebody must change them: look again then. */
#define LOOK_AGAIN_MS (7 * MS_PER_DAY)

/* What the enrollment alone decides, computed once per question. */
struct anchor {
    int64_t first_day;    /* days since 1970 of Day 1, shift included */
    int64_t time_ms;      /* local time of day of the enrollment */
    int64_t local_ms;     /* wall clock of the enrollment */
    int32_t order_minute; /* where steps without a time stand among the others of their day */
    bool day_one_is_next;
};

static bool is_at_once(const struct schedule_step *step)
{
    return step->day == 1 && step->minute < 0;
}

static bool first_time_passed(const struct schedule_plan *plan,
                              const struct schedule_person *person, int64_t enrolled_day)
{
    if (plan->step_count == 0 || plan->steps[0].day != 1 || plan->steps[0].minute < 0) {
        return false;
    }
    enum zone_fit fit = ZONE_FIT_EXACT;
    int64_t local_ms = enrolled_day * MS_PER_DAY + plan->steps[0].minute * MS_PER_MINUTE;
    return zone_from_local(person->zone, local_ms, &fit) < person->enrolled_at_ms;
}

static struct anchor anchor_of(const struct schedule_plan *plan,
                               const struct schedule_person *person)
{
    int64_t local_ms = zone_to_local(person->zone, person->enrolled_at_ms);
    int64_t day = floor_divide(local_ms, MS_PER_DAY);
    int64_t time_ms = local_ms - day * MS_PER_DAY;
    bool next = first_time_passed(plan, person, day);
    return (struct anchor){
        .first_day = day + person->shift_days + (next ? 1 : 0),
        .time_ms = time_ms,
        .local_ms = local_ms,
        .order_minute = person->order_minute > 0 ? person->order_minute - 1
                                                 : (int32_t)(time_ms / MS_PER_MINUTE),
        .day_one_is_next = next,
    };
}

static int64_t key_of(const struct schedule_plan *plan, const struct anchor *anchor,
                      const struct schedule_step *step)
{
    int32_t minute = step->minute;
    if (is_at_once(step)) {
        minute = 0;
    } else if (step->day == 1) {
        minute = minute > 1 ? minute : 1; /* stays behind the steps that go at once */
    } else if (minute < 0) {
        minute = plan->send_minute >= 0 ? plan->send_minute : anchor->order_minute;
    }
    return schedule_position_make(step->day, minute, step->ordinal);
}

static int64_t from_local(const struct zone *zone, int64_t local_ms, uint32_t *rules)
{
    enum zone_fit fit = ZONE_FIT_EXACT;
    int64_t utc_ms = zone_from_local(zone, local_ms, &fit);
    switch (fit) {
    case ZONE_FIT_EXACT:
        break;
    case ZONE_FIT_GAP:
        *rules |= SCHEDULE_CLOCK_GAP;
        break;
    case ZONE_FIT_OVERLAP:
        *rules |= SCHEDULE_CLOCK_TWICE;
        break;
    }
    return utc_ms;
}

static int64_t planned_at(const struct schedule_plan *plan, const struct schedule_person *person,
                          const struct anchor *anchor, const struct schedule_step *step,
                          uint32_t *rules)
{
    if (person->shift_days != 0) {
        *rules |= SCHEDULE_SHIFTED;
    }
    if (is_at_once(step)) {
        *rules |= SCHEDULE_AT_ONCE;
        if (person->shift_days == 0) {
            return person->enrolled_at_ms;
        }
        return from_local(person->zone, anchor->local_ms + person->shift_days * MS_PER_DAY, rules);
    }
    if (anchor->day_one_is_next) {
        *rules |= SCHEDULE_DAY_ONE_NEXT;
    }
    int64_t time_ms = anchor->time_ms;
    if (step->minute >= 0) {
        *rules |= SCHEDULE_STEP_TIME;
        time_ms = step->minute * MS_PER_MINUTE;
    } else if (plan->send_minute >= 0) {
        *rules |= SCHEDULE_SEND_TIME;
        time_ms = plan->send_minute * MS_PER_MINUTE;
    } else {
        *rules |= SCHEDULE_ENROLLMENT_TIME;
    }
    return from_local(person->zone, (anchor->first_day + step->day - 1) * MS_PER_DAY + time_ms,
                      rules);
}

static bool is_done(const struct schedule_person *person, size_t step)
{
    return person->done != NULL && (person->done[step / 64] >> (step % 64) & 1) != 0;
}

/* First step of the day that the position stands on, or of a later one. */
static size_t first_candidate(const struct schedule_plan *plan, int64_t position)
{
    int32_t day = schedule_position_day(position);
    size_t low = 0;
    size_t high = plan->step_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plan->steps[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The step with the smallest key behind which nothing of its day was left out. Days rise, so the
 * search ends with the first day that has one. */
static bool find_ahead(const struct schedule_plan *plan, const struct schedule_person *person,
                       const struct anchor *anchor, size_t *ret_step, int64_t *ret_key)
{
    int64_t best_key = INT64_MAX;
    size_t best_step = 0;
    for (size_t i = first_candidate(plan, person->position); i < plan->step_count; i++) {
        if (best_key != INT64_MAX && plan->steps[i].day != plan->steps[best_step].day) {
            break;
        }
        int64_t key = key_of(plan, anchor, &plan->steps[i]);
        if (key > person->position && key < best_key && !is_done(person, i)) {
            best_key = key;
            best_step = i;
        }
    }
    *ret_step = best_step;
    *ret_key = best_key;
    return best_key != INT64_MAX;
}

/* What the plan says of the last step ended, for people whose record does not. */
static int64_t planned_of_position(const struct schedule_person *person,
                                   const struct anchor *anchor)
{
    int64_t minutes = person->position / ORDINALS;
    int64_t day = minutes / MINUTES_PER_DAY;
    int64_t local_ms =
        (anchor->first_day + day - 1) * MS_PER_DAY + minutes % MINUTES_PER_DAY * MS_PER_MINUTE;
    uint32_t rules = 0;
    return from_local(person->zone, local_ms, &rules);
}

static bool is_catching_up(const struct schedule_person *person, int64_t planned_at_ms)
{
    return planned_at_ms < person->catch_up_until_ms;
}

static int64_t space(const struct schedule_person *person, const struct anchor *anchor,
                     int64_t planned_at_ms, uint32_t *rules)
{
    if (person->last_sent_at_ms <= 0) {
        return planned_at_ms;
    }
    int64_t gap_ms = MS_PER_DAY;
    uint32_t rule = SCHEDULE_ONE_PER_DAY;
    if (!is_catching_up(person, planned_at_ms)) {
        int64_t before_ms = person->last_planned_at_ms != 0 ? person->last_planned_at_ms
                                                            : planned_of_position(person, anchor);
        gap_ms = planned_at_ms > before_ms ? planned_at_ms - before_ms : before_ms - planned_at_ms;
        gap_ms = gap_ms < MS_PER_DAY ? gap_ms : MS_PER_DAY;
        rule = SCHEDULE_SPACING;
    }
    if (person->last_sent_at_ms + gap_ms <= planned_at_ms) {
        return planned_at_ms;
    }
    *rules |= rule;
    return person->last_sent_at_ms + gap_ms;
}

static int64_t gate(const struct schedule_plan *plan, const struct zone *zone, int64_t wanted_ms,
                    uint32_t *rules)
{
    int64_t open_ms = 0;
    if (!window_next(&plan->window, &plan->quiet, zone, wanted_ms, &open_ms)) {
        *rules |= SCHEDULE_NEVER_OPEN;
        return wanted_ms + LOOK_AGAIN_MS;
    }
    if (open_ms != wanted_ms) {
        int64_t window_ms = wanted_ms;
        if (window_next(&plan->window, NULL, zone, wanted_ms, &window_ms)) {
            *rules |= window_ms != wanted_ms ? SCHEDULE_WINDOW : 0;
            *rules |= window_ms != open_ms ? SCHEDULE_QUIET : 0;
        }
    }
    return open_ms;
}

/* Waiting for the window is no lateness, nor is waiting one's turn while catching up. */
static bool is_late(const struct schedule_plan *plan, const struct schedule_person *person,
                    const struct schedule_next *next)
{
    if (next->due_at_ms - next->planned_at_ms <= plan->max_late_ms ||
        (next->rules & SCHEDULE_NEVER_OPEN) != 0) {
        return false;
    }
    int64_t wanted_ms = next->planned_at_ms;
    if (person->catch_up_until_ms > 0) {
        wanted_ms = next->spaced_at_ms > person->catch_up_until_ms ? next->spaced_at_ms
                                                                   : person->catch_up_until_ms;
    }
    uint32_t rules = 0;
    return next->due_at_ms - gate(plan, person->zone, wanted_ms, &rules) > plan->max_late_ms;
}

struct schedule_next schedule_next(const struct schedule_plan *plan,
                                   const struct schedule_person *person, int64_t now_ms)
{
    struct anchor anchor = anchor_of(plan, person);
    struct schedule_next next = {.kind = SCHEDULE_FINISHED};
    if (!find_ahead(plan, person, &anchor, &next.step, &next.key)) {
        next.key = person->position;
        return next;
    }
    next.kind = SCHEDULE_SEND;
    next.planned_at_ms = planned_at(plan, person, &anchor, &plan->steps[next.step], &next.rules);
    next.spaced_at_ms = space(person, &anchor, next.planned_at_ms, &next.rules);
    int64_t wanted_ms = next.spaced_at_ms;
    if (wanted_ms < now_ms) {
        wanted_ms = now_ms;
        next.rules |= SCHEDULE_OVERDUE;
    }
    next.due_at_ms = gate(plan, person->zone, wanted_ms, &next.rules);
    if (is_late(plan, person, &next)) {
        next.rules |= SCHEDULE_LATE;
        switch (plan->late_action) {
        case LATE_SKIP:
            next.kind = SCHEDULE_SKIP_LATE;
            break;
        case LATE_SEND:
            break;
        case LATE_STOP:
            next.kind = SCHEDULE_STOP_LATE;
            break;
        }
    }
    return next;
}

void schedule_advance(struct schedule_person *person, const struct schedule_next *next,
                      int64_t sent_at_ms)
{
    person->position = next->key;
    if (sent_at_ms > 0) {
        person->last_sent_at_ms = sent_at_ms;
        person->last_planned_at_ms = next->planned_at_ms;
    }
}

static int compare_steps(const void *left, const void *right)
{
    const struct schedule_step *a = left;
    const struct schedule_step *b = right;
    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->minute != b->minute) {
        return a->minute < b->minute ? -1 : 1;
    }
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

void schedule_sort(struct schedule_step *steps, size_t count)
{
    if (count > 1) {
        qsort(steps, count, sizeof *steps, compare_steps);
    }
}

void schedule_plan_fill(struct schedule_plan *plan, struct schedule_step *steps,
                        const struct sequence *sequence, const struct quiet_hours *quiet)
{
    for (size_t i = 0; i < sequence->step_count; i++) {
        const struct step *step = &sequence->steps[i];
        steps[i] = (struct schedule_step){.id = step->id,
                                          .origin_id = step->origin_id,
                                          .day = step->day,
                                          .minute = step->minute,
                                          .ordinal = step->ordinal};
    }
    schedule_sort(steps, sequence->step_count);
    *plan = (struct schedule_plan){
        .steps = steps,
        .step_count = sequence->step_count,
        .send_minute = sequence->send_minute,
        .window = sequence->send_window,
        .late_action = sequence->late_action,
        .max_late_ms = sequence->max_late_ms,
    };
    if (quiet != NULL) {
        plan->quiet = *quiet;
    }
}

int64_t schedule_key(const struct schedule_plan *plan, const struct schedule_person *person,
                     size_t step)
{
    struct anchor anchor = anchor_of(plan, person);
    return key_of(plan, &anchor, &plan->steps[step]);
}

int64_t schedule_planned_at(const struct schedule_plan *plan, const struct schedule_person *person,
                            size_t step, uint32_t *ret_rules)
{
    struct anchor anchor = anchor_of(plan, person);
    uint32_t rules = 0;
    int64_t planned_at_ms = planned_at(plan, person, &anchor, &plan->steps[step], &rules);
    *ret_rules = rules;
    return planned_at_ms;
}

int64_t schedule_position_make(int32_t day, int32_t minute, int32_t ordinal)
{
    return ((int64_t)day * MINUTES_PER_DAY + minute) * ORDINALS + ordinal;
}

int32_t schedule_order_minute(const struct zone *zone, int64_t enrolled_at_ms)
{
    int64_t local_ms = zone_to_local(zone, enrolled_at_ms);
    return (int32_t)((local_ms - floor_divide(local_ms, MS_PER_DAY) * MS_PER_DAY) / MS_PER_MINUTE) +
           1;
}

int64_t schedule_position_before_day(int32_t start_day)
{
    return start_day <= 1 ? 0 : schedule_position_make(start_day, 0, 0) - 1;
}

int64_t schedule_position_after_day(int32_t current_day)
{
    return current_day < 1 ? 0 : schedule_position_make(current_day + 1, 0, 0) - 1;
}

int32_t schedule_position_day(int64_t position)
{
    return (int32_t)(position / ORDINALS / MINUTES_PER_DAY);
}

bool schedule_day_one_is_next(const struct schedule_plan *plan,
                              const struct schedule_person *person)
{
    return anchor_of(plan, person).day_one_is_next;
}

int32_t schedule_resume_shift(const struct schedule_plan *plan,
                              const struct schedule_person *person, int64_t paused_at_ms,
                              int64_t now_ms)
{
    struct schedule_person resumed = *person;
    struct anchor anchor = anchor_of(plan, person);
    size_t step = 0;
    int64_t key = 0;
    if (!find_ahead(plan, person, &anchor, &step, &key)) {
        return 0;
    }
    int64_t paused_day = floor_divide(zone_to_local(person->zone, paused_at_ms), MS_PER_DAY);
    int64_t resumed_day = floor_divide(zone_to_local(person->zone, now_ms), MS_PER_DAY);
    int64_t days = resumed_day > paused_day ? resumed_day - paused_day : 0;
    resumed.shift_days += (int32_t)days;
    anchor = anchor_of(plan, &resumed);
    uint32_t rules = 0;
    if (!is_at_once(&plan->steps[step]) &&
        planned_at(plan, &resumed, &anchor, &plan->steps[step], &rules) < now_ms) {
        days++;
    }
    return (int32_t)days;
}

struct schedule_zone schedule_zone(struct text contact_zone, struct text sequence_zone,
                                   struct text server_zone)
{
    const struct text names[] = {contact_zone, sequence_zone, server_zone};
    struct schedule_zone found = {.zone = zone_utc(), .source = SCHEDULE_ZONE_UTC};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct zone *zone = names[i].size > 0 ? zone_find(names[i]) : NULL;
        if (zone != NULL) {
            found.zone = zone;
            found.source = (enum schedule_zone_source)i;
            break;
        }
        found.unknown_count += names[i].size > 0 ? 1 : 0;
    }
    return found;
}

struct rule_words {
    const char *word;
    const char *sentence;
};

static const struct rule_words RULE_WORDS[SCHEDULE_RULE_COUNT] = {
    {"at_once", "Day 1 without a time of its own goes at once"},
    {"step_time", "the message has its own time of day"},
    {"send_time", "the sequence's send time applies"},
    {"enrollment_time", "goes at the local time of day of the enrollment"},
    {"next_day", "the time of the first message had passed, so Day 1 is the next day"},
    {"shifted", "a pause moved the dates by whole days"},
    {"clock_gap",
     "the clock jumps over this time that day; the first moment after the jump counts"},
    {"clock_overlap", "the clock shows this time twice that day; the first counts"},
    {"spacing", "the message before it was late, and the distance between them is kept"},
    {"one_per_day", "catching up after a pause, one message per day"},
    {"overdue", "its moment has passed, so it goes as soon as possible"},
    {"send_window", "waits for the send window to open"},
    {"quiet_hours", "waits for the quiet hours to end"},
    {"late", "it is later than the sequence allows"},
    {"never_open", "send window and quiet hours leave no time for it; change one of them"},
};

static size_t rule_bit(enum schedule_rule rule)
{
    size_t bit = 0;
    while (bit < SCHEDULE_RULE_COUNT - 1 && ((unsigned)rule >> bit & 1u) == 0) {
        bit++;
    }
    return bit;
}

const char *schedule_rule_to_text(enum schedule_rule rule)
{
    return RULE_WORDS[rule_bit(rule)].word;
}

const char *schedule_rule_sentence(enum schedule_rule rule)
{
    return RULE_WORDS[rule_bit(rule)].sentence;
}

const char *schedule_zone_source_to_text(enum schedule_zone_source source)
{
    switch (source) {
    case SCHEDULE_ZONE_CONTACT:
        return "contact";
    case SCHEDULE_ZONE_SEQUENCE:
        return "sequence";
    case SCHEDULE_ZONE_SERVER:
        return "server";
    case SCHEDULE_ZONE_UTC:
        return "utc";
    }
    return "";
}
