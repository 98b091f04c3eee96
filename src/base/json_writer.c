/* Streaming JSON writer: see json_writer.h. */
#include "base/json_writer.h"

#include "base/instant.h"

#include <math.h>
#include <stdio.h>

void json_writer_init(struct json_writer *writer, struct buffer *buffer)
{
    *writer = (struct json_writer){.buffer = buffer};
}

void json_writer_init_ascii(struct json_writer *writer, struct buffer *buffer)
{
    *writer = (struct json_writer){.buffer = buffer, .ascii = true};
}

void json_writer_init_tap(struct json_writer *writer, struct json_tap *tap)
{
    *writer = (struct json_writer){.buffer = &tap->json, .tap = tap};
}

/* Whether the tap takes what comes, and no JSON is written. */
static bool is_tapped(const struct json_writer *writer)
{
    return writer->tap != NULL && writer->wanted_depth == 0;
}

/* Puts the comma a value needs and checks that objects get keys first. */
static void value_begin(struct json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->depth > 0) {
        CHECK(!writer->in_object[writer->depth - 1]);
        if (writer->has_items[writer->depth - 1] && !is_tapped(writer)) {
            buffer_add_byte(writer->buffer, ',');
        }
        writer->has_items[writer->depth - 1] = true;
    }
}

/* A value that needs no quotes. */
static void put_word(struct json_writer *writer, struct text word)
{
    value_begin(writer);
    if (is_tapped(writer)) {
        writer->tap->value(writer->tap, word, false);
    } else {
        buffer_add_text(writer->buffer, word);
    }
}

static void nest(struct json_writer *writer, bool object)
{
    value_begin(writer);
    CHECK(writer->depth < JSON_WRITER_DEPTH_MAX);
    writer->in_object[writer->depth] = object;
    writer->has_items[writer->depth] = false;
    writer->depth++;
    if (is_tapped(writer) && writer->tap->begin(writer->tap, object)) {
        buffer_clear(writer->buffer);
        writer->wanted_depth = writer->depth;
    }
    if (!is_tapped(writer)) {
        buffer_add_byte(writer->buffer, object ? '{' : '[');
    }
}

static void unnest(struct json_writer *writer, bool object)
{
    CHECK(writer->depth > 0 && writer->in_object[writer->depth - 1] == object);
    CHECK(!writer->after_key);
    if (is_tapped(writer)) {
        writer->tap->end(writer->tap);
    } else {
        buffer_add_byte(writer->buffer, object ? '}' : ']');
    }
    if (writer->wanted_depth == writer->depth) {
        writer->wanted_depth = 0;
        writer->tap->value(writer->tap, buffer_text(writer->buffer), false);
    }
    writer->depth--;
}

void json_object_begin(struct json_writer *writer)
{
    nest(writer, true);
}

void json_object_end(struct json_writer *writer)
{
    unnest(writer, true);
}

void json_array_begin(struct json_writer *writer)
{
    nest(writer, false);
}

void json_array_end(struct json_writer *writer)
{
    unnest(writer, false);
}

static void put_escape(struct buffer *buffer, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\',
                      'u',
                      digits[unit >> 12 & 15],
                      digits[unit >> 8 & 15],
                      digits[unit >> 4 & 15],
                      digits[unit & 15]};
    buffer_add(buffer, escape, sizeof(escape));
}

