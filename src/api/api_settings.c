/* GET and PUT /api/settings. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "service/settings.h"

static void field_days(struct json_writer *writer, const char *name, int64_t days)
{
    if (days == 0) {
        json_field_null(writer, name);
    } else {
        json_field_int64(writer, name, days);
    }
}

static void put_words(struct json_writer *writer, const char *name, const struct text *words,
                      size_t count)
{
    json_key(writer, name);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_put_text(writer, words[i]);
    }
    json_array_end(writer);
}

static void answer(struct api_call *call, const struct settings *settings)
{
    struct json_writer writer;
    char minute[INSTANT_TEXT_MAX];
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_text(&writer, "name", settings->name);
    encode_text_or_null(&writer, "public_url", settings->public_url);
    encode_text_or_null(&writer, "default_country", settings->default_country);
    json_field_text(&writer, "timezone", settings->timezone);
    json_key(&writer, "quiet_hours");
    if (settings->quiet_hours_set) {
        json_object_begin(&writer);
        json_field_chars(&writer, "from", minute_format(settings->quiet_from_minute, minute));
        json_field_chars(&writer, "to", minute_format(settings->quiet_to_minute, minute));
        json_object_end(&writer);
    } else {
        json_put_null(&writer);
    }
    json_field_bool(&writer, "sending_paused", settings->sending_paused);
    encode_text_or_null(&writer, "help_text", settings->help_text);
    put_words(&writer, "stop_words", settings->stop_words, settings->stop_word_count);
    put_words(&writer, "start_words", settings->start_words, settings->start_word_count);
    field_days(&writer, "retention_messages_days", settings->retention_messages_days);
    field_days(&writer, "retention_events_days", settings->retention_events_days);
    field_days(&writer, "retention_audit_days", settings->retention_audit_days);
    json_object_end(&writer);
}

static enum error_code get(struct api_call *call, struct error *error)
{
    struct settings settings;
    enum error_code code = settings_read(call->work, &settings, error);
    if (code == OK) {
        answer(call, &settings);
    }
    return code;
}

static enum error_code update(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct settings settings;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = settings_update(call->work, body, &settings, error);
    }
    if (code == OK) {
        answer(call, &settings);
    }
    return code;
}

const struct api_route API_SETTINGS_ROUTES[] = {
    {"GET", "/api/settings", "settings_get", API_READ, 0, get, NULL},
    {"PUT", "/api/settings", "settings_update", API_ADMIN, API_WRITE, update, NULL},
    {0},
};
