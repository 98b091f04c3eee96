/* One attempt on the wire: from the rendered body to the provider's request, and from what came
 * back to an outcome. Runs on the delivery thread. */
#include "delivery/delivery_internal.h"

#include "base/json.h"
#include "base/log.h"
#include "delivery/receipts.h"
#include "domain/sequence.h"

#include <stdio.h>

enum { HEADERS_MAX = PROVIDER_HEADERS_MAX + 1 };

/* --- the message ------------------------------------------------------------------------------ */

static enum provider_media_kind media_kind(enum media_type type)
{
    switch (type) {
    case MEDIA_VIDEO:
        return PROVIDER_MEDIA_VIDEO;
    case MEDIA_DOCUMENT:
        return PROVIDER_MEDIA_DOCUMENT;
    case MEDIA_AUDIO:
        return PROVIDER_MEDIA_AUDIO;
    case MEDIA_NONE:
    case MEDIA_IMAGE:
        return PROVIDER_MEDIA_IMAGE;
    }
    return PROVIDER_MEDIA_IMAGE;
}

static void fill_header(const struct template_header *header, struct provider_template *template)
{
    enum media_type media = MEDIA_IMAGE;
    switch (header->type) {
    case HEADER_NONE:
        return;
    case HEADER_TEXT:
        template->header_type = PROVIDER_HEADER_TEXT;
        template->header =
            (struct provider_parameter){.name = header->parameter, .value = header->text};
        return;
    case HEADER_IMAGE:
        break;
    case HEADER_VIDEO:
        media = MEDIA_VIDEO;
        break;
    case HEADER_DOCUMENT:
        media = MEDIA_DOCUMENT;
        break;
    case HEADER_LOCATION:
        template->header_type = PROVIDER_HEADER_LOCATION;
        template->header_location = (struct provider_location){.latitude = header->latitude,
                                                               .longitude = header->longitude,
                                                               .name = header->name,
                                                               .address = header->address};
        return;
    }
    template->header_type = PROVIDER_HEADER_MEDIA;
    template->header_media = (struct provider_media){
        .kind = media_kind(media), .url = header->url, .filename = header->filename};
}

static enum provider_button_type button_type(enum button_type type)
{
    switch (type) {
    case BUTTON_URL:
        return PROVIDER_BUTTON_URL;
    case BUTTON_COPY_CODE:
        return PROVIDER_BUTTON_COPY_CODE;
    case BUTTON_QUICK_REPLY:
        return PROVIDER_BUTTON_QUICK_REPLY;
    }
    return PROVIDER_BUTTON_QUICK_REPLY;
}

static enum error_code fill_template(const struct flight *flight, struct arena *arena,
                                     struct provider_template *ret_template, struct error *error)
{
    struct step_template source = {0};
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code = json_parse(flight->body.template, NULL, &json, error);
    if (code == OK) {
        code = step_template_parse(arena, json, &source, error);
    }
    if (code != OK) {
        return code;
    }
    struct provider_template template = {.name = source.name, .language = source.language};
    struct provider_parameter *body = arena_array(arena, source.body_count + 1, sizeof(*body));
    for (size_t i = 0; i < source.body_count; i++) {
        body[i] =
            (struct provider_parameter){.name = source.body[i].name, .value = source.body[i].text};
    }
    struct provider_button *buttons = arena_array(arena, source.button_count + 1, sizeof(*buttons));
    for (size_t i = 0; i < source.button_count; i++) {
        buttons[i] = (struct provider_button){.type = button_type(source.buttons[i].type),
                                              .index = source.buttons[i].index,
                                              .value = source.buttons[i].text};
    }
    template.body = body;
    template.body_count = source.body_count;
    template.buttons = buttons;
    template.button_count = source.button_count;
    fill_header(&source.header, &template);
    *ret_template = template;
    return OK;
}

