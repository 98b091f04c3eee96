/* What a mail says of an alert, and how it gets into the queue. */
#include "service/email.h"

#include "base/instant.h"
#include "base/zone.h"
#include "service/alerts.h"
#include "service/settings.h"

enum { DIGITS_MIN = 7, DIGITS_KEPT = 2, BODY_MAX = 16 * 1024 };

/* ---- words ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How far a number reaches that begins at `at`: digits, with spaces, dots and hyphens between. */
static size_t number_end(struct text text, size_t at, size_t *ret_digits)
{
    size_t end = at;
    *ret_digits = 0;
    for (size_t i = at; i < text.size; i++) {
        if (is_digit(text.data[i])) {
            ++*ret_digits;
            end = i + 1;
        } else if (strchr(" .-()", text.data[i]) == NULL) {
            break;
        }
    }
    return end;
}

struct text email_without_numbers(struct arena *arena, struct text text)
{
    char *out = arena_chars(arena, text);
    size_t at = 0;
    while (at < text.size) {
        size_t digits = 0;
        size_t end = is_digit(text.data[at]) ? number_end(text, at, &digits) : at + 1;
        for (size_t seen = 0; digits >= DIGITS_MIN && at < end; at++) {
            seen += is_digit(text.data[at]);
            if (is_digit(text.data[at]) && seen + DIGITS_KEPT <= digits) {
                out[at] = '*';
            }
        }
        at = end;
    }
    return text_make(out, text.size);
}

struct text email_local_time(struct work *work, const struct zone *zone, int64_t ms)
{
    char date[INSTANT_TEXT_MAX];
    char minute[INSTANT_TEXT_MAX];
    int64_t local_ms = zone_to_local(zone, ms);
    int64_t day = floor_divide(local_ms, MS_PER_DAY);
    (void)civil_format(civil_from_days(day), date);
    (void)minute_format((int)((local_ms - day * MS_PER_DAY) / MS_PER_MINUTE), minute);
    return arena_format(work->arena, "%s %s", date, minute);
}

/* ---- the queue ---- */

enum error_code email_queue(struct work *work, const struct mail_settings *settings,
                            const struct store_mail *mail, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; i < settings->recipient_count && code == OK; i++) {
        struct store_mail one = *mail;
        one.recipient = settings->recipients[i];
        code = store_mail_add(work, &one, error);
    }
    return code;
}

/* ---- alerts ---- */

static struct text cause_of(struct work *work, const struct store_alert *alert, bool opened)
{
    return arena_format(work->arena, "alert.%s.%lld", opened ? "opened" : "closed",
                        (long long)alert->id);
}

static void write_body(struct work *work, const struct settings *server,
                       const struct store_alert *alert, bool opened, struct buffer *out)
{
    const struct zone *zone = zone_find(server->timezone);
    zone = zone == NULL ? zone_utc() : zone;
    struct text title = email_without_numbers(work->arena, alert->title);
    struct text advice = email_without_numbers(work->arena, alert->advice);
    struct text name = zone_name(zone);
    buffer_add_format(out, "%.*s\n\n", TEXT_ARGS(title));
    buffer_add_format(out, "Since:      %.*s (%.*s)\n",
                      TEXT_ARGS(email_local_time(work, zone, alert->opened_at_ms)),
                      TEXT_ARGS(name));
    if (opened) {
        buffer_add_format(out, "Urgency:    %s\n", alert_severity_to_text(alert->severity));
        buffer_add_format(out, "What to do: %.*s\n", TEXT_ARGS(advice));
    } else {
        buffer_add_format(out, "Over since: %.*s (%.*s)\n",
                          TEXT_ARGS(email_local_time(work, zone, alert->closed_at_ms)),
                          TEXT_ARGS(name));
    }
    if (server->public_url.size > 0 && opened) {
        buffer_add_format(out, "Page:       %.*s%.*s\n", TEXT_ARGS(server->public_url),
                          TEXT_ARGS(alert->link));
    }
    buffer_add_format(out,
                      "\nYou get this mail because your address stands in the e-mail settings "
                      "of %.*s.\n",
                      TEXT_ARGS(email_without_numbers(work->arena, server->name)));
}

/* Mails about mails that do not arrive would only make more of them. */
static bool is_told(const struct store_alert *alert, const struct mail_settings *settings)
{
    return settings->enabled && (settings->severities & (1U << alert->severity)) != 0 &&
           !text_equal(alert->kind, TEXT("email_failing"));
}

enum error_code email_alert(struct work *work, const struct store_alert *alert, bool opened,
                            struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    struct mail_settings settings;
    struct settings server;
    bool told = false;
    buffer_init(&body, BODY_MAX);
    enum error_code code = mail_settings_read(work, (struct text){0}, &settings, error);
    if (code == OK && settings.enabled && !opened) {
        code = store_mail_known(work, cause_of(work, alert, true), &told, error);
    }
    if (code != OK || !(opened ? is_told(alert, &settings) : told)) {
        return code;
    }
    code = settings_read(work, &server, error);
    if (code != OK) {
        return code;
    }
    write_body(work, &server, alert, opened, &body);
    const struct store_mail mail = {
        .cause = cause_of(work, alert, opened),
        .subject = arena_format(
            work->arena, "[%.*s] %s%.*s",
            TEXT_ARGS(email_without_numbers(work->arena, server.name)),
            opened ? "" : "Over: ", TEXT_ARGS(email_without_numbers(work->arena, alert->title))),
        .body = buffer_text(&body),
        .answers = opened ? (struct text){0} : cause_of(work, alert, true),
    };
    return email_queue(work, &settings, &mail, error);
}
