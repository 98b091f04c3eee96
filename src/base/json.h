#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Reading JSON from outside. The only user of jansson.
 *
 * A parsed document is a tree of `struct json` values, immutable and owned by its root: every
 * value got from an accessor is borrowed and lives as long as the root. Accessors accept NULL and
 * answer "absent". Thread: a document belongs to one thread at a time.
 *
 * json_reader reads one object strictly: it records every wrong field with its path and, at the
 * end, refuses the fields nobody asked for. */
struct json;

enum json_kind {
    JSON_ABSENT = 0, /* kind of a NULL value: no such field */
    JSON_NULL,
    JSON_BOOL,
    JSON_INTEGER, /* fits int64 exactly */
    JSON_REAL,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_limits {
    size_t size;    /* bytes of the document; 0 = 1 MiB */
    size_t depth;   /* nested arrays and objects; 0 = 32 */
    size_t members; /* of all objects together; 0 = no limit but the size */
};

/* Parses one whole document.
 * limits     NULL for the defaults
 * Errors     ERROR_INVALID with line and column in the message: bad syntax, bad UTF-8, a NUL
 *            character, the same key twice, an integer beyond int64; the same with the reason
 *            "too_deep" or "too_many_members"; ERROR_TOO_BIG over the limit in bytes */
MUST_USE enum error_code json_parse(struct text text, const struct json_limits *limits,
                                    struct json **ret_json, struct error *error);
void json_free(struct json *json); /* the root only; NULL is fine */
DEFINE_CLEANUP(struct json *, json_free);

enum json_kind json_kind(const struct json *json);
const char *json_kind_to_text(enum json_kind kind); /* "an object", "text", … for messages */

/* Value of an object's field, or NULL: absent, or `json` is no object. */
const struct json *json_get(const struct json *json, const char *name);
/* json_get along a path of names and indices: json_get_path(root, "entry.0.changes"). */
const struct json *json_get_path(const struct json *json, const char *path);
/* Element of an array, or NULL: out of range, or `json` is no array. */
const struct json *json_at(const struct json *json, size_t index);
size_t json_count(const struct json *json); /* of an array or object, else 0 */

/* Each returns false, leaving *ret alone, when the value is absent or of another kind. Text may be
 * empty and is always valid UTF-8 without NUL. json_number takes integers and reals. */
bool json_text(const struct json *json, struct text *ret_text);
bool json_int64(const struct json *json, int64_t *ret_value);
bool json_number(const struct json *json, double *ret_value);
bool json_bool(const struct json *json, bool *ret_value);
/* Shortcuts: a field's text, or {NULL, 0}; a field's integer, or `fallback`. */
struct text json_get_text(const struct json *json, const char *name);
int64_t json_get_int64(const struct json *json, const char *name, int64_t fallback);

/* Visits the fields of an object in the order of the document:
 *     struct json_iterator at = {0};
 *     while (json_iterate(json, &at)) { use at.name, at.value; } */
struct json_iterator {
    struct text name;
    const struct json *value;
    void *private_at;
};
bool json_iterate(const struct json *json, struct json_iterator *at);

/* Writes `json` back as compact text (keys in document order) after clearing nothing: appends. */
struct buffer;
void json_encode(const struct json *json, struct buffer *buffer);

/* ---- strict reading of one object ---- */

enum { JSON_READER_FIELDS_MAX = 64, JSON_READER_PATH_MAX = 96 };

/* Held by value; owns nothing. `error` gathers the findings of all readers of one document. */
struct json_reader {
    const struct json *json; /* NULL when the value was no object: every read says absent */
    struct error *error;
    char path[JSON_READER_PATH_MAX]; /* "" at the root, else "messages[2]" */
    const char *asked[JSON_READER_FIELDS_MAX];
    size_t asked_count;
    bool failed; /* this reader recorded a finding */
};

struct json_choice {
    const char *name;
    int value;
};

/* Starts reading `json`. `path` names it in findings ("" or NULL for the root). A value that is no
 * object is recorded as wrong_type (required when absent). */
void json_reader_open(struct json_reader *reader, const struct json *json, const char *path,
                      struct error *error);
/* For elements of an array: path becomes "parent.name[index]". */
void json_reader_open_at(struct json_reader *reader, const struct json_reader *parent,
                         const char *name, size_t index, const struct json *element);

/* Each returns true and sets *ret when the field is there and good. False when it is absent or
 * null, or when it is bad: then the finding is recorded (wrong_type, too_short, too_long,
 * out_of_range, invalid_choice). So presetting *ret gives the default of an optional field.
 * Text sizes count Unicode characters. */
bool json_reader_text(struct json_reader *reader, const char *name, size_t min, size_t max,
                      struct text *ret_text);
bool json_reader_int64(struct json_reader *reader, const char *name, int64_t min, int64_t max,
                       int64_t *ret_value);
bool json_reader_number(struct json_reader *reader, const char *name, double min, double max,
                        double *ret_value);
bool json_reader_bool(struct json_reader *reader, const char *name, bool *ret_value);
bool json_reader_choice(struct json_reader *reader, const char *name,
                        const struct json_choice *choices, size_t count, int *ret_value);
bool json_reader_time(struct json_reader *reader, const char *name, int64_t *ret_ms); /* RFC 3339 */
bool json_reader_id(struct json_reader *reader, const char *name, int id_kind, int64_t *ret_id);
bool json_reader_array(struct json_reader *reader, const char *name, size_t min, size_t max,
                       const struct json **ret_array);
/* Any kind; counts as asked for. NULL when absent. */
const struct json *json_reader_any(struct json_reader *reader, const char *name);
/* Opens `child` on the object field `name`. */
bool json_reader_object(struct json_reader *reader, const char *name, struct json_reader *child);

bool json_reader_has(struct json_reader *reader, const char *name);     /* present, even null */
bool json_reader_is_null(struct json_reader *reader, const char *name); /* present and null */
/* Records `required` when the field is absent or null; true when it is there. */
bool json_reader_required(struct json_reader *reader, const char *name);
/* Makes a field known without reading it (read-only fields that clients send back). */
void json_reader_ignore(struct json_reader *reader, const char *name);
/* Records a finding of the caller's own about `name` (NULL: the object itself). */
PRINTF(4, 5)
void json_reader_fail(struct json_reader *reader, const char *name, const char *code,
                      const char *format, ...);
/* Writes "path.name" as findings name it. */
void json_reader_field_path(const struct json_reader *reader, const char *name,
                            char path[JSON_READER_PATH_MAX]);

/* Refuses fields nobody asked for (unknown_field, with the nearest known name) and tells whether
 * this reader found anything. Returns OK or ERROR_INVALID; `error` then holds the findings. */
MUST_USE enum error_code json_reader_done(struct json_reader *reader);
