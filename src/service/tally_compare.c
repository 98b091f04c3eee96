/* Stored counters held against what the rows say: see tally.h. */
#include "service/tally.h"

#include "base/hash.h"
#include "store/counters.h"
#include "store/store_cohort.h"
#include "store/store_counter.h"

enum { COHORTS_TOLD_MAX = 5, STRAYS_TOLD_MAX = 5 };

struct comparison {
    struct work *work;
    const struct tally *tally;
    const struct store_counter *counters;
    size_t counter_count;
    struct tally_difference *differences;
    size_t count;
    struct map64 *cohorts; /* start of the quarter → place in tally->cohorts */
    size_t cohort_rows;    /* stored ones that the people's rows make, too */
    size_t cohort_differences;
};

static size_t step_place(const struct tally *tally, int64_t step_id)
{
    size_t place = 0;
    while (place < tally->step_count && tally->steps[place].step_id != step_id) {
        place++;
    }
    return place;
}

enum { ANY_REASON = -1 };

static int64_t stored_count(const struct comparison *comparison, int64_t step_id, int64_t outcome,
                            int64_t reason)
{
    int64_t count = 0;
    for (size_t at = 0; at < comparison->counter_count; at++) {
        const struct store_counter *counter = &comparison->counters[at];
        bool same = counter->step_id == step_id && counter->outcome == outcome;
        count += same && (reason == ANY_REASON || counter->reason == reason) ? counter->count : 0;
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
                                      .cohort_at_ms = -1,
                                      .stored = stored,
                                      .counted = counted};
    }
}

/* Failures are told by reason: their sum may be right while a reason is not. One difference tells
 * of all. */
static void compare_reasons(struct comparison *comparison, const struct tally_step *step)
{
    size_t before = comparison->count;
    for (size_t at = 0; at < step->count_count && comparison->count == before; at++) {
        const struct tally_count *count = &step->counts[at];
        if (count->outcome == OUTCOME_FAILED) {
            compare_one(comparison, step->step_id, OUTCOME_FAILED,
                        stored_count(comparison, step->step_id, OUTCOME_FAILED, count->reason),
                        count->count);
        }
    }
}

static void compare_step(struct comparison *comparison, const struct tally_step *step)
{
    static const int64_t EXACT[] = {OUTCOME_QUEUED,  OUTCOME_SENT,      OUTCOME_FAILED,
                                    OUTCOME_UNKNOWN, OUTCOME_DELIVERED, OUTCOME_READ,
                                    OUTCOME_REPLIED, OUTCOME_OPTED_OUT};
    for (size_t at = 0; at < ARRAY_SIZE(EXACT); at++) {
        compare_one(comparison, step->step_id, EXACT[at],
                    stored_count(comparison, step->step_id, EXACT[at], ANY_REASON),
                    tally_get(step, EXACT[at]));
    }
    compare_reasons(comparison, step);
    if (step->present) {
        compare_one(comparison, step->step_id, OUTCOME_WAITING,
                    stored_count(comparison, step->step_id, OUTCOME_WAITING, ANY_REASON),
                    tally_get(step, OUTCOME_WAITING));
        compare_one(comparison, step->step_id, -1,
                    stored_count(comparison, step->step_id, OUTCOME_SKIPPED, ANY_REASON) +
                        stored_count(comparison, step->step_id, OUTCOME_CANCELLED, ANY_REASON),
                    tally_get(step, OUTCOME_SKIPPED) + tally_get(step, OUTCOME_CANCELLED));
    }
}

/* Whether a stored row of a cohort says what the people's rows say. A step that has gone is
 * compared by its messages, as everywhere. */
static bool same_cohort(const struct tally_step *step, const int64_t *stored,
                        const int64_t *counted)
{
    bool people = step->step_id == 0;
    for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        bool never_came = !people && (outcome == OUTCOME_SKIPPED || outcome == OUTCOME_CANCELLED);
        bool skip = never_came || (!people && !step->present && outcome == OUTCOME_WAITING);
        if (!skip && stored[outcome] != counted[outcome]) {
            return false;
        }
    }
    return people || !step->present ||
           stored[OUTCOME_SKIPPED] + stored[OUTCOME_CANCELLED] ==
               counted[OUTCOME_SKIPPED] + counted[OUTCOME_CANCELLED];
}

/* A counter of a step that has neither a place in the sequence nor any message. What never came to
 * people may still be counted there, messages may not. */
