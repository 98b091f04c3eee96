/* Counting a sequence's outcomes from its rows: see tally.h. People come ordered by enrollment,
 * each with its messages, so one pass over the rows and a flag per step is all it takes. */
#include "service/tally.h"

#include "store/store_counter.h"
#include "store/store_sequence.h"
#include "store/store_verify.h"

#include <string.h>

struct tally_run {
    struct work *work;
    struct tally *tally;
    struct progress progress;
    struct progress_sequence *sequence;
    bool *seen; /* by index in sequence->plan.steps: the person has a message for it */
    bool open;  /* a person is being counted */
    struct store_progress person;
    char zone[64]; /* of the person: the row's text lives during the visit only */
};

static struct tally_step *find_step(struct tally_run *run, int64_t step_id, bool present)
{
    struct tally *tally = run->tally;
    for (size_t at = 0; at < tally->step_count; at++) {
        if (tally->steps[at].step_id == step_id) {
            return &tally->steps[at];
        }
    }
    if (tally->step_count == tally->capacity) {
        size_t capacity = tally->capacity == 0 ? 64 : tally->capacity * 2;
        struct tally_step *steps = arena_array(run->work->arena, capacity, sizeof(*steps));
        if (tally->step_count > 0) {
            memcpy(steps, tally->steps, tally->step_count * sizeof(*steps));
        }
        tally->steps = steps;
        tally->capacity = capacity;
    }
    tally->steps[tally->step_count] = (struct tally_step){.step_id = step_id, .present = present};
    return &tally->steps[tally->step_count++];
}

static void add(struct tally_run *run, struct tally_step *step, int64_t outcome, int64_t reason)
{
    for (size_t at = 0; at < step->count_count; at++) {
        if (step->counts[at].outcome == outcome && step->counts[at].reason == reason) {
            step->counts[at].count++;
            return;
        }
    }
    if (step->count_count == step->capacity) {
        size_t capacity = step->capacity == 0 ? 16 : step->capacity * 2;
        struct tally_count *counts = arena_array(run->work->arena, capacity, sizeof(*counts));
        if (step->count_count > 0) {
            memcpy(counts, step->counts, step->count_count * sizeof(*counts));
        }
        step->counts = counts;
        step->capacity = capacity;
    }
    step->counts[step->count_count++] =
        (struct tally_count){.outcome = outcome, .reason = reason, .count = 1};
}

static void add_message(struct tally_run *run, const struct store_message *message)
{
    enum step_outcome outcome = OUTCOME_QUEUED;
    int64_t reason = 0;
    struct tally_step *step = find_step(run, message->step_id, false);
    store_message_counter(message, &outcome, &reason);
    add(run, step, (int64_t)outcome, reason);
    if (message->state == MESSAGE_ACCEPTED && message->rank >= RANK_DELIVERED) {
        add(run, step, OUTCOME_DELIVERED, 0);
    }
    if (message->state == MESSAGE_ACCEPTED && message->rank >= RANK_READ) {
        add(run, step, OUTCOME_READ, 0);
    }
    for (size_t at = 0; at < run->sequence->plan.step_count; at++) {
        if (run->sequence->plan.steps[at].id == message->step_id) {
            run->seen[at] = true;
        }
    }
}

/* Why steps that still lay ahead never came to somebody who has left. */
static enum message_reason reason_of_end(int64_t status)
{
    switch ((enum enrollment_status)status) {
    case ENROLLMENT_OPTED_OUT:
        return REASON_OPTED_OUT;
    case ENROLLMENT_COMPLETED:
        return REASON_NOT_NEEDED;
    case ENROLLMENT_ACTIVE:
    case ENROLLMENT_PAUSED:
    case ENROLLMENT_STOPPED:
    case ENROLLMENT_FAILED:
        return REASON_STOPPED;
    }
    return REASON_STOPPED;
}

static enum error_code finish_person(struct tally_run *run, struct error *error)
{
    if (!run->open) {
        return OK;
    }
    const struct schedule_plan *plan = &run->sequence->plan;
    struct schedule_person person;
    enum error_code code =
        progress_person(&run->progress, run->sequence, &run->person, &person, error);
    for (size_t at = 0; at < plan->step_count && code == OK; at++) {
        if (run->seen[at]) {
            continue;
        }
        struct tally_step *step = find_step(run, plan->steps[at].id, true);
        enum message_reason reason = reason_of_end(run->person.status);
        if (schedule_key(plan, &person, at) <= run->person.position) {
            add(run, step, OUTCOME_SKIPPED, REASON_SENT_BEFORE);
        } else if (enrollment_status_is_live((enum enrollment_status)run->person.status)) {
            add(run, step, OUTCOME_WAITING, 0);
        } else if (reason == REASON_NOT_NEEDED) {
            add(run, step, OUTCOME_SKIPPED, REASON_NOT_NEEDED);
        } else {
            add(run, step, OUTCOME_CANCELLED, reason);
        }
    }
    run->open = false;
    return code;
}

static enum error_code start_person(struct tally_run *run, const struct store_progress *row,
                                    struct error *error)
{
    enum error_code code = finish_person(run, error);
    run->person = *row;
    run->person.status_reason = (struct text){0};
    struct text zone = row->timezone.size < sizeof(run->zone) ? row->timezone : (struct text){0};
    if (zone.size > 0) {
        memcpy(run->zone, zone.data, zone.size);
    }
    run->person.timezone = text_make(run->zone, zone.size);
    run->open = true;
    run->tally->people++;
    if (run->sequence->plan.step_count > 0) {
        memset(run->seen, 0, run->sequence->plan.step_count * sizeof(*run->seen));
    }
    add(run, find_step(run, 0, true), row->status, 0);
    return code;
}

