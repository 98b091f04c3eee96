/* Sequences with their numbers, lists of them, and saved versions. */
#include "base/json.h"
#include "service/sequences.h"
#include "service/sequences_internal.h"
#include "store/store_sequence.h"

#include <stdlib.h>

enum error_code sequences_view(struct work *work, const struct sequence *sequence,
                               struct sequence_view *ret_view, struct error *error)
{
    struct sequence_view view = {
        .sequence = *sequence,
        .message_count = (int64_t)sequence->step_count,
        .total_days = sequence_total_days(sequence),
    };
    struct funnel_sequence funnel;
    enum error_code code = store_sequence_counts(work, sequence->id, &view.counts, error);
    if (code == OK) {
        code = funnel_of_sequence(work, sequence->id, &funnel, error);
    }
    if (code == OK) {
        code = store_sequence_last_activity(work, sequence->id, &view.last_activity_at_ms, error);
    }
    if (code == OK) {
        view.totals = funnel.totals;
        *ret_view = view;
    }
    return code;
}

static bool contains_ignoring_case(struct text text, struct text part)
{
    for (size_t i = 0; i + part.size <= text.size; i++) {
        if (text_equal_ignore_case(text_make(text.data + i, part.size), part)) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct store_sequence_summary *summary,
                    const struct sequences_filter *filter)
{
    const struct sequence *sequence = &summary->sequence;
    if (filter->statuses != 0 && (filter->statuses >> (unsigned)sequence->status & 1) == 0) {
        return false;
    }
    return filter->text.size == 0 || contains_ignoring_case(sequence->name, filter->text) ||
           contains_ignoring_case(sequence->description, filter->text);
}

static int order(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_names(struct text a, struct text b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    for (size_t i = 0; i < shorter; i++) {
        int left = (unsigned char)a.data[i];
        int right = (unsigned char)b.data[i];
        left = left >= 'A' && left <= 'Z' ? left + 32 : left;
        right = right >= 'A' && right <= 'Z' ? right + 32 : right;
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return order((int64_t)a.size, (int64_t)b.size);
}

static int64_t activity(const struct store_sequence_summary *summary)
{
    return summary->last_activity_at_ms != 0 ? summary->last_activity_at_ms
                                             : summary->sequence.updated_at_ms;
}

static int compare(const void *left, const void *right, void *context)
{
    const struct store_sequence_summary *a = left;
    const struct store_sequence_summary *b = right;
    const struct sequences_filter *filter = context;
    int result = 0;
    switch (filter->sort) {
    case SEQUENCES_BY_NAME:
        result = compare_names(a->sequence.name, b->sequence.name);
        break;
    case SEQUENCES_BY_CREATED:
        result = order(a->sequence.created_at_ms, b->sequence.created_at_ms);
        break;
    case SEQUENCES_BY_UPDATED:
        result = order(a->sequence.updated_at_ms, b->sequence.updated_at_ms);
        break;
    case SEQUENCES_BY_ACTIVITY:
        result = order(activity(a), activity(b));
        break;
    case SEQUENCES_BY_ENROLLED:
        result = order(a->counts.enrolled, b->counts.enrolled);
        break;
    case SEQUENCES_BY_ACTIVE:
        result = order(a->counts.active, b->counts.active);
        break;
    }
    if (result == 0) {
        result = order(a->sequence.id, b->sequence.id);
    }
    return filter->descending ? -result : result;
}

static enum error_code look_up_activity(struct work *work, struct store_sequence_summary *summaries,
                                        size_t count, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        code = store_sequence_last_activity(work, summaries[i].sequence.id,
                                            &summaries[i].last_activity_at_ms, error);
    }
    return code;
}

enum error_code sequences_list(struct work *work, const struct sequences_filter *filter,
                               struct sequence_view **ret_views, size_t *ret_count, bool *ret_more,
                               struct error *error)
{
    struct store_sequence_summary *all = NULL;
    struct funnel_totals *totals = NULL;
    size_t count = 0;
    size_t total_count = 0;
    size_t kept = 0;
    enum error_code code = store_sequence_list(work, &all, &count, error);
    if (code == OK) {
        code = funnel_of_all(work, &totals, &total_count, error);
    }
    if (code != OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        if (matches(&all[i], filter)) {
            all[kept++] = all[i];
        }
    }
    struct sequences_filter order_by = *filter;
    if (filter->sort == SEQUENCES_BY_ACTIVITY) {
        code = look_up_activity(work, all, kept, error);
    }
    if (kept > 1) {
        qsort_r(all, kept, sizeof(*all), compare, &order_by);
    }
    size_t from = filter->offset < kept ? filter->offset : kept;
    size_t shown = kept - from < filter->limit ? kept - from : filter->limit;
    struct sequence_view *views = arena_array(work->arena, shown + 1, sizeof(*views));
    if (code == OK && filter->sort != SEQUENCES_BY_ACTIVITY) {
        code = look_up_activity(work, &all[from], shown, error);
    }
    for (size_t i = 0; i < shown; i++) {
        const struct store_sequence_summary *summary = &all[from + i];
        views[i] = (struct sequence_view){.sequence = summary->sequence,
                                          .counts = summary->counts,
                                          .message_count = summary->message_count,
                                          .total_days = summary->total_days,
                                          .last_activity_at_ms = summary->last_activity_at_ms};
        for (size_t j = 0; j < total_count; j++) {
            if (totals[j].sequence_id == summary->sequence.id) {
                views[i].totals = totals[j].funnel;
            }
        }
    }
    if (code == OK) {
        *ret_views = views;
        *ret_count = shown;
        *ret_more = from + shown < kept;
    }
    return code;
}

static void read_definition(struct work *work, struct sequence_version_view *view)
{
    CLEANUP(json_free) struct json *json = NULL;
    const struct json_limits limits = {.size = (size_t)16 << 20};
    struct error ignored = {0};
    if (json_parse(view->version.definition, &limits, &json, &ignored) == OK) {
        view->name = arena_text(work->arena, json_get_text(json, "name"));
        view->message_count = (int64_t)json_count(json_get(json, "messages"));
    }
}

enum error_code sequences_versions(struct work *work, int64_t id, int64_t before, size_t limit,
                                   struct sequence_version_view **ret_views, size_t *ret_count,
                                   struct error *error)
{
    struct sequence sequence;
    struct store_sequence_version *versions = NULL;
    size_t count = 0;
    int64_t newest = 0;
    enum error_code code = sequences_find(work, id, &sequence, error);
    if (code == OK) {
        code = store_sequence_version_newest(work, id, &newest, error);
    }
    if (code == OK) {
        code = store_sequence_version_list(work, id, before, limit, &versions, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct sequence_version_view *views = arena_array(work->arena, count + 1, sizeof(*views));
    for (size_t i = 0; i < count; i++) {
        views[i].version = versions[i];
        views[i].current = versions[i].version == newest;
        read_definition(work, &views[i]);
    }
    *ret_views = views;
    *ret_count = count;
    return OK;
}

enum error_code sequences_version(struct work *work, int64_t id, int64_t version,
                                  struct sequence_version_view *ret_view, struct error *error)
{
    struct sequence sequence;
    struct sequence_version_view view = {0};
    int64_t newest = 0;
    bool found = false;
    enum error_code code = sequences_find(work, id, &sequence, error);
    if (code == OK) {
        code = store_sequence_version_newest(work, id, &newest, error);
    }
    if (code == OK) {
        code = store_sequence_version_get(work, id, version, &view.version, &found, error);
    }
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "the sequence has no version %lld",
                         (long long)version);
    }
    if (code == OK) {
        view.current = version == newest;
        read_definition(work, &view);
        *ret_view = view;
    }
    return code;
}

enum error_code sequences_stats(struct work *work, int64_t id, struct sequences_stats *ret_stats,
                                struct error *error)
{
    struct sequence sequence;
    struct sequences_stats stats = {0};
    struct store_step *steps = NULL;
    size_t count = 0;
    enum error_code code = sequences_find(work, id, &sequence, error);
    if (code == OK) {
        code = store_sequence_counts(work, id, &stats.counts, error);
    }
    if (code == OK) {
        code = funnel_of_sequence(work, id, &stats.funnel, error);
    }
    if (code == OK) {
        code = store_step_list(work, id, &steps, &count, error);
    }
    if (code != OK) {
        return code;
    }
    stats.steps = arena_array(work->arena, count + 1, sizeof(*stats.steps));
    for (size_t i = 0; i < count; i++) {
        bool counted = false;
        for (size_t j = 0; j < stats.funnel.step_count; j++) {
            const struct funnel_step *numbers = &stats.funnel.steps[j];
            counted = counted ||
                      (numbers->step_id == steps[i].step.id && funnel_total(&numbers->funnel) > 0);
        }
        if (steps[i].removed_at_ms != 0 && !counted) {
            continue; /* removed before anybody came to it */
        }
        stats.steps[stats.step_count++] = (struct sequences_stats_step){
            .step = steps[i].step, .removed = steps[i].removed_at_ms != 0};
    }
    *ret_stats = stats;
    return OK;
}
