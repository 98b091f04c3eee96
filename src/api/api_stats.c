/* The dashboard, series per hour or day, cohorts, and the forecast. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "base/zone.h"
#include "service/cohorts.h"
#include "service/dashboard.h"
#include "service/messages.h"
#include "service/settings.h"

enum { DAYS_DEFAULT = 14 };
#define PERIOD_DEFAULT_MS (7 * MS_PER_DAY)
#define PERIOD_MAX_MS (366 * MS_PER_DAY)
#define COHORTS_DEFAULT_MS (29 * MS_PER_DAY)

static const struct json_choice INTERVALS[] = {{"day", 0}, {"hour", 1}};

/* The span that was asked for, and the zone whose days are meant. */
struct span {
    int64_t from_ms;
    int64_t to_ms;
    const struct zone *zone;
};

static enum error_code read_zone(struct api_query *query, struct api_call *call,
                                 const struct zone **ret_zone, struct error *error)
{
    struct settings settings;
    struct text name = {0};
    const struct zone *zone = NULL;
    enum error_code code = settings_read(call->work, &settings, error);
    if (code != OK) {
        return code;
    }
    if (api_query_text(query, "timezone", ZONE_NAME_MAX, &name) && name.size > 0) {
        zone = zone_find(name);
        if (zone == NULL) {
            (void)error_field(error, "timezone", "unknown_timezone",
                              "time zone \"%.*s\" does not exist; use a name like Asia/Kolkata",
                              TEXT_ARGS(name));
            query->failed = true;
        }
    } else {
        zone = zone_find(settings.timezone);
    }
    *ret_zone = zone == NULL ? zone_utc() : zone;
    return OK;
}

/* A date alone is its first moment in the zone of the viewer. */
static void read_moment(struct api_query *query, const char *name, const struct zone *zone,
                        int64_t *ret_ms)
{
    struct text value = {0};
    enum zone_fit fit;
    int64_t local_ms = 0;
    if (api_query_time(query, name, &local_ms)) {
        for (size_t i = 0; i < query->count; i++) {
            value =
                text_equal(query->pairs[i].name, text_from(name)) ? query->pairs[i].value : value;
        }
        bool date = value.size == strlen("2026-01-05");
        *ret_ms = date ? zone_from_local(zone, local_ms, &fit) : local_ms;
    }
}

/* The span that was asked for: `period_ms` up to now when nothing was said. */
static enum error_code read_span(struct api_query *query, struct api_call *call, int64_t period_ms,
                                 struct span *span, struct error *error)
{
    enum error_code code = read_zone(query, call, &span->zone, error);
    if (code != OK) {
        return code;
    }
    span->to_ms = call->work->now_ms;
    read_moment(query, "to", span->zone, &span->to_ms);
    span->from_ms = span->to_ms - period_ms;
    read_moment(query, "from", span->zone, &span->from_ms);
    if (span->from_ms >= span->to_ms || span->to_ms - span->from_ms > PERIOD_MAX_MS) {
        (void)error_field(error, "from", "out_of_range",
                          "\"from\" must lie before \"to\", by 366 days at most");
        query->failed = true;
    }
    return OK;
}

static void encode_totals_fields(struct json_writer *writer, const struct dashboard_totals *totals)
{
    json_field_int64(writer, "enrolled", totals->enrolled);
    json_field_int64(writer, "completed", totals->completed);
    json_field_int64(writer, "sent", totals->sent);
    json_field_int64(writer, "delivered", totals->delivered);
    json_field_int64(writer, "read", totals->read);
    json_field_int64(writer, "replied", totals->replied);
    json_field_int64(writer, "failed", totals->failed);
    json_field_int64(writer, "skipped", totals->skipped);
    json_field_int64(writer, "cancelled", totals->cancelled);
    json_field_int64(writer, "unknown", totals->unknown);
    json_field_int64(writer, "opted_out", totals->opted_out);
}

