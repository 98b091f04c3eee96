/* Outgoing webhooks: making, changing, testing and repeating. Sending them is
 * delivery/notifier.h's.
 */
#include "service/webhooks.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "net/target.h"
#include "store/store_access.h"
#include "store/store_event.h"

enum { TYPES_MAX = 64, SEALED_MAX = 2048, OVERLAP_HOURS = 24, MS_PER_HOUR = 3600000 };

static enum error_code find(struct work *work, int64_t id, struct store_webhook *ret_webhook,
                            struct error *error)
{
    bool found = false;
    enum error_code code = store_webhook_get(work, id, ret_webhook, &found, error);
    return code == OK && !found ? error_set(error, ERROR_NOT_FOUND, "this webhook does not exist")
                                : code;
}

static enum error_code audit(struct work *work, int64_t id, const char *action, struct error *error)
{
    char wire_id[ID_TEXT_MAX];
    return store_audit_add(work, action, text_from(id_format(ID_HOOK, id, wire_id)),
                           (struct text){0}, error);
}

/* ---- reading ---- */

static enum error_code fill_view(struct work *work, const struct store_webhook *webhook,
                                 struct webhook_view *view, struct error *error)
{
    *view = (struct webhook_view){.webhook = *webhook};
    view->webhook.secrets = (struct text){0};
    return store_webhook_delivery_pending(work, webhook->id, &view->pending, NULL, error);
}

enum error_code webhooks_list(struct work *work, struct webhook_view **ret_views, size_t *ret_count,
                              struct error *error)
{
    struct store_webhook *webhooks = NULL;
    size_t count = 0;
    enum error_code code = store_webhook_list(work, &webhooks, &count, error);
    struct webhook_view *views = arena_array(work->arena, count + 1, sizeof(*views));
    for (size_t i = 0; i < count && code == OK; i++) {
        code = fill_view(work, &webhooks[i], &views[i], error);
    }
    if (code == OK) {
        *ret_views = views;
        *ret_count = count;
    }
    return code;
}

enum error_code webhooks_get(struct work *work, int64_t id, struct webhook_view *ret_view,
                             struct error *error)
{
    struct store_webhook webhook;
    enum error_code code = find(work, id, &webhook, error);
    return code == OK ? fill_view(work, &webhook, ret_view, error) : code;
}

enum error_code webhooks_delivery(struct work *work, int64_t id, int64_t delivery_id,
                                  struct store_webhook_delivery *ret_delivery,
                                  struct text *ret_payload, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer payload;
    buffer_init(&payload, WEBHOOK_PAYLOAD_MAX);
    bool found = false;
    enum error_code code =
        store_webhook_delivery_get(work, delivery_id, ret_delivery, &found, error);
    if (code == OK && (!found || ret_delivery->webhook_id != id)) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such delivery of this webhook");
    }
    if (code == OK) {
        code = webhook_payload(work, ret_delivery->event_id, ret_delivery->type, &payload, error);
    }
    if (code == OK) {
        *ret_payload = arena_text(work->arena, buffer_text(&payload));
    } else if (code == ERROR_NOT_FOUND) {
        *ret_payload = (struct text){0};
        return OK;
    }
    return code;
}

enum error_code webhooks_deliveries(struct work *work, int64_t id, uint64_t states,
                                    int64_t before_id, size_t limit,
                                    struct store_webhook_delivery **ret_deliveries,
                                    size_t *ret_count, struct error *error)
{
    struct store_webhook webhook;
    enum error_code code = find(work, id, &webhook, error);
    return code == OK ? store_webhook_delivery_list(work, id, states, before_id, limit,
                                                    ret_deliveries, ret_count, error)
                      : code;
}

/* ---- what people enter ---- */

static void read_url(struct json_reader *reader, const struct service *service,
                     struct store_webhook *webhook)
{
    struct error words = {0};
    struct target target;
    struct text url = {0};
    if (json_reader_text(reader, "url", 1, WEBHOOKS_URL_MAX, &url)) {
        if (target_check(url, service->webhooks_allow_local, &target, &words) == OK) {
            webhook->url = url;
        } else {
            json_reader_fail(reader, "url", "invalid_format", "%s", words.message);
        }
    }
}

static bool is_known_type(struct text type)
{
    for (size_t i = 0; webhook_type_at(i) != NULL; i++) {
        if (text_equal(type, text_from(webhook_type_at(i)))) {
            return true;
        }
    }
    return false;
}

