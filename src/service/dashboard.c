/* The dashboard and its series. What will be sent is dashboard_forecast.c. */
#include "service/dashboard.h"

#include "base/instant.h"
#include "base/zone.h"
#include "store/store_channel.h"
#include "store/store_counter.h"
#include "store/store_sequence.h"

#include <stdlib.h>

static struct dashboard_totals totals_of(const struct store_counter_time *happened)
{
    const int64_t *counts = happened->counts;
    return (struct dashboard_totals){
        .enrolled = counts[COUNTER_TIME_ENROLLED],
        .completed = counts[COUNTER_TIME_COMPLETED],
        .sent = counts[OUTCOME_SENT],
        .delivered = counts[OUTCOME_DELIVERED],
        .read = counts[OUTCOME_READ],
        .replied = counts[OUTCOME_REPLIED],
        .failed = counts[OUTCOME_FAILED],
        .skipped = counts[OUTCOME_SKIPPED],
        .cancelled = counts[OUTCOME_CANCELLED],
        .unknown = counts[OUTCOME_UNKNOWN],
        .opted_out = counts[OUTCOME_OPTED_OUT],
    };
}

static enum error_code read_period(struct work *work, int64_t sequence_id, int64_t from_ms,
                                   int64_t to_ms, struct dashboard_totals *ret_totals,
                                   struct error *error)
{
    struct store_counter_time happened;
    enum error_code code = store_counter_time(work, sequence_id, from_ms, to_ms, &happened, error);
    if (code == OK) {
        *ret_totals = totals_of(&happened);
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
        code = code == OK ? read_period(work, all[i].sequence.id, dashboard->from_ms,
                                        dashboard->to_ms, &dashboard->sequences[i].totals, error)
                          : code;
    }
    dashboard->has_enrollment = dashboard->people.enrolled > 0;
    if (code == OK) {
        code =
            read_period(work, 0, dashboard->from_ms, dashboard->to_ms, &dashboard->totals, error);
    }
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
        code =
            read_period(work, 0, from_ms - (to_ms - from_ms), from_ms, &dashboard.previous, error);
    }
    if (code == OK) {
        code = funnel_failures(work, 0, from_ms, to_ms, &dashboard.failures,
                               &dashboard.failure_count, error);
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

/* The start of the local hour or day that holds `at_ms`. Where clocks go back, the hour that comes
 * twice is two hours. */
static int64_t start_of(const struct zone *zone, bool hourly, int64_t at_ms)
{
    int64_t local_ms = zone_to_local(zone, at_ms);
    if (hourly) {
        return at_ms - (local_ms - floor_divide(local_ms, MS_PER_HOUR) * MS_PER_HOUR);
    }
    enum zone_fit fit;
    return zone_from_local(zone, floor_divide(local_ms, MS_PER_DAY) * MS_PER_DAY, &fit);
}

static int64_t start_of_next(const struct zone *zone, bool hourly, int64_t start_ms)
{
    if (hourly) {
        /* A clock change of half an hour makes one hour of an hour and a half. */
        int64_t next_ms = start_ms + MS_PER_HOUR;
        int64_t over_ms = next_ms - start_of(zone, true, next_ms);
        return over_ms == 0 ? next_ms : next_ms + MS_PER_HOUR - over_ms;
    }
    /* Days have 23 to 25 hours; 30 hours on is always within the next one. */
    return start_of(zone, false, start_ms + 30 * MS_PER_HOUR);
}

int64_t dashboard_day_start(const struct zone *zone, int64_t at_ms)
{
    return start_of(zone, false, at_ms);
}

int64_t dashboard_day_end(const struct zone *zone, int64_t start_ms)
{
    return start_of_next(zone, false, start_ms);
}

enum error_code dashboard_series(struct work *work, int64_t sequence_id, int64_t from_ms,
                                 int64_t to_ms, const struct zone *zone, bool hourly,
                                 struct dashboard_point **ret_points, size_t *ret_count,
                                 struct error *error)
{
    size_t most = hourly ? DASHBOARD_HOURS_MAX : DASHBOARD_DAYS_MAX;
    struct dashboard_point *points = arena_array(work->arena, most, sizeof(*points));
    enum error_code code = OK;
    size_t count = 0;
    int64_t next_ms = 0;
    for (int64_t at_ms = start_of(zone, hourly, from_ms); code == OK && at_ms < to_ms;
         at_ms = next_ms) {
        if (count == most) {
            return error_field(error, "from", "out_of_range",
                               hourly ? "hours are shown for %zu days at most; choose a shorter "
                                        "span or interval=day"
                                      : "the span has more than %zu days; choose a shorter one",
                               hourly ? most / 24 : most);
        }
        next_ms = start_of_next(zone, hourly, at_ms);
        points[count].at_ms = at_ms;
        code = read_period(work, sequence_id, at_ms, next_ms, &points[count].totals, error);
        count++;
    }
    if (code == OK) {
        *ret_points = points;
        *ret_count = count;
    }
    return code;
}
