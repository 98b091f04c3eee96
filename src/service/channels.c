/* Channels: reading them, opening their secrets for webhooks, and the channels of the simulator
 * inside this process. Changes stand in channels_edit.c, calls to providers in channels_provider.c.
 */
#include "service/channels_internal.h"

#include "base/crypto.h"
#include "base/json_writer.h"
#include "store/store_access.h"
#include "store/store_event.h"

enum { SETTINGS_MAX = 16 * 1024 };

void channel_settings_read(struct text json, struct arena *arena,
                           struct channel_settings *ret_settings)
{
    struct json *parsed = NULL;
    struct error error = {0};
    if (json.size == 0 || json_parse(json, NULL, &parsed, &error) != OK) {
        *ret_settings = (struct channel_settings){0};
        return;
    }
    struct text policy = json_get_text(parsed, "doubt_policy");
    *ret_settings = (struct channel_settings){
        .base_url = arena_text(arena, json_get_text(parsed, "base_url")),
        .api_version = arena_text(arena, json_get_text(parsed, "api_version")),
        .doubt_policy = policy.size > 0 ? arena_text(arena, policy) : (struct text){0},
        .verified_name = arena_text(arena, json_get_text(parsed, "verified_name")),
        .display_phone = arena_text(arena, json_get_text(parsed, "display_phone")),
    };
    json_free(parsed);
}

static void field_unless_empty(struct json_writer *writer, const char *name, struct text text)
{
    if (text.size > 0) {
        json_field_text(writer, name, text);
    }
}

struct text channel_settings_write(const struct channel_settings *settings, struct arena *arena)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, SETTINGS_MAX);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    field_unless_empty(&writer, "base_url", settings->base_url);
    field_unless_empty(&writer, "api_version", settings->api_version);
    field_unless_empty(&writer, "doubt_policy", settings->doubt_policy);
    field_unless_empty(&writer, "verified_name", settings->verified_name);
    field_unless_empty(&writer, "display_phone", settings->display_phone);
    json_object_end(&writer);
    return arena_text(arena, buffer_text(&buffer));
}

enum error_code channel_find(struct work *work, int64_t id, struct store_channel *ret_channel,
                             struct error *error)
{
    bool found = false;
    enum error_code code = store_channel_get(work, id, ret_channel, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "this channel does not exist");
    }
    return code;
}

enum error_code channel_unseal(struct work *work, const struct service *service,
                               const struct store_channel *channel,
                               struct channel_access *ret_access, struct error *error)
{
    return channel_access_open(service->master_key, channel->id, channel->provider,
                               channel->sender_id, channel->account_id, channel->settings,
                               channel->secrets, work->arena, ret_access, error);
}

enum error_code channel_changed(struct work *work, int64_t id, const char *action,
                                struct error *error)
{
    char wire_id[ID_TEXT_MAX];
    struct store_event event = {.type = TEXT("channel.updated"), .channel_id = id};
    work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    enum error_code code = store_event_add(work, &event, error);
    if (code == OK) {
        code = store_audit_add(work, action, text_from(id_format(ID_CHANNEL, id, wire_id)),
                               (struct text){0}, error);
    }
    return code;
}

static enum error_code fill_view(struct work *work, const struct service *service,
                                 const struct store_channel *channel, struct channel_view *view,
                                 struct error *error)
{
    struct channel_access access = {0};
    struct channel_settings settings;
    channel_settings_read(channel->settings, work->arena, &settings);
    enum error_code code = channel_unseal(work, service, channel, &access, error);
    if (code == ERROR_DENIED) { /* sealed with another key: shown as not set */
        access.channel.base_url = settings.base_url;
        access.channel.api_version = settings.api_version;
        code = OK;
    }
    if (code != OK) {
        return code;
    }
    *view = (struct channel_view){
        .channel = *channel,
        .base_url = access.channel.base_url,
        .api_version = access.channel.api_version,
        .doubt_policy = settings.doubt_policy.size > 0 ? settings.doubt_policy : TEXT("auto"),
        .verified_name = settings.verified_name,
        .display_phone = settings.display_phone,
        .has_access_token = access.channel.access_token.size > 0,
        .has_app_secret = access.channel.app_secret.size > 0,
        .has_verify_token = access.verify_token.size > 0,
    };
    view->channel.secrets = (struct text){0};
    return store_channel_activity(work, channel->id, channel->is_default, &view->activity, error);
}

enum error_code channels_list(struct work *work, const struct service *service,
                              struct channel_view **ret_views, size_t *ret_count,
                              struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    struct channel_view *views = arena_array(work->arena, count + 1, sizeof(*views));
    for (size_t i = 0; i < count && code == OK; i++) {
        code = fill_view(work, service, &channels[i], &views[i], error);
    }
    if (code == OK) {
        *ret_views = views;
        *ret_count = count;
    }
    return code;
}

enum error_code channels_get(struct work *work, const struct service *service, int64_t id,
                             struct channel_view *ret_view, struct error *error)
{
    struct store_channel channel;
    enum error_code code = channel_find(work, id, &channel, error);
    return code == OK ? fill_view(work, service, &channel, ret_view, error) : code;
}

enum error_code channels_open(struct work *work, const struct service *service, int64_t id,
                              struct channel_open *ret_open, struct error *error)
{
    struct channel_open open;
    struct channel_access access;
    enum error_code code = channel_find(work, id, &open.channel, error);
    if (code == OK) {
        code = channel_unseal(work, service, &open.channel, &access, error);
    }
    if (code == OK) {
        open.provider = provider_find(access.kind);
        open.access = access.channel;
        open.verify_token = access.verify_token;
        *ret_open = open;
    }
    return code;
}

void channels_simulator_secret(const struct service *service,
                               char out[CHANNELS_SIMULATOR_SECRET_MAX])
{
    uint8_t key[CRYPTO_KEY_SIZE];
    crypto_derive_key(service->master_key, "simulator webhooks", key);
    crypto_hex(key, sizeof(key), out);
    crypto_wipe(key, sizeof(key));
}

enum error_code channels_simulator_moved(struct work *work, const struct service *service,
                                         struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    struct text url = text_from(service->simulator.base_url);
    enum error_code code = store_channel_list(work, &channels, &count, error);
    for (size_t i = 0; i < count && code == OK && url.size > 0; i++) {
        struct channel_settings settings;
        if (!text_equal(channels[i].provider, TEXT("simulator"))) {
            continue;
        }
        channel_settings_read(channels[i].settings, work->arena, &settings);
        if (!text_equal(settings.base_url, url)) {
            settings.base_url = url;
            channels[i].settings = channel_settings_write(&settings, work->arena);
            code = store_channel_update(work, &channels[i], error);
            work->wakes |= WORK_WAKE_SETTINGS;
        }
    }
    return code;
}
