/* When the daily mail is due and what stands in it. */
#include "service/digest.h"

#include "base/instant.h"
#include "base/zone.h"
#include "service/alerts.h"
#include "service/dashboard.h"
#include "service/email.h"
#include "service/funnel.h"
#include "service/settings.h"
#include "store/counters.h"
#include "store/store_alert.h"

enum { BODY_MAX = 64 * 1024, REASONS_MAX = 10, ALERTS_MAX = 30, FORECAST_DAYS = 2 };

struct digest {
    struct work *work;
    struct settings server;
    struct mail_settings mail;
    const struct zone *zone;
    int64_t day; /* local, since 1970 */
    int minute;
};

static enum error_code open_digest(struct work *work, struct digest *digest, struct error *error)
{
    *digest = (struct digest){.work = work};
    enum error_code code = mail_settings_read(work, (struct text){0}, &digest->mail, error);
    if (code == OK) {
        code = settings_read(work, &digest->server, error);
    }
    if (code != OK) {
        return code;
    }
    digest->zone = zone_find(digest->server.timezone);
    digest->zone = digest->zone == NULL ? zone_utc() : digest->zone;
    int64_t local_ms = zone_to_local(digest->zone, work->now_ms);
    digest->day = floor_divide(local_ms, MS_PER_DAY);
    digest->minute = (int)((local_ms - digest->day * MS_PER_DAY) / MS_PER_MINUTE);
    return OK;
}

static enum error_code is_due(const struct digest *digest, bool *ret_due, struct error *error)
{
    int64_t done_day = 0;
    *ret_due = false;
    if (!digest->mail.enabled || digest->mail.digest_minute == MAIL_DIGEST_OFF ||
        digest->minute < digest->mail.digest_minute) {
        return OK;
    }
    enum error_code code = email_digest_day(digest->work, &done_day, error);
    *ret_due = code == OK && done_day < digest->day;
    return code;
}

enum error_code digest_due(struct work *work, bool *ret_due, struct error *error)
{
    struct digest digest;
    enum error_code code = open_digest(work, &digest, error);
    return code == OK ? is_due(&digest, ret_due, error) : code;
}

/* ---- the parts ---- */

static void add_number(struct buffer *out, const char *name, int64_t count)
{
    buffer_add_format(out, "  %-22s %10lld\n", name, (long long)count);
}

static void add_totals(struct buffer *out, const struct dashboard_totals *totals)
{
    add_number(out, "Enrolled", totals->enrolled);
    add_number(out, "Sent", totals->sent);
    add_number(out, "Delivered", totals->delivered);
    add_number(out, "Read", totals->read);
    add_number(out, "Replies", totals->replied);
    add_number(out, "Opted out", totals->opted_out);
    add_number(out, "Finished", totals->completed);
    add_number(out, "Failed", totals->failed);
    if (totals->unknown > 0) {
        add_number(out, "May have been sent", totals->unknown);
    }
}

static enum error_code add_failures(const struct digest *digest, int64_t from_ms, int64_t to_ms,
                                    struct buffer *out, struct error *error)
{
    struct store_alert_failure *rows = NULL;
    size_t count = 0;
    enum error_code code =
        store_alert_failures(digest->work, from_ms, to_ms, REASONS_MAX, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        int64_t reason =
            rows[i].error_code != 0 ? counters_provider_reason(rows[i].error_code) : rows[i].reason;
        struct funnel_words words = funnel_words(digest->work, reason);
        buffer_add_format(out, "    %7lld  %.*s", (long long)rows[i].count, TEXT_ARGS(words.title));
        if (words.provider_code != 0) {
            buffer_add_format(out, " (WhatsApp's code %lld)", (long long)words.provider_code);
        }
        buffer_add_format(out, "\n             %.*s\n", TEXT_ARGS(words.advice));
    }
    return code;
}

