/* Creating, changing and removing channels. Every finding of a request is reported with its field;
 * secrets go into the row sealed and never come out of here. */
#include "service/channels_internal.h"

#include "base/crypto.h"

#include <stdio.h>

enum {
    NAME_MAX_CHARS = 200,
    ID_MAX_CHARS = 32,
    TOKEN_MAX_CHARS = 2000,
    SECRET_MAX_CHARS = 200,
    URL_MAX_CHARS = 2048,
    RATE_DEFAULT = 80,
    RATE_MAX = 100 * 1000,
    SEALED_MAX = 64 * 1024,
};

/* A request while it is read: the row and the secrets it will have. */
struct draft {
    struct store_channel channel;
    struct channel_access access;
    struct channel_settings settings;
    bool is_new;
    bool has_paused, paused;
    bool make_default;
    struct arena *arena;
};

static bool is_decimal(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size > 0;
}

/* Visible ASCII without spaces: it goes into a header. */
static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static void read_id(struct json_reader *reader, const char *name, struct text *id)
{
    struct text text;
    if (!json_reader_text(reader, name, 1, ID_MAX_CHARS, &text)) {
        return;
    }
    if (is_decimal(text)) {
        *id = text;
    } else {
        json_reader_fail(reader, name, "invalid_format",
                         "must be the number Meta shows, digits "
                         "only");
    }
}

static bool read_secret(struct json_reader *reader, const char *name, size_t max,
                        struct text *secret)
{
    struct text text;
    if (!json_reader_text(reader, name, 1, max, &text)) {
        return false;
    }
    if (!is_token(text)) {
        json_reader_fail(reader, name, "invalid_format", "must have no spaces or special letters");
        return false;
    }
    *secret = text;
    return true;
}

static struct text url_host(struct text url)
{
    size_t at;
    struct text rest = {0};
    if (text_find_text(url, TEXT("://"), &at)) {
        rest = text_skip(url, at + 3);
    }
    if (text_starts_with(rest, TEXT("["))) {
        return text_find(rest, ']', &at) ? text_head(rest, at + 1) : (struct text){0};
    }
    for (at = 0; at < rest.size && rest.data[at] != '/' && rest.data[at] != ':'; at++) {
    }
    return text_head(rest, at);
}

static bool is_ipv4_loopback(struct text host)
{
    struct text part;
    int64_t value = 0;
    int parts = 0;
    while (text_next(&host, '.', &part)) {
        if (!text_to_int64(part, &value) || value < 0 || value > 255 || part.size > 3 ||
            (parts == 0 && value != 127)) {
            return false;
        }
        parts++;
    }
    return parts == 4;
}

bool channel_url_is_loopback(struct text url)
{
    struct text host = url_host(url);
    return text_equal_ignore_case(host, TEXT("localhost")) || text_equal(host, TEXT("[::1]")) ||
           is_ipv4_loopback(host);
}

