/* Strict reading of path, query string and list positions. Whatever is wrong with a query string is
 * found at once, like the fields of a body. */
#include "api/api_internal.h"

#include "api/csv_table.h"
#include "base/instant.h"

#include <stdarg.h>
#include <stdio.h>

enum error_code api_param_id(const struct api_call *call, size_t index, enum id_kind kind,
                             int64_t *ret_id, struct error *error)
{
    if (!id_parse(kind, call->params[index], ret_id)) {
        return error_set(error, ERROR_NOT_FOUND, "\"%.*s\" does not exist",
                         (int)(call->params[index].size > 60 ? 60 : call->params[index].size),
                         call->params[index].data);
    }
    return OK;
}

enum error_code api_body(const struct api_call *call, const struct json **ret_body,
                         struct error *error)
{
    if (call->body == NULL) {
        return error_set(error, ERROR_INVALID, "a JSON body is needed");
    }
    *ret_body = call->body;
    return OK;
}

PRINTF(4, 5)
static void refuse(struct api_query *query, const char *name, const char *code, const char *format,
                   ...)
{
    char message[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    query->failed = true;
    (void)error_field(query->error, name, code, "%s", message);
}

void api_query_open(struct api_query *query, struct api_call *call, struct error *error)
{
    *query = (struct api_query){.call = call, .error = error};
    call->query_read = true;
    struct text rest = call->query;
    struct text name, value;
    bool valid = false;
    while (http_form_next(call->work->arena, &rest, &name, &value, &valid)) {
        if (!valid) {
            refuse(query, "query", "invalid_format", "the query string is not encoded correctly");
        } else if (query->count == API_QUERY_MAX) {
            refuse(query, "query", "too_long", "more than %d parameters", API_QUERY_MAX);
            return;
        } else if (!csv_table_parameter(call, name)) {
            query->pairs[query->count++] = (struct api_query_pair){name, value, false};
        }
    }
}

/* The value of a parameter; an empty one counts as absent, so that forms may send all fields. */
static bool find(struct api_query *query, const char *name, struct text *ret_value)
{
    bool found = false;
    if (query->asked_count < API_QUERY_MAX) {
        query->asked[query->asked_count++] = name;
    }
    for (size_t i = 0; i < query->count; i++) {
        struct api_query_pair *pair = &query->pairs[i];
        if (!text_equal(pair->name, text_from(name))) {
            continue;
        }
        if (pair->asked || found) {
            refuse(query, name, "duplicate", "is given more than once");
        }
        pair->asked = true;
        if (pair->value.size > 0) {
            *ret_value = pair->value;
            found = true;
        }
    }
    return found;
}

bool api_query_text(struct api_query *query, const char *name, size_t max, struct text *ret_text)
{
    struct text value;
    if (!find(query, name, &value)) {
        return false;
    }
    if (value.size > max) {
        refuse(query, name, "too_long", "must have at most %zu bytes", max);
        return false;
    }
    *ret_text = value;
    return true;
}

bool api_query_int(struct api_query *query, const char *name, int64_t min, int64_t max,
                   int64_t *ret_value)
{
    struct text value;
    int64_t number = 0;
    if (!find(query, name, &value)) {
        return false;
    }
    if (!text_to_int64(value, &number)) {
        refuse(query, name, "wrong_type", "must be a whole number");
        return false;
    }
    if (number < min || number > max) {
        refuse(query, name, "out_of_range", "must be between %lld and %lld", (long long)min,
               (long long)max);
        return false;
    }
    *ret_value = number;
    return true;
}

bool api_query_bool(struct api_query *query, const char *name, bool *ret_value)
{
    struct text value;
    if (!find(query, name, &value)) {
        return false;
    }
    bool yes = text_equal(value, TEXT("true")) || text_equal(value, TEXT("1"));
    if (!yes && !text_equal(value, TEXT("false")) && !text_equal(value, TEXT("0"))) {
        refuse(query, name, "wrong_type", "must be true or false");
        return false;
    }
    *ret_value = yes;
    return true;
}

bool api_query_id(struct api_query *query, const char *name, enum id_kind kind, int64_t *ret_id)
{
    struct text value;
    if (!find(query, name, &value)) {
        return false;
    }
    if (!id_parse(kind, value, ret_id)) {
        refuse(query, name, "invalid_format", "must be an id like %s001", id_prefix(kind));
        return false;
    }
    return true;
}

bool api_query_time(struct api_query *query, const char *name, int64_t *ret_ms)
{
    struct text value;
    if (!find(query, name, &value)) {
        return false;
    }
    if (value.size == 10) {
        value = arena_format(query->call->work->arena, "%.*sT00:00:00Z", TEXT_ARGS(value));
    }
    if (!instant_parse(value, ret_ms)) {
        refuse(query, name, "invalid_format", "must be a time like 2026-01-05T09:00:00Z");
        return false;
    }
    return true;
}

static bool choice_value(const struct json_choice *choices, size_t count, struct text word,
                         int *ret_value)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(word, text_from(choices[i].name))) {
            *ret_value = choices[i].value;
            return true;
        }
    }
    return false;
}

