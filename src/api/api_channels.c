/* /api/channels: WhatsApp numbers, the test of their connection, and their templates. Secrets come
 * in and never go out. */
#include "api/encode.h"
#include "api/routes.h"

#include "service/channels.h"

#include <stdio.h>

enum { TEMPLATES_MAX = 1000 };

static const char *state_to_text(const struct channel_view *view)
{
    switch (view->channel.state) {
    case CHANNEL_PAUSED:
        return "paused";
    case CHANNEL_HELD:
        return "error";
    case CHANNEL_READY:
        break;
    }
    bool seen = view->verified_name.size > 0 || view->activity.last_sent_at_ms > 0 ||
                text_equal(view->channel.provider, TEXT("simulator"));
    return seen ? "connected" : "untested";
}

/* What the breaker's word means, for people. */
static const char *reason_to_sentence(struct text reason, const char **ret_advice)
{
    static const struct {
        const char *word, *sentence, *advice;
    } REASONS[] = {
        {"paused", "Somebody paused this channel.", "Release it when messages may leave again."},
        {"auth", "WhatsApp does not accept the access token.",
         "Enter a valid access token with both WhatsApp permissions, then test the connection."},
        {"billing", "WhatsApp reports a problem with the payment.",
         "Repair the payment method of the WhatsApp business account."},
        {"account", "WhatsApp restricted or locked the account or the number.",
         "Open the account quality page of the WhatsApp Manager and ask for a review."},
        {"quality", "Too many people blocked or reported this number.",
         "Send less, and only to people who asked for it. Sending resumes by itself after hours."},
        {"maintenance", "The number is in maintenance.", "Nothing to do: it takes minutes."},
        {"failures", "Too many messages failed in a row.",
         "Look at the newest failures; a probe is sent from time to time."},
    };
    for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++) {
        if (text_equal(reason, text_from(REASONS[i].word))) {
            *ret_advice = REASONS[i].advice;
            return REASONS[i].sentence;
        }
    }
    *ret_advice = NULL;
    return NULL;
}

static void write_reason(struct json_writer *writer, const struct channel_view *view)
{
    struct text reason = view->channel.state_reason;
    const char *advice = NULL;
    const char *sentence = reason_to_sentence(reason, &advice);
    if (view->channel.state == CHANNEL_READY) {
        json_field_null(writer, "state_reason");
        return;
    }
    json_key(writer, "state_reason");
    json_object_begin(writer);
    json_field_text(writer, "code", reason.size > 0 ? reason : TEXT("held"));
    if (sentence != NULL) {
        json_field_chars(writer, "text", sentence);
    } else {
        json_field_text(writer, "text", reason.size > 0 ? reason : TEXT("Sending is held."));
    }
    json_field_chars(writer, "advice", advice);
    json_field_time_or_null(writer, "since", view->channel.state_at_ms);
    json_object_end(writer);
}

static void write_identity(struct json_writer *writer, const struct channel_view *view)
{
    char id[ID_TEXT_MAX];
    char path[64];
    json_field_id(writer, "id", ID_CHANNEL, view->channel.id);
    json_field_text(writer, "name", view->channel.name);
    json_field_text(writer, "provider", view->channel.provider);
    json_field_chars(writer, "state", state_to_text(view));
    write_reason(writer, view);
    encode_text_or_null(writer, "phone_number_id", view->channel.sender_id);
    encode_text_or_null(writer, "waba_id", view->channel.account_id);
    encode_text_or_null(writer, "display_phone", view->display_phone);
    encode_text_or_null(writer, "verified_name", view->verified_name);
    encode_text_or_null(writer, "quality", view->channel.quality);
    encode_text_or_null(writer, "base_url", view->base_url);
    encode_text_or_null(writer, "api_version", view->api_version);
    (void)snprintf(path, sizeof(path), "/webhooks/whatsapp/%s",
                   id_format(ID_CHANNEL, view->channel.id, id));
    json_field_chars(writer, "webhook_path", path);
}

static void write_channel(struct json_writer *writer, const struct channel_view *view)
{
    json_object_begin(writer);
    write_identity(writer, view);
    json_field_int64(writer, "messages_per_second", view->channel.rate_per_second);
    if (view->channel.tier_limit > 0) {
        json_field_int64(writer, "daily_limit", view->channel.tier_limit);
    } else {
        json_field_null(writer, "daily_limit");
    }
    json_field_text(writer, "doubt_policy", view->doubt_policy);
    json_field_bool(writer, "paused", view->channel.state == CHANNEL_PAUSED);
    json_field_bool(writer, "default", view->channel.is_default);
    json_key(writer, "secrets");
    json_object_begin(writer);
    json_field_bool(writer, "access_token", view->has_access_token);
    json_field_bool(writer, "app_secret", view->has_app_secret);
    json_field_bool(writer, "verify_token", view->has_verify_token);
    json_object_end(writer);
    json_field_int64(writer, "sent_last_24h", view->activity.sent_last_24h);
    json_field_time_or_null(writer, "last_sent_at", view->activity.last_sent_at_ms);
    json_field_time_or_null(writer, "last_webhook_at", view->activity.last_webhook_at_ms);
    json_field_time(writer, "created_at", view->channel.created_at_ms);
    json_object_end(writer);
}

