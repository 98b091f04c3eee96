/* Requests to the Cloud API: messages, the sending number, the template list. Refuses here what the
 * API would refuse anyway, so that a hopeless message costs no call. Answers are read in
 * provider_cloud_reply.c and provider_cloud_list.c, webhooks in provider_cloud_webhook.c. */
#include "provider/provider_cloud_internal.h"

#include "base/crypto.h"
#include "base/json_writer.h"

#include <stdio.h>

enum { REQUEST_LIMIT = 256 * 1024 };

const struct provider PROVIDER_CLOUD_CODEC = {
    .kind = PROVIDER_CLOUD,
    .encode_message = cloud_encode_message,
    .decode_reply = cloud_decode_reply,
    .verify_webhook = cloud_verify_webhook,
    .decode_webhook = cloud_decode_webhook,
    .encode_number = cloud_encode_number,
    .decode_number = cloud_decode_number,
    .encode_templates = cloud_encode_templates,
    .decode_templates = cloud_decode_templates,
};

static struct text app_secret_proof(const struct provider_channel *channel, struct arena *arena)
{
    uint8_t digest[CRYPTO_SHA256_SIZE];
    char hex[2 * CRYPTO_SHA256_SIZE + 1];
    crypto_hmac_sha256(channel->app_secret, channel->access_token, digest);
    crypto_hex(digest, sizeof(digest), hex);
    return arena_text(arena, text_from(hex));
}

static struct text authorization(const struct provider_channel *channel, struct arena *arena)
{
    return arena_format(arena, "Bearer %.*s", TEXT_ARGS(channel->access_token));
}

static struct text make_url(const struct provider_channel *channel, struct text id,
                            const char *path, struct text query, struct arena *arena)
{
    struct text version = channel->api_version;
    struct text proof = channel->secret_proof;
    if (proof.size == 0 && channel->app_secret.size > 0) {
        proof = app_secret_proof(channel, arena);
    }
    bool has_query = query.size > 0;
    return arena_format(arena, "%.*s%s%.*s/%.*s%s%s%.*s%s%.*s", TEXT_ARGS(channel->base_url),
                        version.size > 0 ? "/" : "", TEXT_ARGS(version), TEXT_ARGS(id), path,
                        has_query ? "?" : "", TEXT_ARGS(query),
                        proof.size == 0 ? ""
                                        : (has_query ? "&appsecret_proof=" : "?appsecret_proof="),
                        TEXT_ARGS(proof));
}

static struct text make_messages_url(const struct provider_channel *channel, struct arena *arena)
{
    return make_url(channel, channel->phone_number_id, "/messages", (struct text){0}, arena);
}

void provider_channel_prepare(struct provider_channel *channel, struct arena *arena)
{
    channel->secret_proof = (struct text){0};
    if (channel->app_secret.size > 0) {
        channel->secret_proof = app_secret_proof(channel, arena);
    }
    channel->messages_url = make_messages_url(channel, arena);
    channel->authorization = authorization(channel, arena);
}

static void start_request(const struct provider_channel *channel, const char *method,
                          struct text url, struct arena *arena,
                          struct provider_request *ret_request)
{
    struct text bearer = channel->authorization;
    *ret_request = (struct provider_request){.method = method, .url = url.data};
    ret_request->headers[0] = (struct http_header){
        .name = TEXT("Authorization"),
        .value = bearer.size > 0 ? bearer : authorization(channel, arena),
    };
    ret_request->header_count = 1;
}

void cloud_request_init(const struct provider_channel *channel, const char *method, struct text id,
                        const char *path, struct text query, struct arena *arena,
                        struct provider_request *ret_request)
{
    start_request(channel, method, make_url(channel, id, path, query, arena), arena, ret_request);
}

static const char *const MEDIA_NAMES[] = {
    [PROVIDER_MEDIA_IMAGE] = "image",
    [PROVIDER_MEDIA_VIDEO] = "video",
    [PROVIDER_MEDIA_DOCUMENT] = "document",
    [PROVIDER_MEDIA_AUDIO] = "audio",
};

static void write_media(struct json_writer *writer, const struct provider_media *media)
{
    json_key(writer, MEDIA_NAMES[media->kind]);
    json_object_begin(writer);
    if (media->media_id.size > 0) {
        json_field_text(writer, "id", media->media_id);
    } else {
        json_field_text(writer, "link", media->url);
    }
    if (media->caption.size > 0 && media->kind != PROVIDER_MEDIA_AUDIO) {
        json_field_text(writer, "caption", media->caption);
    }
    if (media->filename.size > 0 && media->kind == PROVIDER_MEDIA_DOCUMENT) {
        json_field_text(writer, "filename", media->filename);
    }
    json_object_end(writer);
}

