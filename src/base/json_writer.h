#pragma once

#include "base/buffer.h"
#include "base/ids.h"

#include <stdbool.h>

/* Writes JSON straight into a buffer, no tree. Commas and colons are put where they belong; what
 * only a bug can do (a value without key in an object, an end without begin) stops the process.
 * Text must be UTF-8: malformed bytes are written as U+FFFD. Thread: the caller's. */
enum { JSON_WRITER_DEPTH_MAX = 40 };

/* Takes what is written value by value, for answers that become something other than JSON. */
struct json_tap {
    void (*key)(struct json_tap *tap, struct text name);
    /* An object or array begins. True: its JSON is wanted as one value. */
    bool (*begin)(struct json_tap *tap, bool object);
    void (*end)(struct json_tap *tap);
    /* `quoted`: a text; else a number, true, false, null, or the JSON of what was wanted. */
    void (*value)(struct json_tap *tap, struct text value, bool quoted);
    struct buffer json; /* the writer's; freed by who made the tap */
};

struct json_writer {
    struct buffer *buffer; /* borrowed */
    struct json_tap *tap;  /* NULL: all goes to the buffer */
    size_t wanted_depth;   /* > 0: depth of the value whose JSON the tap wants */
    bool ascii;            /* everything beyond ASCII as \uXXXX */
    bool after_key;
    size_t depth;
    bool in_object[JSON_WRITER_DEPTH_MAX];
    bool has_items[JSON_WRITER_DEPTH_MAX];
};

void json_writer_init(struct json_writer *writer, struct buffer *buffer);
void json_writer_init_ascii(struct json_writer *writer, struct buffer *buffer);
void json_writer_init_tap(struct json_writer *writer, struct json_tap *tap);

void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *name);
void json_key_text(struct json_writer *writer, struct text name);

void json_put_text(struct json_writer *writer, struct text text);  /* {NULL} is written "" */
void json_put_chars(struct json_writer *writer, const char *text); /* NULL is written null */
void json_put_int64(struct json_writer *writer, int64_t value);
void json_put_double(struct json_writer *writer, double value); /* not finite: null */
void json_put_bool(struct json_writer *writer, bool value);
void json_put_null(struct json_writer *writer);
void json_put_time(struct json_writer *writer, int64_t ms); /* "2026-01-05T09:00:00Z" */
void json_put_id(struct json_writer *writer, enum id_kind kind, int64_t id);
void json_raw(struct json_writer *writer, struct text json); /* one ready-made value */

/* Key and value at once. */
void json_field_text(struct json_writer *writer, const char *name, struct text text);
void json_field_text_or_null(struct json_writer *writer, const char *name, struct text text);
void json_field_chars(struct json_writer *writer, const char *name, const char *text);
void json_field_int64(struct json_writer *writer, const char *name, int64_t value);
void json_field_double(struct json_writer *writer, const char *name, double value);
void json_field_bool(struct json_writer *writer, const char *name, bool value);
void json_field_null(struct json_writer *writer, const char *name);
void json_field_time(struct json_writer *writer, const char *name, int64_t ms);
void json_field_time_or_null(struct json_writer *writer, const char *name, int64_t ms); /* 0 */
void json_field_id(struct json_writer *writer, const char *name, enum id_kind kind, int64_t id);
void json_field_id_or_null(struct json_writer *writer, const char *name, enum id_kind kind,
                           int64_t id); /* 0 = null */
void json_field_raw(struct json_writer *writer, const char *name, struct text json);