/* https anywhere, http on this machine only; a host, an optional port and path, nothing else. */
static bool url_is_good(struct text url)
{
    bool secure = text_starts_with(url, TEXT("https://"));
    if (!secure && !(text_starts_with(url, TEXT("http://")) && channel_url_is_loopback(url))) {
        return false;
    }
    for (size_t i = 0; i < url.size; i++) {
        char c = url.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_' || c == ':' || c == '/' || c == '[' ||
                     c == ']';
        if (!plain) {
            return false;
        }
    }
    return url_host(url).size > 0;
}

static void read_url(struct json_reader *reader, struct draft *draft)
{
    struct text url;
    if (!json_reader_text(reader, "base_url", 1, URL_MAX_CHARS, &url)) {
        return;
    }
    while (text_ends_with(url, TEXT("/"))) {
        url = text_head(url, url.size - 1);
    }
    if (!url_is_good(url)) {
        json_reader_fail(reader, "base_url", "invalid_format",
                         "must start with https://, or with http:// for this machine itself, and "
                         "have no user, question mark or fragment");
        return;
    }
    draft->settings.base_url = url;
}

static bool version_is_good(struct text version)
{
    int64_t major = 0;
    int64_t minor = 0;
    struct text rest = version;
    struct text part;
    if (!text_starts_with(rest, TEXT("v"))) {
        return false;
    }
    rest = text_skip(rest, 1);
    return text_next(&rest, '.', &part) && part.size <= 3 && is_decimal(part) &&
           text_to_int64(part, &major) && rest.size <= 2 && is_decimal(rest) &&
           text_to_int64(rest, &minor);
}

static void read_version(struct json_reader *reader, struct draft *draft)
{
    struct text version;
    if (!json_reader_text(reader, "api_version", 1, 16, &version)) {
        return;
    }
    if (version_is_good(version)) {
        draft->settings.api_version = version;
    } else {
        json_reader_fail(reader, "api_version", "invalid_format", "must look like v25.0");
    }
}

static void read_limits(struct json_reader *reader, struct draft *draft)
{
    static const struct json_choice POLICIES[] = {
        {"auto", 0}, {"never", 1}, {"resend", 2}, {"hold", 3}};
    int policy = 0;
    (void)json_reader_int64(reader, "messages_per_second", 1, RATE_MAX,
                            &draft->channel.rate_per_second);
    if (json_reader_is_null(reader, "daily_limit")) {
        json_reader_ignore(reader, "daily_limit");
        draft->channel.tier_limit = 0;
    } else {
        (void)json_reader_int64(reader, "daily_limit", 1, INT32_MAX, &draft->channel.tier_limit);
    }
    if (json_reader_choice(reader, "doubt_policy", POLICIES, ARRAY_SIZE(POLICIES), &policy)) {
        draft->settings.doubt_policy =
            policy == 0 ? (struct text){0} : text_from(POLICIES[policy].name);
    }
}

static void read_secrets(struct json_reader *reader, struct draft *draft)
{
    struct provider_channel *channel = &draft->access.channel;
    struct text app_secret;
    (void)read_secret(reader, "access_token", TOKEN_MAX_CHARS, &channel->access_token);
    (void)read_secret(reader, "verify_token", SECRET_MAX_CHARS, &draft->access.verify_token);
    if (read_secret(reader, "app_secret", SECRET_MAX_CHARS, &app_secret) &&
        !text_equal(app_secret, channel->app_secret)) {
        /* Webhooks signed with the old one are still on their way. */
        channel->previous_app_secret = channel->app_secret;
        channel->app_secret = app_secret;
    }
}

static void read_common(struct json_reader *reader, struct draft *draft)
{
    struct text name;
    if (json_reader_text(reader, "name", 1, NAME_MAX_CHARS, &name)) {
        draft->channel.name = text_trim(name);
        if (draft->channel.name.size == 0) {
            json_reader_fail(reader, "name", "too_short", "must not be blank");
        }
    }
    read_id(reader, "phone_number_id", &draft->channel.sender_id);
    read_id(reader, "waba_id", &draft->channel.account_id);
    read_secrets(reader, draft);
    read_url(reader, draft);
    read_version(reader, draft);
    read_limits(reader, draft);
}

static enum error_code save(struct work *work, const struct service *service, struct draft *draft,
                            struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    buffer_init(&sealed, SEALED_MAX);
    channel_access_seal(service->master_key, draft->channel.id, &draft->access, &sealed);
    draft->channel.secrets = buffer_text(&sealed);
    draft->channel.settings = channel_settings_write(&draft->settings, work->arena);
    enum error_code code = store_channel_update(work, &draft->channel, error);
    if (code == ERROR_CONFLICT) {
        return error_set(error, ERROR_CONFLICT, "another channel has this phone number id");
    }
    return code;
}

/* Nobody types the simulator's credentials. */
static void fill_simulator(const struct service *service, struct draft *draft)
{
    char *secret = arena_alloc(draft->arena, CHANNELS_SIMULATOR_SECRET_MAX);
    channels_simulator_secret(service, secret);
    if (draft->channel.sender_id.size == 0) {
        draft->channel.sender_id = arena_format(
            draft->arena, "1%09llu", (unsigned long long)(crypto_random_u64() % 1000000000U));
    }
    if (draft->channel.account_id.size == 0) {
        draft->channel.account_id = TEXT("2000000001");
    }
    if (draft->access.channel.access_token.size == 0) {
        draft->access.channel.access_token = TEXT("simulator");
    }
    draft->access.channel.app_secret = text_from(secret);
    draft->settings.base_url = text_from(service->simulator.base_url);
}

static void require_cloud(struct json_reader *reader)
{
    static const char *const FIELDS[] = {"phone_number_id", "access_token", "app_secret",
                                         "verify_token"};
    for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
        (void)json_reader_required(reader, FIELDS[i]);
    }
}

static enum error_code read_new(const struct service *service, const struct json *body,
                                struct draft *draft, struct error *error)
{
    static const struct json_choice PROVIDERS[] = {{"cloud", PROVIDER_CLOUD},
                                                   {"simulator", PROVIDER_SIMULATOR}};
    struct json_reader reader;
    int kind = PROVIDER_CLOUD;
    json_reader_open(&reader, body, NULL, error);
    (void)json_reader_required(&reader, "name");
    bool known = json_reader_required(&reader, "provider") &&
                 json_reader_choice(&reader, "provider", PROVIDERS, ARRAY_SIZE(PROVIDERS), &kind);
    draft->access.kind = (enum provider_kind)kind;
    draft->channel.provider = text_from(provider_kind_to_text(draft->access.kind));
    read_common(&reader, draft);
    if (known && draft->access.kind == PROVIDER_CLOUD) {
        require_cloud(&reader);
    }
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    if (draft->access.kind == PROVIDER_SIMULATOR) {
        if (service->simulator.base_url == NULL) {
            return error_field(error, "provider", "invalid_choice",
                               "the simulator does not run; start the server with it, or take "
                               "\"cloud\" with the address of a simulator elsewhere");
        }
        fill_simulator(service, draft);
    }
    return OK;
}

