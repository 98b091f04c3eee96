/* The JSON parser of json.h: RFC 8259 read strictly, in one walk over the bytes.
 *
 * Values of containers that are still open wait on a stack at the low end of the block; when a
 * container closes, its children move together to the high end. Every value takes at least two
 * bytes of the document (itself and what parts it from the next one), but for the one being read in
 * each open container: so the two ends never meet. A text takes no more bytes than it had with its
 * quotes. */
#include "base/json_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE_MAX = 1024 * 1024, DEFAULT_DEPTH_MAX = 32 };

static void skip_spaces(struct json_parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\r' || *parser->at == '\t')) {
        parser->at++;
    }
}

/* The next byte that is no space, or NUL at the end: no token starts with NUL. */
static char peek(struct json_parser *parser)
{
    skip_spaces(parser);
    return parser->at < parser->end ? *parser->at : '\0';
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool is_digit(const struct json_parser *parser)
{
    return parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
}

static bool skip_digits(struct json_parser *parser)
{
    if (!is_digit(parser)) {
        return json_fail(parser, "a digit is missing");
    }
    while (is_digit(parser)) {
        parser->at++;
    }
    return true;
}

/* Finds the end of a number by its grammar. */
static bool skip_number(struct json_parser *parser, bool *ret_real)
{
    bool real = false;
    parser->at += *parser->at == '-';
    if (parser->at < parser->end && *parser->at == '0') {
        parser->at++;
        if (is_digit(parser)) {
            return json_fail(parser, "a number must not start with 0");
        }
    } else if (!skip_digits(parser)) {
        return false;
    }
    if (parser->at < parser->end && *parser->at == '.') {
        parser->at++;
        real = true;
        if (!skip_digits(parser)) {
            return false;
        }
    }
    if (parser->at < parser->end && (*parser->at | 0x20) == 'e') {
        parser->at++;
        real = true;
        parser->at += parser->at < parser->end && (*parser->at == '+' || *parser->at == '-');
        if (!skip_digits(parser)) {
            return false;
        }
    }
    *ret_real = real;
    return true;
}

static bool read_number(struct json_parser *parser, struct json *value)
{
    const char *from = parser->at;
    bool real = false;
    if (!skip_number(parser, &real)) {
        return false;
    }
    struct text digits = text_make(from, (size_t)(parser->at - from));
    if (!real) {
        value->kind = JSON_INTEGER;
        return text_to_int64(digits, &value->integer) ||
               json_fail(parser, "a whole number beyond 64 bits");
    }
    /* strtod() wants a NUL; the texts' next free bytes have room for what was read. */
    memcpy(parser->texts, digits.data, digits.size);
    parser->texts[digits.size] = '\0';
    value->kind = JSON_REAL;
    value->real = strtod(parser->texts, NULL);
    return __builtin_isfinite(value->real) || json_fail(parser, "a number too large to hold");
}

/* --- values ----------------------------------------------------------------------------------- */

static bool read_value(struct json_parser *parser, struct json *value);

static bool read_word(struct json_parser *parser, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(parser->end - parser->at) < size || memcmp(parser->at, word, size) != 0) {
        return json_fail(parser, "no value can start here");
    }
    parser->at += size;
    return true;
}

static bool go_deeper(struct json_parser *parser)
{
    parser->at++;
    if (++parser->depth > parser->depth_max) {
        parser->reason = "too_deep";
        return json_fail(parser, "nested too deep");
    }
    return true;
}

int json_compare_names(const char *a, size_t a_size, const char *b, size_t b_size)
{
    if (a_size != b_size) {
        return a_size < b_size ? -1 : 1;
    }
    return memcmp(a, b, a_size);
}

static int compare_fields(const void *left, const void *right)
{
    const struct json *a = *(const struct json *const *)left;
    const struct json *b = *(const struct json *const *)right;
    return json_compare_names(a->name, a->name_size, b->name, b->name_size);
}

static bool sort_fields(struct json_parser *parser, struct json *object)
{
    struct json_sorted *sorted =
        mem_alloc(sizeof(*sorted) + object->count * sizeof(sorted->by_name[0]));
    sorted->next = parser->document->sorted;
    parser->document->sorted = sorted;
    sorted->items = object->items;
    for (size_t i = 0; i < object->count; i++) {
        sorted->by_name[i] = &object->items[i];
    }
    qsort(sorted->by_name, object->count, sizeof(sorted->by_name[0]), compare_fields);
    object->sorted = sorted;
    for (size_t i = 1; i < object->count; i++) {
        if (compare_fields(&sorted->by_name[i - 1], &sorted->by_name[i]) == 0) {
            return json_fail(parser, "the same name twice in one object");
        }
    }
    return true;
}

static bool check_fields(struct json_parser *parser, struct json *object)
{
    if (object->count > JSON_FIELDS_UNSORTED) {
        return sort_fields(parser, object);
    }
    for (size_t i = 1; i < object->count; i++) {
        const struct json *field = &object->items[i];
        for (size_t before = 0; before < i; before++) {
            const struct json *other = &object->items[before];
            if (json_compare_names(field->name, field->name_size, other->name, other->name_size) ==
                0) {
                return json_fail(parser, "the same name twice in one object");
            }
        }
    }
    return true;
}

