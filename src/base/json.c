/* What a parsed JSON document holds: see json.h. Building it is json_parse.c. */
#include "base/json_internal.h"

#include "base/buffer.h"
#include "base/json_writer.h"

#include <string.h>

enum json_kind json_kind(const struct json *json)
{
    return json == NULL ? JSON_ABSENT : json->kind;
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

static const struct json *items_of(const struct json *container)
{
    bool sorted = container->kind == JSON_OBJECT && container->count > JSON_FIELDS_UNSORTED;
    return sorted ? container->sorted->items : container->items;
}

static const struct json *find_sorted(const struct json *object, struct text name)
{
    size_t low = 0;
    size_t high = object->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct json *field = object->sorted->by_name[middle];
        int order = json_compare_names(name.data, name.size, field->name, field->name_size);
        if (order == 0) {
            return field;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const struct json *find_field(const struct json *object, struct text name)
{
    if (object->count > JSON_FIELDS_UNSORTED) {
        return find_sorted(object, name);
    }
    for (size_t i = 0; i < object->count; i++) {
        const struct json *field = &object->items[i];
        if (field->name_size == name.size && memcmp(field->name, name.data, name.size) == 0) {
            return field;
        }
    }
    return NULL;
}

const struct json *json_get(const struct json *json, const char *name)
{
    return json_kind(json) == JSON_OBJECT ? find_field(json, text_from(name)) : NULL;
}

const struct json *json_get_path(const struct json *json, const char *path)
{
    struct text rest = text_from(path);
    struct text part;
    while (json != NULL && text_next(&rest, '.', &part)) {
        int64_t index = 0;
        if (json->kind == JSON_ARRAY) {
            json = text_to_int64(part, &index) && index >= 0 ? json_at(json, (size_t)index) : NULL;
        } else if (json->kind == JSON_OBJECT) {
            json = find_field(json, part);
        } else {
            json = NULL;
        }
    }
    return json;
}

const struct json *json_at(const struct json *json, size_t index)
{
    return json_kind(json) == JSON_ARRAY && index < json->count ? &json->items[index] : NULL;
}

size_t json_count(const struct json *json)
{
    enum json_kind kind = json_kind(json);
    return kind == JSON_ARRAY || kind == JSON_OBJECT ? json->count : 0;
}

bool json_text(const struct json *json, struct text *ret_text)
{
    if (json_kind(json) != JSON_TEXT) {
        return false;
    }
    *ret_text = text_make(json->text, json->count);
    return true;
}

bool json_int64(const struct json *json, int64_t *ret_value)
{
    if (json_kind(json) != JSON_INTEGER) {
        return false;
    }
    *ret_value = json->integer;
    return true;
}

bool json_number(const struct json *json, double *ret_value)
{
    enum json_kind kind = json_kind(json);
    if (kind != JSON_INTEGER && kind != JSON_REAL) {
        return false;
    }
    *ret_value = kind == JSON_INTEGER ? (double)json->integer : json->real;
    return true;
}

bool json_bool(const struct json *json, bool *ret_value)
{
    if (json_kind(json) != JSON_BOOL) {
        return false;
    }
    *ret_value = json->truth;
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
    if (json_kind(json) != JSON_OBJECT || at->private_next >= json->count) {
        return false;
    }
    const struct json *field = &items_of(json)[at->private_next++];
    at->name = text_make(field->name, field->name_size);
    at->value = field;
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
        json_put_bool(writer, json->truth);
        return;
    case JSON_INTEGER:
        json_put_int64(writer, json->integer);
        return;
    case JSON_REAL:
        json_put_double(writer, json->real);
        return;
    case JSON_TEXT:
        json_put_text(writer, text_make(json->text, json->count));
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
