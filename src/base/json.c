/* JSON documents over jansson: see json.h. `struct json` is jansson's json_t under another name,
 * so no value is ever copied or wrapped. Depth and width are checked before jansson sees the
 * bytes, because its own limits are far beyond ours. */
#include "base/json.h"

#include "base/buffer.h"
#include "base/json_writer.h"

/* jansson's type names are the same words as ours: give them another prefix in this file. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

enum { DEFAULT_SIZE_MAX = 1024 * 1024, DEFAULT_DEPTH_MAX = 32 };

/* jansson's iteration functions take non-const pointers without changing anything. */
static json_t *tree(const struct json *json)
{
    return (json_t *)(uintptr_t)json;
}

static const struct json *wrap(const json_t *value)
{
    return (const struct json *)(const void *)value;
}

struct shape {
    size_t depth;
    size_t members; /* of all objects together */
};

/* How deep and how wide a document is, without judging whether it is one. */
static struct shape shape_of(struct text text)
{
    struct shape shape = {0};
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (in_text) {
            if (byte == '\\') {
                i++;
            } else if (byte == '"') {
                in_text = false;
            }
        } else if (byte == '"') {
            in_text = true;
        } else if (byte == ':') {
            shape.members++;
        } else if (byte == '{' || byte == '[') {
            depth++;
            shape.depth = depth > shape.depth ? depth : shape.depth;
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
    }
    return shape;
}

static enum error_code check_limits(struct text text, const struct json_limits *limits,
                                    struct error *error)
{
    size_t size_max = limits->size > 0 ? limits->size : DEFAULT_SIZE_MAX;
    size_t depth_max = limits->depth > 0 ? limits->depth : DEFAULT_DEPTH_MAX;
    size_t members_max = limits->members > 0 ? limits->members : SIZE_MAX;
    if (text.size > size_max) {
        return error_set(error, ERROR_TOO_BIG, "the JSON document is larger than %zu bytes",
                         size_max);
    }
    struct shape shape = shape_of(text);
    if (shape.depth > depth_max) {
        return error_reason(error,
                            error_set(error, ERROR_INVALID,
                                      "the JSON document is nested deeper than %zu levels",
                                      depth_max),
                            "too_deep");
    }
    if (shape.members > members_max) {
        return error_reason(error,
                            error_set(error, ERROR_INVALID,
                                      "the JSON document has more than %zu members", members_max),
                            "too_many_members");
    }
    return OK;
}

enum error_code json_parse(struct text text, const struct json_limits *limits,
                           struct json **ret_json, struct error *error)
{
    static const struct json_limits DEFAULTS = {0};
    enum error_code code = check_limits(text, limits != NULL ? limits : &DEFAULTS, error);
    if (code != OK) {
        return code;
    }
    json_error_t found;
    json_t *value = json_loadb(text.data == NULL ? "" : text.data, text.size,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &found);
    if (value == NULL) {
        return error_set(error, ERROR_INVALID, "not valid JSON at line %d, column %d: %s",
                         found.line, found.column, found.text);
    }
    *ret_json = (struct json *)(void *)value;
    return OK;
}

void json_free(struct json *json)
{
    json_decref((json_t *)(void *)json);
}

enum json_kind json_kind(const struct json *json)
{
    if (json == NULL) {
        return JSON_ABSENT;
    }
    switch (json_typeof(tree(json))) {
    case JANSSON_OBJECT:
        return JSON_OBJECT;
    case JANSSON_ARRAY:
        return JSON_ARRAY;
    case JANSSON_STRING:
        return JSON_TEXT;
    case JANSSON_INTEGER:
        return JSON_INTEGER;
    case JANSSON_REAL:
        return JSON_REAL;
    case JANSSON_TRUE:
    case JANSSON_FALSE:
        return JSON_BOOL;
    case JANSSON_NULL:
        return JSON_NULL;
    }
    return JSON_ABSENT;
}

const char *json_kind_to_text(enum json_kind kind)
{
    switch (kind) {
    case JSON_ABSENT:
        return "nothing";
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a number";
    case JSON_TEXT:
        return "text";
    case JSON_ARRAY:
        return "a list";
    case JSON_OBJECT:
        return "an object";
    }
    return "nothing";
}