/* The container closes: its children, on top of the stack, move to their place. */
static void close_container(struct json_parser *parser, struct json *container,
                            struct json *children)
{
    size_t count = (size_t)(parser->stack - children);
    parser->done -= count;
    memmove(parser->done, children, count * sizeof(*children));
    parser->stack = children;
    container->items = parser->done;
    container->count = (uint32_t)count;
}

static bool read_field(struct json_parser *parser, struct json *field)
{
    const char *name = NULL;
    uint32_t size = 0;
    if (++parser->members > parser->members_max) {
        parser->reason = "too_many_members";
        return json_fail(parser, "too many fields");
    }
    if (peek(parser) != '"') {
        return json_fail(parser, "a field starts with its name in quotes");
    }
    if (!json_read_text(parser, &name, &size)) {
        return false;
    }
    field->name = name;
    field->name_size = size;
    if (peek(parser) != ':') {
        return json_fail(parser, "a colon is missing after the name");
    }
    parser->at++;
    return read_value(parser, field);
}

static bool read_container(struct json_parser *parser, struct json *container, char close)
{
    struct json *children = parser->stack;
    if (!go_deeper(parser)) {
        return false;
    }
    char next = peek(parser);
    while (next != close) {
        struct json *child = parser->stack++;
        child->name = "";
        child->name_size = 0;
        bool good = close == '}' ? read_field(parser, child) : read_value(parser, child);
        if (!good) {
            return false;
        }
        next = peek(parser);
        if (next == ',') {
            parser->at++;
            next = peek(parser);
            if (next == close) {
                return json_fail(parser, "a comma without a value after it");
            }
        } else if (next != close) {
            return json_fail(parser, "a comma or the end of the list is missing");
        }
    }
    parser->at++;
    parser->depth--;
    close_container(parser, container, children);
    return close != '}' || check_fields(parser, container);
}

static bool read_value(struct json_parser *parser, struct json *value)
{
    switch (peek(parser)) {
    case '{':
        value->kind = JSON_OBJECT;
        return read_container(parser, value, '}');
    case '[':
        value->kind = JSON_ARRAY;
        return read_container(parser, value, ']');
    case '"':
        value->kind = JSON_TEXT;
        return json_read_text(parser, &value->text, &value->count);
    case 't':
    case 'f':
        value->kind = JSON_BOOL;
        value->truth = *parser->at == 't';
        return read_word(parser, value->truth ? "true" : "false");
    case 'n':
        value->kind = JSON_NULL;
        return read_word(parser, "null");
    default:
        if (is_digit(parser) || (parser->at < parser->end && *parser->at == '-')) {
            return read_number(parser, value);
        }
        return json_fail(parser, parser->at == parser->end ? "the document ends too early"
                                                           : "no value can start here");
    }
}

/* --- the document ----------------------------------------------------------------------------- */

static enum error_code tell(const struct json_parser *parser, struct error *error)
{
    size_t line = 1;
    size_t column = 1;
    for (const char *at = parser->start; at < parser->at; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    if (parser->reason != NULL && parser->depth > parser->depth_max) {
        return error_reason(error,
                            error_set(error, ERROR_INVALID,
                                      "the JSON document is nested deeper than %zu levels",
                                      parser->depth_max),
                            parser->reason);
    }
    if (parser->reason != NULL) {
        return error_reason(error,
                            error_set(error, ERROR_INVALID,
                                      "the JSON document holds more than %zu fields",
                                      parser->members_max),
                            parser->reason);
    }
    return error_set(error, ERROR_INVALID, "not valid JSON at line %zu, column %zu: %s", line,
                     column, parser->wrong);
}

enum error_code json_parse(struct text text, const struct json_limits *limits,
                           struct json **ret_json, struct error *error)
{
    size_t size_max = limits != NULL && limits->size > 0 ? limits->size : DEFAULT_SIZE_MAX;
    size_t depth_max = limits != NULL && limits->depth > 0 ? limits->depth : DEFAULT_DEPTH_MAX;
    if (text.size > size_max || text.size > UINT32_MAX / 2) {
        return error_set(error, ERROR_TOO_BIG, "the JSON document is larger than %zu bytes",
                         size_max);
    }
    size_t value_max = text.size / 2 + depth_max + 1;
    size_t values_size = value_max * sizeof(struct json);
    struct json_document *document = mem_alloc(sizeof(*document) + values_size + text.size + 1);
    struct json *values = (struct json *)(void *)(document + 1);
    struct json_parser parser = {
        .start = text.data,
        .at = text.data,
        .end = text.data == NULL ? NULL : text.data + text.size,
        .document = document,
        .stack = values,
        .done = values + value_max,
        .texts = (char *)(values + value_max),
        .depth_max = depth_max,
        .members_max = limits != NULL && limits->members > 0 ? limits->members : SIZE_MAX,
    };
    document->sorted = NULL;
    document->root.name = "";
    document->root.name_size = 0;
    bool good = read_value(&parser, &document->root);
    if (good && peek(&parser) != '\0') {
        good = json_fail(&parser, "something follows the document's end");
    } else if (good && parser.at != parser.end) {
        good = json_fail(&parser, "the character NUL is not allowed");
    }
    if (!good) {
        json_free(&document->root);
        return tell(&parser, error);
    }
    *ret_json = &document->root;
    return OK;
}

void json_free(struct json *json)
{
    struct json_document *document = (struct json_document *)(void *)json;
    while (document != NULL && document->sorted != NULL) {
        struct json_sorted *sorted = document->sorted;
        document->sorted = sorted->next;
        mem_free(sorted);
    }
    mem_free(document);
}