static void refuse_choice(struct api_query *query, const char *name,
                          const struct json_choice *choices, size_t count)
{
    struct buffer words;
    buffer_init(&words, 120);
    for (size_t i = 0; i < count; i++) {
        buffer_add_format(&words, "%s%s", i == 0 ? "" : ", ", choices[i].name);
    }
    refuse(query, name, "invalid_choice", "must be one of %s", buffer_chars(&words));
    buffer_done(&words);
}

bool api_query_choice(struct api_query *query, const char *name, const struct json_choice *choices,
                      size_t count, int *ret_value)
{
    struct text value;
    if (!find(query, name, &value)) {
        return false;
    }
    if (!choice_value(choices, count, value, ret_value)) {
        refuse_choice(query, name, choices, count);
        return false;
    }
    return true;
}

bool api_query_choices(struct api_query *query, const char *name, const struct json_choice *choices,
                       size_t count, uint64_t *ret_bits)
{
    struct text rest;
    struct text word;
    uint64_t bits = 0;
    if (!find(query, name, &rest)) {
        return false;
    }
    while (text_next(&rest, ',', &word)) {
        int value = 0;
        if (!choice_value(choices, count, text_trim(word), &value)) {
            refuse_choice(query, name, choices, count);
            return false;
        }
        bits |= UINT64_C(1) << value;
    }
    *ret_bits = bits;
    return true;
}

static bool was_asked(const struct api_query *query, struct text name)
{
    for (size_t i = 0; i < query->asked_count; i++) {
        if (text_equal(name, text_from(query->asked[i]))) {
            return true;
        }
    }
    return false;
}

enum error_code api_query_done(struct api_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        struct api_query_pair *pair = &query->pairs[i];
        if (!pair->asked && !was_asked(query, pair->name)) {
            char name[64];
            (void)snprintf(name, sizeof(name), "%.*s", TEXT_ARGS(pair->name));
            refuse(query, name, "unknown_field", "unknown parameter");
        }
    }
    return query->failed ? ERROR_INVALID : OK;
}

/* ---- cursors: base64url of "c1", the numbers, and the text ---- */

struct text api_cursor_format(struct api_call *call, const struct api_cursor *cursor)
{
    struct arena *arena = call->work->arena;
    struct text plain = TEXT("1");
    for (size_t i = 0; i < cursor->count; i++) {
        plain = arena_format(arena, "%.*s,%lld", TEXT_ARGS(plain), (long long)cursor->keys[i]);
    }
    if (cursor->text.size > 0) {
        plain = arena_format(arena, "%.*s;%.*s", TEXT_ARGS(plain), TEXT_ARGS(cursor->text));
    }
    char *out = arena_alloc(arena, crypto_base64_size(plain.size));
    return text_make(out, crypto_base64url(plain.data, plain.size, out));
}

static bool read_cursor(struct arena *arena, struct text wire, struct api_cursor *ret_cursor)
{
    struct api_cursor cursor = {0};
    size_t size = 0;
    uint8_t *plain = arena_alloc(arena, wire.size + 4);
    if (!crypto_unbase64url(wire, plain, wire.size + 4, &size)) {
        return false;
    }
    struct text rest = text_make((const char *)plain, size);
    struct text numbers;
    struct text number;
    if (!text_is_utf8(rest) || !text_next(&rest, ';', &numbers) ||
        !text_next(&numbers, ',', &number) || !text_equal(number, TEXT("1"))) {
        return false;
    }
    cursor.text = rest;
    while (text_next(&numbers, ',', &number)) {
        if (cursor.count == API_CURSOR_KEYS_MAX ||
            !text_to_int64(number, &cursor.keys[cursor.count++])) {
            return false;
        }
    }
    *ret_cursor = cursor;
    return true;
}

void api_query_page(struct api_query *query, struct api_page *page)
{
    struct text wire;
    if (page->limit == 0) {
        page->limit = 50;
    }
    bool table = query->call->tap != NULL; /* which goes on page by page by itself */
    (void)api_query_int(query, "limit", 1, table ? CSV_TABLE_PAGE_ROWS : 500, &page->limit);
    page->after = (struct api_cursor){0};
    if (api_query_text(query, "cursor", 500, &wire) &&
        !read_cursor(query->call->work->arena, wire, &page->after)) {
        refuse(query, "cursor", "invalid_format", "must be the next_cursor of a page before");
    }
}
