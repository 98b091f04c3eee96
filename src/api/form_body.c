/* What an HTML form sends, turned into the JSON object that the same endpoint takes otherwise. So
 * there is one way to read a request, and a field is refused in the same words. */
#include "api/api_internal.h"

enum { FIELDS_MAX = 200, JSON_MAX = 256 * 1024 };

/* "custom_fields[city]" → "custom_fields" and "city". */
static bool split_name(struct text name, struct text *ret_outer, struct text *ret_inner)
{
    size_t at = 0;
    if (!text_find(name, '[', &at) || at == 0 || !text_ends_with(name, TEXT("]"))) {
        return false;
    }
    *ret_outer = text_head(name, at);
    *ret_inner = text_head(text_skip(name, at + 1), name.size - at - 2);
    return ret_inner->size > 0;
}

struct pair {
    struct text outer;
    struct text inner; /* empty: stands at the root */
    struct text value;
};

static enum error_code read_pairs(struct request *request, struct pair pairs[FIELDS_MAX],
                                  size_t *ret_count, struct error *error)
{
    struct text rest = request->http->body;
    struct text name, value;
    bool valid = true;
    size_t count = 0;
    while (http_form_next(request->arena, &rest, &name, &value, &valid)) {
        if (!valid || count == FIELDS_MAX) {
            request->problem_status = 400;
            request->problem_code = "bad_form";
            return error_set(error, ERROR_INVALID,
                             valid ? "the form has too many fields" : "the form cannot be read");
        }
        struct pair *pair = &pairs[count++];
        *pair = (struct pair){.outer = name, .value = value};
        (void)split_name(name, &pair->outer, &pair->inner);
    }
    *ret_count = count;
    return OK;
}

/* All fields of one nested object stand together in JSON, wherever they stood in the form. */
static void put_nested(struct json_writer *writer, struct pair *pairs, size_t from, size_t count)
{
    struct text outer = pairs[from].outer;
    json_key_text(writer, outer);
    json_object_begin(writer);
    for (size_t i = from; i < count; i++) {
        if (pairs[i].inner.size > 0 && text_equal(pairs[i].outer, outer)) {
            json_key_text(writer, pairs[i].inner);
            json_put_text(writer, pairs[i].value);
            pairs[i].outer = (struct text){0};
        }
    }
    json_object_end(writer);
}

enum error_code form_body_parse(struct request *request, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer json;
    struct json_writer writer;
    struct pair *pairs = arena_array(request->arena, FIELDS_MAX, sizeof(*pairs));
    size_t count = 0;
    buffer_init(&json, JSON_MAX);
    enum error_code code = read_pairs(request, pairs, &count, error);
    if (code != OK) {
        return code;
    }
    json_writer_init(&writer, &json);
    json_object_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].outer.data == NULL) {
            continue;
        }
        if (pairs[i].inner.size > 0) {
            put_nested(&writer, pairs, i, count);
        } else {
            json_key_text(&writer, pairs[i].outer);
            json_put_text(&writer, pairs[i].value);
        }
    }
    json_object_end(&writer);
    return request_parse_json(request, buffer_text(&json), error);
}
