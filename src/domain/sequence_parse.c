/* Reads a sequence from the JSON a user sent and checks every rule that needs nothing but the
 * document itself. All findings of one document are recorded, with paths like messages[2].day.
 * Steps are read by sequence_step.c, templates by sequence_template.c. */
#include "base/ids.h"
#include "base/instant.h"
#include "base/json.h"
#include "domain/sequence.h"
#include "domain/sequence_internal.h"

static const struct json_choice STATUS_CHOICES[] = {
    {"draft", SEQUENCE_DRAFT},
    {"active", SEQUENCE_ACTIVE},
    {"paused", SEQUENCE_PAUSED},
    {"archived", SEQUENCE_ARCHIVED},
};
static const struct json_choice ON_REPLY_CHOICES[] = {
    {"continue", ON_REPLY_CONTINUE},
    {"pause", ON_REPLY_PAUSE},
    {"stop", ON_REPLY_STOP},
};
static const struct json_choice REENROLL_CHOICES[] = {
    {"never", REENROLL_NEVER},
    {"after_completion", REENROLL_AFTER_COMPLETION},
    {"restart", REENROLL_RESTART},
};
static const struct json_choice LATE_CHOICES[] = {
    {"skip", LATE_SKIP},
    {"send", LATE_SEND},
    {"stop", LATE_STOP},
};
/* "HH:MM"; null clears. */
void sequence_read_minute(struct json_reader *reader, const char *name, bool midnight_end,
                          int32_t *ret_minute)
{
    struct text text = {0};
    int minute = 0;
    if (json_reader_is_null(reader, name)) {
        *ret_minute = -1;
        return;
    }
    if (!json_reader_text(reader, name, 0, 32, &text)) {
        return;
    }
    if (midnight_end && text_equal(text, TEXT("24:00"))) {
        *ret_minute = 1440;
    } else if (minute_parse(text, &minute)) {
        *ret_minute = minute;
    } else {
        json_reader_fail(reader, name, "invalid_format",
                         "\"%s\" must be a time of day like \"09:30\"", name);
    }
}

static bool weekday_of(const struct json *json, unsigned *ret_day)
{
    static const char *const NAMES[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                         "friday", "saturday", "sunday"};
    struct text text = {0};
    int64_t number = 0;
    if (json_int64(json, &number) && number >= 1 && number <= 7) {
        *ret_day = (unsigned)number - 1;
        return true;
    }
    if (!json_text(json, &text)) {
        return false;
    }
    for (unsigned day = 0; day < 7; day++) {
        struct text name = text_from(NAMES[day]);
        if (text_equal_ignore_case(text, name) ||
            text_equal_ignore_case(text, text_head(name, 3))) {
            *ret_day = day;
            return true;
        }
    }
    return false;
}

static void read_window_days(struct json_reader *reader, uint8_t *ret_days)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "days", 1, 7, &array)) {
        return;
    }
    unsigned days = 0;
    for (size_t i = 0; i < json_count(array); i++) {
        unsigned day = 0;
        if (weekday_of(json_at(array, i), &day)) {
            days |= 1u << day;
            continue;
        }
        char place[32];
        sequence_index_name("days", i, place, sizeof(place));
        json_reader_fail(reader, place, "invalid_choice",
                         "a day of the week is mon, tue, wed, thu, fri, sat or sun");
    }
    *ret_days = (uint8_t)days;
}

static bool read_window(struct json_reader *parent, struct send_window *window)
{
    if (json_reader_is_null(parent, "send_window")) {
        *window = (struct send_window){0};
        return true;
    }
    struct json_reader reader;
    if (!json_reader_object(parent, "send_window", &reader)) {
        return true;
    }
    struct send_window read = {
        .set = true, .days = SEND_WINDOW_ALL_DAYS, .from_minute = 0, .to_minute = 1440};
    (void)json_reader_required(&reader, "days");
    (void)json_reader_required(&reader, "from");
    (void)json_reader_required(&reader, "to");
    read_window_days(&reader, &read.days);
    sequence_read_minute(&reader, "from", false, &read.from_minute);
    sequence_read_minute(&reader, "to", true, &read.to_minute);
    if (read.from_minute < 0) {
        read.from_minute = 0;
    }
    if (read.to_minute < 0) {
        read.to_minute = 1440;
    }
    if (read.from_minute == read.to_minute) {
        json_reader_fail(&reader, "to", "out_of_range",
                         "the window is empty: \"from\" and \"to\" are the same");
    }
    *window = read;
    return json_reader_done(&reader) == OK;
}

static void read_optional_text(struct arena *arena, struct json_reader *reader, const char *name,
                               size_t max, struct text *text)
{
    struct text value = {0};
    if (json_reader_is_null(reader, name)) {
        *text = value;
    } else if (json_reader_text(reader, name, 0, max, &value)) {
        *text = arena_text(arena, text_trim(value));
    }
}

/* What base/instant.h reads, and whole weeks. */
static bool read_duration(struct text text, int64_t *ret_ms)
{
    int64_t weeks = 0;
    if (text.size > 1 && text.data[text.size - 1] == 'w') {
        if (!text_to_int64(text_head(text, text.size - 1), &weeks) || weeks < 0 || weeks > 1000) {
            return false;
        }
        *ret_ms = weeks * 7 * MS_PER_DAY;
        return true;
    }
    return duration_parse(text, ret_ms);
}

