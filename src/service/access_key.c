/* API keys: the secret is random, shown once, and kept only as its hash. */
#include "service/access.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "store/store_event.h"

#include <stdio.h>

enum { KEY_PREFIX_CHARS = 8, TOUCH_INTERVAL_MS = 60 * 1000 };

unsigned access_scopes_closed(unsigned scopes)
{
    if ((scopes & SCOPE_ADMIN) != 0) {
        return SCOPE_ALL;
    }
    if ((scopes & SCOPE_WRITE) != 0) {
        return scopes | SCOPE_ENROLL | SCOPE_READ;
    }
    return scopes;
}

static struct text secret_hash(struct work *work, struct text secret)
{
    uint8_t *hash = arena_alloc(work->arena, CRYPTO_SHA256_SIZE);
    crypto_sha256(secret, hash);
    return text_make((const char *)hash, CRYPTO_SHA256_SIZE);
}

enum error_code access_keys(struct work *work, struct store_key **ret_keys, size_t *ret_count,
                            struct error *error)
{
    return store_key_list(work, ret_keys, ret_count, error);
}

enum error_code access_key_find(struct work *work, int64_t id, struct store_key *ret_key,
                                bool *ret_found, struct error *error)
{
    return store_key_get(work, id, ret_key, ret_found, error);
}

static enum error_code note_key(struct work *work, const char *action, int64_t id,
                                struct error *error)
{
    char object[ID_TEXT_MAX];
    enum error_code code = store_audit_add(work, action, text_from(id_format(ID_KEY, id, object)),
                                           (struct text){0}, error);
    if (code == OK) {
        struct store_event event = {.type = TEXT("key.updated")};
        code = store_event_add(work, &event, error);
    }
    return code;
}

bool access_origin_valid(struct text origin)
{
    struct text rest = origin;
    bool secure = text_starts_with(origin, TEXT("https://"));
    if (!secure && !text_starts_with(origin, TEXT("http://"))) {
        return false;
    }
    rest = text_skip(rest, secure ? 8 : 7);
    struct text host = {0};
    (void)text_next(&rest, ':', &host);
    int64_t port = 0;
    if (rest.data != NULL && (!text_to_int64(rest, &port) || rest.data[0] == '0' || port < 1 ||
                              port > 65535 || port == (secure ? 443 : 80))) {
        return false;
    }
    for (size_t i = 0; i < host.size; i++) {
        char byte = host.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        if (!letter && byte != '-' && byte != '.') {
            return false;
        }
    }
    return host.size > 0 && origin.size <= ACCESS_ORIGIN_MAX && host.data[0] != '.' &&
           host.data[host.size - 1] != '.';
}

bool access_key_allows_sequence(const struct store_key *key, int64_t sequence_id)
{
    CLEANUP(json_free) struct json *list = NULL;
    struct error ignored = {0};
    bool allowed = false;
    if (json_parse(key->sequences, NULL, &list, &ignored) != OK) {
        return false;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        int64_t id = 0;
        allowed = allowed || (json_int64(json_at(list, i), &id) && id == sequence_id);
    }
    return allowed;
}

bool access_key_allows_origin(const struct store_key *key, struct text origin)
{
    CLEANUP(json_free) struct json *list = NULL;
    struct error ignored = {0};
    bool allowed = false;
    if (json_parse(key->origins, NULL, &list, &ignored) != OK) {
        return false;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        struct text known = {0};
        allowed = allowed || (json_text(json_at(list, i), &known) && text_equal(known, origin));
    }
    return allowed;
}

static void list_rights(struct work *work, const struct access_key_input *input,
                        struct store_key *key)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, 64 * 1024);
    json_writer_init(&writer, &buffer);
    json_array_begin(&writer);
    for (size_t i = 0; i < input->sequence_count; i++) {
        json_put_int64(&writer, input->sequences[i]);
    }
    json_array_end(&writer);
    key->sequences = arena_text(work->arena, buffer_text(&buffer));
    buffer_clear(&buffer);
    json_writer_init(&writer, &buffer);
    json_array_begin(&writer);
    for (size_t i = 0; i < input->origin_count; i++) {
        json_put_text(&writer, input->origins[i]);
    }
    json_array_end(&writer);
    key->origins = arena_text(work->arena, buffer_text(&buffer));
}

enum error_code access_key_create(struct work *work, const struct access_key_input *input,
                                  struct store_key *ret_key, char secret[ACCESS_TOKEN_MAX],
                                  struct error *error)
{
    char random[ACCESS_TOKEN_MAX];
    crypto_random_token(random, ACCESS_TOKEN_CHARS);
    (void)snprintf(secret, ACCESS_TOKEN_MAX, "%s_%s", input->publishable ? "pk" : "sk", random);
    struct store_key key = {
        .name = input->name,
        .prefix = arena_text(work->arena, text_make(secret, KEY_PREFIX_CHARS)),
        .hash = secret_hash(work, text_from(secret)),
        .publishable = input->publishable,
        .scopes = input->publishable ? 0 : input->scopes,
        .created_at_ms = work->now_ms,
        .expires_at_ms = input->expires_at_ms,
    };
    list_rights(work, input, &key);
    enum error_code code = store_key_add(work, &key, &key.id, error);
    if (code == OK) {
        code = note_key(work, "key.create", key.id, error);
    }
    if (code == OK) {
        *ret_key = key;
    }
    return code;
}

enum error_code access_key_revoke(struct work *work, int64_t id, struct error *error)
{
    bool found = false;
    enum error_code code = store_key_revoke(work, id, &found, error);
    if (code == OK && !found) {
        char text[ID_TEXT_MAX];
        return error_set(error, ERROR_NOT_FOUND, "key \"%s\" does not exist",
                         id_format(ID_KEY, id, text));
    }
    return code == OK ? note_key(work, "key.revoke", id, error) : code;
}

static bool has_expired(const struct work *work, const struct store_key *key)
{
    return key->expires_at_ms != 0 && key->expires_at_ms <= work->now_ms;
}

enum error_code access_by_key(struct work *work, struct text secret, bool *ret_touch,
                              struct error *error)
{
    struct store_key key = {0};
    bool found = false;
    enum error_code code = store_key_find(work, secret_hash(work, secret), &key, &found, error);
    if (code != OK) {
        return code;
    }
    if (!found || key.publishable || has_expired(work, &key)) {
        return error_set(error, ERROR_UNAUTHENTICATED,
                         "this API key is unknown, revoked or expired");
    }
    work->actor.kind = ACTOR_KEY;
    work->actor.id = key.id;
    work->actor.scopes = access_scopes_closed(key.scopes);
    work->actor.name = arena_format(work->arena, "key %.*s", TEXT_ARGS(key.name));
    *ret_touch = key.last_used_at_ms + TOUCH_INTERVAL_MS <= work->now_ms;
    return OK;
}

enum error_code access_by_publishable_key(struct work *work, struct text secret,
                                          struct store_key *ret_key, struct error *error)
{
    struct store_key key = {0};
    bool found = false;
    enum error_code code = store_key_find(work, secret_hash(work, secret), &key, &found, error);
    if (code == OK && (!found || !key.publishable || has_expired(work, &key))) {
        return error_set(error, ERROR_UNAUTHENTICATED,
                         "this publishable key is unknown, revoked or expired");
    }
    if (code == OK) {
        work->actor.kind = ACTOR_PUBLIC;
        work->actor.id = key.id;
        work->actor.scopes = 0;
        work->actor.name = arena_format(work->arena, "key %.*s", TEXT_ARGS(key.name));
        *ret_key = key;
    }
    return code;
}