static void write_text_parameter(struct json_writer *writer,
                                 const struct provider_parameter *parameter)
{
    json_object_begin(writer);
    json_field_chars(writer, "type", "text");
    if (parameter->name.size > 0) {
        json_field_text(writer, "parameter_name", parameter->name);
    }
    json_field_text(writer, "text", parameter->value);
    json_object_end(writer);
}

static void component_begin(struct json_writer *writer, const char *type)
{
    json_object_begin(writer);
    json_field_chars(writer, "type", type);
}

static void parameters_end(struct json_writer *writer)
{
    json_array_end(writer);
    json_object_end(writer);
}

static void write_location(struct json_writer *writer, const struct provider_location *location)
{
    json_object_begin(writer);
    json_field_chars(writer, "type", "location");
    json_key(writer, "location");
    json_object_begin(writer);
    json_field_text(writer, "latitude", location->latitude);
    json_field_text(writer, "longitude", location->longitude);
    if (location->name.size > 0) {
        json_field_text(writer, "name", location->name);
    }
    if (location->address.size > 0) {
        json_field_text(writer, "address", location->address);
    }
    json_object_end(writer);
    json_object_end(writer);
}

static void write_header(struct json_writer *writer, const struct provider_template *template)
{
    if (template->header_type == PROVIDER_HEADER_NONE) {
        return;
    }
    component_begin(writer, "header");
    json_key(writer, "parameters");
    json_array_begin(writer);
    if (template->header_type == PROVIDER_HEADER_TEXT) {
        write_text_parameter(writer, &template->header);
    } else if (template->header_type == PROVIDER_HEADER_LOCATION) {
        write_location(writer, &template->header_location);
    } else {
        struct provider_media media = template->header_media;
        media.caption = (struct text){0};
        json_object_begin(writer);
        json_field_chars(writer, "type", MEDIA_NAMES[media.kind]);
        write_media(writer, &media);
        json_object_end(writer);
    }
    parameters_end(writer);
}

static void write_button(struct json_writer *writer, const struct provider_button *button)
{
    static const struct {
        const char *sub_type;
        const char *type;
        const char *value_name;
    } SHAPES[] = {
        [PROVIDER_BUTTON_QUICK_REPLY] = {"quick_reply", "payload", "payload"},
        [PROVIDER_BUTTON_URL] = {"url", "text", "text"},
        [PROVIDER_BUTTON_COPY_CODE] = {"copy_code", "coupon_code", "coupon_code"},
    };
    component_begin(writer, "button");
    json_field_chars(writer, "sub_type", SHAPES[button->type].sub_type);
    json_key(writer, "index");
    char index[16];
    (void)snprintf(index, sizeof(index), "%d", button->index);
    json_put_chars(writer, index);
    json_key(writer, "parameters");
    json_array_begin(writer);
    json_object_begin(writer);
    json_field_chars(writer, "type", SHAPES[button->type].type);
    json_field_text(writer, SHAPES[button->type].value_name, button->value);
    json_object_end(writer);
    parameters_end(writer);
}

static void write_template(struct json_writer *writer, const struct provider_template *template)
{
    json_key(writer, "template");
    json_object_begin(writer);
    json_field_text(writer, "name", template->name);
    json_key(writer, "language");
    json_object_begin(writer);
    json_field_text(writer, "code", template->language);
    json_object_end(writer);
    if (template->header_type != PROVIDER_HEADER_NONE || template->body_count > 0 ||
        template->button_count > 0) {
        json_key(writer, "components");
        json_array_begin(writer);
        write_header(writer, template);
        if (template->body_count > 0) {
            component_begin(writer, "body");
            json_key(writer, "parameters");
            json_array_begin(writer);
            for (size_t i = 0; i < template->body_count; i++) {
                write_text_parameter(writer, &template->body[i]);
            }
            parameters_end(writer);
        }
        for (size_t i = 0; i < template->button_count; i++) {
            write_button(writer, &template->buttons[i]);
        }
        json_array_end(writer);
    }
    json_object_end(writer);
}

static enum error_code check_parameter(const struct provider_parameter *parameter,
                                       struct error *error)
{
    struct text value = parameter->value;
    if (value.size == 0) {
        return error_set(error, ERROR_INVALID, "a template parameter is empty");
    }
    size_t spaces = 0;
    for (size_t i = 0; i < value.size; i++) {
        spaces = value.data[i] == ' ' ? spaces + 1 : 0;
        if (value.data[i] == '\n' || value.data[i] == '\r' || value.data[i] == '\t' || spaces > 4) {
            return error_set(error, ERROR_INVALID,
                             "a template parameter holds a new line, a tab or more than four "
                             "spaces in a row");
        }
    }
    return OK;
}