static void read_rules(struct json_reader *reader, struct sequence *sequence)
{
    int value = 0;
    if (json_reader_choice(reader, "on_reply", ON_REPLY_CHOICES, ARRAY_SIZE(ON_REPLY_CHOICES),
                           &value)) {
        sequence->on_reply = (enum on_reply)value;
    }
    if (json_reader_choice(reader, "reenroll", REENROLL_CHOICES, ARRAY_SIZE(REENROLL_CHOICES),
                           &value)) {
        sequence->reenroll = (enum reenroll)value;
    }
}

/* {"action": "skip", "max_late": "3d"}, or the action alone. */
static bool read_late_policy(struct json_reader *parent, struct sequence *sequence)
{
    const struct json *value = json_reader_any(parent, "late_policy");
    if (json_kind(value) == JSON_NULL) {
        sequence->late_action = LATE_SKIP;
        sequence->max_late_ms = SEQUENCE_MAX_LATE_MS_DEFAULT;
        return true;
    }
    int action = 0;
    if (json_kind(value) == JSON_TEXT) {
        if (json_reader_choice(parent, "late_policy", LATE_CHOICES, ARRAY_SIZE(LATE_CHOICES),
                               &action)) {
            sequence->late_action = (enum late_action)action;
        }
        return true;
    }
    struct json_reader reader;
    if (!json_reader_object(parent, "late_policy", &reader)) {
        return true;
    }
    if (json_reader_choice(&reader, "action", LATE_CHOICES, ARRAY_SIZE(LATE_CHOICES), &action)) {
        sequence->late_action = (enum late_action)action;
    }
    struct text text = {0};
    int64_t max_late_ms = 0;
    if (json_reader_text(&reader, "max_late", 1, 32, &text)) {
        if (!read_duration(text, &max_late_ms)) {
            json_reader_fail(&reader, "max_late", "invalid_format",
                             "\"max_late\" must be a duration like \"3d\" or \"12h\"");
        } else if (max_late_ms < MS_PER_MINUTE || max_late_ms > 365 * MS_PER_DAY) {
            json_reader_fail(&reader, "max_late", "out_of_range",
                             "\"max_late\" must be between one minute and 365 days");
        } else {
            sequence->max_late_ms = max_late_ms - max_late_ms % MS_PER_MINUTE;
        }
    }
    return json_reader_done(&reader) == OK;
}

static void read_fields(struct arena *arena, struct json_reader *reader, bool new,
                        struct sequence *sequence)
{
    struct text text = {0};
    if ((new || json_reader_has(reader, "name")) && json_reader_required(reader, "name") &&
        json_reader_text(reader, "name", 0, SEQUENCE_NAME_MAX, &text)) {
        if (text_trim(text).size == 0) {
            json_reader_fail(reader, "name", "required", "\"name\" cannot be empty");
        }
        sequence->name = arena_text(arena, text_trim(text));
    }
    read_optional_text(arena, reader, "description", SEQUENCE_DESCRIPTION_MAX,
                       &sequence->description);
    int status = 0;
    if (json_reader_choice(reader, "status", STATUS_CHOICES, ARRAY_SIZE(STATUS_CHOICES), &status)) {
        sequence->status = (enum sequence_status)status;
    }
    if (json_reader_is_null(reader, "channel_id")) {
        sequence->channel_id = 0;
    } else {
        (void)json_reader_id(reader, "channel_id", ID_CHANNEL, &sequence->channel_id);
    }
    read_optional_text(arena, reader, "timezone", 64, &sequence->timezone);
    if (sequence->timezone.size > 0 && !sequence_timezone_plausible(sequence->timezone)) {
        json_reader_fail(reader, "timezone", "unknown_timezone",
                         "\"timezone\" must be a name like \"Asia/Kolkata\"");
    }
    sequence_read_minute(reader, "send_time", false, &sequence->send_minute);
    read_rules(reader, sequence);
}

enum error_code sequence_parse(struct arena *arena, const struct json *json,
                               const struct sequence *base, struct sequence *ret_sequence,
                               int64_t *ret_version, struct error *error)
{
    static const char *const READ_ONLY[] = {
        "id",           "total_days",    "enrolled_count",  "active_count",     "completed_count",
        "paused_count", "stopped_count", "opted_out_count", "failed_count",     "created_at",
        "updated_at",   "message_count", "totals",          "last_activity_at",
    };
    struct sequence sequence;
    int64_t version = 0;
    sequence_init(&sequence);
    if (base != NULL) {
        sequence = *base;
    }
    struct json_reader reader;
    json_reader_open(&reader, json, "", error);
    for (size_t i = 0; i < ARRAY_SIZE(READ_ONLY); i++) {
        json_reader_ignore(&reader, READ_ONLY[i]);
    }
    read_fields(arena, &reader, base == NULL, &sequence);
    bool good = read_window(&reader, &sequence.send_window);
    good = read_late_policy(&reader, &sequence) && good;
    good = sequence_read_steps(arena, &reader, base, &sequence) && good;
    (void)json_reader_int64(&reader, "version", 1, INT64_MAX, &version);
    if (json_reader_done(&reader) != OK || !good) {
        return ERROR_INVALID;
    }
    *ret_sequence = sequence;
    if (ret_version != NULL) {
        *ret_version = version;
    }
    return OK;
}