static enum error_code list_channels(struct api_call *call, struct error *error)
{
    struct channel_view *views = NULL;
    size_t count = 0;
    struct json_writer writer;
    enum error_code code = channels_list(call->work, call->service, &views, &count, error);
    if (code != OK) {
        return code;
    }
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        write_channel(&writer, &views[i]);
    }
    api_list_end(call, &writer, NULL);
    return OK;
}

static enum error_code answer_channel(struct api_call *call, int64_t id, struct error *error)
{
    struct channel_view view;
    struct json_writer writer;
    enum error_code code = channels_get(call->work, call->service, id, &view, error);
    if (code == OK) {
        api_json(call, &writer);
        write_channel(&writer, &view);
    }
    return code;
}

static enum error_code get_channel(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    return code == OK ? answer_channel(call, id, error) : code;
}

static enum error_code create_channel(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    char wire_id[ID_TEXT_MAX];
    int64_t id = 0;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = channels_create(call->work, call->service, body, &id, error);
    }
    if (code != OK) {
        return code;
    }
    api_created(call, "/api/channels/%s", id_format(ID_CHANNEL, id, wire_id));
    return answer_channel(call, id, error);
}

static enum error_code update_channel(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = channels_update(call->work, call->service, id, body, error);
    }
    return code == OK ? answer_channel(call, id, error) : code;
}

static enum error_code remove_channel(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    if (code == OK) {
        code = channels_remove(call->work, call->service, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

/* Waits for the provider on the read worker; the writer only keeps the result. */
static enum error_code prepare_test(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    struct channel_test *test = arena_alloc(call->work->arena, sizeof(*test));
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    if (code == OK) {
        code = channels_test(call->work, call->service, id, test, error);
    }
    call->prepared = test;
    return code;
}

static enum error_code test_channel(struct api_call *call, struct error *error)
{
    const struct channel_test *test = call->prepared;
    struct json_writer writer;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    if (code == OK) {
        code = channels_test_keep(call->work, id, test, error);
    }
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "ok", test->ok);
    json_field_text(&writer, "message", test->message);
    encode_text_or_null(&writer, "advice", test->advice);
    if (test->has_provider_code) {
        json_field_int64(&writer, "provider_code", test->provider_code);
    } else {
        json_field_null(&writer, "provider_code");
    }
    encode_text_or_null(&writer, "provider_message", test->provider_message);
    encode_text_or_null(&writer, "display_phone", test->number.display_phone_number);
    encode_text_or_null(&writer, "verified_name", test->number.verified_name);
    encode_text_or_null(&writer, "quality", test->number.quality_rating);
    json_field_int64(&writer, "latency_ms", test->latency_ms);
    json_object_end(&writer);
    return OK;
}

/* ---- templates ---- */

static void write_header(struct json_writer *writer, const struct json *component)
{
    json_key(writer, "header");
    json_object_begin(writer);
    json_field_text(writer, "format", json_get_text(component, "format"));
    encode_text_or_null(writer, "text", json_get_text(component, "text"));
    json_object_end(writer);
}

static void write_buttons(struct json_writer *writer, const struct json *component)
{
    const struct json *buttons = json_get(component, "buttons");
    json_key(writer, "buttons");
    json_array_begin(writer);
    for (size_t i = 0; i < json_count(buttons); i++) {
        const struct json *button = json_at(buttons, i);
        json_object_begin(writer);
        json_field_text(writer, "type", json_get_text(button, "type"));
        json_field_text(writer, "text", json_get_text(button, "text"));
        encode_text_or_null(writer, "url", json_get_text(button, "url"));
        json_object_end(writer);
    }
    json_array_end(writer);
}

static const struct json *component_of(const struct json *components, const char *type)
{
    for (size_t i = 0; i < json_count(components); i++) {
        const struct json *component = json_at(components, i);
        if (text_equal_ignore_case(json_get_text(component, "type"), text_from(type))) {
            return component;
        }
    }
    return NULL;
}

/* The names or numbers between "{{" and "}}" of the body, in order, each once. */
static void write_parameters(struct json_writer *writer, struct text body)
{
    struct text seen[64];
    size_t count = 0;
    size_t at = 0;
    json_key(writer, "parameters");
    json_array_begin(writer);
    while (text_find_text(body, TEXT("{{"), &at)) {
        body = text_skip(body, at + 2);
        if (!text_find_text(body, TEXT("}}"), &at)) {
            break;
        }
        struct text name = text_trim(text_head(body, at));
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || text_equal(seen[i], name);
        }
        if (!known && count < ARRAY_SIZE(seen)) {
            seen[count++] = name;
            json_put_text(writer, name);
        }
    }
    json_array_end(writer);
}

static void write_template(struct json_writer *writer, const struct store_template *template)
{
    CLEANUP(json_free) struct json *components = NULL;
    struct error ignored = {0};
    if (json_parse(template->components, NULL, &components, &ignored) != OK) {
        components = NULL;
    }
    const struct json *header = component_of(components, "HEADER");
    const struct json *buttons = component_of(components, "BUTTONS");
    struct text body = json_get_text(component_of(components, "BODY"), "text");
    json_object_begin(writer);
    json_field_text(writer, "name", template->name);
    json_field_text(writer, "language", template->language);
    json_field_text(writer, "category", template->category);
    json_field_text(writer, "status", template->status);
    encode_text_or_null(writer, "quality", template->quality);
    if (header != NULL) {
        write_header(writer, header);
    } else {
        json_field_null(writer, "header");
    }
    json_field_text(writer, "body", body);
    encode_text_or_null(writer, "footer",
                        json_get_text(component_of(components, "FOOTER"), "text"));
    write_buttons(writer, buttons);
    json_field_chars(writer, "parameter_format", template->named ? "NAMED" : "POSITIONAL");
    write_parameters(writer, body);
    json_object_end(writer);
}

struct template_query {
    int64_t channel_id;
    struct text status;
    struct text part;
    bool refresh;
    struct channel_templates fetched;
};

/* On the read worker: asks the provider when the request wants it. */
static enum error_code prepare_templates(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct template_query *wanted = arena_alloc(call->work->arena, sizeof(*wanted));
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &wanted->channel_id, error);
    if (code != OK) {
        return code;
    }
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "status", 64, &wanted->status);
    (void)api_query_text(&query, "q", 200, &wanted->part);
    (void)api_query_bool(&query, "refresh", &wanted->refresh);
    code = api_query_done(&query);
    if (code == OK && wanted->refresh) {
        code = channels_fetch_templates(call->work, call->service, wanted->channel_id,
                                        &wanted->fetched, error);
    }
    call->prepared = wanted;
    return code;
}