static void encode_totals(struct json_writer *writer, const char *name,
                          const struct dashboard_totals *totals)
{
    json_key(writer, name);
    json_object_begin(writer);
    encode_totals_fields(writer, totals);
    json_object_end(writer);
}

static void encode_people(struct json_writer *writer, const struct sequence_counts *people)
{
    json_key(writer, "people");
    json_object_begin(writer);
    json_field_int64(writer, "active", people->active);
    json_field_int64(writer, "paused", people->paused);
    json_field_int64(writer, "completed", people->completed);
    json_field_int64(writer, "stopped", people->stopped);
    json_field_int64(writer, "opted_out", people->opted_out);
    json_field_int64(writer, "failed", people->failed);
    json_object_end(writer);
}

static void encode_sequences(struct json_writer *writer, const struct dashboard *dashboard)
{
    json_key(writer, "sequences");
    json_array_begin(writer);
    for (size_t i = 0; i < dashboard->sequence_count; i++) {
        const struct dashboard_sequence *sequence = &dashboard->sequences[i];
        json_object_begin(writer);
        json_field_id(writer, "id", ID_SEQUENCE, sequence->id);
        json_field_text(writer, "name", sequence->name);
        json_field_chars(writer, "status", sequence_status_to_text(sequence->status));
        json_field_int64(writer, "active_count", sequence->active_count);
        encode_totals(writer, "totals", &sequence->totals);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_setup(struct json_writer *writer, const struct dashboard *dashboard)
{
    json_key(writer, "setup");
    json_object_begin(writer);
    json_field_bool(writer, "channel", dashboard->has_channel);
    json_field_bool(writer, "test_message", dashboard->has_test_message);
    json_field_bool(writer, "sequence", dashboard->has_sequence);
    json_field_bool(writer, "enrollment", dashboard->has_enrollment);
    json_field_bool(writer, "delivery", dashboard->has_delivery);
    json_object_end(writer);
}

static void encode_span(struct json_writer *writer, const struct span *span)
{
    json_field_time(writer, "from", span->from_ms);
    json_field_time(writer, "to", span->to_ms);
    json_field_text(writer, "timezone", zone_name(span->zone));
}

static enum error_code overview(struct api_call *call, struct error *error)
{
    struct dashboard dashboard;
    struct queue_stats queue;
    struct api_query query;
    struct span span;
    api_query_open(&query, call, error);
    enum error_code code = read_span(&query, call, PERIOD_DEFAULT_MS, &span, error);
    if (code == OK) {
        code = api_query_done(&query);
    }
    if (code == OK) {
        code = dashboard_read(call->work, span.from_ms, span.to_ms, &dashboard, error);
    }
    if (code == OK) {
        code = messages_queue_stats(call->work, call->service, &queue, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    encode_span(&writer, &span);
    encode_totals(&writer, "totals", &dashboard.totals);
    encode_totals(&writer, "previous", &dashboard.previous);
    encode_people(&writer, &dashboard.people);
    encode_sequences(&writer, &dashboard);
    encode_failures(&writer, "failures", call->work, dashboard.failures, dashboard.failure_count);
    json_key(&writer, "recent_enrollments");
    json_array_begin(&writer);
    for (size_t i = 0; i < dashboard.enrollment_count; i++) {
        encode_enrollment(&writer, &dashboard.enrollments[i]);
    }
    json_array_end(&writer);
    json_key(&writer, "queue");
    encode_queue_stats(&writer, call->work->now_ms, &queue);
    encode_setup(&writer, &dashboard);
    json_object_end(&writer);
    return OK;
}

static enum error_code timeseries(struct api_call *call, struct error *error)
{
    struct dashboard_point *points = NULL;
    struct api_query query;
    struct span span;
    int64_t sequence_id = 0;
    int hourly = 0;
    size_t count = 0;
    api_query_open(&query, call, error);
    enum error_code code = read_span(&query, call, PERIOD_DEFAULT_MS, &span, error);
    (void)api_query_choice(&query, "interval", INTERVALS, ARRAY_SIZE(INTERVALS), &hourly);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &sequence_id);
    if (code == OK) {
        code = api_query_done(&query);
    }
    if (code == OK) {
        code = dashboard_series(call->work, sequence_id, span.from_ms, span.to_ms, span.zone,
                                hourly == 1, &points, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    encode_span(&writer, &span);
    json_field_chars(&writer, "interval", hourly == 1 ? "hour" : "day");
    json_key(&writer, "points");
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&writer);
        json_field_time(&writer, "at", points[i].at_ms);
        encode_totals_fields(&writer, &points[i].totals);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

/* ---- cohorts ---- */

static void encode_day(struct json_writer *writer, const struct cohorts *cohorts,
                       const struct cohort_day *day)
{
    char date[INSTANT_TEXT_MAX];
    json_object_begin(writer);
    json_field_chars(writer, "date", civil_format(civil_from_days(day->day), date));
    json_field_time(writer, "at", day->at_ms);
    json_field_int64(writer, "enrolled", day->enrolled);
    for (int status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
        json_field_int64(writer, enrollment_status_to_text((enum enrollment_status)status),
                         day->people[status]);
    }
    json_key(writer, "steps");
    json_array_begin(writer);
    for (size_t i = 0; i < cohorts->stats.step_count; i++) {
        json_object_begin(writer);
        json_field_id(writer, "step_id", ID_STEP, cohorts->stats.steps[i].step.id);
        json_field_int64(writer, "day", cohorts->stats.steps[i].step.day);
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            json_field_int64(writer, step_outcome_to_text((enum step_outcome)outcome),
                             day->counts[i][outcome]);
        }
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static enum error_code cohorts(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct span span;
    struct cohorts result;
    int64_t id = 0;
    api_query_open(&query, call, error);
    enum error_code code = read_span(&query, call, COHORTS_DEFAULT_MS, &span, error);
    if (code == OK) {
        code = api_query_done(&query);
    }
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    }
    if (code == OK) {
        code = cohorts_read(call->work, id, span.from_ms, span.to_ms, span.zone, &result, error);
    }
    if (code != OK) {
        return code;
    }
    span.from_ms = result.from_ms;
    span.to_ms = result.to_ms;
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_id(&writer, "sequence_id", ID_SEQUENCE, id);
    encode_span(&writer, &span);
    json_key(&writer, "steps");
    json_array_begin(&writer);
    for (size_t i = 0; i < result.stats.step_count; i++) {
        json_object_begin(&writer);
        encode_step_name(&writer, &result.stats.steps[i]);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_key(&writer, "cohorts");
    json_array_begin(&writer);
    for (size_t i = 0; i < result.day_count; i++) {
        encode_day(&writer, &result, &result.days[i]);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

/* ---- forecast ---- */

static void encode_forecast_days(struct json_writer *writer,
                                 const struct dashboard_forecast *forecast)
{
    char date[INSTANT_TEXT_MAX];
    json_key(writer, "points");
    json_array_begin(writer);
    for (size_t i = 0; i < forecast->day_count; i++) {
        const struct dashboard_forecast_day *day = &forecast->days[i];
        json_object_begin(writer);
        json_field_chars(writer, "date", civil_format(civil_from_days(day->day), date));
        json_field_time(writer, "at", day->at_ms);
        json_field_int64(writer, "count", day->count);
        json_field_int64(writer, "people", day->people);
        json_field_bool(writer, "over_tier", day->over_tier);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_forecast_hours(struct json_writer *writer,
                                  const struct dashboard_forecast *forecast)
{
    json_key(writer, "hours");
    json_array_begin(writer);
    for (size_t i = 0; i < forecast->hour_count; i++) {
        json_object_begin(writer);
        json_field_time(writer, "at", forecast->hours[i].at_ms);
        json_field_int64(writer, "count", forecast->hours[i].count);
        json_field_bool(writer, "over_rate", forecast->hours[i].over_rate);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_forecast_channels(struct json_writer *writer,
                                     const struct dashboard_forecast *forecast)
{
    char date[INSTANT_TEXT_MAX];
    json_key(writer, "channels");
    json_array_begin(writer);
    for (size_t i = 0; i < forecast->channel_count; i++) {
        const struct dashboard_forecast_channel *channel = &forecast->channels[i];
        json_object_begin(writer);
        json_field_id(writer, "channel_id", ID_CHANNEL, channel->id);
        json_field_text(writer, "name", channel->name);
        if (channel->tier_limit == 0) {
            json_field_null(writer, "tier_limit");
        } else {
            json_field_int64(writer, "tier_limit", channel->tier_limit);
        }
        json_field_int64(writer, "messages_per_second", channel->rate_per_second);
        json_field_int64(writer, "total", channel->total);
        json_field_int64(writer, "days_over_tier", channel->days_over_tier);
        json_field_chars(writer, "first_day_over",
                         channel->days_over_tier == 0
                             ? NULL
                             : civil_format(civil_from_days(channel->first_day_over), date));
        json_field_int64(writer, "busiest_day_people", channel->busiest_day_people);
        json_field_int64(writer, "hours_over_rate", channel->hours_over_rate);
        json_field_int64(writer, "busiest_hour_count", channel->busiest_hour_count);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static enum error_code forecast(struct api_call *call, struct error *error)
{
    struct dashboard_forecast result;
    const struct zone *zone = NULL;
    struct api_query query;
    int64_t sequence_id = 0;
    int64_t days = DAYS_DEFAULT;
    int hourly = 0;
    api_query_open(&query, call, error);
    (void)api_query_int(&query, "days", 1, DASHBOARD_FORECAST_DAYS_MAX, &days);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &sequence_id);
    (void)api_query_choice(&query, "interval", INTERVALS, ARRAY_SIZE(INTERVALS), &hourly);
    enum error_code code = read_zone(&query, call, &zone, error);
    if (code == OK) {
        code = api_query_done(&query);
    }
    if (code == OK) {
        code = dashboard_forecast(call->work, sequence_id, (int32_t)days, zone, &result, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_text(&writer, "timezone", zone_name(zone));
    json_field_int64(&writer, "total", result.total);
    if (result.daily_capacity < 0) {
        json_field_null(&writer, "daily_capacity");
    } else {
        json_field_int64(&writer, "daily_capacity", result.daily_capacity);
    }
    json_field_bool(&writer, "sampled", result.sampled);
    json_field_int64(&writer, "people", result.people);
    json_field_int64(&writer, "people_played", result.people_played);
    encode_forecast_days(&writer, &result);
    if (hourly == 1) {
        encode_forecast_hours(&writer, &result);
    }
    encode_forecast_channels(&writer, &result);
    json_object_end(&writer);
    return OK;
}

const struct api_route API_STATS_ROUTES[] = {
    {"GET", "/api/stats/overview", "stats_overview", API_READ, 0, overview, NULL},
    {"GET", "/api/stats/timeseries", "stats_timeseries", API_READ, 0, timeseries, NULL,
     "timeseries.csv|points|at,enrolled,completed,sent,delivered,read,replied,failed,skipped,"
     "cancelled,unknown,opted_out"},
    {"GET", "/api/stats/forecast", "stats_forecast", API_READ, 0, forecast, NULL,
     "forecast.csv|points|date,at,count,people,over_tier;hours.csv|hours|at,count,over_rate"},
    {"GET", "/api/sequences/:id/cohorts", "sequences_cohorts", API_READ, 0, cohorts, NULL,
     "cohorts.csv|cohorts/steps|date=^date,enrolled=^enrolled,active=^active,paused=^paused,"
     "completed=^completed,stopped=^stopped,person_opted_out=^opted_out,person_failed=^failed,"
     "step_id,day,waiting,queued,sent,delivered,read,replied,failed,skipped,cancelled,unknown,"
     "opted_out"},
    {0},
};
