/* Strict reading of one JSON object: see the second half of json.h. Every question adds the name
 * to the list of known fields; what stands in the object but was never asked for is refused. */
#include "base/ids.h"
#include "base/instant.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>

void json_reader_field_path(const struct json_reader *reader, const char *name,
                            char path[JSON_READER_PATH_MAX])
{
    if (name == NULL || name[0] == '\0') {
        (void)snprintf(path, JSON_READER_PATH_MAX, "%s", reader->path);
    } else if (reader->path[0] == '\0') {
        (void)snprintf(path, JSON_READER_PATH_MAX, "%s", name);
    } else {
        (void)snprintf(path, JSON_READER_PATH_MAX, "%s.%s", reader->path, name);
    }
}

void json_reader_fail(struct json_reader *reader, const char *name, const char *code,
                      const char *format, ...)
{
    char message[sizeof(((struct error_field *)NULL)->message)];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    char path[JSON_READER_PATH_MAX];
    json_reader_field_path(reader, name, path);
    (void)error_field(reader->error, path, code, "%s", message);
    reader->failed = true;
}

void json_reader_open(struct json_reader *reader, const struct json *json, const char *path,
                      struct error *error)
{
    *reader = (struct json_reader){.error = error};
    (void)snprintf(reader->path, sizeof(reader->path), "%s", path == NULL ? "" : path);
    enum json_kind kind = json_kind(json);
    if (kind == JSON_OBJECT) {
        reader->json = json;
    } else if (kind == JSON_ABSENT) {
        json_reader_fail(reader, NULL, "required", "must be a JSON object");
    } else {
        json_reader_fail(reader, NULL, "wrong_type", "must be an object, not %s",
                         json_kind_to_text(kind));
    }
}

void json_reader_open_at(struct json_reader *reader, const struct json_reader *parent,
                         const char *name, size_t index, const struct json *element)
{
    char path[JSON_READER_PATH_MAX];
    json_reader_field_path(parent, name, path);
    char full[JSON_READER_PATH_MAX + 24];
    (void)snprintf(full, sizeof(full), "%s[%zu]", path, index);
    json_reader_open(reader, element, full, parent->error);
}

static bool same_name(const char *a, const char *b)
{
    return text_equal(text_from(a), text_from(b));
}

const struct json *json_reader_any(struct json_reader *reader, const char *name)
{
    bool known = false;
    for (size_t i = 0; i < reader->asked_count && !known; i++) {
        known = same_name(reader->asked[i], name);
    }
    if (!known) {
        CHECK(reader->asked_count < JSON_READER_FIELDS_MAX);
        reader->asked[reader->asked_count++] = name;
    }
    return json_get(reader->json, name);
}

/* The field's value when it has something to say; absent and null both mean "not given". */
static const struct json *given(struct json_reader *reader, const char *name)
{
    const struct json *value = json_reader_any(reader, name);
    return json_kind(value) == JSON_NULL ? NULL : value;
}

static void wrong_type(struct json_reader *reader, const char *name, const char *wanted,
                       const struct json *value)
{
    json_reader_fail(reader, name, "wrong_type", "must be %s, not %s", wanted,
                     json_kind_to_text(json_kind(value)));
}

static size_t count_code_points(struct text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((unsigned char)text.data[i] & 0xC0U) != 0x80U;
    }
    return count;
}

bool json_reader_text(struct json_reader *reader, const char *name, size_t min, size_t max,
                      struct text *ret_text)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    struct text text;
    if (!json_text(value, &text)) {
        wrong_type(reader, name, "text", value);
        return false;
    }
    size_t count = count_code_points(text);
    if (count < min) {
        json_reader_fail(reader, name, "too_short",
                         min == 1 ? "must not be empty" : "must have at least %zu characters", min);
        return false;
    }
    if (count > max) {
        json_reader_fail(reader, name, "too_long", "must have at most %zu characters, has %zu", max,
                         count);
        return false;
    }
    *ret_text = text;
    return true;
}

bool json_reader_int64(struct json_reader *reader, const char *name, int64_t min, int64_t max,
                       int64_t *ret_value)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    int64_t number = 0;
    if (!json_int64(value, &number)) {
        wrong_type(reader, name, "a whole number", value);
        return false;
    }
    if (number < min || number > max) {
        json_reader_fail(reader, name, "out_of_range", "must be from %lld to %lld", (long long)min,
                         (long long)max);
        return false;
    }
    *ret_value = number;
    return true;
}

bool json_reader_number(struct json_reader *reader, const char *name, double min, double max,
                        double *ret_value)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    double number = 0;
    if (!json_number(value, &number)) {
        wrong_type(reader, name, "a number", value);
        return false;
    }
    if (!(number >= min && number <= max)) {
        json_reader_fail(reader, name, "out_of_range", "must be from %g to %g", min, max);
        return false;
    }
    *ret_value = number;
    return true;
}

bool json_reader_bool(struct json_reader *reader, const char *name, bool *ret_value)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    if (!json_bool(value, ret_value)) {
        wrong_type(reader, name, "true or false", value);
        return false;
    }
    return true;
}

