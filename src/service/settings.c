/* Reads, checks and writes the settings. */
#include "service/settings.h"

#include "base/instant.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "domain/consent.h"
#include "domain/phone.h"
#include "domain/public_url.h"
#include "service/replan.h"
#include "store/store_access.h"
#include "store/store_event.h"
#include "store/store_setting.h"

enum { DAYS_MAX = 3650, AUDIT_DAYS_MIN = 30, VALUE_MAX = 32 * 1024 };

static const char SERVER_PUBLIC_URL[] = "server_public_url";

static void read_words(struct arena *arena, const struct json *list, struct text **ret_words,
                       size_t *ret_count)
{
    size_t count = 0;
    struct text *words = arena_array(arena, SETTINGS_WORDS_MAX, sizeof(*words));
    for (size_t i = 0; i < json_count(list) && count < SETTINGS_WORDS_MAX; i++) {
        struct text word = {0};
        if (json_text(json_at(list, i), &word)) {
            words[count++] = arena_text(arena, word);
        }
    }
    *ret_words = words;
    *ret_count = count;
}

static void read_value(struct arena *arena, struct text key, const struct json *value,
                       struct settings *settings)
{
    struct text text = {0};
    int from = 0;
    int to = 0;
    if (json_text(value, &text)) {
        text = arena_text(arena, text);
    }
    if (text_equal(key, TEXT("name")) && text.size > 0) {
        settings->name = text;
    } else if (text_equal(key, TEXT("public_url"))) {
        settings->public_url = text;
    } else if (text_equal(key, text_from(SERVER_PUBLIC_URL)) && settings->public_url.size == 0) {
        settings->public_url = text;
    } else if (text_equal(key, TEXT("help_text"))) {
        settings->help_text = text;
    } else if (text_equal(key, TEXT("stop_words"))) {
        read_words(arena, value, &settings->stop_words, &settings->stop_word_count);
    } else if (text_equal(key, TEXT("start_words"))) {
        read_words(arena, value, &settings->start_words, &settings->start_word_count);
    } else if (text_equal(key, TEXT("default_country"))) {
        settings->default_country = text;
    } else if (text_equal(key, TEXT("timezone")) && text.size > 0) {
        settings->timezone = text;
    } else if (text_equal(key, TEXT("quiet_hours"))) {
        settings->quiet_hours_set = minute_parse(json_get_text(value, "from"), &from) &&
                                    minute_parse(json_get_text(value, "to"), &to);
        settings->quiet_from_minute = from;
        settings->quiet_to_minute = to;
    } else if (text_equal(key, TEXT("sending_paused"))) {
        (void)json_bool(value, &settings->sending_paused);
    } else if (text_equal(key, TEXT("retention_messages_days"))) {
        (void)json_int64(value, &settings->retention_messages_days);
    } else if (text_equal(key, TEXT("retention_events_days"))) {
        (void)json_int64(value, &settings->retention_events_days);
    } else if (text_equal(key, TEXT("retention_audit_days"))) {
        (void)json_int64(value, &settings->retention_audit_days);
    }
}

enum error_code settings_read(struct work *work, struct settings *ret_settings, struct error *error)
{
    struct settings settings = {.name = TEXT("Dripline"), .timezone = TEXT("UTC")};
    struct store_setting *rows = NULL;
    size_t count = 0;
    enum error_code code = store_setting_list(work, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        CLEANUP(json_free) struct json *json = NULL;
        struct error ignored = {0};
        if (json_parse(rows[i].value, NULL, &json, &ignored) == OK) {
            read_value(work->arena, rows[i].key, json, &settings);
        }
    }
    if (code == OK) {
        *ret_settings = settings;
    }
    return code;
}

enum error_code settings_public_url(struct work *work, struct text *ret_url, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {0};
    struct text value = {0};
    struct text url = {0};
    bool found = false;
    enum error_code code = store_setting_get(work, TEXT("public_url"), &value, &found, error);
    if (code == OK) {
        bool good =
            found && json_parse(value, NULL, &json, &ignored) == OK && json_text(json, &url);
        *ret_url = good ? arena_text(work->arena, url) : (struct text){0};
    }
    return code;
}

static void check_url(struct json_reader *reader)
{
    struct text url = {0};
    if (json_reader_text(reader, "public_url", 0, PUBLIC_URL_MAX, &url) && url.size > 0 &&
        !public_url_is_good(url)) {
        json_reader_fail(reader, "public_url", "invalid_format", PUBLIC_URL_RULE);
    }
}

static void check_texts(struct json_reader *reader)
{
    struct text text = {0};
    if (json_reader_text(reader, "name", 1, 100, &text) && text_trim(text).size == 0) {
        json_reader_fail(reader, "name", "required", "\"name\" cannot be empty");
    }
    if (json_reader_text(reader, "default_country", 2, 2, &text) && !phone_country_known(text)) {
        json_reader_fail(reader, "default_country", "invalid_choice",
                         "\"default_country\" is two capital letters, like \"IN\"");
    }
    if (json_reader_text(reader, "timezone", 1, 64, &text) && zone_find(text) == NULL) {
        json_reader_fail(reader, "timezone", "unknown_timezone",
                         "time zone \"%.*s\" does not exist; use a name like Asia/Kolkata",
                         TEXT_ARGS(text));
    }
}

