/* Counting a sequence's outcomes from its rows: see tally.h. People come ordered by enrollment,
 * each with its messages, so one pass over the rows and a flag per step is all it takes. */
#include "service/tally.h"

#include "base/hash.h"
#include "base/instant.h"
#include "store/counters.h"
#include "store/store_cohort.h"
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
    struct tally_cohort *cohort; /* of the person */
    struct map64 *cohorts;       /* quarter of an hour → place in tally.cohorts */
    char zone[64];               /* of the person: the row's text lives during the visit only */
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

static struct tally_cohort *find_cohort(struct tally_run *run, int64_t enrolled_at_ms)
{
    struct tally *tally = run->tally;
    int64_t quarter = floor_divide(enrolled_at_ms, COUNTER_QUARTER_MS);
    int64_t place = 0;
    if (map64_get(run->cohorts, quarter, &place)) {
        return &tally->cohorts[place];
    }
    if (tally->cohort_count == tally->cohort_capacity) {
        size_t capacity = tally->cohort_capacity * 2 + 64;
        struct tally_cohort *cohorts = arena_array(run->work->arena, capacity, sizeof(*cohorts));
        if (tally->cohort_count > 0) {
            memcpy(cohorts, tally->cohorts, tally->cohort_count * sizeof(*cohorts));
        }
        tally->cohorts = cohorts;
        tally->cohort_capacity = capacity;
    }
    (void)map64_put(run->cohorts, quarter, (int64_t)tally->cohort_count);
    struct tally_cohort *cohort = &tally->cohorts[tally->cohort_count++];
    *cohort = (struct tally_cohort){.at_ms = quarter * COUNTER_QUARTER_MS};
    return cohort;
}

static void add_to_cohort(struct tally_run *run, size_t step, int64_t outcome)
{
    struct tally_cohort *cohort = run->cohort;
    if (step >= cohort->capacity) {
        size_t capacity = step + 1 > run->tally->step_count ? step + 1 : run->tally->step_count;
        int64_t(*counts)[OUTCOME_COUNT] =
            arena_array(run->work->arena, capacity, sizeof(*cohort->counts));
        if (cohort->capacity > 0) {
            memcpy(counts, cohort->counts, cohort->capacity * sizeof(*counts));
        }
        cohort->counts = counts;
        cohort->capacity = capacity;
    }
    cohort->counts[step][outcome]++;
}

static void add(struct tally_run *run, struct tally_step *step, int64_t outcome, int64_t reason)
{
    add_to_cohort(run, (size_t)(step - run->tally->steps), outcome);
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

static void add_message(struct tally_run *run, const struct store_verify_row *row)
{
    const struct store_message *message = &row->message;
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
    if (row->replied) {
        add(run, step, OUTCOME_REPLIED, 0);
    }
    if (row->opted_out) {
        add(run, step, OUTCOME_OPTED_OUT, 0);
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
    run->cohort = find_cohort(run, row->enrolled_at_ms);
    run->tally->people++;
    if (run->sequence->plan.step_count > 0) {
        memset(run->seen, 0, run->sequence->plan.step_count * sizeof(*run->seen));
    }
    add(run, find_step(run, 0, true), row->status, 0);
    return code;
}

static enum error_code visit(void *context, const struct store_verify_row *row, struct error *error)
{
    struct tally_run *run = context;
    enum error_code code = OK;
    if (!run->open || run->person.enrollment_id != row->person.enrollment_id) {
        code = start_person(run, &row->person, error);
    }
    if (row->message.id != 0 && row->message.step_id != 0) {
        add_message(run, row);
    }
    return code;
}

enum error_code tally_sequence(struct work *work, int64_t sequence_id, struct tally *ret_tally,
                               struct error *error)
{
    struct tally tally = {.sequence_id = sequence_id};
    CLEANUP(map64_free) struct map64 *cohorts = map64_new(64);
    struct tally_run run = {.work = work, .tally = &tally, .cohorts = cohorts};
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

/* --- writing --------------------------------------------------------------------------------- */

bool tally_cohort_is_empty(const int64_t *counts)
{
    for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (counts[outcome] != 0) {
            return false;
        }
    }
    return true;
}

static enum error_code write_cohorts(struct work *work, const struct tally *tally,
                                     struct error *error)
{
    enum error_code code = OK;
    for (size_t step = 0; code == OK && step < tally->step_count; step++) {
        code = store_cohort_clear(work, tally->sequence_id, tally->steps[step].step_id, error);
    }
    for (size_t at = 0; at < tally->cohort_count; at++) {
        const struct tally_cohort *cohort = &tally->cohorts[at];
        for (size_t step = 0; code == OK && step < cohort->capacity; step++) {
            struct store_cohort row = {.at_ms = cohort->at_ms,
                                       .step_id = tally->steps[step].step_id};
            memcpy(row.counts, cohort->counts[step], sizeof(row.counts));
            if (!tally_cohort_is_empty(row.counts)) {
                code = store_cohort_put(work, tally->sequence_id, &row, error);
            }
        }
    }
    return code == OK ? store_cohort_widen(work, tally->sequence_id, error) : code;
}

enum error_code tally_write(struct work *work, const struct tally *tally, struct error *error)
{
    enum error_code code = store_verify_counters_stray(work, tally->sequence_id, error);
    for (size_t at = 0; at < tally->step_count && code == OK; at++) {
        const struct tally_step *step = &tally->steps[at];
        code = store_verify_counters_clear(work, tally->sequence_id, step->step_id, error);
        for (size_t one = 0; one < step->count_count && code == OK; one++) {
            code = store_verify_counter_set(work, tally->sequence_id, step->step_id,
                                            step->counts[one].outcome, step->counts[one].reason,
                                            step->counts[one].count, error);
        }
    }
    return code == OK ? write_cohorts(work, tally, error) : code;
}
