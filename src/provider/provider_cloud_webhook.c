/* Signature check and the envelope of webhooks; the insides of a change are read by
 * provider_cloud_messages.c (people) and provider_cloud_account.c (templates, numbers, accounts).
 * Tolerant on purpose: a body may hold many entries of several kinds, fields come and go, and what
 * is not understood becomes an ignored event instead of an error. */
#include "provider/provider_cloud_webhook.h"

#include "base/crypto.h"
#include "base/hash.h"
#include "base/instant.h"
#include "base/mem.h"

enum { EVENTS_MAX = 100 * 1000 };

static bool signature_matches(struct text secret, struct text raw_body,
                              const uint8_t given[CRYPTO_SHA256_SIZE])
{
    uint8_t wanted[CRYPTO_SHA256_SIZE];
    if (secret.size == 0) {
        return false;
    }
    crypto_hmac_sha256(secret, raw_body, wanted);
    return crypto_equal(wanted, given, sizeof(wanted));
}

enum error_code cloud_verify_webhook(const struct provider_channel *channel, struct text signature,
                                     struct text raw_body, struct error *error)
{
    static const struct text PREFIX = TEXT_INIT("sha256=");
    uint8_t given[CRYPTO_SHA256_SIZE];
    if (!text_starts_with(signature, PREFIX) ||
        !crypto_unhex(text_skip(signature, PREFIX.size), given, sizeof(given))) {
        return error_set(error, ERROR_UNAUTHENTICATED, "the webhook carries no usable signature");
    }
    if (signature_matches(channel->app_secret, raw_body, given) ||
        signature_matches(channel->previous_app_secret, raw_body, given)) {
        return OK;
    }
    return error_set(error, ERROR_UNAUTHENTICATED, "the webhook's signature is wrong");
}

struct provider_event *webhook_add(struct webhook_list *list, enum provider_event_kind kind)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct provider_event *items = arena_array(list->arena, capacity, sizeof(*items));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
        list->capacity = capacity;
    }
    struct provider_event *event = &list->items[list->count++];
    *event = (struct provider_event){
        .kind = kind,
        .account_id = list->account_id,
        .phone_number_id = list->phone_number_id,
        .at_ms = list->entry_at_ms,
    };
    return event;
}

int64_t webhook_time_ms(const struct json *value)
{
    int64_t seconds = 0;
    if (!cloud_number(value, &seconds) || seconds <= 0) {
        return 0;
    }
    /* Seconds by contract; a few partners pass milliseconds on. */
    return seconds > INT64_C(100000000000) ? seconds : seconds * MS_PER_SECOND;
}

uint64_t webhook_digest(const char *kind, struct text a, struct text b, struct text c)
{
    uint64_t digest = hash_bytes(kind, strlen(kind), 0);
    digest = hash_bytes(a.data, a.size, digest);
    digest = hash_bytes(b.data, b.size, digest);
    return hash_bytes(c.data, c.size, digest);
}

uint64_t webhook_digest_json(const struct webhook_list *list, struct text field,
                             const struct json *value)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, CLOUD_WEBHOOK_MAX);
    json_encode(value, &buffer);
    uint64_t digest = webhook_digest("json", list->account_id, field, buffer_text(&buffer));
    return hash_bytes(&list->entry_at_ms, sizeof(list->entry_at_ms), digest);
}

static void read_change(struct webhook_list *list, const struct json *change)
{
    struct text field = json_get_text(change, "field");
    const struct json *value = json_get(change, "value");
    list->phone_number_id = cloud_text(json_get(value, "metadata"), "phone_number_id", list->arena);
    size_t before = list->count;
    if (text_equal(field, TEXT("messages"))) {
        webhook_read_messages(list, value);
    } else if (text_equal(field, TEXT("user_preferences"))) {
        webhook_read_preferences(list, value);
    } else {
        webhook_read_account(list, field, value);
    }
    if (list->count == before) {
        struct provider_event *event = webhook_add(list, PROVIDER_EVENT_IGNORED);
        event->type_name = field;
        event->digest = webhook_digest_json(list, field, value);
    }
}

enum error_code cloud_decode_webhook(struct text raw_body, struct arena *arena,
                                     struct provider_events *ret_events, struct error *error)
{
    const struct json *json = NULL;
    enum error_code code = cloud_json_parse(raw_body, arena, &json, error);
    if (code != OK) {
        return code;
    }
    const struct json *entries = json_get(json, "entry");
    if (json_kind(entries) != JSON_ARRAY) {
        return error_set(error, ERROR_INVALID, "the webhook holds no list of entries");
    }
    struct webhook_list list = {.arena = arena};
    for (size_t i = 0; i < json_count(entries); i++) {
        const struct json *entry = json_at(entries, i);
        const struct json *changes = json_get(entry, "changes");
        list.account_id = cloud_text(entry, "id", arena);
        list.entry_at_ms = webhook_time_ms(json_get(entry, "time"));
        for (size_t n = 0; n < json_count(changes) && list.count < EVENTS_MAX; n++) {
            read_change(&list, json_at(changes, n));
        }
    }
    *ret_events = (struct provider_events){.items = list.items, .count = list.count};
    return OK;
}