const struct json *json_get(const struct json *json, const char *name)
{
    return json_kind(json) == JSON_OBJECT ? wrap(json_object_get(tree(json), name)) : NULL;
}

const struct json *json_get_path(const struct json *json, const char *path)
{
    struct text rest = text_from(path);
    struct text part;
    while (json != NULL && text_next(&rest, '.', &part)) {
        int64_t index = 0;
        if (json_kind(json) == JSON_ARRAY) {
            json = text_to_int64(part, &index) && index >= 0 ? json_at(json, (size_t)index) : NULL;
        } else if (json_kind(json) == JSON_OBJECT) {
            json = wrap(json_object_getn(tree(json), part.data, part.size));
        } else {
            json = NULL;
        }
    }
    return json;
}

const struct json *json_at(const struct json *json, size_t index)
{
    return json_kind(json) == JSON_ARRAY ? wrap(json_array_get(tree(json), index)) : NULL;
}

size_t json_count(const struct json *json)
{
    enum json_kind kind = json_kind(json);
    if (kind == JSON_ARRAY) {
        return json_array_size(tree(json));
    }
    return kind == JSON_OBJECT ? json_object_size(tree(json)) : 0;
}

bool json_text(const struct json *json, struct text *ret_text)
{
    if (json_kind(json) != JSON_TEXT) {
        return false;
    }
    *ret_text = text_make(json_string_value(tree(json)), json_string_length(tree(json)));
    return true;
}

bool json_int64(const struct json *json, int64_t *ret_value)
{
    if (json_kind(json) != JSON_INTEGER) {
        return false;
    }
    *ret_value = json_integer_value(tree(json));
    return true;
}

bool json_number(const struct json *json, double *ret_value)
{
    enum json_kind kind = json_kind(json);
    if (kind != JSON_INTEGER && kind != JSON_REAL) {
        return false;
    }
    *ret_value = json_number_value(tree(json));
    return true;
}

bool json_bool(const struct json *json, bool *ret_value)
{
    if (json_kind(json) != JSON_BOOL) {
        return false;
    }
    *ret_value = json_typeof(tree(json)) == JANSSON_TRUE;
    return true;
}

struct text json_get_text(const struct json *json, const char *name)
{
    struct text text = {0};
    (void)json_text(json_get(json, name), &text);
    return text;
}

int64_t json_get_int64(const struct json *json, const char *name, int64_t fallback)
{
    (void)json_int64(json_get(json, name), &fallback);
    return fallback;
}

bool json_iterate(const struct json *json, struct json_iterator *at)
{
    if (json_kind(json) != JSON_OBJECT) {
        return false;
    }
    at->private_at = at->private_at == NULL ? json_object_iter(tree(json))
                                            : json_object_iter_next(tree(json), at->private_at);
    if (at->private_at == NULL) {
        return false;
    }
    at->name =
        text_make(json_object_iter_key(at->private_at), json_object_iter_key_len(at->private_at));
    at->value = wrap(json_object_iter_value(at->private_at));
    return true;
}

static void encode(struct json_writer *writer, const struct json *json)
{
    switch (json_kind(json)) {
    case JSON_ABSENT:
    case JSON_NULL:
        json_put_null(writer);
        return;
    case JSON_BOOL:
        json_put_bool(writer, json_typeof(tree(json)) == JANSSON_TRUE);
        return;
    case JSON_INTEGER:
        json_put_int64(writer, json_integer_value(tree(json)));
        return;
    case JSON_REAL:
        json_put_double(writer, json_real_value(tree(json)));
        return;
    case JSON_TEXT:
        json_put_text(writer,
                      text_make(json_string_value(tree(json)), json_string_length(tree(json))));
        return;
    case JSON_ARRAY:
        json_array_begin(writer);
        for (size_t i = 0; i < json_count(json); i++) {
            encode(writer, json_at(json, i));
        }
        json_array_end(writer);
        return;
    case JSON_OBJECT:
        json_object_begin(writer);
        struct json_iterator at = {0};
        while (json_iterate(json, &at)) {
            json_key_text(writer, at.name);
            encode(writer, at.value);
        }
        json_object_end(writer);
        return;
    }
}

void json_encode(const struct json *json, struct buffer *buffer)
{
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    encode(&writer, json);
}