static enum error_code check_template(const struct provider_template *template, struct error *error)
{
    if (template->name.size == 0 || template->language.size == 0) {
        return error_set(error, ERROR_INVALID, "the template has no name or no language");
    }
    enum error_code code = OK;
    if (template->header_type == PROVIDER_HEADER_TEXT) {
        code = check_parameter(&template->header, error);
    }
    for (size_t i = 0; i < template->body_count && code == OK; i++) {
        code = check_parameter(&template->body[i], error);
    }
    for (size_t i = 0; i < template->button_count && code == OK; i++) {
        if (template->buttons[i].value.size == 0) {
            code = error_set(error, ERROR_INVALID, "a template button's value is empty");
        }
    }
    return code;
}

static enum error_code check_message(const struct provider_message *message, struct error *error)
{
    if (message->phone.size == 0 && message->user_id.size == 0) {
        return error_set(error, ERROR_INVALID, "the message has no recipient");
    }
    if (message->token.size > CLOUD_TOKEN_MAX) {
        return error_set(error, ERROR_INVALID, "the callback token is longer than %d bytes",
                         (int)CLOUD_TOKEN_MAX);
    }
    switch (message->type) {
    case PROVIDER_MESSAGE_TEXT:
        if (message->body.size == 0) {
            return error_set(error, ERROR_INVALID, "the text is empty");
        }
        if (text_utf16_length(message->body) > CLOUD_TEXT_MAX) {
            return error_set(error, ERROR_INVALID, "the text is longer than %d characters",
                             (int)CLOUD_TEXT_MAX);
        }
        return OK;
    case PROVIDER_MESSAGE_MEDIA:
        if (message->media.url.size == 0 && message->media.media_id.size == 0) {
            return error_set(error, ERROR_INVALID, "the media has no address");
        }
        if (text_utf16_length(message->media.caption) > CLOUD_CAPTION_MAX) {
            return error_set(error, ERROR_INVALID, "the caption is longer than %d characters",
                             (int)CLOUD_CAPTION_MAX);
        }
        return OK;
    case PROVIDER_MESSAGE_TEMPLATE:
        return check_template(&message->template, error);
    }
    return OK;
}

static void write_content(struct json_writer *writer, const struct provider_message *message)
{
    switch (message->type) {
    case PROVIDER_MESSAGE_TEXT:
        json_field_chars(writer, "type", "text");
        json_key(writer, "text");
        json_object_begin(writer);
        json_field_text(writer, "body", message->body);
        if (message->preview_url) {
            json_field_bool(writer, "preview_url", true);
        }
        json_object_end(writer);
        return;
    case PROVIDER_MESSAGE_MEDIA:
        json_field_chars(writer, "type", MEDIA_NAMES[message->media.kind]);
        write_media(writer, &message->media);
        return;
    case PROVIDER_MESSAGE_TEMPLATE:
        json_field_chars(writer, "type", "template");
        write_template(writer, &message->template);
        return;
    }
}

enum error_code cloud_encode_message(const struct provider_channel *channel,
                                     const struct provider_message *message, struct arena *arena,
                                     struct provider_request *ret_request, struct error *error)
{
    enum error_code code = check_message(message, error);
    if (code != OK) {
        return code;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    buffer_init(&body, REQUEST_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "messaging_product", "whatsapp");
    json_field_chars(&writer, "recipient_type", "individual");
    if (message->phone.size > 0) {
        /* Without the plus WhatsApp may put the sender's own country code in front. */
        json_field_text(&writer, "to", arena_format(arena, "+%.*s", TEXT_ARGS(message->phone)));
    } else {
        json_field_text(&writer, "recipient", message->user_id);
    }
    write_content(&writer, message);
    if (message->token.size > 0) {
        json_field_text(&writer, "biz_opaque_callback_data", message->token);
    }
    json_object_end(&writer);
    if (buffer_overflowed(&body)) {
        return error_set(error, ERROR_TOO_BIG, "the message is bigger than a request may be");
    }
    struct text url = channel->messages_url;
    start_request(channel, "POST", url.size > 0 ? url : make_messages_url(channel, arena), arena,
                  ret_request);
    ret_request->headers[1] = (struct http_header){
        .name = TEXT("Content-Type"),
        .value = TEXT("application/json"),
    };
    ret_request->header_count = 2;
    ret_request->body = arena_text(arena, buffer_text(&body));
    return OK;
}