static void read_types(struct json_reader *reader, struct work *work, struct store_webhook *webhook)
{
    const struct json *list = NULL;
    struct text types = TEXT("");
    if (!json_reader_array(reader, "events", 0, TYPES_MAX, &list)) {
        return;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        struct text type = {0};
        if (!json_text(json_at(list, i), &type) || !is_known_type(type)) {
            json_reader_fail(
                reader, "events", "invalid_choice", "\"%.*s\" is no event that can be sent",
                (int)type.size > 60 ? 60 : (int)type.size, type.data == NULL ? "" : type.data);
            return;
        }
        types = arena_format(work->arena, "%.*s%s%.*s", TEXT_ARGS(types), i > 0 ? "," : "",
                             TEXT_ARGS(type));
    }
    webhook->types = types;
}

static void read_common(struct json_reader *reader, struct work *work,
                        const struct service *service, struct store_webhook *webhook)
{
    read_url(reader, service, webhook);
    (void)json_reader_text(reader, "description", 0, WEBHOOKS_DESCRIPTION_MAX,
                           &webhook->description);
    read_types(reader, work, webhook);
}

/* ---- changing ---- */

static void seal(struct work *work, const struct service *service, struct store_webhook *webhook,
                 struct text current, struct text previous)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    buffer_init(&sealed, SEALED_MAX);
    webhook_secrets_seal(service->master_key, webhook->id, current, previous, &sealed);
    webhook->secrets = arena_text(work->arena, buffer_text(&sealed));
}

static enum error_code check_count(struct work *work, struct error *error)
{
    struct store_webhook *webhooks = NULL;
    size_t count = 0;
    enum error_code code = store_webhook_list(work, &webhooks, &count, error);
    return code == OK && count >= STORE_WEBHOOKS_MAX
               ? error_set(error, ERROR_CONFLICT, "there may be %d webhooks at most",
                           (int)STORE_WEBHOOKS_MAX)
               : code;
}

enum error_code webhooks_create(struct work *work, const struct service *service,
                                const struct json *body, int64_t *ret_id,
                                char secret_out[STANDARD_WEBHOOK_SECRET_MAX], struct error *error)
{
    struct json_reader reader;
    struct store_webhook webhook = {.description = TEXT(""), .types = TEXT("")};
    json_reader_open(&reader, body, NULL, error);
    (void)json_reader_required(&reader, "url");
    read_common(&reader, work, service, &webhook);
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    enum error_code code = check_count(work, error);
    if (code == OK) {
        code = store_webhook_insert(work, &webhook, error);
    }
    if (code == OK) {
        standard_webhook_secret_new(secret_out);
        seal(work, service, &webhook, text_from(secret_out), (struct text){0});
        code = store_webhook_update(work, &webhook, error);
    }
    if (code == OK) {
        code = audit(work, webhook.id, "webhook.create", error);
    }
    if (code == OK) {
        *ret_id = webhook.id;
    }
    return code;
}

enum error_code webhooks_update(struct work *work, const struct service *service, int64_t id,
                                const struct json *body, struct error *error)
{
    static const struct json_choice STATES[] = {{"active", WEBHOOK_ACTIVE},
                                                {"disabled", WEBHOOK_DISABLED}};
    struct json_reader reader;
    struct store_webhook webhook;
    enum error_code code = find(work, id, &webhook, error);
    if (code != OK) {
        return code;
    }
    int state = (int)webhook.state;
    json_reader_open(&reader, body, NULL, error);
    read_common(&reader, work, service, &webhook);
    (void)json_reader_choice(&reader, "status", STATES, ARRAY_SIZE(STATES), &state);
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    code = store_webhook_update(work, &webhook, error);
    if (code == OK && state != (int)webhook.state) {
        code = store_webhook_set_state(work, id, (enum webhook_state)state, TEXT("person"), error);
    }
    return code == OK ? audit(work, id, "webhook.update", error) : code;
}

enum error_code webhooks_remove(struct work *work, int64_t id, struct error *error)
{
    struct store_webhook webhook;
    enum error_code code = find(work, id, &webhook, error);
    if (code == OK) {
        code = store_webhook_remove(work, id, error);
    }
    return code == OK ? audit(work, id, "webhook.remove", error) : code;
}

enum error_code webhooks_rotate(struct work *work, const struct service *service, int64_t id,
                                const struct json *body,
                                char secret_out[STANDARD_WEBHOOK_SECRET_MAX], struct error *error)
{
    CLEANUP_IN_PLACE(webhook_secrets_done) struct webhook_secrets secrets = {0};
    struct json_reader reader;
    struct store_webhook webhook;
    struct text previous = {0};
    int64_t overlap_hours = OVERLAP_HOURS;
    if (body != NULL) {
        json_reader_open(&reader, body, NULL, error);
        (void)json_reader_int64(&reader, "overlap_hours", 0, WEBHOOKS_OVERLAP_HOURS_MAX,
                                &overlap_hours);
        if (json_reader_done(&reader) != OK) {
            return ERROR_INVALID;
        }
    }
    enum error_code code = find(work, id, &webhook, error);
    if (code == OK) {
        code = webhook_secrets_open(service->master_key, id, webhook.secrets, &secrets, error);
        if (code == ERROR_DENIED) { /* sealed with another key: a new secret repairs it */
            code = OK;
        }
    }
    if (code == OK && overlap_hours > 0 && secrets.current != NULL) {
        previous = secret_text(secrets.current);
        webhook.previous_until_ms = work->now_ms + overlap_hours * MS_PER_HOUR;
    } else {
        webhook.previous_until_ms = 0;
    }
    if (code == OK) {
        standard_webhook_secret_new(secret_out);
        seal(work, service, &webhook, text_from(secret_out), previous);
        code = store_webhook_update(work, &webhook, error);
    }
    return code == OK ? audit(work, id, "webhook.rotate_secret", error) : code;
}

