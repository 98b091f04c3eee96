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
    struct funnel_reason *failures; /* in the span, most first */
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

/* The first moment of the local day that holds `at_ms`, and the end of the day that begins at
 * `start_ms`. Both lie on a whole quarter of an hour. */
int64_t dashboard_day_start(const struct zone *zone, int64_t at_ms);
int64_t dashboard_day_end(const struct zone *zone, int64_t start_ms);

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

/* What will be sent, hour by hour, and what the channels allow: see dashboard_forecast.c. */
struct dashboard_forecast_day {
    int64_t day; /* local date, days since 1970 */
    int64_t at_ms;
    int64_t count;
    int64_t people; /* who get a message; a person in two sequences counts twice */
    bool over_tier; /* some channel would reach more people than its tier allows */
};
struct dashboard_forecast_hour {
    int64_t at_ms;
    int64_t count;
    bool over_rate; /* some channel cannot send so many in an hour */
};
struct dashboard_forecast_channel {
    int64_t id;
    struct text name;
    int64_t tier_limit; /* 0: none */
    int64_t rate_per_second;
    int64_t total;
    int64_t days_over_tier;
    int64_t first_day_over; /* days since 1970, when days_over_tier is not 0 */
    int64_t busiest_day_people;
    int64_t hours_over_rate;
    int64_t busiest_hour_count;
};
enum { DASHBOARD_FORECAST_DAYS_MAX = 90 };
struct dashboard_forecast {
    int64_t total;
    int64_t daily_capacity; /* people per day that the channels' tiers allow; -1 = no limit */
    bool sampled;           /* some sequence was counted on a sample of its people and scaled up */
    int64_t people;         /* inside active sequences */
    int64_t people_played;  /* whose schedule was played for this answer */
    struct dashboard_forecast_day *days;
    size_t day_count;
    struct dashboard_forecast_hour *hours; /* of all days, one after the other */
    size_t hour_count;
    struct dashboard_forecast_channel *channels; /* that send any of it */
    size_t channel_count;
};
MUST_USE enum error_code dashboard_forecast(struct work *work, int64_t sequence_id, int32_t days,
                                            const struct zone *zone,
                                            struct dashboard_forecast *ret_forecast,
                                            struct error *error);
