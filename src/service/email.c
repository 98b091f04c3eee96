/* The settings of mails and the test of them. What alerts say is email_alert.c. */
#include "service/email.h"

#include "base/instant.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "domain/mail.h"
#include "service/alerts.h"
#include "service/settings.h"
#include "store/store.h"
#include "store/store_access.h"
#include "store/store_event.h"
#include "store/store_setting.h"

enum {
    HOST_MAX = 253,
    USER_MAX = 256,
    PASSWORD_MAX = 1024,
    VALUE_MAX = 64 * 1024,
    PRUNE_AT_ONCE = 1000,
};
#define KEPT_MS (90 * MS_PER_DAY)
#define DIGEST_DAY_KEY "email_digest_day"

enum error_code email_get(struct work *work, struct email_view *ret_view, struct error *error)
{
    struct email_view view = {0};
    enum error_code code = mail_settings_read(work, (struct text){0}, &view.settings, error);
    if (code == OK) {
        code = store_mail_summarize(work, &view.summary, error);
    }
    if (code == OK) {
        code = email_digest_day(work, &view.digest_sent_for_days, error);
    }
    if (code == OK) {
        *ret_view = view;
    }
    return code;
}

enum error_code email_digest_day(struct work *work, int64_t *ret_day, struct error *error)
{
    struct text value = {0};
    bool found = false;
    int64_t day = 0;
    enum error_code code = store_setting_get(work, TEXT(DIGEST_DAY_KEY), &value, &found, error);
    if (code == OK) {
        *ret_day = found && text_to_int64(value, &day) ? day : 0;
    }
    return code;
}

enum error_code email_digest_set_day(struct work *work, int64_t day, struct error *error)
{
    return store_setting_put(work, TEXT(DIGEST_DAY_KEY),
                             arena_format(work->arena, "%lld", (long long)day), error);
}

/* ---- reading a change ---- */

struct change {
    struct json_reader reader;
    struct mail_settings *settings;
    struct text password;
    bool has_password; /* given; empty means: none from now on */
};

/* A text field; null empties it. */
static bool read_text(struct change *change, const char *name, size_t max, struct text *value)
{
    if (json_reader_is_null(&change->reader, name)) {
        *value = TEXT("");
        return true;
    }
    return json_reader_text(&change->reader, name, 0, max, value);
}

static void read_host(struct change *change)
{
    struct text host = change->settings->host;
    if (!read_text(change, "host", HOST_MAX, &host)) {
        return;
    }
    host = text_trim(host);
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = text_make(host.data + 1, host.size - 2);
    }
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-' || c == ':';
        if (!fits) {
            json_reader_fail(&change->reader, "host", "invalid_format",
                             "give the name or address of the mail server, without a port, like "
                             "\"smtp.example.org\"");
            return;
        }
    }
    change->settings->host = host;
}

static void read_addresses(struct change *change)
{
    const struct json *list = NULL;
    struct mail_settings *settings = change->settings;
    if (read_text(change, "from", MAIL_ADDRESS_MAX, &settings->from) && settings->from.size > 0 &&
        !mail_address_is_valid(settings->from)) {
        json_reader_fail(&change->reader, "from", "invalid_format",
                         "give an email address like \"dripline@example.org\"");
    }
    if (!json_reader_array(&change->reader, "recipients", 0, MAIL_RECIPIENTS_MAX, &list)) {
        return;
    }
    settings->recipient_count = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        struct text address = {0};
        if (!json_text(json_at(list, i), &address) || !mail_address_is_valid(address)) {
            json_reader_fail(&change->reader, "recipients", "invalid_format",
                             "number %zu is no email address", i + 1);
            return;
        }
        bool known = false;
        for (size_t k = 0; k < settings->recipient_count; k++) {
            known = known || text_equal_ignore_case(settings->recipients[k], address);
        }
        if (!known) {
            settings->recipients[settings->recipient_count++] = address;
        }
    }
}

static void read_severities(struct change *change)
{
    const struct json *list = NULL;
    if (!json_reader_array(&change->reader, "severities", 0, ALERT_SEVERITY_COUNT, &list)) {
        return;
    }
    change->settings->severities = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        struct text word = {0};
        int severity = 0;
        (void)json_text(json_at(list, i), &word);
        while (
            severity < ALERT_SEVERITY_COUNT &&
            !text_equal(word, text_from(alert_severity_to_text((enum alert_severity)severity)))) {
            severity++;
        }
        if (severity == ALERT_SEVERITY_COUNT) {
            json_reader_fail(&change->reader, "severities", "invalid_choice",
                             "must be info, warning or critical");
            return;
        }
        change->settings->severities |= 1U << severity;
    }
}

