/* /api/webhooks: who is told of events, and the log of what was told. A secret leaves only with the
 * answer of the call that made it. */
#include "api/encode.h"
#include "api/routes.h"

#include "service/webhooks.h"

static const struct json_choice STATES[] = {
    {"pending", WEBHOOK_PENDING},
    {"sending", WEBHOOK_SENDING},
    {"delivered", WEBHOOK_DELIVERED},
    {"failed", WEBHOOK_FAILED},
};

/* ---- encoding ---- */

static void write_types(struct json_writer *writer, struct text types)
{
    struct text type;
    json_key(writer, "events");
    json_array_begin(writer);
    while (types.size > 0 && text_next(&types, ',', &type)) {
        json_put_text(writer, type);
    }
    json_array_end(writer);
}

static void write_reason(struct json_writer *writer, const struct store_webhook *webhook)
{
    static const struct {
        const char *word, *sentence;
    } REASONS[] = {
        {"gone", "The receiver answered 410: it wants no events any more."},
        {"failures", "Nothing could be delivered for five days."},
        {"person", "Somebody disabled this webhook."},
    };
    if (webhook->state == WEBHOOK_ACTIVE) {
        json_field_null(writer, "disabled_reason");
        return;
    }
    json_key(writer, "disabled_reason");
    json_object_begin(writer);
    json_field_text(writer, "code", webhook->state_reason);
    for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++) {
        if (text_equal(webhook->state_reason, text_from(REASONS[i].word))) {
            json_field_chars(writer, "text", REASONS[i].sentence);
        }
    }
    json_field_time_or_null(writer, "since", webhook->state_at_ms);
    json_object_end(writer);
}

static void write_webhook(struct json_writer *writer, int64_t now_ms,
                          const struct webhook_view *view, const char *secret)
{
    const struct store_webhook *webhook = &view->webhook;
    bool overlaps = webhook->previous_until_ms > now_ms;
    json_object_begin(writer);
    json_field_id(writer, "id", ID_HOOK, webhook->id);
    json_field_text(writer, "url", webhook->url);
    json_field_text(writer, "description", webhook->description);
    write_types(writer, webhook->types);
    json_field_chars(writer, "status", webhook->state == WEBHOOK_ACTIVE ? "active" : "disabled");
    write_reason(writer, webhook);
    if (secret != NULL) {
        json_field_chars(writer, "secret", secret);
    }
    json_field_time_or_null(writer, "previous_secret_until",
                            overlaps ? webhook->previous_until_ms : 0);
    json_field_int64(writer, "pending", view->pending);
    json_field_int64(writer, "delivered", webhook->delivered);
    json_field_int64(writer, "failed", webhook->failed);
    json_field_time_or_null(writer, "failing_since", webhook->failing_since_ms);
    json_field_time_or_null(writer, "last_success_at", webhook->last_success_at_ms);
    json_field_time_or_null(writer, "last_failure_at", webhook->last_failure_at_ms);
    encode_text_or_null(writer, "last_error", webhook->last_error);
    json_field_time(writer, "created_at", webhook->created_at_ms);
    json_field_time(writer, "updated_at", webhook->updated_at_ms);
    json_object_end(writer);
}

static void put_delivery(struct json_writer *writer, const struct store_webhook_delivery *delivery)
{
    bool pending = delivery->state == WEBHOOK_PENDING;
    json_field_id(writer, "id", ID_DELIVERY, delivery->id);
    json_field_id(writer, "event_id", ID_EVENT, delivery->event_id);
    json_field_text(writer, "type", delivery->type);
    json_field_chars(writer, "status", STATES[delivery->state].name);
    json_field_int64(writer, "attempts", delivery->attempts);
    if (delivery->http_status != 0) {
        json_field_int64(writer, "http_status", delivery->http_status);
    } else {
        json_field_null(writer, "http_status");
    }
    json_field_int64(writer, "duration_ms", delivery->duration_ms);
    encode_text_or_null(writer, "error", delivery->error);
    json_field_time_or_null(writer, "last_attempt_at", delivery->attempted_at_ms);
    json_field_time_or_null(writer, "next_attempt_at", pending ? delivery->next_at_ms : 0);
    json_field_time(writer, "created_at", delivery->created_at_ms);
}

static void write_delivery(struct json_writer *writer,
                           const struct store_webhook_delivery *delivery)
{
    json_object_begin(writer);
    put_delivery(writer, delivery);
    json_object_end(writer);
}

/* ---- webhooks ---- */

static enum error_code list_webhooks(struct api_call *call, struct error *error)
{
    struct webhook_view *views = NULL;
    size_t count = 0;
    struct json_writer writer;
    enum error_code code = webhooks_list(call->work, &views, &count, error);
    if (code != OK) {
        return code;
    }
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        write_webhook(&writer, call->work->now_ms, &views[i], NULL);
    }
    api_list_end(call, &writer, NULL);
    return OK;
}

static enum error_code answer_webhook(struct api_call *call, int64_t id, const char *secret,
                                      struct error *error)
{
    struct webhook_view view;
    struct json_writer writer;
    enum error_code code = webhooks_get(call->work, id, &view, error);
    if (code == OK) {
        api_json(call, &writer);
        write_webhook(&writer, call->work->now_ms, &view, secret);
    }
    return code;
}

static enum error_code get_webhook(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    return code == OK ? answer_webhook(call, id, NULL, error) : code;
}