/* The first channel, and the first real number beside the simulator's. */
static bool should_be_default(const struct store_channel *channel,
                              const struct store_channel *others, size_t count)
{
    bool real = !text_equal(channel->provider, TEXT("simulator"));
    bool simulator_is_default = false;
    for (size_t i = 0; i < count; i++) {
        simulator_is_default =
            simulator_is_default ||
            (others[i].is_default && text_equal(others[i].provider, TEXT("simulator")));
    }
    return count == 0 || (real && simulator_is_default);
}

enum error_code channels_create(struct work *work, const struct service *service,
                                const struct json *body, int64_t *ret_id, struct error *error)
{
    struct draft draft = {
        .channel = {.rate_per_second = RATE_DEFAULT, .settings = TEXT("{}")},
        .is_new = true,
        .arena = work->arena,
    };
    struct store_channel *others = NULL;
    size_t count = 0;
    enum error_code code = read_new(service, body, &draft, error);
    if (code == OK) {
        code = store_channel_list(work, &others, &count, error);
    }
    if (code != OK) {
        return code;
    }
    bool becomes_default = should_be_default(&draft.channel, others, count);
    code = store_channel_insert(work, &draft.channel, error);
    if (code == ERROR_CONFLICT) {
        return error_set(error, ERROR_CONFLICT, "another channel has this phone number id");
    }
    if (code == OK) {
        code = save(work, service, &draft, error);
    }
    if (code == OK && becomes_default) {
        code = store_channel_make_default(work, draft.channel.id, error);
    }
    if (code == OK) {
        code = channel_changed(work, draft.channel.id, "channel.create", error);
    }
    if (code == OK) {
        *ret_id = draft.channel.id;
    }
    return code;
}

static enum error_code switch_state(struct work *work, const struct draft *draft,
                                    struct error *error)
{
    const struct store_channel *channel = &draft->channel;
    enum error_code code = OK;
    if (draft->make_default && !channel->is_default) {
        code = store_channel_make_default(work, channel->id, error);
    }
    if (code == OK && draft->has_paused && draft->paused && channel->state != CHANNEL_PAUSED) {
        code = store_channel_set_state(work, channel->id, CHANNEL_PAUSED, TEXT("paused"), error);
    }
    /* "paused": false also releases what the breaker holds: a person says that it is repaired. */
    if (code == OK && draft->has_paused && !draft->paused && channel->state != CHANNEL_READY) {
        code = store_channel_set_state(work, channel->id, CHANNEL_READY, (struct text){0}, error);
    }
    return code;
}

enum error_code channels_update(struct work *work, const struct service *service, int64_t id,
                                const struct json *body, struct error *error)
{
    struct draft draft = {.arena = work->arena};
    struct json_reader reader;
    enum error_code code = channel_find(work, id, &draft.channel, error);
    if (code == OK) {
        code = channel_unseal(work, service, &draft.channel, &draft.access, error);
        /* Sealed with another key: the way out is to give the secrets anew. */
        if (code == ERROR_DENIED &&
            provider_kind_from_text(draft.channel.provider, &draft.access.kind)) {
            error_clear(error);
            code = OK;
        }
    }
    if (code != OK) {
        return code;
    }
    channel_settings_read(draft.channel.settings, work->arena, &draft.settings);
    json_reader_open(&reader, body, NULL, error);
    read_common(&reader, &draft);
    draft.has_paused = json_reader_bool(&reader, "paused", &draft.paused);
    (void)json_reader_bool(&reader, "default", &draft.make_default);
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    code = save(work, service, &draft, error);
    if (code == OK) {
        code = switch_state(work, &draft, error);
    }
    return code == OK ? channel_changed(work, id, "channel.update", error) : code;
}

enum error_code channels_remove(struct work *work, const struct service *service, int64_t id,
                                struct error *error)
{
    (void)service;
    struct store_channel channel;
    int64_t count = 0;
    enum error_code code = channel_find(work, id, &channel, error);
    if (code == OK) {
        code = store_channel_sequences(work, id, channel.is_default, &count, error);
    }
    if (code == OK && count > 0) {
        return error_set(error, ERROR_CONFLICT,
                         "%lld active %s by this channel; pause or archive them first",
                         (long long)count, count == 1 ? "sequence sends" : "sequences send");
    }
    if (code == OK) {
        code = store_channel_remove(work, id, error);
    }
    return code == OK ? channel_changed(work, id, "channel.remove", error) : code;
}