static void compare_strays(struct comparison *comparison)
{
    const struct tally *tally = comparison->tally;
    size_t told = 0;
    for (size_t at = 0; at < comparison->counter_count && told < STRAYS_TOLD_MAX; at++) {
        const struct store_counter *counter = &comparison->counters[at];
        bool never_came = counter->outcome == OUTCOME_SKIPPED ||
                          counter->outcome == OUTCOME_CANCELLED ||
                          counter->outcome == OUTCOME_WAITING;
        if (!never_came && counter->count != 0 &&
            step_place(tally, counter->step_id) == tally->step_count) {
            compare_one(comparison, counter->step_id, counter->outcome, counter->count, 0);
            told++;
        }
    }
}

static void tell_cohort(struct comparison *comparison, int64_t at_ms, int64_t step_id,
                        const int64_t *stored, const int64_t *counted)
{
    size_t outcome = 0;
    while (outcome + 1 < OUTCOME_COUNT && stored[outcome] == counted[outcome]) {
        outcome++;
    }
    if (comparison->cohort_differences++ < COHORTS_TOLD_MAX) {
        comparison->differences[comparison->count++] =
            (struct tally_difference){.sequence_id = comparison->tally->sequence_id,
                                      .step_id = step_id,
                                      .outcome = (int64_t)outcome,
                                      .cohort_at_ms = at_ms,
                                      .stored = stored[outcome],
                                      .counted = counted[outcome]};
    }
}

static void compare_cohort(void *context, const struct store_cohort *row)
{
    static const int64_t NOBODY[OUTCOME_COUNT] = {0};
    struct comparison *comparison = context;
    const struct tally *tally = comparison->tally;
    size_t step = step_place(tally, row->step_id);
    int64_t place = 0;
    if (step == tally->step_count) {
        return; /* of a removed step without any message */
    }
    bool found = map64_get(comparison->cohorts, row->at_ms, &place);
    const struct tally_cohort *cohort = found ? &tally->cohorts[place] : NULL;
    const int64_t *counted = found && step < cohort->capacity ? cohort->counts[step] : NOBODY;
    if (found && step < cohort->capacity) {
        comparison->cohort_rows++;
    }
    if (!same_cohort(&tally->steps[step], row->counts, counted)) {
        tell_cohort(comparison, row->at_ms, row->step_id, row->counts, counted);
    }
}

/* Rows that are there are compared; rows that ought to be there are looked for by number. */
static enum error_code compare_cohorts(struct comparison *comparison, struct error *error)
{
    static const int64_t NOBODY[OUTCOME_COUNT] = {0};
    const struct tally *tally = comparison->tally;
    CLEANUP(map64_free) struct map64 *cohorts = map64_new(tally->cohort_count + 1);
    comparison->cohorts = cohorts;
    size_t expected = 0;
    for (size_t at = 0; at < tally->cohort_count; at++) {
        const struct tally_cohort *cohort = &tally->cohorts[at];
        (void)map64_put(cohorts, cohort->at_ms, (int64_t)at);
        for (size_t step = 0; step < cohort->capacity; step++) {
            expected += !tally_cohort_is_empty(cohort->counts[step]);
        }
    }
    enum error_code code =
        store_cohort_visit(comparison->work, tally->sequence_id, COUNTER_QUARTER, INT64_MIN,
                           INT64_MAX, compare_cohort, comparison, error);
    if (code == OK && comparison->cohort_rows < expected && tally->cohort_count > 0) {
        const int64_t counted[OUTCOME_COUNT] = {(int64_t)expected};
        tell_cohort(comparison, tally->cohorts[0].at_ms, 0, NOBODY, counted);
    }
    struct store_cohort stored, sum;
    bool wrong = false;
    if (code == OK) {
        code = store_cohort_find_wrong(comparison->work, tally->sequence_id, &stored, &sum, &wrong,
                                       error);
    }
    if (code == OK && wrong) {
        tell_cohort(comparison, stored.at_ms, stored.step_id, stored.counts, sum.counts);
    }
    return code;
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
    comparison.differences = arena_array(
        work->arena, tally->step_count * OUTCOME_COUNT + STRAYS_TOLD_MAX + COHORTS_TOLD_MAX + 1,
        sizeof(*comparison.differences));
    for (size_t at = 0; at < tally->step_count; at++) {
        if (tally->steps[at].step_id != 0) {
            compare_step(&comparison, &tally->steps[at]);
            continue;
        }
        for (int64_t status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
            compare_one(&comparison, 0, status, stored_count(&comparison, 0, status, ANY_REASON),
                        tally_get(&tally->steps[at], status));
        }
    }
    compare_strays(&comparison);
    code = compare_cohorts(&comparison, error);
    if (code == OK) {
        *ret_differences = comparison.differences;
        *ret_count = comparison.count;
    }
    return code;
}
