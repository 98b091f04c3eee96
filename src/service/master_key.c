/* Which key is the right one, and how it is changed: see master_key.h. */
#include "service/master_key.h"

#include "base/buffer.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "delivery/channel_access.h"
#include "delivery/mail_settings.h"
#include "delivery/webhook_payload.h"
#include "service/access_factor.h"
#include "store/store_access.h"
#include "store/store_sealed.h"
#include "store/store_setting.h"

enum { SETTING_SEALED_MAX = 128, SEALED_MAX = 32 * 1024, VALUE_MAX = 4096 };

/* ---- sealed settings of our own ---- */

struct sealed_setting {
    const char *name;
    const char *context;
};
static const struct sealed_setting CHECK_WORD = {"master_key_check", "master key check"};
static const struct sealed_setting HASH_KEY = {"hash_key", "hash key"};
#define WORD TEXT("dripline")

static enum error_code put_sealed(struct work *work, const struct sealed_setting *setting,
                                  struct text key, struct text plain, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    char base64[2 * SETTING_SEALED_MAX];
    struct json_writer writer;
    buffer_init(&sealed, SETTING_SEALED_MAX);
    buffer_init(&value, sizeof(base64) + 2);
    crypto_seal(key, text_from(setting->context), plain, &sealed);
    (void)crypto_base64url(sealed.data, sealed.size, base64);
    json_writer_init(&writer, &value);
    json_put_chars(&writer, base64);
    return store_setting_put(work, text_from(setting->name), buffer_text(&value), error);
}

/* `ret_plain` NULL: the key does not open it. */
static enum error_code get_sealed(struct work *work, const struct sealed_setting *setting,
                                  struct text key, bool *ret_found, struct secret **ret_plain,
                                  struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct secret *plain = NULL;
    struct text value = {0};
    struct text base64 = {0};
    uint8_t sealed[SETTING_SEALED_MAX];
    size_t size = 0;
    struct error closed = {0};
    enum error_code code =
        store_setting_get(work, text_from(setting->name), &value, ret_found, error);
    bool opened = code == OK && *ret_found && key.size == CRYPTO_KEY_SIZE &&
                  json_parse(value, NULL, &json, &closed) == OK && json_text(json, &base64) &&
                  crypto_unbase64url(base64, sealed, sizeof(sealed), &size) &&
                  crypto_open(key, text_from(setting->context),
                              text_make((const char *)sealed, size), &plain, &closed) == OK;
    if (code == OK) {
        *ret_plain = opened ? plain : NULL;
    }
    return code;
}

/* ---- is it the key of this database? ---- */

struct trial {
    struct text key;
    enum master_key_verdict verdict;
};

/* A database from before the sealed word: its channels tell. */
static enum error_code try_channels(struct work *work, struct trial *trial, struct error *error)
{
    struct store_sealed *rows = NULL;
    size_t count = 0;
    enum error_code code = store_sealed_list(work, STORE_SEALED_CHANNEL, &rows, &count, error);
    trial->verdict = MASTER_KEY_FIRST;
    for (size_t i = 0; code == OK && i < count && trial->verdict != MASTER_KEY_WRONG; i++) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer again;
        struct error closed = {0};
        buffer_init(&again, SEALED_MAX);
        bool opens = trial->key.size == CRYPTO_KEY_SIZE &&
                     channel_access_reseal(trial->key, trial->key, rows[i].id, rows[i].bytes,
                                           &again, &closed) == OK;
        trial->verdict = opens ? MASTER_KEY_FITS : MASTER_KEY_WRONG;
    }
    return code;
}

static enum error_code try_key(struct work *work, void *context, struct error *error)
{
    struct trial *trial = context;
    CLEANUP(secret_free) struct secret *word = NULL;
    bool found = false;
    enum error_code code = get_sealed(work, &CHECK_WORD, trial->key, &found, &word, error);
    if (code == OK && !found) {
        return try_channels(work, trial, error);
    }
    trial->verdict = word != NULL && secret_equal(word, WORD) ? MASTER_KEY_FITS : MASTER_KEY_WRONG;
    return code;
}

enum error_code master_key_try(struct store *store, struct text key,
                               enum master_key_verdict *ret_verdict, struct error *error)
{
    struct trial trial = {.key = key};
    enum error_code code = writer_do(store_writer(store), try_key, &trial, error);
    if (code == OK) {
        *ret_verdict = trial.verdict;
    }
    return code;
}

static enum error_code keep_key(struct work *work, void *context, struct error *error)
{
    const struct text *key = context;
    CLEANUP(secret_free) struct secret *word = NULL;
    bool found = false;
    enum error_code code = get_sealed(work, &CHECK_WORD, *key, &found, &word, error);
    return code == OK && !found ? put_sealed(work, &CHECK_WORD, *key, WORD, error) : code;
}

