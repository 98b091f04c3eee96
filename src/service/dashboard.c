/* The dashboard and its series. What will be sent is dashboard_forecast.c. */
#include "service/dashboard.h"

#include "base/instant.h"
#include "base/zone.h"
#include "store/counters.h"
#include "store/store_channel.h"
#include "store/store_sequence.h"

#include <stdlib.h>

static void add(struct dashboard_totals *totals, int64_t outcome, int64_t count)
{
    static const struct {
        int64_t outcome;
        size_t offset;
    } PLACES[] = {
        {COUNTER_HOUR_ENROLLED, offsetof(struct dashboard_totals, enrolled)},
        {COUNTER_HOUR_COMPLETED, offsetof(struct dashboard_totals, completed)},
        {OUTCOME_SENT, offsetof(struct dashboard_totals, sent)},
        {OUTCOME_DELIVERED, offsetof(struct dashboard_totals, delivered)},
        {OUTCOME_READ, offsetof(struct dashboard_totals, read)},
        {OUTCOME_REPLIED, offsetof(struct dashboard_totals, replied)},
        {OUTCOME_FAILED, offsetof(struct dashboard_totals, failed)},
        {OUTCOME_SKIPPED, offsetof(struct dashboard_totals, skipped)},
        {OUTCOME_CANCELLED, offsetof(struct dashboard_totals, cancelled)},
        {OUTCOME_UNKNOWN, offsetof(struct dashboard_totals, unknown)},
        {OUTCOME_OPTED_OUT, offsetof(struct dashboard_totals, opted_out)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
        if (PLACES[i].outcome == outcome) {
            *(int64_t *)((char *)totals + PLACES[i].offset) += count;
            return;
        }
    }
}

/* Test sends belong to no sequence and are shown nowhere; opt-outs without one are. */
static bool is_shown(const struct store_counter_hour *row)
{
    return row->sequence_id != 0 || row->outcome == OUTCOME_OPTED_OUT;
}

static enum error_code read_period(struct work *work, int64_t from_ms, int64_t to_ms,
                                   struct dashboard_totals *totals,
                                   struct dashboard_sequence *sequences, size_t sequence_count,
                                   struct error *error)
{
    struct store_counter_hour *rows = NULL;
    size_t count = 0;
    int64_t from_hour_ms = from_ms - (from_ms % MS_PER_HOUR + MS_PER_HOUR) % MS_PER_HOUR;
    enum error_code code = store_counter_period(work, from_hour_ms, to_ms, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (!is_shown(&rows[i])) {
            continue;
        }
        add(totals, rows[i].outcome, rows[i].count);
        for (size_t j = 0; j < sequence_count; j++) {
            if (sequences[j].id == rows[i].sequence_id) {
                add(&sequences[j].totals, rows[i].outcome, rows[i].count);
                break;
            }
        }
    }
    return code;
}

static int compare_sequences(const void *left, const void *right)
{
    const struct dashboard_sequence *a = left;
    const struct dashboard_sequence *b = right;
    if (a->totals.sent != b->totals.sent) {
        return a->totals.sent > b->totals.sent ? -1 : 1;
    }
    if (a->active_count != b->active_count) {
        return a->active_count > b->active_count ? -1 : 1;
    }
    return a->id > b->id ? -1 : a->id < b->id;
}

static enum error_code read_sequences(struct work *work, struct dashboard *dashboard,
                                      struct error *error)
{
    struct store_sequence_summary *all = NULL;
    size_t count = 0;
    enum error_code code = store_sequence_list(work, &all, &count, error);
    if (code != OK) {
        return code;
    }
    dashboard->sequences = arena_array(work->arena, count + 1, sizeof(*dashboard->sequences));
    dashboard->has_sequence = count > 0;
    for (size_t i = 0; i < count; i++) {
        const struct sequence_counts *counts = &all[i].counts;
        dashboard->people.enrolled += counts->enrolled;
        dashboard->people.active += counts->active;
        dashboard->people.paused += counts->paused;
        dashboard->people.completed += counts->completed;
        dashboard->people.stopped += counts->stopped;
        dashboard->people.opted_out += counts->opted_out;
        dashboard->people.failed += counts->failed;
        dashboard->sequences[i] = (struct dashboard_sequence){
            .id = all[i].sequence.id,
            .name = all[i].sequence.name,
            .status = all[i].sequence.status,
            .active_count = counts->active,
        };
    }
    dashboard->has_enrollment = dashboard->people.enrolled > 0;
    code = read_period(work, dashboard->from_ms, dashboard->to_ms, &dashboard->totals,
                       dashboard->sequences, count, error);
    if (count > 1) {
        qsort(dashboard->sequences, count, sizeof(*dashboard->sequences), compare_sequences);
    }
    dashboard->sequence_count = count < DASHBOARD_SEQUENCES_MAX ? count : DASHBOARD_SEQUENCES_MAX;
    return code;
}

static enum error_code read_setup(struct work *work, struct dashboard *dashboard,
                                  struct error *error)
{
    struct store_channel *channels = NULL;
    struct funnel_totals *totals = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    dashboard->has_channel = code == OK && count > 0;
    if (code == OK) {
        code = store_test_message_sent(work, &dashboard->has_test_message, error);
    }
    if (code == OK) {
        code = funnel_of_all(work, &totals, &count, error);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        dashboard->has_delivery =
            dashboard->has_delivery || totals[i].funnel.counts[OUTCOME_DELIVERED] > 0;
    }
    return code;
}

enum error_code dashboard_read(struct work *work, int64_t from_ms, int64_t to_ms,
                               struct dashboard *ret_dashboard, struct error *error)
{
    struct dashboard dashboard = {.from_ms = from_ms, .to_ms = to_ms};
    enum error_code code = read_sequences(work, &dashboard, error);
    if (code == OK) {
        code = read_period(work, from_ms - (to_ms - from_ms), from_ms, &dashboard.previous, NULL, 0,
                           error);
    }
    if (code == OK) {
        code = funnel_failures(work, &dashboard.failures, &dashboard.failure_count, error);
    }
    if (code == OK) {
        const struct store_enrollment_filter newest = {.order = STORE_ENROLLMENT_NEWEST};
        code = store_enrollment_list(work, &newest, DASHBOARD_ENROLLMENTS_MAX,
                                     &dashboard.enrollments, &dashboard.enrollment_count, error);
    }
    if (code == OK) {
        code = read_setup(work, &dashboard, error);
    }
    if (code == OK) {
        *ret_dashboard = dashboard;
    }
    return code;
}

/* The start of the hour or local day that holds `at_ms`. */
static int64_t start_of(const struct zone *zone, bool hourly, int64_t at_ms)
{
    if (hourly) {
        return floor_divide(at_ms, MS_PER_HOUR) * MS_PER_HOUR;
    }
    enum zone_fit fit;
    int64_t day = floor_divide(zone_to_local(zone, at_ms), MS_PER_DAY);
    return zone_from_local(zone, day * MS_PER_DAY, &fit);
}

static int64_t start_of_next(const struct zone *zone, bool hourly, int64_t start_ms)
{
    if (hourly) {
        return start_ms + MS_PER_HOUR;
    }
    /* Days have 23 to 25 hours; 30 hours on is always within the next one. */
    return start_of(zone, false, start_ms + 30 * MS_PER_HOUR);
}

enum error_code dashboard_series(struct work *work, int64_t sequence_id, int64_t from_ms,
                                 int64_t to_ms, const struct zone *zone, bool hourly,
                                 struct dashboard_point **ret_points, size_t *ret_count,
                                 struct error *error)
{
    struct dashboard_point *points =
        arena_array(work->arena, DASHBOARD_POINTS_MAX, sizeof(*points));
    struct store_counter_hour *rows = NULL;
    size_t count = 0;
    size_t row_count = 0;
    int64_t start_ms = start_of(zone, hourly, from_ms);
    for (int64_t at_ms = start_ms; at_ms < to_ms; at_ms = start_of_next(zone, hourly, at_ms)) {
        if (count == DASHBOARD_POINTS_MAX) {
            return error_field(error, "from", "out_of_range",
                               "the span has more than %d points; choose a shorter one or days",
                               DASHBOARD_POINTS_MAX);
        }
        points[count++].at_ms = at_ms;
    }
    enum error_code code = store_counter_hours(work, sequence_id, start_ms - MS_PER_HOUR + 1, to_ms,
                                               &rows, &row_count, error);
    size_t at = 0;
    for (size_t i = 0; code == OK && count > 0 && i < row_count; i++) {
        /* Where a day begins within an hour (zones of half hours), the hour counts for the day it
         * ends in. */
        while (at + 1 < count && rows[i].hour_at_ms + MS_PER_HOUR - 1 >= points[at + 1].at_ms) {
            at++;
        }
        add(&points[at].totals, rows[i].outcome, rows[i].count);
    }
    if (code == OK) {
        *ret_points = points;
        *ret_count = count;
    }
    return code;
}