static enum error_code list_templates(struct api_call *call, struct error *error)
{
    const struct template_query *wanted = call->prepared;
    struct channel_view view;
    struct store_template *templates = NULL;
    struct json_writer writer;
    size_t count = 0;
    int64_t refreshed_at_ms = 0;
    enum error_code code =
        channels_get(call->work, call->service, wanted->channel_id, &view, error);
    if (code == OK && wanted->refresh) {
        code = channels_keep_templates(call->work, wanted->channel_id, &wanted->fetched, error);
    }
    if (code == OK) {
        code = store_template_list(call->work, wanted->channel_id, wanted->status, wanted->part,
                                   TEMPLATES_MAX, &templates, &count, error);
    }
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        write_template(&writer, &templates[i]);
        if (templates[i].updated_at_ms > refreshed_at_ms) {
            refreshed_at_ms = templates[i].updated_at_ms;
        }
    }
    json_array_end(&writer);
    json_field_null(&writer, "next_cursor");
    json_field_time_or_null(&writer, "refreshed_at",
                            wanted->refresh ? call->work->now_ms : refreshed_at_ms);
    json_object_end(&writer);
    return OK;
}

const struct api_route API_CHANNELS_ROUTES[] = {
    {"GET", "/api/channels", "channels_list", API_READ, 0, list_channels, NULL},
    {"POST", "/api/channels", "channels_create", API_ADMIN, API_WRITE | API_SENSITIVE,
     create_channel, NULL},
    {"GET", "/api/channels/:id", "channels_get", API_READ, 0, get_channel, NULL},
    {"PUT", "/api/channels/:id", "channels_update", API_ADMIN, API_WRITE, update_channel, NULL},
    {"DELETE", "/api/channels/:id", "channels_delete", API_ADMIN, API_WRITE, remove_channel, NULL},
    {"POST", "/api/channels/:id/test", "channels_test", API_ADMIN, API_WRITE | API_NO_BODY_OK,
     test_channel, prepare_test},
    {"GET", "/api/channels/:id/templates", "channels_templates", API_READ, API_WRITE,
     list_templates, prepare_templates},
    {0},
};
