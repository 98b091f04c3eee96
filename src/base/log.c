/* Log lines: see log.h. A line is built in one buffer and leaves in one write, so that lines of
 * several threads never mix. */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/instant.h"
#include "base/json_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 16384 };

/* Written once by log_setup() before other threads start. */
static struct {
    enum log_level least;
    bool json;
} settings = {.least = LOG_INFO};

static const char *const LEVELS[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

void log_setup(enum log_level least, bool json)
{
    settings.least = least;
    settings.json = json;
}

bool log_level_from_text(struct text text, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_SIZE(LEVELS); i++) {
        if (text_equal(text, text_from(LEVELS[i]))) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_wants(enum log_level level)
{
    return level >= settings.least;
}

/* Adds `text` with everything that could start a line or steer a terminal as \xNN. */
static void add_escaped(struct buffer *line, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool separator = byte == 0xE2 && i + 2 < text.size && text.data[i + 1] == '\x80' &&
                         (text.data[i + 2] == '\xA8' || text.data[i + 2] == '\xA9');
        if (byte < 0x20 || byte == 0x7F || separator) {
            buffer_add_format(line, "\\x%02x", byte);
        } else {
            buffer_add_byte(line, (char)byte);
        }
    }
}

/* Cuts the next `key=value` (value may be "quoted text") or bare word off `rest`. */
static bool next_pair(struct text *rest, struct text *ret_key, struct text *ret_value)
{
    *rest = text_trim(*rest);
    if (rest->size == 0) {
        return false;
    }
    size_t end = 0;
    size_t equals = 0;
    bool quoted = false;
    while (end < rest->size && (quoted || rest->data[end] != ' ')) {
        if (rest->data[end] == '"') {
            quoted = !quoted;
        } else if (rest->data[end] == '=' && equals == 0 && !quoted) {
            equals = end;
        }
        end++;
    }
    struct text pair = text_head(*rest, end);
    *rest = text_skip(*rest, end);
    *ret_key = text_head(pair, equals);
    *ret_value = text_skip(pair, equals == 0 ? 0 : equals + 1);
    if (ret_value->size >= 2 && ret_value->data[0] == '"' &&
        text_ends_with(*ret_value, TEXT("\""))) {
        *ret_value = text_make(ret_value->data + 1, ret_value->size - 2);
    }
    return true;
}

static void build_json(struct buffer *line, int64_t now_ms, enum log_level level, const char *event,
                       struct text fields)
{
    struct json_writer writer;
    json_writer_init(&writer, line);
    json_object_begin(&writer);
    char time_text[INSTANT_TEXT_MAX];
    json_field_chars(&writer, "time", instant_format_ms(now_ms, time_text));
    json_field_chars(&writer, "level", LEVELS[level]);
    json_field_chars(&writer, "event", event);
    struct text key = {0};
    struct text value = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer loose;
    buffer_init(&loose, LINE_MAX_SIZE);
    while (next_pair(&fields, &key, &value)) {
        if (key.size > 0) {
            json_key_text(&writer, key);
            json_put_text(&writer, value);
        } else {
            buffer_add_text(&loose, loose.size > 0 ? TEXT(" ") : TEXT(""));
            buffer_add_text(&loose, value);
        }
    }
    if (loose.size > 0) {
        json_field_text(&writer, "text", buffer_text(&loose));
    }
    json_object_end(&writer);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (!log_wants(level)) {
        return;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer fields;
    buffer_init(&fields, LINE_MAX_SIZE / 2);
    char piece[LINE_MAX_SIZE / 4];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    buffer_add_chars(&fields, piece);
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    CLEANUP_IN_PLACE(buffer_done) struct buffer line;
    buffer_init(&line, (size_t)LINE_MAX_SIZE * 2);
    if (settings.json) {
        build_json(&line, now_ms, level, event, buffer_text(&fields));
    } else {
        char time_text[INSTANT_TEXT_MAX];
        buffer_add_format(&line, "%s %s %s ", instant_format_ms(now_ms, time_text), LEVELS[level],
                          event);
        add_escaped(&line, buffer_text(&fields));
    }
    buffer_add_byte(&line, '\n');
    enum error_code written = file_write_all(STDERR_FILENO, buffer_text(&line), NULL);
    (void)written; /* a log that cannot be written has nowhere to complain */
}

void log_error(const char *event, const struct error *error)
{
    log_event(LOG_ERROR, event, "code=%s message=\"%s\" detail=\"%s\"",
              error_code_to_text(error->code), error->message, error->detail);
}