static bool check_quiet_hours(struct json_reader *parent)
{
    static const char *const NAMES[2] = {"from", "to"};
    struct json_reader reader;
    int minutes[2] = {-1, -1};
    if (!json_reader_object(parent, "quiet_hours", &reader)) {
        return true;
    }
    for (size_t i = 0; i < 2; i++) {
        struct text text = {0};
        if (json_reader_required(&reader, NAMES[i]) &&
            json_reader_text(&reader, NAMES[i], 0, 16, &text) && !minute_parse(text, &minutes[i])) {
            json_reader_fail(&reader, NAMES[i], "invalid_format",
                             "\"%s\" must be a time of day like \"21:00\"", NAMES[i]);
        }
    }
    if (minutes[0] >= 0 && minutes[0] == minutes[1]) {
        json_reader_fail(&reader, "to", "out_of_range",
                         "\"from\" and \"to\" are the same; null means no quiet hours");
    }
    return json_reader_done(&reader) == OK;
}

static void check_words(struct json_reader *reader, const char *name, enum consent_word wanted)
{
    const struct json *list = NULL;
    if (!json_reader_array(reader, name, 0, SETTINGS_WORDS_MAX, &list)) {
        return;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        struct text word = {0};
        const struct text *words = &word;
        const struct consent_words own = {.stop = words, .stop_count = 1};
        if (!json_text(json_at(list, i), &word) || word.size > 4 * SETTINGS_WORD_CHARS ||
            text_utf16_length(word) > SETTINGS_WORD_CHARS ||
            consent_of_text(word, &own) == CONSENT_NONE) {
            json_reader_fail(reader, name, "invalid_format",
                             "each word must have 1 to %d characters with letters or digits",
                             SETTINGS_WORD_CHARS);
            return;
        }
        /* A built-in word keeps its meaning: a START that means STOP would trap people. */
        enum consent_word built_in = consent_of_text(word, NULL);
        if (built_in != CONSENT_NONE && built_in != wanted) {
            json_reader_fail(reader, name, "invalid_choice", "\"%.*s\" already means %s",
                             TEXT_ARGS(word), consent_word_to_text(built_in));
            return;
        }
    }
}

static enum error_code check(const struct json *json, struct error *error)
{
    struct json_reader reader;
    bool flag = false;
    int64_t days = 0;
    json_reader_open(&reader, json, "", error);
    check_url(&reader);
    check_texts(&reader);
    bool good = check_quiet_hours(&reader);
    struct text help = {0};
    (void)json_reader_text(&reader, "help_text", 0, SETTINGS_HELP_MAX, &help);
    check_words(&reader, "stop_words", CONSENT_STOP);
    check_words(&reader, "start_words", CONSENT_START);
    (void)json_reader_bool(&reader, "sending_paused", &flag);
    (void)json_reader_int64(&reader, "retention_messages_days", 1, DAYS_MAX, &days);
    (void)json_reader_int64(&reader, "retention_events_days", 1, DAYS_MAX, &days);
    (void)json_reader_int64(&reader, "retention_audit_days", AUDIT_DAYS_MIN, DAYS_MAX, &days);
    return json_reader_done(&reader) == OK && good ? OK : ERROR_INVALID;
}

enum error_code settings_started(struct work *work, const char *public_url, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    struct json_writer writer;
    buffer_init(&value, VALUE_MAX);
    if (public_url[0] == '\0') {
        return store_setting_delete(work, text_from(SERVER_PUBLIC_URL), error);
    }
    json_writer_init(&writer, &value);
    json_put_chars(&writer, public_url);
    return store_setting_put(work, text_from(SERVER_PUBLIC_URL), buffer_text(&value), error);
}

struct quiet_hours settings_quiet_hours(const struct settings *settings)
{
    return (struct quiet_hours){.set = settings->quiet_hours_set,
                                .from_minute = settings->quiet_from_minute,
                                .to_minute = settings->quiet_to_minute};
}

static bool moves_messages(const struct settings *before, const struct settings *after)
{
    return before->quiet_hours_set != after->quiet_hours_set ||
           before->quiet_from_minute != after->quiet_from_minute ||
           before->quiet_to_minute != after->quiet_to_minute ||
           !text_equal(before->timezone, after->timezone);
}

enum error_code settings_update(struct work *work, const struct json *json,
                                struct settings *ret_settings, struct error *error)
{
    struct settings before;
    enum error_code code = check(json, error);
    if (code == OK) {
        code = settings_read(work, &before, error);
    }
    struct json_iterator at = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    buffer_init(&value, VALUE_MAX);
    while (code == OK && json_iterate(json, &at)) {
        if (json_kind(at.value) == JSON_NULL) {
            code = store_setting_delete(work, at.name, error);
            continue;
        }
        buffer_clear(&value);
        json_encode(at.value, &value);
        code = store_setting_put(work, at.name, buffer_text(&value), error);
    }
    if (code == OK) {
        code =
            store_event_add(work, &(struct store_event){.type = TEXT("settings.updated")}, error);
    }
    if (code == OK) {
        buffer_clear(&value);
        json_encode(json, &value);
        code =
            store_audit_add(work, "settings.update", (struct text){0}, buffer_text(&value), error);
    }
    work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    if (code == OK) {
        code = settings_read(work, ret_settings, error);
    }
    return code == OK && moves_messages(&before, ret_settings) ? replan_everybody(work, error)
                                                               : code;
}
