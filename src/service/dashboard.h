#pragma once

#include "base/error.h"
#include "domain/sequence.h"
#include "service/funnel.h"
#include "service/simulate.h"
#include "store/store_enrollment.h"
#include "store/work.h"

/* The numbers of the dashboard, from counters and counters per hour: they cost the same whatever
 * the number of people. Any connection; results live in work->arena. */

/* What happened in a span of time. */
struct dashboard_totals {
    int64_t enrolled;
    int64_t completed;
    int64_t sent;
    int64_t delivered;
    int64_t read;
    int64_t replied;
    int64_t failed;
    int64_t skipped;
    int64_t cancelled;
    int64_t unknown;
    int64_t opted_out;
};

struct dashboard_sequence {
    int64_t id;
    struct text name;
    enum sequence_status status;
    int64_t active_count;
    struct dashboard_totals totals;
};
enum { DASHBOARD_SEQUENCES_MAX = 20, DASHBOARD_ENROLLMENTS_MAX = 20 };

struct dashboard {
    int64_t from_ms;
    int64_t to_ms;
    struct dashboard_totals totals;
    struct dashboard_totals previous;     /* the span of the same length before */
    struct sequence_counts people;        /* now */
    struct dashboard_sequence *sequences; /* most messages first */
    size_t sequence_count;
    struct funnel_reason *failures; /* of all time, most first */
    size_t failure_count;
    struct store_enrollment_view *enrollments; /* newest first */
    size_t enrollment_count;
    bool has_channel; /* the first steps, ticked by facts */
    bool has_test_message;
    bool has_sequence;
    bool has_enrollment;
    bool has_delivery;
};
MUST_USE enum error_code dashboard_read(struct work *work, int64_t from_ms, int64_t to_ms,
                                        struct dashboard *ret_dashboard, struct error *error);

struct dashboard_point {
    int64_t at_ms; /* start of the local hour or day */
    struct dashboard_totals totals;
};
enum { DASHBOARD_HOURS_MAX = 31 * 24 + 1, DASHBOARD_DAYS_MAX = 367 };
/* One point per hour or day, empty ones included, from the hour or day that holds `from_ms`.
 * sequence_id  0 = all
 * Errors       ERROR_INVALID: too many points */
MUST_USE enum error_code dashboard_series(struct work *work, int64_t sequence_id, int64_t from_ms,
                                          int64_t to_ms, const struct zone *zone, bool hourly,
                                          struct dashboard_point **ret_points, size_t *ret_count,
                                          struct error *error);

struct dashboard_forecast {
    int64_t total;
    int64_t daily_capacity;      /* people per day that the channels' tiers allow; -1 = no limit */
    bool sampled;                /* counted on a sample of the people and scaled up */
    struct simulation_day *days; /* every day from today on */
    size_t day_count;
};
MUST_USE enum error_code dashboard_forecast(struct work *work, int64_t sequence_id, int32_t days,
                                            const struct zone *zone,
                                            struct dashboard_forecast *ret_forecast,
                                            struct error *error);