static enum error_code visit(void *context, const struct store_progress *row,
                             const struct store_message *message, struct error *error)
{
    struct tally_run *run = context;
    enum error_code code = OK;
    if (!run->open || run->person.enrollment_id != row->enrollment_id) {
        code = start_person(run, row, error);
    }
    if (message->id != 0 && message->step_id != 0) {
        add_message(run, message);
    }
    return code;
}

enum error_code tally_sequence(struct work *work, int64_t sequence_id, struct tally *ret_tally,
                               struct error *error)
{
    struct tally tally = {.sequence_id = sequence_id};
    struct tally_run run = {.work = work, .tally = &tally};
    progress_init(&run.progress, work);
    enum error_code code = progress_sequence(&run.progress, sequence_id, &run.sequence, error);
    if (code != OK) {
        return code;
    }
    run.seen = arena_array(work->arena, run.sequence->plan.step_count + 1, sizeof(*run.seen));
    (void)find_step(&run, 0, true);
    for (size_t at = 0; at < run.sequence->plan.step_count; at++) {
        (void)find_step(&run, run.sequence->plan.steps[at].id, true);
    }
    code = store_verify_people(work, sequence_id, visit, &run, error);
    if (code == OK) {
        code = finish_person(&run, error);
    }
    if (code == OK) {
        *ret_tally = tally;
    }
    return code;
}

int64_t tally_get(const struct tally_step *step, int64_t outcome)
{
    int64_t count = 0;
    for (size_t at = 0; at < step->count_count; at++) {
        count += step->counts[at].outcome == outcome ? step->counts[at].count : 0;
    }
    return count;
}

/* --- comparing -------------------------------------------------------------------------------- */

struct comparison {
    struct work *work;
    const struct tally *tally;
    const struct store_counter *counters;
    size_t counter_count;
    struct tally_difference *differences;
    size_t count;
};

static int64_t stored_count(const struct comparison *comparison, int64_t step_id, int64_t outcome)
{
    int64_t count = 0;
    for (size_t at = 0; at < comparison->counter_count; at++) {
        const struct store_counter *counter = &comparison->counters[at];
        count += counter->step_id == step_id && counter->outcome == outcome ? counter->count : 0;
    }
    return count;
}

static void compare_one(struct comparison *comparison, int64_t step_id, int64_t outcome,
                        int64_t stored, int64_t counted)
{
    if (stored != counted) {
        comparison->differences[comparison->count++] =
            (struct tally_difference){.sequence_id = comparison->tally->sequence_id,
                                      .step_id = step_id,
                                      .outcome = outcome,
                                      .stored = stored,
                                      .counted = counted};
    }
}

static void compare_step(struct comparison *comparison, const struct tally_step *step)
{
    static const int64_t EXACT[] = {OUTCOME_QUEUED,  OUTCOME_SENT,      OUTCOME_FAILED,
                                    OUTCOME_UNKNOWN, OUTCOME_DELIVERED, OUTCOME_READ};
    for (size_t at = 0; at < ARRAY_SIZE(EXACT); at++) {
        compare_one(comparison, step->step_id, EXACT[at],
                    stored_count(comparison, step->step_id, EXACT[at]), tally_get(step, EXACT[at]));
    }
    if (step->present) {
        compare_one(comparison, step->step_id, OUTCOME_WAITING,
                    stored_count(comparison, step->step_id, OUTCOME_WAITING),
                    tally_get(step, OUTCOME_WAITING));
        compare_one(comparison, step->step_id, -1,
                    stored_count(comparison, step->step_id, OUTCOME_SKIPPED) +
                        stored_count(comparison, step->step_id, OUTCOME_CANCELLED),
                    tally_get(step, OUTCOME_SKIPPED) + tally_get(step, OUTCOME_CANCELLED));
    }
}

enum error_code tally_compare(struct work *work, const struct tally *tally,
                              struct tally_difference **ret_differences, size_t *ret_count,
                              struct error *error)
{
    struct comparison comparison = {.work = work, .tally = tally};
    struct store_counter *counters = NULL;
    enum error_code code =
        store_counter_list(work, tally->sequence_id, &counters, &comparison.counter_count, error);
    if (code != OK) {
        return code;
    }
    comparison.counters = counters;
    comparison.differences = arena_array(work->arena, tally->step_count * OUTCOME_COUNT + 1,
                                         sizeof(*comparison.differences));
    for (size_t at = 0; at < tally->step_count; at++) {
        if (tally->steps[at].step_id != 0) {
            compare_step(&comparison, &tally->steps[at]);
            continue;
        }
        for (int64_t status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
            compare_one(&comparison, 0, status, stored_count(&comparison, 0, status),
                        tally_get(&tally->steps[at], status));
        }
    }
    *ret_differences = comparison.differences;
    *ret_count = comparison.count;
    return OK;
}

enum error_code tally_write(struct work *work, const struct tally *tally, struct error *error)
{
    enum error_code code = OK;
    for (size_t at = 0; at < tally->step_count && code == OK; at++) {
        const struct tally_step *step = &tally->steps[at];
        code = store_verify_counters_clear(work, tally->sequence_id, step->step_id, error);
        for (size_t one = 0; one < step->count_count && code == OK; one++) {
            code = store_verify_counter_set(work, tally->sequence_id, step->step_id,
                                            step->counts[one].outcome, step->counts[one].reason,
                                            step->counts[one].count, error);
        }
    }
    return code;
}