static enum error_code add_alerts(const struct digest *digest, struct buffer *out,
                                  struct error *error)
{
    struct store_alert *alerts = NULL;
    size_t count = 0;
    struct work *work = digest->work;
    enum error_code code = alerts_list(work, false, 0, 0, &alerts, &count, error);
    if (code != OK) {
        return code;
    }
    buffer_add_format(out, "\nOpen alerts: %zu\n", count);
    for (size_t i = 0; i < count && i < ALERTS_MAX; i++) {
        buffer_add_format(out, "  %-8s %.*s (since %.*s)\n",
                          alert_severity_to_text(alerts[i].severity),
                          TEXT_ARGS(email_without_numbers(work->arena, alerts[i].title)),
                          TEXT_ARGS(email_local_time(work, digest->zone, alerts[i].opened_at_ms)));
    }
    return OK;
}

static enum error_code add_forecast(const struct digest *digest, struct buffer *out,
                                    struct error *error)
{
    struct dashboard_forecast forecast;
    enum error_code code =
        dashboard_forecast(digest->work, 0, FORECAST_DAYS, digest->zone, &forecast, error);
    if (code != OK || forecast.day_count < FORECAST_DAYS) {
        return code;
    }
    buffer_add_format(out, "\nTomorrow: %s%lld messages\n", forecast.sampled ? "about " : "",
                      (long long)forecast.days[1].count);
    if (forecast.daily_capacity >= 0 && forecast.days[1].count > forecast.daily_capacity) {
        buffer_add_format(out,
                          "  That is more than the %lld people a day that WhatsApp allows; "
                          "the rest will leave later.\n",
                          (long long)forecast.daily_capacity);
    }
    return OK;
}

enum error_code digest_write(struct work *work, struct text *ret_subject, struct text *ret_body,
                             struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    char date[INSTANT_TEXT_MAX];
    struct digest digest;
    struct dashboard dashboard = {0};
    int64_t to_ms = floor_divide(work->now_ms, MS_PER_HOUR) * MS_PER_HOUR;
    int64_t from_ms = to_ms - MS_PER_DAY;
    buffer_init(&out, BODY_MAX);
    enum error_code code = open_digest(work, &digest, error);
    if (code == OK) {
        code = dashboard_read(work, from_ms, to_ms, &dashboard, error);
    }
    if (code == OK) {
        struct text zone = zone_name(digest.zone);
        buffer_add_format(&out, "From %.*s to %.*s (%.*s)\n\n",
                          TEXT_ARGS(email_local_time(work, digest.zone, from_ms)),
                          TEXT_ARGS(email_local_time(work, digest.zone, to_ms)), TEXT_ARGS(zone));
        add_totals(&out, &dashboard.totals);
        code = add_failures(&digest, from_ms, to_ms, &out, error);
    }
    if (code == OK) {
        buffer_add_format(&out, "\nNow in sequences: %lld active, %lld paused\n",
                          (long long)dashboard.people.active, (long long)dashboard.people.paused);
        code = add_alerts(&digest, &out, error);
    }
    if (code == OK) {
        code = add_forecast(&digest, &out, error);
    }
    if (code != OK) {
        return code;
    }
    if (digest.server.public_url.size > 0) {
        buffer_add_format(&out, "\n%.*s/\n", TEXT_ARGS(digest.server.public_url));
    }
    *ret_subject =
        arena_format(work->arena, "[%.*s] %lld sent, %lld failed, %s",
                     TEXT_ARGS(email_without_numbers(work->arena, digest.server.name)),
                     (long long)dashboard.totals.sent, (long long)dashboard.totals.failed,
                     civil_format(civil_from_days(digest.day), date));
    *ret_body = arena_text(work->arena, buffer_text(&out));
    return OK;
}

enum error_code digest_queue(struct work *work, struct text subject, struct text body,
                             struct error *error)
{
    char date[INSTANT_TEXT_MAX];
    struct digest digest;
    bool due = false;
    enum error_code code = open_digest(work, &digest, error);
    if (code == OK) {
        code = is_due(&digest, &due, error);
    }
    if (code != OK || !due) {
        return code;
    }
    const struct store_mail mail = {
        .cause =
            arena_format(work->arena, "digest.%s", civil_format(civil_from_days(digest.day), date)),
        .subject = subject,
        .body = body,
    };
    code = email_queue(work, &digest.mail, &mail, error);
    return code == OK ? email_digest_set_day(work, digest.day, error) : code;
}
