/* Adds counters up to funnels. */
#include "service/funnel.h"

#include "provider/provider_error.h"
#include "store/counters.h"

#include <stdlib.h>

int64_t funnel_total(const struct funnel *funnel)
{
    int64_t total = 0;
    for (int outcome = OUTCOME_WAITING; outcome <= OUTCOME_UNKNOWN; outcome++) {
        total += funnel->counts[outcome];
    }
    return total;
}

void funnel_add(struct funnel *funnel, int64_t outcome, int64_t count)
{
    if (outcome >= 0 && outcome < OUTCOME_COUNT) {
        funnel->counts[outcome] += count;
    }
}

static int compare_reasons(const void *left, const void *right)
{
    const struct funnel_reason *a = left;
    const struct funnel_reason *b = right;
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return a->reason < b->reason ? -1 : a->reason > b->reason;
}

/* Adds `count` to the row of `reason`, which is made when there is none; `reasons` has room. */
static void add_reason(struct funnel_reason *reasons, size_t *count, int64_t reason, int64_t delta)
{
    for (size_t i = 0; i < *count; i++) {
        if (reasons[i].reason == reason) {
            reasons[i].count += delta;
            return;
        }
    }
    reasons[(*count)++] = (struct funnel_reason){.reason = reason, .count = delta};
}

/* Most first, without those that went back to 0. */
static void finish_reasons(struct funnel_reason *reasons, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (reasons[i].count != 0) {
            reasons[kept++] = reasons[i];
        }
    }
    *count = kept;
    if (kept > 1) {
        qsort(reasons, kept, sizeof(*reasons), compare_reasons);
    }
}

static void add_to_step(struct arena *arena, struct funnel_step *step,
                        const struct store_counter *counter, size_t room)
{
    funnel_add(&step->funnel, counter->outcome, counter->count);
    struct funnel_reason **list = NULL;
    size_t *count = NULL;
    if (counter->outcome == OUTCOME_FAILED) {
        list = &step->failed;
        count = &step->failed_count;
    } else if (counter->outcome == OUTCOME_SKIPPED) {
        list = &step->skipped;
        count = &step->skipped_count;
    } else if (counter->outcome == OUTCOME_CANCELLED) {
        list = &step->cancelled;
        count = &step->cancelled_count;
    }
    if (list == NULL) {
        return;
    }
    if (*list == NULL) {
        *list = arena_array(arena, room, sizeof(**list));
    }
    add_reason(*list, count, counter->reason, counter->count);
}

/* How many counters from `at` on belong to its step. */
static size_t counters_of_step(const struct store_counter *counters, size_t count, size_t at)
{
    size_t end = at;
    while (end < count && counters[end].step_id == counters[at].step_id) {
        end++;
    }
    return end - at;
}

enum error_code funnel_of_sequence(struct work *work, int64_t sequence_id,
                                   struct funnel_sequence *ret_funnel, struct error *error)
{
    struct store_counter *counters = NULL;
    size_t count = 0;
    enum error_code code = store_counter_list(work, sequence_id, &counters, &count, error);
    if (code != OK) {
        return code;
    }
    struct funnel_sequence result = {0};
    result.steps = arena_array(work->arena, count + 1, sizeof(*result.steps));
    result.failed = arena_array(work->arena, count + 1, sizeof(*result.failed));
    for (size_t i = 0; i < count; i++) {
        const struct store_counter *counter = &counters[i];
        if (counter->step_id == 0) {
            continue; /* people by status */
        }
        struct funnel_step *step = result.steps + result.step_count;
        if (result.step_count == 0 || step[-1].step_id != counter->step_id) {
            step->step_id = counter->step_id;
            result.step_count++;
        } else {
            step--;
        }
        add_to_step(work->arena, step, counter, counters_of_step(counters, count, i) + 1);
        funnel_add(&result.totals, counter->outcome, counter->count);
        if (counter->outcome == OUTCOME_FAILED) {
            add_reason(result.failed, &result.failed_count, counter->reason, counter->count);
        }
    }
    for (size_t i = 0; i < result.step_count; i++) {
        finish_reasons(result.steps[i].failed, &result.steps[i].failed_count);
        finish_reasons(result.steps[i].skipped, &result.steps[i].skipped_count);
        finish_reasons(result.steps[i].cancelled, &result.steps[i].cancelled_count);
    }
    finish_reasons(result.failed, &result.failed_count);
    *ret_funnel = result;
    return OK;
}

