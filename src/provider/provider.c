/* The list of providers, the names of their words, and the bridge between a codec's neutral
 * request and reply and the HTTP client's. */
#include "provider/provider.h"

#include "provider/provider_cloud.h"

static const char *const KIND_NAMES[PROVIDER_KIND_COUNT] = {
    [PROVIDER_CLOUD] = "cloud",
    [PROVIDER_SIMULATOR] = "simulator",
};

const char *provider_kind_to_text(enum provider_kind kind)
{
    return KIND_NAMES[kind];
}

bool provider_kind_from_text(struct text text, enum provider_kind *ret_kind)
{
    for (size_t i = 0; i < PROVIDER_KIND_COUNT; i++) {
        if (text_equal(text, text_from(KIND_NAMES[i]))) {
            *ret_kind = (enum provider_kind)i;
            return true;
        }
    }
    return false;
}

const struct provider *provider_find(enum provider_kind kind)
{
    switch (kind) {
    case PROVIDER_CLOUD:
    case PROVIDER_SIMULATOR:
        return &PROVIDER_CLOUD_CODEC;
    }
    return &PROVIDER_CLOUD_CODEC;
}

const char *provider_result_to_text(enum provider_result result)
{
    switch (result) {
    case PROVIDER_ACCEPTED:
        return "accepted";
    case PROVIDER_NOT_SENT:
        return "not_sent";
    case PROVIDER_RETRY_LATER:
        return "retry_later";
    case PROVIDER_REJECTED:
        return "rejected";
    case PROVIDER_CHANNEL_TROUBLE:
        return "channel_trouble";
    case PROVIDER_UNKNOWN:
        return "unknown";
    }
    return "unknown";
}

void provider_request_to_call(const struct provider_request *request, struct http_call *ret_call)
{
    ret_call->method = request->method;
    ret_call->url = request->url;
    ret_call->body = request->body;
    ret_call->headers = request->headers;
    ret_call->header_count = request->header_count;
}

void provider_reply_from_result(const struct http_result *result, struct provider_reply *ret_reply)
{
    enum provider_transport transport = PROVIDER_BROKEN;
    if (result->stage == HTTP_STAGE_DONE || result->status != 0) {
        transport = PROVIDER_ANSWERED;
    } else if (result->bytes == HTTP_BYTES_NONE) {
        transport = PROVIDER_NOTHING_SENT;
    } else if (result->timed_out) {
        transport = PROVIDER_TIMED_OUT;
    }
    *ret_reply = (struct provider_reply){
        .transport = transport,
        .status = result->status,
        .body_complete = result->stage == HTTP_STAGE_DONE && !result->too_big,
        .body = result->body,
        .asked_pause_ms =
            http_retry_after_ms(http_result_header(result, "Retry-After"),
                                http_result_header(result, "Date"), PROVIDER_PAUSE_MAX_MS),
        .usage = http_result_header(result, "X-Business-Use-Case-Usage"),
        .failure = text_from(result->message),
    };
}