static void put_control(struct buffer *buffer, unsigned char byte)
{
    switch (byte) {
    case '"':
        buffer_add(buffer, "\\\"", 2);
        return;
    case '\\':
        buffer_add(buffer, "\\\\", 2);
        return;
    case '\n':
        buffer_add(buffer, "\\n", 2);
        return;
    case '\r':
        buffer_add(buffer, "\\r", 2);
        return;
    case '\t':
        buffer_add(buffer, "\\t", 2);
        return;
    default:
        put_escape(buffer, byte);
        return;
    }
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

static void put_code_point(struct json_writer *writer, struct text *rest)
{
    struct text before = *rest;
    uint32_t code = 0;
    if (!text_next_code_point(rest, &code)) {
        *rest = text_skip(before, 1);
        buffer_add(writer->buffer, writer->ascii ? "\\ufffd" : "\xEF\xBF\xBD",
                   writer->ascii ? 6 : 3);
    } else if (!writer->ascii) {
        buffer_add(writer->buffer, before.data, before.size - rest->size);
    } else if (code >= 0x10000) {
        put_escape(writer->buffer, 0xD800 + ((code - 0x10000) >> 10));
        put_escape(writer->buffer, 0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
        put_escape(writer->buffer, code);
    }
}

static void put_quoted(struct json_writer *writer, struct text text)
{
    buffer_add_byte(writer->buffer, '"');
    while (text.size > 0) {
        size_t plain = 0;
        while (plain < text.size && is_plain((unsigned char)text.data[plain])) {
            plain++;
        }
        buffer_add(writer->buffer, text.data, plain);
        text = text_skip(text, plain);
        if (text.size == 0) {
            break;
        }
        if ((unsigned char)text.data[0] >= 0x80) {
            put_code_point(writer, &text);
        } else {
            put_control(writer->buffer, (unsigned char)text.data[0]);
            text = text_skip(text, 1);
        }
    }
    buffer_add_byte(writer->buffer, '"');
}

void json_key_text(struct json_writer *writer, struct text name)
{
    CHECK(writer->depth > 0 && writer->in_object[writer->depth - 1] && !writer->after_key);
    writer->after_key = true;
    if (is_tapped(writer)) {
        writer->tap->key(writer->tap, name);
        return;
    }
    if (writer->has_items[writer->depth - 1]) {
        buffer_add_byte(writer->buffer, ',');
    }
    writer->has_items[writer->depth - 1] = true;
    put_quoted(writer, name);
    buffer_add_byte(writer->buffer, ':');
}

void json_key(struct json_writer *writer, const char *name)
{
    json_key_text(writer, text_from(name));
}

void json_put_text(struct json_writer *writer, struct text text)
{
    value_begin(writer);
    if (is_tapped(writer)) {
        writer->tap->value(writer->tap, text, true);
    } else {
        put_quoted(writer, text);
    }
}

void json_put_chars(struct json_writer *writer, const char *text)
{
    if (text == NULL) {
        json_put_null(writer);
    } else {
        json_put_text(writer, text_from(text));
    }
}

void json_put_int64(struct json_writer *writer, int64_t value)
{
    if (is_tapped(writer)) {
        buffer_clear(writer->buffer);
        buffer_add_int64(writer->buffer, value);
        put_word(writer, buffer_text(writer->buffer));
        return;
    }
    value_begin(writer);
    buffer_add_int64(writer->buffer, value);
}

void json_put_double(struct json_writer *writer, double value)
{
    if (!isfinite(value)) {
        json_put_null(writer);
        return;
    }
    if (value == floor(value) && fabs(value) < 1e15) {
        json_put_int64(writer, (int64_t)value);
        return;
    }
    char digits[32];
    int size = snprintf(digits, sizeof(digits), "%.15g", value);
    put_word(writer, text_make(digits, (size_t)size));
}

void json_put_bool(struct json_writer *writer, bool value)
{
    put_word(writer, value ? TEXT("true") : TEXT("false"));
}

void json_put_null(struct json_writer *writer)
{
    put_word(writer, TEXT("null"));
}

void json_put_time(struct json_writer *writer, int64_t ms)
{
    char text[INSTANT_TEXT_MAX];
    json_put_chars(writer, instant_format(ms, text));
}

void json_put_id(struct json_writer *writer, enum id_kind kind, int64_t id)
{
    char text[ID_TEXT_MAX];
    json_put_chars(writer, id_format(kind, id, text));
}

void json_raw(struct json_writer *writer, struct text json)
{
    put_word(writer, json);
}

void json_field_text(struct json_writer *writer, const char *name, struct text text)
{
    json_key(writer, name);
    json_put_text(writer, text);
}

void json_field_text_or_null(struct json_writer *writer, const char *name, struct text text)
{
    json_key(writer, name);
    if (text.data == NULL) {
        json_put_null(writer);
    } else {
        json_put_text(writer, text);
    }
}

void json_field_chars(struct json_writer *writer, const char *name, const char *text)
{
    json_key(writer, name);
    json_put_chars(writer, text);
}

void json_field_int64(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_put_int64(writer, value);
}

void json_field_double(struct json_writer *writer, const char *name, double value)
{
    json_key(writer, name);
    json_put_double(writer, value);
}

void json_field_bool(struct json_writer *writer, const char *name, bool value)
{
    json_key(writer, name);
    json_put_bool(writer, value);
}

void json_field_null(struct json_writer *writer, const char *name)
{
    json_key(writer, name);
    json_put_null(writer);
}

void json_field_time(struct json_writer *writer, const char *name, int64_t ms)
{
    json_key(writer, name);
    json_put_time(writer, ms);
}

void json_field_time_or_null(struct json_writer *writer, const char *name, int64_t ms)
{
    json_key(writer, name);
    if (ms == 0) {
        json_put_null(writer);
    } else {
        json_put_time(writer, ms);
    }
}

void json_field_id(struct json_writer *writer, const char *name, enum id_kind kind, int64_t id)
{
    json_key(writer, name);
    json_put_id(writer, kind, id);
}

void json_field_id_or_null(struct json_writer *writer, const char *name, enum id_kind kind,
                           int64_t id)
{
    json_key(writer, name);
    if (id == 0) {
        json_put_null(writer);
    } else {
        json_put_id(writer, kind, id);
    }
}

void json_field_raw(struct json_writer *writer, const char *name, struct text json)
{
    json_key(writer, name);
    json_raw(writer, json);
}