static enum error_code create_webhook(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    char secret[STANDARD_WEBHOOK_SECRET_MAX];
    char wire_id[ID_TEXT_MAX];
    int64_t id = 0;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = webhooks_create(call->work, call->service, body, &id, secret, error);
    }
    if (code != OK) {
        return code;
    }
    api_created(call, "/api/webhooks/%s", id_format(ID_HOOK, id, wire_id));
    code = answer_webhook(call, id, secret, error);
    crypto_wipe(secret, sizeof(secret));
    return code;
}

static enum error_code update_webhook(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = webhooks_update(call->work, call->service, id, body, error);
    }
    return code == OK ? answer_webhook(call, id, NULL, error) : code;
}

static enum error_code remove_webhook(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = webhooks_remove(call->work, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

static enum error_code rotate_secret(struct api_call *call, struct error *error)
{
    char secret[STANDARD_WEBHOOK_SECRET_MAX];
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = webhooks_rotate(call->work, call->service, id, call->body, secret, error);
    }
    if (code == OK) {
        code = answer_webhook(call, id, secret, error);
        crypto_wipe(secret, sizeof(secret));
    }
    return code;
}

/* ---- deliveries ---- */

static enum error_code test_webhook(struct api_call *call, struct error *error)
{
    struct store_webhook_delivery delivery;
    struct json_writer writer;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = webhooks_test(call->work, id, &delivery, error);
    }
    if (code == OK) {
        call->response->status = 202;
        api_json(call, &writer);
        write_delivery(&writer, &delivery);
    }
    return code;
}

static enum error_code redeliver(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct json_writer writer;
    int64_t id = 0;
    int64_t events = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = webhooks_redeliver(call->work, id, body, &events, error);
    }
    if (code == OK) {
        call->response->status = 202;
        api_json(call, &writer);
        json_object_begin(&writer);
        json_field_int64(&writer, "events", events);
        json_object_end(&writer);
    }
    return code;
}

static enum error_code get_delivery(struct api_call *call, struct error *error)
{
    struct store_webhook_delivery delivery;
    struct text payload = {0};
    struct json_writer writer;
    int64_t id = 0;
    int64_t delivery_id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code == OK) {
        code = api_param_id(call, 1, ID_DELIVERY, &delivery_id, error);
    }
    if (code == OK) {
        code = webhooks_delivery(call->work, id, delivery_id, &delivery, &payload, error);
    }
    if (code == OK) {
        api_json(call, &writer);
        json_object_begin(&writer);
        put_delivery(&writer, &delivery);
        json_field_raw(&writer, "payload", payload.size == 0 ? TEXT("null") : payload);
        json_object_end(&writer);
    }
    return code;
}

static enum error_code list_deliveries(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct api_page page = {.limit = 0};
    struct store_webhook_delivery *rows = NULL;
    struct json_writer writer;
    struct api_cursor next = {.count = 1};
    uint64_t states = 0;
    size_t count = 0;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_HOOK, &id, error);
    if (code != OK) {
        return code;
    }
    api_query_open(&query, call, error);
    (void)api_query_choices(&query, "status", STATES, ARRAY_SIZE(STATES), &states);
    api_query_page(&query, &page);
    code = api_query_done(&query);
    if (code == OK) {
        int64_t before_id = page.after.count > 0 ? page.after.keys[0] : 0;
        code = webhooks_deliveries(call->work, id, states, before_id, (size_t)page.limit + 1, &rows,
                                   &count, error);
    }
    if (code != OK) {
        return code;
    }
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count && i < (size_t)page.limit; i++) {
        write_delivery(&writer, &rows[i]);
        next.keys[0] = rows[i].id;
    }
    api_list_end(call, &writer, count > (size_t)page.limit ? &next : NULL);
    return OK;
}

const struct api_route API_WEBHOOKS_ROUTES[] = {
    {"GET", "/api/webhooks", "webhooks_list", API_ADMIN, 0, list_webhooks, NULL},
    {"POST", "/api/webhooks", "webhooks_create", API_ADMIN, API_WRITE | API_SENSITIVE,
     create_webhook, NULL},
    {"GET", "/api/webhooks/:id", "webhooks_get", API_ADMIN, 0, get_webhook, NULL},
    {"PUT", "/api/webhooks/:id", "webhooks_update", API_ADMIN, API_WRITE, update_webhook, NULL},
    {"DELETE", "/api/webhooks/:id", "webhooks_delete", API_ADMIN, API_WRITE, remove_webhook, NULL},
    {"POST", "/api/webhooks/:id/rotate-secret", "webhooks_rotate_secret", API_ADMIN,
     API_WRITE | API_SENSITIVE | API_NO_BODY_OK, rotate_secret, NULL},
    {"POST", "/api/webhooks/:id/test", "webhooks_test", API_ADMIN, API_WRITE | API_NO_BODY_OK,
     test_webhook, NULL},
    {"POST", "/api/webhooks/:id/redeliver", "webhooks_redeliver", API_ADMIN, API_WRITE, redeliver,
     NULL},
    {"GET", "/api/webhooks/:id/deliveries", "webhooks_deliveries", API_ADMIN, 0, list_deliveries,
     NULL,
     "deliveries.csv|data*|id,event_id,type,status,attempts,http_status,duration_ms,error,"
     "last_attempt_at,next_attempt_at,created_at"},
    {"GET", "/api/webhooks/:id/deliveries/:delivery", "webhooks_delivery", API_ADMIN, 0,
     get_delivery, NULL},
    {0},
};
