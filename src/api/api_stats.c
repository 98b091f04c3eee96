/* The dashboard, series per hour or day, and the forecast. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "base/zone.h"
#include "domain/csv.h"
#include "service/dashboard.h"
#include "service/messages.h"
#include "service/settings.h"

enum { DAYS_DEFAULT = 14, DAYS_MAX = 90 };
#define PERIOD_DEFAULT_MS (7 * MS_PER_DAY)
#define PERIOD_MAX_MS (3660 * MS_PER_DAY)

static const struct json_choice INTERVALS[] = {{"day", 0}, {"hour", 1}};
static const struct json_choice FORMATS[] = {{"json", 0}, {"csv", 1}};

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

static enum error_code read_span(struct api_query *query, struct api_call *call, struct span *span,
                                 struct error *error)
{
    span->to_ms = call->work->now_ms;
    (void)api_query_time(query, "to", &span->to_ms);
    span->from_ms = span->to_ms - PERIOD_DEFAULT_MS;
    (void)api_query_time(query, "from", &span->from_ms);
    if (span->from_ms >= span->to_ms || span->to_ms - span->from_ms > PERIOD_MAX_MS) {
        (void)error_field(error, "from", "out_of_range",
                          "\"from\" must lie before \"to\", by ten years at most");
        query->failed = true;
    }
    return read_zone(query, call, &span->zone, error);
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
    enum error_code code = read_span(&query, call, &span, error);
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

static void put_number(struct buffer *body, int64_t number)
{
    char digits[24];
    struct buffer cell;
    buffer_init(&cell, sizeof(digits));
    buffer_add_int64(&cell, number);
    csv_put_cell(body, buffer_text(&cell), false, false);
    buffer_done(&cell);
}

static void answer_csv(struct api_call *call, const struct dashboard_point *points, size_t count)
{
    static const char *const HEAD[] = {"at",        "enrolled",  "completed", "sent",
                                       "delivered", "read",      "replied",   "failed",
                                       "skipped",   "cancelled", "unknown",   "opted_out"};
    struct buffer *body = &call->response->body;
    http_response_set_header(call->response, "Content-Type", TEXT("text/csv; charset=utf-8"));
    http_response_set_header(call->response, "Content-Disposition",
                             TEXT("attachment; filename=\"timeseries.csv\""));
    for (size_t i = 0; i < ARRAY_SIZE(HEAD); i++) {
        csv_put_cell(body, text_from(HEAD[i]), i == 0, false);
    }
    csv_end_row(body);
    for (size_t i = 0; i < count; i++) {
        const struct dashboard_totals *totals = &points[i].totals;
        const int64_t numbers[] = {totals->enrolled,  totals->completed, totals->sent,
                                   totals->delivered, totals->read,      totals->replied,
                                   totals->failed,    totals->skipped,   totals->cancelled,
                                   totals->unknown,   totals->opted_out};
        char at[INSTANT_TEXT_MAX];
        csv_put_cell(body, text_from(instant_format(points[i].at_ms, at)), true, false);
        for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
            put_number(body, numbers[j]);
        }
        csv_end_row(body);
    }
}

static enum error_code timeseries(struct api_call *call, struct error *error)
{
    struct dashboard_point *points = NULL;
    struct api_query query;
    struct span span;
    int64_t sequence_id = 0;
    int hourly = 0;
    int format = 0;
    size_t count = 0;
    api_query_open(&query, call, error);
    enum error_code code = read_span(&query, call, &span, error);
    (void)api_query_choice(&query, "interval", INTERVALS, ARRAY_SIZE(INTERVALS), &hourly);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &sequence_id);
    (void)api_query_choice(&query, "format", FORMATS, ARRAY_SIZE(FORMATS), &format);
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
    if (format == 1) {
        answer_csv(call, points, count);
        return OK;
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

static enum error_code forecast(struct api_call *call, struct error *error)
{
    struct dashboard_forecast result;
    const struct zone *zone = NULL;
    struct api_query query;
    int64_t sequence_id = 0;
    int64_t days = DAYS_DEFAULT;
    api_query_open(&query, call, error);
    (void)api_query_int(&query, "days", 1, DAYS_MAX, &days);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &sequence_id);
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
    char date[INSTANT_TEXT_MAX];
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
    json_key(&writer, "points");
    json_array_begin(&writer);
    for (size_t i = 0; i < result.day_count; i++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "date", civil_format(civil_from_days(result.days[i].day), date));
        json_field_int64(&writer, "count", result.days[i].count);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

const struct api_route API_STATS_ROUTES[] = {
    {"GET", "/api/stats/overview", "stats_overview", API_READ, 0, overview, NULL},
    {"GET", "/api/stats/timeseries", "stats_timeseries", API_READ, 0, timeseries, NULL},
    {"GET", "/api/stats/forecast", "stats_forecast", API_READ, 0, forecast, NULL},
    {0},
};
