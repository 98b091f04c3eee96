/* GET /api/events: a live stream for browsers, or a page of the event log for programs. */
#include "api/api_internal.h"
#include "api/routes.h"

#include "service/events.h"

#include <stdio.h>

enum { STREAM_LIMIT = 1 << 20, FEED_SCAN_PAGES = 20 };

static void read_types(struct api_query *query, struct events_filter *filter)
{
    struct text rest;
    struct text type;
    if (!api_query_text(query, "type", 128, &rest)) {
        return;
    }
    while (text_next(&rest, ',', &type) && filter->type_count < ARRAY_SIZE(filter->types)) {
        (void)snprintf(filter->types[filter->type_count++], sizeof(filter->types[0]), "%.*s",
                       TEXT_ARGS(text_trim(type)));
    }
}

static enum error_code open_stream(struct api_call *call, const struct events_filter *filter,
                                   int64_t after_id, struct error *error)
{
    /* The browser's own header comes with a stream taken up again: it is newer than the address. */
    struct text seen = http_request_header(call->request, "last-event-id");
    if (seen.size > 0 && (!text_to_int64(seen, &after_id) || after_id < 0)) {
        return error_field(error, "Last-Event-ID", "invalid_format", "must be the id of an event");
    }
    struct http_stream *stream = http_stream_new(STREAM_LIMIT);
    call->response->stream = stream;
    http_response_set_header(call->response, "Content-Type", TEXT("text/event-stream"));
    http_response_set_header(call->response, "X-Accel-Buffering", TEXT("no"));
    if (!events_subscribe(call->dispatch->events, stream, after_id, filter)) {
        call->response->stream = NULL;
        http_stream_release(stream);
        http_stream_release(stream); /* the connection's reference, which it never took */
        return error_set(error, ERROR_UNAVAILABLE, "too many live pages are open");
    }
    return OK;
}

/* A reader that was away for longer than events are kept is told so, and never skips them unseen.
 */
static enum error_code check_cursor(struct api_call *call, const struct api_page *page,
                                    struct error *error)
{
    bool gone = false;
    enum error_code code = OK;
    if (page->after.count > 0) {
        code = events_are_gone(call->work, page->after.keys[0], &gone, error);
    }
    if (code == OK && gone) {
        return error_field(
            error, "cursor", "expired",
            "events after this cursor are no longer kept: read what you follow anew, "
            "then this feed without a cursor");
    }
    return code;
}

/* Reads on until the page is full or the log ends: a rare type must not make empty pages. */
static enum error_code write_feed(struct api_call *call, const struct events_filter *filter,
                                  const struct api_page *page, struct error *error)
{
    struct json_writer writer;
    int64_t after_id = page->after.count > 0 ? page->after.keys[0] : 0;
    int64_t written = 0;
    size_t count = 0;
    api_list_begin(call, &writer);
    for (int i = 0; i < FEED_SCAN_PAGES && written < page->limit; i++) {
        struct store_event *list = NULL;
        enum error_code code =
            events_read(call->work, after_id, (size_t)page->limit, &list, &count, error);
        if (code != OK) {
            return code;
        }
        for (size_t k = 0; k < count && written < page->limit; k++) {
            after_id = list[k].id;
            if (events_filter_takes(filter, &list[k])) {
                events_encode(&writer, &list[k]);
                written++;
            }
        }
        if (count < (size_t)page->limit) {
            break;
        }
    }
    /* A feed goes on for ever: the position is given also when nothing is there yet. */
    struct api_cursor next = {.keys = {after_id}, .count = 1};
    api_list_end(call, &writer, &next);
    return OK;
}

static enum error_code stream_events(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct api_page page = {0};
    struct events_filter filter = {0};
    int64_t seen_id = -1;
    api_query_open(&query, call, error);
    read_types(&query, &filter);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &filter.sequence_id);
    (void)api_query_id(&query, "enrollment_id", ID_ENROLLMENT, &filter.enrollment_id);
    (void)api_query_int(&query, "last_event_id", 0, INT64_MAX, &seen_id);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code != OK) {
        return code;
    }
    struct text accept = http_request_header(call->request, "accept");
    if (http_list_accepts(accept, TEXT("text/event-stream"), false)) {
        return open_stream(call, &filter, page.after.count > 0 ? page.after.keys[0] : seen_id,
                           error);
    }
    code = check_cursor(call, &page, error);
    return code == OK ? write_feed(call, &filter, &page, error) : code;
}

const struct api_route API_EVENTS_ROUTES[] = {
    {"GET", "/api/events", "events_stream", API_READ, 0, stream_events, NULL},
    {0},
};