/* ---- testing and repeating ---- */

static enum error_code find_active(struct work *work, int64_t id, struct store_webhook *ret_webhook,
                                   struct error *error)
{
    enum error_code code = find(work, id, ret_webhook, error);
    return code == OK && ret_webhook->state != WEBHOOK_ACTIVE
               ? error_set(error, ERROR_CONFLICT, "this webhook is disabled; enable it first")
               : code;
}

enum error_code webhooks_test(struct work *work, int64_t id,
                              struct store_webhook_delivery *ret_delivery, struct error *error)
{
    char wire_id[ID_TEXT_MAX];
    struct store_webhook webhook;
    struct store_webhook_delivery *newest = NULL;
    int64_t event_id = 0;
    size_t count = 0;
    enum error_code code = find_active(work, id, &webhook, error);
    const struct store_event event = {
        .type = TEXT(WEBHOOK_TEST_TYPE),
        .data =
            arena_format(work->arena, "{\"webhook_id\":\"%s\"}", id_format(ID_HOOK, id, wire_id)),
    };
    if (code == OK) {
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        code = store_event_newest(work, &event_id, error);
    }
    if (code == OK) {
        code = store_webhook_delivery_add(work, id, event_id, event.type, error);
    }
    if (code == OK) {
        work->wakes |= WORK_WAKE_WEBHOOKS | WORK_WAKE_SETTINGS;
        code = store_webhook_delivery_list(work, id, 0, 0, 1, &newest, &count, error);
    }
    if (code == OK) {
        CHECK(count == 1 && newest[0].event_id == event_id);
        *ret_delivery = newest[0];
    }
    return code;
}

static enum error_code redeliver_one(struct work *work, int64_t id, int64_t delivery_id,
                                     struct error *error)
{
    struct store_webhook_delivery delivery;
    bool found = false;
    enum error_code code = store_webhook_delivery_get(work, delivery_id, &delivery, &found, error);
    if (code == OK && (!found || delivery.webhook_id != id)) {
        return error_field(error, "delivery_id", "not_found", "is no delivery of this webhook");
    }
    return code == OK ? store_webhook_delivery_again(work, delivery_id, error) : code;
}

/* Moving the cursor back makes the events new again, page by page. */
static enum error_code redeliver_since(struct work *work, const struct store_webhook *webhook,
                                       int64_t since_ms, int64_t *ret_events, struct error *error)
{
    int64_t cursor = 0;
    int64_t newest = 0;
    enum error_code code = store_webhook_event_before(work, since_ms, &cursor, error);
    if (code == OK) {
        code = store_event_newest(work, &newest, error);
    }
    if (code == OK && cursor < webhook->cursor) {
        work->wakes |= WORK_WAKE_WEBHOOKS | WORK_WAKE_SETTINGS;
        code = store_webhook_set_cursor(work, webhook->id, cursor, error);
    }
    if (code == OK) {
        *ret_events = newest > cursor ? newest - cursor : 0;
    }
    return code;
}

enum error_code webhooks_redeliver(struct work *work, int64_t id, const struct json *body,
                                   int64_t *ret_events, struct error *error)
{
    struct json_reader reader;
    struct store_webhook webhook;
    int64_t delivery_id = 0;
    int64_t since_ms = 0;
    json_reader_open(&reader, body, NULL, error);
    bool one = json_reader_id(&reader, "delivery_id", ID_DELIVERY, &delivery_id);
    bool since = json_reader_time(&reader, "since", &since_ms);
    if (!reader.failed && one == since) {
        json_reader_fail(&reader, "since", "required", "give either delivery_id or since");
    }
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    enum error_code code = find_active(work, id, &webhook, error);
    int64_t events = 1;
    if (code == OK) {
        code = one ? redeliver_one(work, id, delivery_id, error)
                   : redeliver_since(work, &webhook, since_ms, &events, error);
    }
    if (code == OK) {
        code = audit(work, id, "webhook.redeliver", error);
    }
    if (code == OK) {
        *ret_events = events;
    }
    return code;
}
