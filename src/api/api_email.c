/* /api/settings/email: how mails leave, who gets them, and the test of it. The password goes in and
 * never comes out. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "service/alerts.h"
#include "service/email.h"

static void put_lists(struct json_writer *writer, const struct mail_settings *settings)
{
    json_key(writer, "recipients");
    json_array_begin(writer);
    for (size_t i = 0; i < settings->recipient_count; i++) {
        json_put_text(writer, settings->recipients[i]);
    }
    json_array_end(writer);
    json_key(writer, "severities");
    json_array_begin(writer);
    for (int i = 0; i < ALERT_SEVERITY_COUNT; i++) {
        if ((settings->severities & (1U << i)) != 0) {
            json_put_chars(writer, alert_severity_to_text((enum alert_severity)i));
        }
    }
    json_array_end(writer);
}

static void answer(struct api_call *call, const struct email_view *view)
{
    struct json_writer writer;
    char minute[INSTANT_TEXT_MAX];
    const struct mail_settings *settings = &view->settings;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "enabled", settings->enabled);
    encode_text_or_null(&writer, "host", settings->host);
    json_field_int64(&writer, "port", settings->port);
    json_field_chars(&writer, "security", smtp_security_to_text(settings->security));
    json_field_bool(&writer, "allow_plain", settings->allow_plain);
    encode_text_or_null(&writer, "user", settings->user);
    json_field_bool(&writer, "password_set", settings->password_set);
    encode_text_or_null(&writer, "from", settings->from);
    put_lists(&writer, settings);
    if (settings->digest_minute == MAIL_DIGEST_OFF) {
        json_field_null(&writer, "digest_time");
    } else {
        json_field_chars(&writer, "digest_time", minute_format(settings->digest_minute, minute));
    }
    json_field_int64(&writer, "waiting", view->summary.waiting);
    json_field_time_or_null(&writer, "last_sent_at", view->summary.last_sent_at_ms);
    encode_text_or_null(&writer, "last_error", view->summary.last_error);
    json_object_end(&writer);
}

static enum error_code get(struct api_call *call, struct error *error)
{
    struct email_view view;
    enum error_code code = email_get(call->work, &view, error);
    if (code == OK) {
        answer(call, &view);
    }
    return code;
}

static enum error_code update(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct email_view view;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = email_update(call->work, call->service, body, &view, error);
    }
    if (code == OK) {
        answer(call, &view);
    }
    return code;
}

/* Waits for the mail server on a read worker; the writer only notes that somebody tested. */
static enum error_code prepare_test(struct api_call *call, struct error *error)
{
    struct json_reader reader;
    struct text recipient = {0};
    struct smtp_result *result = arena_alloc(call->work->arena, sizeof(*result));
    if (call->body != NULL) {
        json_reader_open(&reader, call->body, "", error);
        (void)json_reader_text(&reader, "recipient", 1, 254, &recipient);
        enum error_code code = json_reader_done(&reader);
        if (code != OK) {
            return code;
        }
    }
    call->prepared = result;
    return email_test(call->work, call->service, recipient, result, error);
}

static enum error_code test_mail(struct api_call *call, struct error *error)
{
    const struct smtp_result *result = call->prepared;
    struct json_writer writer;
    enum error_code code = email_test_note(call->work, result, error);
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "ok", result->outcome == SMTP_ACCEPTED);
    json_field_chars(&writer, "stage", smtp_stage_to_text(result->stage));
    encode_text_or_null(&writer, "message", text_from(result->message));
    if (result->code == 0) {
        json_field_null(&writer, "server_code");
    } else {
        json_field_int64(&writer, "server_code", result->code);
    }
    encode_text_or_null(&writer, "server_answer", text_from(result->answer));
    json_field_int64(&writer, "latency_ms", result->duration_ms);
    json_object_end(&writer);
    return OK;
}

const struct api_route API_EMAIL_ROUTES[] = {
    {"GET", "/api/settings/email", "email_settings_get", API_ADMIN, 0, get, NULL},
    {"PUT", "/api/settings/email", "email_settings_update", API_ADMIN, API_WRITE | API_SENSITIVE,
     update, NULL},
    {"POST", "/api/settings/email/test", "email_settings_test", API_ADMIN,
     API_WRITE | API_SLOW | API_NO_BODY_OK, test_mail, prepare_test},
    {0},
};
