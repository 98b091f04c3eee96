/* A channel's credentials in its row: see channel_access.h. */
#include "delivery/channel_access.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/json_writer.h"

#include <stdio.h>

enum { CONTEXT_MAX = 64, DOCUMENT_MAX = 16 * 1024 };

static struct text seal_context(int64_t channel_id, char out[CONTEXT_MAX])
{
    (void)snprintf(out, CONTEXT_MAX, "channel:%lld:secrets", (long long)channel_id);
    return text_from(out);
}

struct text channel_access_default_url(enum provider_kind kind)
{
    switch (kind) {
    case PROVIDER_CLOUD:
        return TEXT("https://graph.facebook.com");
    case PROVIDER_SIMULATOR:
        return TEXT("http://127.0.0.1:8081");
    }
    return (struct text){0};
}

struct text channel_access_default_version(enum provider_kind kind)
{
    switch (kind) {
    case PROVIDER_CLOUD:
    case PROVIDER_SIMULATOR:
        return TEXT("v25.0");
    }
    return (struct text){0};
}

static void wipe_text(void *object)
{
    struct text *text = object;
    if (text->size > 0) {
        crypto_wipe((void *)(uintptr_t)text->data, text->size);
    }
}

/* A copy in the arena that is overwritten before the arena forgets it. */
static struct text keep_secret(struct arena *arena, struct text value)
{
    struct text *copy = arena_alloc(arena, sizeof(*copy));
    *copy = arena_text(arena, value);
    arena_on_reset(arena, wipe_text, copy);
    return *copy;
}

static enum error_code open_secrets(struct text master_key, int64_t channel_id, struct text sealed,
                                    struct arena *arena, struct channel_access *access,
                                    struct error *error)
{
    char context[CONTEXT_MAX];
    CLEANUP(secret_free) struct secret *plain = NULL;
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code =
        crypto_open(master_key, seal_context(channel_id, context), sealed, &plain, error);
    if (code == OK) {
        code = json_parse(secret_text(plain), NULL, &json, error);
    }
    if (code != OK) {
        return code;
    }
    access->channel.access_token = keep_secret(arena, json_get_text(json, "access_token"));
    access->channel.app_secret = keep_secret(arena, json_get_text(json, "app_secret"));
    access->channel.previous_app_secret =
        keep_secret(arena, json_get_text(json, "previous_app_secret"));
    access->verify_token = keep_secret(arena, json_get_text(json, "verify_token"));
    return OK;
}

enum error_code channel_access_open(struct text master_key, int64_t channel_id,
                                    struct text provider, struct text sender_id,
                                    struct text account_id, struct text settings_json,
                                    struct text secrets, struct arena *arena,
                                    struct channel_access *ret_access, struct error *error)
{
    struct channel_access access = {0};
    if (!provider_kind_from_text(provider, &access.kind)) {
        return error_set(error, ERROR_INVALID, "the provider \"%.*s\" is not known",
                         TEXT_ARGS(provider));
    }
    CLEANUP(json_free) struct json *settings = NULL;
    enum error_code code = OK;
    if (settings_json.size > 0) {
        code = json_parse(settings_json, NULL, &settings, error);
    }
    if (code == OK && secrets.size > 0) {
        code = open_secrets(master_key, channel_id, secrets, arena, &access, error);
    }
    if (code != OK) {
        return code;
    }
    struct text url = json_get_text(settings, "base_url");
    struct text version = json_get_text(settings, "api_version");
    access.channel.base_url =
        arena_text(arena, url.size > 0 ? url : channel_access_default_url(access.kind));
    access.channel.api_version =
        arena_text(arena, version.size > 0 ? version : channel_access_default_version(access.kind));
    access.channel.phone_number_id = arena_text(arena, sender_id);
    access.channel.business_account_id = arena_text(arena, account_id);
    *ret_access = access;
    return OK;
}

void channel_access_seal(struct text master_key, int64_t channel_id,
                         const struct channel_access *access, struct buffer *out)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer plain;
    buffer_init(&plain, DOCUMENT_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &plain);
    json_object_begin(&writer);
    json_field_text(&writer, "access_token", access->channel.access_token);
    json_field_text(&writer, "app_secret", access->channel.app_secret);
    json_field_text(&writer, "previous_app_secret", access->channel.previous_app_secret);
    json_field_text(&writer, "verify_token", access->verify_token);
    json_object_end(&writer);
    char context[CONTEXT_MAX];
    crypto_seal(master_key, seal_context(channel_id, context), buffer_text(&plain), out);
    crypto_wipe(plain.data, plain.size);
}

bool channel_access_policy(struct text settings_json, enum doubt_policy *ret_policy)
{
    static const struct {
        struct text word;
        enum doubt_policy policy;
    } POLICIES[] = {
        {TEXT_INIT("never"), DOUBT_NEVER},
        {TEXT_INIT("resend"), DOUBT_RESEND},
        {TEXT_INIT("hold"), DOUBT_HOLD},
    };
    CLEANUP(json_free) struct json *settings = NULL;
    struct error ignored = {0};
    size_t at;
    /* Most channels have none: no need to parse. */
    if (!text_find_text(settings_json, TEXT("doubt_policy"), &at) ||
        json_parse(settings_json, NULL, &settings, &ignored) != OK) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(POLICIES); i++) {
        if (text_equal(json_get_text(settings, "doubt_policy"), POLICIES[i].word)) {
            *ret_policy = POLICIES[i].policy;
            return true;
        }
    }
    return false;
}

enum error_code channel_access_reseal(struct text old_key, struct text new_key, int64_t channel_id,
                                      struct text sealed, struct buffer *out, struct error *error)
{
    char context[CONTEXT_MAX];
    return crypto_reseal(old_key, new_key, seal_context(channel_id, context), sealed, out, error);
}
