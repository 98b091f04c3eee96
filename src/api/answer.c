/* How handlers answer: JSON bodies, lists, 201, 204, and entity tags. */
#include "api/api_internal.h"

#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>

void api_json(struct api_call *call, struct json_writer *ret_writer)
{
    http_response_set_header(call->response, "Content-Type", TEXT("application/json"));
    if (call->tap != NULL) {
        json_writer_init_tap(ret_writer, call->tap);
    } else {
        json_writer_init(ret_writer, &call->response->body);
    }
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

/* A handler may have set a tag of its own, which names the version of a document: "v3". The answer
 * also holds numbers that move without a save, so the whole tag is W/"v3.HASH"; weak, because the
 * answer may be packed. */
void answer_entity_tag(const struct http_request *request, struct http_response *response)
{
    char tag[80];
    bool reads =
        text_equal(request->method, TEXT("GET")) || text_equal(request->method, TEXT("HEAD"));
    bool in_memory =
        response->stream == NULL && response->file_path == NULL && response->fixed.data == NULL;
    if (!reads || !in_memory || response->status != 200 || response->body.size == 0) {
        return;
    }
    struct text version = http_response_header(response, "etag");
    unsigned long long hash = hash_text(buffer_text(&response->body));
    if (version.size > 2 && version.size < 40) {
        (void)snprintf(tag, sizeof(tag), "W/%.*s.%016llx\"", (int)version.size - 1, version.data,
                       hash);
    } else {
        (void)snprintf(tag, sizeof(tag), "W/\"%016llx\"", hash);
    }
    http_response_set_header(response, "ETag", text_from(tag));
    struct text wanted = http_request_header(request, "if-none-match");
    if (wanted.data != NULL && list_names_tag(wanted, text_skip(text_from(tag), 2))) {
        response->status = 304;
        buffer_clear(&response->body);
    }
}
