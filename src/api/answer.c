/* How handlers answer: JSON bodies, lists, 201, 204, and entity tags. */
#include "api/api_internal.h"

#include <stdarg.h>
#include <stdio.h>

void api_json(struct api_call *call, struct json_writer *ret_writer)
{
    http_response_set_header(call->response, "Content-Type", TEXT("application/json"));
    json_writer_init(ret_writer, &call->response->body);
}

void api_list_begin(struct api_call *call, struct json_writer *ret_writer)
{
    api_json(call, ret_writer);
    json_object_begin(ret_writer);
    json_key(ret_writer, "data");
    json_array_begin(ret_writer);
}

void api_list_end(struct api_call *call, struct json_writer *writer, const struct api_cursor *next)
{
    json_array_end(writer);
    if (next == NULL) {
        json_field_null(writer, "next_cursor");
    } else {
        json_field_text(writer, "next_cursor", api_cursor_format(call, next));
    }
    json_object_end(writer);
}

void api_created(struct api_call *call, const char *location_format, ...)
{
    char location[200];
    va_list arguments;
    va_start(arguments, location_format);
    (void)vsnprintf(location, sizeof(location), location_format, arguments);
    va_end(arguments);
    call->response->status = 201;
    http_response_set_header(call->response, "Location", text_from(location));
}

void api_no_content(struct api_call *call)
{
    call->response->status = 204;
}

static void format_tag(int64_t version_a, int64_t version_b, char tag[64])
{
    if (version_b == 0) {
        (void)snprintf(tag, 64, "\"v%lld\"", (long long)version_a);
    } else {
        (void)snprintf(tag, 64, "\"v%lld-%lld\"", (long long)version_a, (long long)version_b);
    }
}

/* A weak spelling of the same tag counts: compression does not change what the tag stands for. */
static bool list_names_tag(struct text list, struct text tag)
{
    struct text entry;
    while (text_next(&list, ',', &entry)) {
        entry = text_trim(entry);
        if (text_starts_with(entry, TEXT("W/"))) {
            entry = text_skip(entry, 2);
        }
        if (text_equal(entry, tag) || text_equal(entry, TEXT("*"))) {
            return true;
        }
    }
    return false;
}

bool api_not_modified(struct api_call *call, int64_t version_a, int64_t version_b)
{
    char tag[64];
    format_tag(version_a, version_b, tag);
    http_response_set_header(call->response, "ETag", text_from(tag));
    http_response_set_header(call->response, "Cache-Control", TEXT("private, no-cache"));
    struct text wanted = http_request_header(call->request, "if-none-match");
    if (wanted.data == NULL || !list_names_tag(wanted, text_from(tag))) {
        return false;
    }
    call->response->status = 304;
    return true;
}

enum error_code api_if_match(const struct api_call *call, int64_t version_a, int64_t version_b,
                             struct error *error)
{
    char tag[64];
    format_tag(version_a, version_b, tag);
    struct text wanted = http_request_header(call->request, "if-match");
    if (wanted.data == NULL || list_names_tag(wanted, text_from(tag))) {
        return OK;
    }
    return error_set(error, ERROR_CONFLICT, "it was changed meanwhile; load it again");
}