static enum error_code build_message(const struct flight *flight, struct text token,
                                     struct arena *arena, struct provider_message *ret_message,
                                     struct error *error)
{
    struct provider_message message = {
        .phone = flight->phone == 0 ? (struct text){0}
                                    : arena_format(arena, "%lld", (long long)flight->phone),
        .user_id = flight->user_id,
        .token = token,
    };
    enum error_code code = OK;
    if (flight->use_template) {
        message.type = PROVIDER_MESSAGE_TEMPLATE;
        code = fill_template(flight, arena, &message.template, error);
    } else if (flight->body.media_url.size > 0) {
        message.type = PROVIDER_MESSAGE_MEDIA;
        message.media = (struct provider_media){
            .kind = media_kind((enum media_type)flight->body.media_type),
            .url = flight->body.media_url,
            .caption = flight->body.text,
            .filename = flight->body.filename,
        };
    } else {
        message.type = PROVIDER_MESSAGE_TEXT;
        message.body = flight->body.text;
    }
    if (code == OK) {
        *ret_message = message;
    }
    return code;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void finish_without_bytes(struct flight *flight, enum provider_result result,
                                 enum provider_class class, const char *title,
                                 const struct error *error)
{
    flight->bytes = HTTP_BYTES_NONE;
    flight->outcome = (struct provider_outcome){
        .result = result,
        .class = class,
        .title = text_from(title),
        .detail = error == NULL ? (struct text){0}
                                : arena_text(flight->pass->arena, text_from(error->message)),
    };
    flight_finished(flight);
}

static void flight_send(struct flight *flight, const struct lane *lane);

static void on_done(void *context, const struct http_result *result)
{
    struct flight *flight = context;
    struct delivery *delivery = flight->delivery;
    const struct lane *lane = NULL;
    struct provider_reply reply;
    provider_reply_from_result(result, &reply);
    for (size_t i = 0; i < delivery->lane_count; i++) {
        if (delivery->lanes[i].id == flight->channel_id) {
            lane = &delivery->lanes[i];
        }
    }
    CHECK(lane != NULL);
    bool no_answer = reply.transport == PROVIDER_BROKEN || reply.transport == PROVIDER_TIMED_OUT;
    if (mutants()->client_retries && no_answer && !flight->repeated) {
        flight->repeated = true;
        flight_send(flight, lane);
        return;
    }
    /* The outcome's texts point into the reply: keep them as long as the flight. */
    reply.body = arena_text(flight->pass->arena, reply.body);
    reply.usage = arena_text(flight->pass->arena, reply.usage);
    reply.failure = arena_text(flight->pass->arena, reply.failure);
    flight->bytes = result->bytes;
    delivery->find_provider(lane->access.kind)
        ->decode_reply(&reply, flight->pass->arena, &flight->outcome);
    if (flight->outcome.suspicious) {
        log_event(LOG_WARNING, "provider.suspicious", "message=%lld http=%d class=%s",
                  (long long)flight->message_id, flight->outcome.http_status,
                  provider_class_to_text(flight->outcome.class));
    }
    flight_finished(flight);
}

/* Asked right before connecting and right before the request is written: a claim that has grown
 * old, because the process stood still meanwhile, is not written any more. */
static bool claim_is_fresh(void *context, const char *address UNUSED)
{
    struct flight *flight = context;
    const struct delivery_settings *settings = &flight->delivery->settings;
    int64_t age_ms = clock_boot_ms(settings->clock) - flight->claimed_boot_ms;
    flight->grown_old = age_ms > settings->claim_age_max_ms;
    return !flight->grown_old;
}

static enum error_code start_call(struct flight *flight, const struct provider_request *request,
                                  struct error *error)
{
    struct delivery *delivery = flight->delivery;
    struct http_call call = {0};
    struct http_header headers[HEADERS_MAX];
    char clock_text[24];
    provider_request_to_call(request, &call);
    memcpy(headers, call.headers, call.header_count * sizeof(headers[0]));
    call.headers = headers;
    if (clock_is_manual(delivery->settings.clock)) {
        (void)snprintf(clock_text, sizeof(clock_text), "%lld",
                       (long long)clock_now_ms(delivery->settings.clock));
        headers[call.header_count++] =
            (struct http_header){.name = TEXT("Dripline-Clock"), .value = text_from(clock_text)};
    }
    call.allow_plain = delivery->settings.allow_plain;
    call.connect_timeout_ms = delivery->settings.connect_timeout_ms;
    call.total_timeout_ms = delivery->settings.answer_timeout_ms;
    call.address_allowed = claim_is_fresh;
    call.address_context = flight;
    return delivery->wire.start(delivery->wire.context, &call, on_done, flight, error);
}

static void flight_send(struct flight *flight, const struct lane *lane)
{
    struct delivery *delivery = flight->delivery;
    const struct store_identity *identity = store_identity(delivery->settings.store);
    const struct receipt_token parts = {
        .install_id = text_from(identity->install_id),
        .epoch = identity->epoch,
        .message_id = flight->message_id,
        .n = flight->n,
    };
    char token[RECEIPT_TOKEN_MAX];
    struct provider_message message;
    struct provider_request request;
    struct error error = {0};
    struct arena *arena = delivery->scratch; /* the wire copies what it is given */
    arena_reset(arena);
    receipt_token_format(&parts, token);
    enum error_code code = build_message(flight, text_from(token), arena, &message, &error);
    if (code == OK) {
        code = delivery->find_provider(lane->access.kind)
                   ->encode_message(&lane->access.channel, &message, arena, &request, &error);
    }
    if (code != OK) {
        finish_without_bytes(flight, PROVIDER_REJECTED, PROVIDER_CLASS_PARAMETER,
                             "The message cannot be sent in this form", &error);
        return;
    }
    if (start_call(flight, &request, &error) != OK) {
        finish_without_bytes(flight, PROVIDER_NOT_SENT, PROVIDER_CLASS_NETWORK,
                             "The request could not be started", &error);
    }
}

void flight_start(struct flight *flight, const struct lane *lane)
{
    flight->started_us = clock_measure_us();
    if (!claim_is_fresh(flight, "")) {
        finish_without_bytes(flight, PROVIDER_NOT_SENT, PROVIDER_CLASS_NETWORK,
                             "The claim had grown old before it was sent", NULL);
        return;
    }
    flight_send(flight, lane);
}