static void read_digest(struct change *change)
{
    struct text time = {0};
    if (json_reader_is_null(&change->reader, "digest_time")) {
        change->settings->digest_minute = MAIL_DIGEST_OFF;
    } else if (json_reader_text(&change->reader, "digest_time", 0, 16, &time) &&
               !minute_parse(time, &change->settings->digest_minute)) {
        json_reader_fail(&change->reader, "digest_time", "invalid_format",
                         "must be a time of day like \"08:00\", or null for no digest");
    }
}

static bool has_control_character(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

static void read_login(struct change *change)
{
    struct mail_settings *settings = change->settings;
    if (read_text(change, "user", USER_MAX, &settings->user) &&
        has_control_character(settings->user)) {
        json_reader_fail(&change->reader, "user", "invalid_format",
                         "\"user\" cannot hold control characters");
    }
    change->has_password = read_text(change, "password", PASSWORD_MAX, &change->password);
    if (change->has_password && has_control_character(change->password)) {
        json_reader_fail(&change->reader, "password", "invalid_format",
                         "\"password\" cannot hold control characters");
    }
}

static void check_together(struct change *change)
{
    const struct mail_settings *settings = change->settings;
    struct json_reader *reader = &change->reader;
    if (settings->security == SMTP_PLAIN && !settings->allow_plain && settings->host.size > 0 &&
        !mail_host_is_local(settings->host)) {
        json_reader_fail(reader, "security", "invalid_choice",
                         "without TLS mail may only go to this machine; choose starttls or tls, or "
                         "set \"allow_plain\"");
    }
    if (!settings->enabled) {
        return;
    }
    if (settings->host.size == 0) {
        json_reader_fail(reader, "host", "required", "\"host\" is needed to send mails");
    }
    if (settings->from.size == 0) {
        json_reader_fail(reader, "from", "required", "\"from\" is needed to send mails");
    }
    if (settings->recipient_count == 0) {
        json_reader_fail(reader, "recipients", "required", "name at least one recipient");
    }
}

static enum error_code read_change(const struct json *json, struct change *change,
                                   struct error *error)
{
    static const struct json_choice SECURITIES[] = {
        {"none", SMTP_PLAIN}, {"starttls", SMTP_STARTTLS}, {"tls", SMTP_TLS}};
    struct mail_settings *settings = change->settings;
    int security = (int)settings->security;
    json_reader_open(&change->reader, json, "", error);
    (void)json_reader_bool(&change->reader, "enabled", &settings->enabled);
    (void)json_reader_bool(&change->reader, "allow_plain", &settings->allow_plain);
    (void)json_reader_int64(&change->reader, "port", 1, 65535, &settings->port);
    (void)json_reader_choice(&change->reader, "security", SECURITIES, ARRAY_SIZE(SECURITIES),
                             &security);
    settings->security = (enum smtp_security)security;
    read_host(change);
    read_login(change);
    read_addresses(change);
    read_severities(change);
    read_digest(change);
    check_together(change);
    return json_reader_done(&change->reader);
}

/* ---- writing ---- */

static void write_document(const struct mail_settings *settings, struct buffer *out)
{
    struct json_writer writer;
    char minute[INSTANT_TEXT_MAX];
    json_writer_init(&writer, out);
    json_object_begin(&writer);
    json_field_bool(&writer, "enabled", settings->enabled);
    json_field_text(&writer, "host", settings->host);
    json_field_int64(&writer, "port", settings->port);
    json_field_chars(&writer, "security", smtp_security_to_text(settings->security));
    json_field_text(&writer, "user", settings->user);
    json_field_text(&writer, "from", settings->from);
    json_field_bool(&writer, "allow_plain", settings->allow_plain);
    json_key(&writer, "recipients");
    json_array_begin(&writer);
    for (size_t i = 0; i < settings->recipient_count; i++) {
        json_put_text(&writer, settings->recipients[i]);
    }
    json_array_end(&writer);
    json_key(&writer, "severities");
    json_array_begin(&writer);
    for (int i = 0; i < ALERT_SEVERITY_COUNT; i++) {
        if ((settings->severities & (1U << i)) != 0) {
            json_put_chars(&writer, alert_severity_to_text((enum alert_severity)i));
        }
    }
    json_array_end(&writer);
    if (settings->digest_minute != MAIL_DIGEST_OFF) {
        json_field_chars(&writer, "digest_time", minute_format(settings->digest_minute, minute));
    }
    json_object_end(&writer);
}

static enum error_code write_password(struct work *work, const struct service *service,
                                      const struct change *change, struct text host_before,
                                      struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    bool moved = !text_equal(host_before, change->settings->host);
    buffer_init(&value, VALUE_MAX);
    if (!change->has_password && !moved) {
        return OK;
    }
    if (!change->has_password || change->password.size == 0) {
        return store_setting_delete(work, TEXT(MAIL_PASSWORD_KEY), error);
    }
    mail_password_seal(service->master_key, change->settings->host, change->password, &value);
    return store_setting_put(work, TEXT(MAIL_PASSWORD_KEY), buffer_text(&value), error);
}

static int64_t local_day(struct work *work, const struct settings *server, int *ret_minute)
{
    const struct zone *zone = zone_find(server->timezone);
    int64_t local_ms = zone_to_local(zone == NULL ? zone_utc() : zone, work->now_ms);
    int64_t day = floor_divide(local_ms, MS_PER_DAY);
    *ret_minute = (int)((local_ms - day * MS_PER_DAY) / MS_PER_MINUTE);
    return day;
}

/* Whoever chooses a time that has passed today hears tomorrow for the first time. */
static enum error_code skip_today(struct work *work, const struct mail_settings *settings,
                                  struct error *error)
{
    struct settings server;
    int minute = 0;
    enum error_code code = settings_read(work, &server, error);
    if (code != OK) {
        return code;
    }
    int64_t day = local_day(work, &server, &minute);
    return email_digest_set_day(work, minute >= settings->digest_minute ? day : day - 1, error);
}

static enum error_code store_change(struct work *work, const struct service *service,
                                    const struct change *change, const struct mail_settings *before,
                                    struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer document;
    const struct mail_settings *settings = change->settings;
    buffer_init(&document, VALUE_MAX);
    write_document(settings, &document);
    enum error_code code =
        store_setting_put(work, TEXT(MAIL_SETTINGS_KEY), buffer_text(&document), error);
    if (code == OK) {
        code = write_password(work, service, change, before->host, error);
    }
    bool digest_changed =
        settings->digest_minute != before->digest_minute || (settings->enabled && !before->enabled);
    if (code == OK && digest_changed && settings->digest_minute != MAIL_DIGEST_OFF) {
        code = skip_today(work, settings, error);
    }
    if (code == OK) {
        code = settings->enabled ? store_mail_hurry(work, error)
                                 : store_mail_drop(work, TEXT("mails were switched off"), error);
    }
    if (code == OK) {
        code =
            store_event_add(work, &(struct store_event){.type = TEXT("settings.updated")}, error);
    }
    return code == OK ? store_audit_add(work, "settings.email", (struct text){0},
                                        buffer_text(&document), error)
                      : code;
}

enum error_code email_update(struct work *work, const struct service *service,
                             const struct json *json, struct email_view *ret_view,
                             struct error *error)
{
    struct mail_settings settings = {0};
    struct change change = {.settings = &settings};
    enum error_code code = mail_settings_read(work, (struct text){0}, &settings, error);
    struct mail_settings before = settings;
    if (code == OK && settings.recipients == NULL) { /* never set before */
        settings.recipients =
            arena_array(work->arena, MAIL_RECIPIENTS_MAX, sizeof(*settings.recipients));
    }
    if (code == OK) {
        code = read_change(json, &change, error);
    }
    if (code == OK) {
        code = store_change(work, service, &change, &before, error);
    }
    work->wakes |= WORK_WAKE_MAIL;
    return code == OK ? email_get(work, ret_view, error) : code;
}

/* ---- the test ---- */

enum error_code email_test(struct work *work, const struct service *service, struct text recipient,
                           struct smtp_result *ret_result, struct error *error)
{
    struct mail_settings settings;
    enum error_code code = mail_settings_read(work, service->master_key, &settings, error);
    if (code == OK && (settings.host.size == 0 || settings.from.size == 0)) {
        code =
            error_set(error, ERROR_CONFLICT, "save the mail server and the sender's address first");
    }
    if (code == OK && recipient.size == 0 && settings.recipient_count > 0) {
        recipient = settings.recipients[0];
    }
    if (code == OK && !mail_address_is_valid(recipient)) {
        code = error_field(error, "recipient", "invalid_format", "must be an email address");
    }
    if (code != OK) {
        return code;
    }
    const struct mail_sender sender = {
        .ca_file = service->ca_file,
        .install_id = text_from(store_identity(service->store)->install_id),
        .now_ms = work->now_ms,
    };
    const struct store_mail mail = {
        .cause = arena_format(work->arena, "test.%lld", (long long)work->now_ms),
        .recipient = recipient,
        .subject = TEXT("Dripline: this is a test"),
        .body = TEXT("Somebody wanted to see that mails from Dripline arrive. They do.\n"),
    };
    mail_settings_send(&settings, &sender, &mail, work->arena, ret_result);
    return OK;
}

enum error_code email_test_note(struct work *work, const struct smtp_result *result,
                                struct error *error)
{
    return store_audit_add(work, "settings.email_test", (struct text){0},
                           arena_format(work->arena, "{\"ok\":%s}",
                                        result->outcome == SMTP_ACCEPTED ? "true" : "false"),
                           error);
}

enum error_code email_prune(struct work *work, struct error *error)
{
    return store_mail_prune(work, work->now_ms - KEPT_MS, PRUNE_AT_ONCE, error);
}