enum error_code funnel_of_all(struct work *work, struct funnel_totals **ret_totals,
                              size_t *ret_count, struct error *error)
{
    struct store_counter *counters = NULL;
    size_t count = 0;
    size_t total_count = 0;
    enum error_code code = store_counter_list(work, 0, &counters, &count, error);
    if (code != OK) {
        return code;
    }
    struct funnel_totals *totals = arena_array(work->arena, count + 1, sizeof(*totals));
    for (size_t i = 0; i < count; i++) {
        if (counters[i].step_id == 0) {
            continue;
        }
        if (total_count == 0 || totals[total_count - 1].sequence_id != counters[i].sequence_id) {
            totals[total_count++].sequence_id = counters[i].sequence_id;
        }
        funnel_add(&totals[total_count - 1].funnel, counters[i].outcome, counters[i].count);
    }
    *ret_totals = totals;
    *ret_count = total_count;
    return OK;
}

enum error_code funnel_failures(struct work *work, int64_t sequence_id, int64_t from_ms,
                                int64_t to_ms, struct funnel_reason **ret_reasons,
                                size_t *ret_count, struct error *error)
{
    struct store_counter_failure *rows = NULL;
    size_t count = 0;
    size_t reason_count = 0;
    enum error_code code =
        store_counter_failures(work, sequence_id, from_ms, to_ms, &rows, &count, error);
    if (code != OK) {
        return code;
    }
    struct funnel_reason *reasons = arena_array(work->arena, count + 1, sizeof(*reasons));
    for (size_t i = 0; i < count; i++) {
        /* Counted before reasons were: a rest without a reason may be less than nothing. */
        if (rows[i].count > 0) {
            add_reason(reasons, &reason_count, rows[i].reason, rows[i].count);
        }
    }
    finish_reasons(reasons, &reason_count);
    *ret_reasons = reasons;
    *ret_count = reason_count;
    return OK;
}

/* "missing_field" as a title: "Missing field". */
static struct text title_of(struct arena *arena, const char *word)
{
    char *title = arena_chars(arena, text_from(word));
    for (size_t i = 0; title[i] != '\0'; i++) {
        if (title[i] == '_') {
            title[i] = ' ';
        }
    }
    if (title[0] >= 'a' && title[0] <= 'z') {
        title[0] = (char)(title[0] - 'a' + 'A');
    }
    return text_from(title);
}

/* What somebody can put right, or time does; not what the person is or has decided. */
static bool can_be_repaired(enum provider_class class)
{
    return class != PROVIDER_CLASS_UNREACHABLE && class != PROVIDER_CLASS_RECIPIENT &&
           class != PROVIDER_CLASS_MARKETING_STOP && class != PROVIDER_CLASS_EXPERIMENT;
}

struct funnel_words funnel_words(struct work *work, int64_t reason)
{
    if (reason >= COUNTER_REASON_PROVIDER) {
        int64_t provider_code = reason - COUNTER_REASON_PROVIDER;
        const struct provider_code *row = provider_code_find(provider_code);
        return (struct funnel_words){
            .reason = row == NULL ? TEXT("refused") : text_from(provider_class_to_text(row->class)),
            .provider_code = provider_code,
            .title = row == NULL ? TEXT("Refused by WhatsApp") : text_from(row->title),
            .advice = row == NULL ? text_from(message_reason_advice(REASON_REFUSED))
                                  : text_from(row->advice),
            .retryable = row == NULL || can_be_repaired(row->class),
        };
    }
    enum message_reason known = (enum message_reason)reason;
    const char *word = message_reason_to_text(known);
    if (word[0] == '\0') {
        word = "other";
    }
    return (struct funnel_words){
        .reason = text_from(word),
        .title = title_of(work->arena, word),
        .advice = text_from(message_reason_advice(known)),
        .retryable = known != REASON_OPTED_OUT && known != REASON_ERASED,
    };
}