enum error_code master_key_keep(struct store *store, struct text key, struct error *error)
{
    return writer_do(store_writer(store), keep_key, &key, error);
}

/* ---- the hash key ---- */

static enum error_code read_hash_key(struct work *work, struct text key,
                                     struct secret **ret_hash_key, struct error *error)
{
    CLEANUP(secret_free) struct secret *kept = NULL;
    bool found = false;
    enum error_code code = get_sealed(work, &HASH_KEY, key, &found, &kept, error);
    if (code == OK && found && (kept == NULL || secret_text(kept).size != CRYPTO_KEY_SIZE)) {
        code = error_set(error, ERROR_DENIED,
                         "the master key does not open the key that opt-outs are kept by");
    }
    if (code == OK) {
        *ret_hash_key = found ? TAKE(kept) : secret_new(key);
    }
    return code;
}

struct hash_key_read {
    struct text key;
    struct secret *hash_key;
};

static enum error_code run_read_hash_key(struct work *work, void *context, struct error *error)
{
    struct hash_key_read *read = context;
    return read_hash_key(work, read->key, &read->hash_key, error);
}

enum error_code master_key_hash_key(struct store *store, struct text key,
                                    struct secret **ret_hash_key, struct error *error)
{
    struct hash_key_read read = {.key = key};
    enum error_code code = writer_do(store_writer(store), run_read_hash_key, &read, error);
    if (code == OK) {
        *ret_hash_key = read.hash_key;
    }
    return code;
}

/* ---- changing the key ---- */

typedef enum error_code reseal_fn(struct text old_key, struct text new_key, int64_t id,
                                  struct text sealed, struct buffer *out, struct error *error);

static reseal_fn *const RESEAL[STORE_SEALED_KINDS] = {
    [STORE_SEALED_CHANNEL] = channel_access_reseal,
    [STORE_SEALED_WEBHOOK] = webhook_secrets_reseal,
    [STORE_SEALED_SECOND_FACTOR] = access_factor_reseal,
};

static enum error_code change_rows(struct work *work, enum store_sealed_kind kind,
                                   struct master_key_change *change, struct error *error)
{
    struct store_sealed *rows = NULL;
    size_t count = 0;
    enum error_code code = store_sealed_list(work, kind, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
        struct error closed = {0};
        buffer_init(&sealed, SEALED_MAX);
        if (RESEAL[kind](change->old_key, change->new_key, rows[i].id, rows[i].bytes, &sealed,
                         &closed) != OK) {
            change->ret_left++;
            continue;
        }
        code = store_sealed_put(work, kind, rows[i].id, buffer_text(&sealed), error);
        change->ret_sealed++;
    }
    return code;
}

static enum error_code change_mail_password(struct work *work, struct master_key_change *change,
                                            struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    struct mail_settings settings;
    struct error closed = {0};
    buffer_init(&value, VALUE_MAX);
    enum error_code code = mail_settings_read(work, change->old_key, &settings, &closed);
    if (code == ERROR_DENIED) {
        change->ret_left++;
        return OK;
    }
    if (code != OK) {
        *error = closed;
        return code;
    }
    if (!settings.password_set) {
        return OK;
    }
    mail_password_seal(change->new_key, settings.host, settings.password, &value);
    change->ret_sealed++;
    return store_setting_put(work, TEXT(MAIL_PASSWORD_KEY), buffer_text(&value), error);
}

static enum error_code note(struct work *work, const struct master_key_change *change,
                            struct error *error)
{
    struct text detail = arena_format(work->arena, "{\"sealed\":%lld,\"left\":%lld}",
                                      (long long)change->ret_sealed, (long long)change->ret_left);
    return store_audit_add(work, "master_key.change", (struct text){0}, detail, error);
}

enum error_code master_key_change(struct work *work, struct master_key_change *change,
                                  struct error *error)
{
    CLEANUP(secret_free) struct secret *hash_key = NULL;
    enum error_code code = read_hash_key(work, change->old_key, &hash_key, error);
    for (int kind = 0; code == OK && kind < STORE_SEALED_KINDS; kind++) {
        code = change_rows(work, (enum store_sealed_kind)kind, change, error);
    }
    if (code == OK) {
        code = change_mail_password(work, change, error);
    }
    if (code == OK) {
        code = put_sealed(work, &HASH_KEY, change->new_key, secret_text(hash_key), error);
    }
    if (code == OK) {
        code = put_sealed(work, &CHECK_WORD, change->new_key, WORD, error);
    }
    return code == OK ? note(work, change, error) : code;
}