bool json_reader_choice(struct json_reader *reader, const char *name,
                        const struct json_choice *choices, size_t count, int *ret_value)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    struct text text;
    if (!json_text(value, &text)) {
        wrong_type(reader, name, "text", value);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (text_equal(text, text_from(choices[i].name))) {
            *ret_value = choices[i].value;
            return true;
        }
    }
    char list[160];
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(list) - 1; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        int size = snprintf(list + used, sizeof(list) - used, "%s%s", between, choices[i].name);
        used += size > 0 ? (size_t)size : 0;
    }
    json_reader_fail(reader, name, "invalid_choice", "must be %s", list);
    return false;
}

bool json_reader_time(struct json_reader *reader, const char *name, int64_t *ret_ms)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    struct text text;
    if (!json_text(value, &text)) {
        wrong_type(reader, name, "text", value);
        return false;
    }
    if (!instant_parse(text, ret_ms)) {
        json_reader_fail(reader, name, "invalid_format",
                         "must be a time with zone like 2026-01-05T09:00:00Z");
        return false;
    }
    return true;
}

bool json_reader_id(struct json_reader *reader, const char *name, int id_kind, int64_t *ret_id)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    struct text text;
    if (!json_text(value, &text)) {
        wrong_type(reader, name, "text", value);
        return false;
    }
    if (!id_parse((enum id_kind)id_kind, text, ret_id)) {
        json_reader_fail(reader, name, "invalid_format", "must be an id like %s001",
                         id_prefix((enum id_kind)id_kind));
        return false;
    }
    return true;
}

bool json_reader_array(struct json_reader *reader, const char *name, size_t min, size_t max,
                       const struct json **ret_array)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    if (json_kind(value) != JSON_ARRAY) {
        wrong_type(reader, name, "a list", value);
        return false;
    }
    if (json_count(value) < min) {
        json_reader_fail(reader, name, "too_short", "must have at least %zu %s", min,
                         min == 1 ? "element" : "elements");
        return false;
    }
    if (json_count(value) > max) {
        json_reader_fail(reader, name, "too_long", "must have at most %zu elements, has %zu", max,
                         json_count(value));
        return false;
    }
    *ret_array = value;
    return true;
}

bool json_reader_object(struct json_reader *reader, const char *name, struct json_reader *child)
{
    const struct json *value = given(reader, name);
    if (value == NULL) {
        return false;
    }
    char path[JSON_READER_PATH_MAX];
    json_reader_field_path(reader, name, path);
    json_reader_open(child, value, path, reader->error);
    reader->failed = reader->failed || child->failed;
    return !child->failed;
}

bool json_reader_has(struct json_reader *reader, const char *name)
{
    return json_reader_any(reader, name) != NULL;
}

bool json_reader_is_null(struct json_reader *reader, const char *name)
{
    return json_kind(json_reader_any(reader, name)) == JSON_NULL;
}

bool json_reader_required(struct json_reader *reader, const char *name)
{
    if (given(reader, name) != NULL) {
        return true;
    }
    if (reader->json != NULL) {
        json_reader_fail(reader, name, "required", "is required");
    }
    return false;
}

void json_reader_ignore(struct json_reader *reader, const char *name)
{
    (void)json_reader_any(reader, name);
}

enum { SUGGEST_SIZE_MAX = 40, SUGGEST_DISTANCE_MAX = 3 };

/* Levenshtein distance of two short names; big when one is too long to be a slip of the other. */
static size_t edit_distance(struct text a, struct text b)
{
    if (a.size > SUGGEST_SIZE_MAX || b.size > SUGGEST_SIZE_MAX) {
        return SUGGEST_SIZE_MAX;
    }
    size_t row[SUGGEST_SIZE_MAX + 1];
    for (size_t j = 0; j <= b.size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            size_t shortest = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < shortest ? replaced : shortest;
        }
    }
    return row[b.size];
}

static const char *nearest_name(const struct json_reader *reader, struct text name)
{
    const char *nearest = NULL;
    size_t limit = (name.size + 2) / 3; /* two letters swapped are a distance of two */
    size_t best = limit < SUGGEST_DISTANCE_MAX ? limit + 1 : SUGGEST_DISTANCE_MAX + 1;
    for (size_t i = 0; i < reader->asked_count; i++) {
        size_t distance = edit_distance(name, text_from(reader->asked[i]));
        if (distance < best) {
            best = distance;
            nearest = reader->asked[i];
        }
    }
    return nearest;
}

static bool was_asked(const struct json_reader *reader, struct text name)
{
    for (size_t i = 0; i < reader->asked_count; i++) {
        if (text_equal(name, text_from(reader->asked[i]))) {
            return true;
        }
    }
    return false;
}

enum error_code json_reader_done(struct json_reader *reader)
{
    struct json_iterator at = {0};
    while (json_iterate(reader->json, &at)) {
        if (was_asked(reader, at.name)) {
            continue;
        }
        char name[JSON_READER_PATH_MAX];
        (void)snprintf(name, sizeof(name), "%.*s",
                       TEXT_ARGS(text_head(at.name, at.name.size < 64 ? at.name.size : 64)));
        const char *nearest = nearest_name(reader, at.name);
        if (nearest != NULL) {
            json_reader_fail(reader, name, "unknown_field",
                             "is not a known field; did you mean \"%s\"?", nearest);
        } else {
            json_reader_fail(reader, name, "unknown_field", "is not a known field");
        }
    }
    return reader->failed ? ERROR_INVALID : OK;
}
