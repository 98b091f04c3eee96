/* The master key, which seals the credentials in the database: read from where the owner keeps it,
 * or made in the data directory at the first start. The database holds a word sealed with it, so
 * that a server with another key stops at once, and does not run without its channels and seal what
 * comes next so that nobody can open all of it. */
#include "cli/serve_parts.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "delivery/channel_access.h"
#include "store/store_channel.h"
#include "store/store_setting.h"

enum { KEY_FILE_MAX = 4096, SEALED_WORD_MAX = 128 };

#define CHECK_SETTING "master_key_check"
#define CHECK_CONTEXT "master key check"
#define CHECK_WORD "dripline"

static enum error_code read_key(const char *path, struct secret **ret_key, struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    uint8_t bytes[CRYPTO_KEY_SIZE];
    enum error_code code = file_read(path, KEY_FILE_MAX, &data, &size, error);
    if (code != OK) {
        return error_prefix(error, "master key \"%s\"", path);
    }
    struct text text = text_trim(text_make(data, size));
    if (size == CRYPTO_KEY_SIZE) {
        *ret_key = secret_new(text_make(data, size));
    } else if (crypto_unhex(text, bytes, sizeof(bytes))) {
        *ret_key = secret_new(text_make((const char *)bytes, sizeof(bytes)));
    } else {
        code = error_set(error, ERROR_INVALID,
                         "the master key \"%s\" must be 32 bytes or 64 hexadecimal digits", path);
    }
    crypto_wipe(bytes, sizeof(bytes));
    crypto_wipe(data, size);
    mem_free(data);
    return code;
}

enum error_code serve_master_key(const char *data_directory, const char *path,
                                 struct secret **ret_key, struct error *error)
{
    if (path[0] != '\0') {
        return read_key(path, ret_key, error);
    }
    CLEANUP(mem_free_char) char *own = file_join(data_directory, "master.key");
    if (!file_exists(own)) {
        uint8_t bytes[CRYPTO_KEY_SIZE];
        char hex[2 * CRYPTO_KEY_SIZE + 2];
        crypto_random(bytes, sizeof(bytes));
        crypto_hex(bytes, sizeof(bytes), hex);
        hex[sizeof(hex) - 2] = '\n';
        enum error_code code = file_create(own, text_make(hex, sizeof(hex) - 1), 0400, error);
        crypto_wipe(bytes, sizeof(bytes));
        crypto_wipe(hex, sizeof(hex));
        if (code != OK) {
            return code;
        }
    }
    return read_key(own, ret_key, error);
}

/* ---- is it the key of this database? ---- */

static enum error_code refuse_key(struct error *error)
{
    return error_set(error, ERROR_DENIED,
                     "the master key is not the one that sealed the credentials in this database; "
                     "give the right one by --master-key-file");
}

static enum error_code write_word(struct work *work, struct text key, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    CLEANUP_IN_PLACE(buffer_done) struct buffer value;
    char base64[2 * SEALED_WORD_MAX];
    struct json_writer writer;
    buffer_init(&sealed, SEALED_WORD_MAX);
    buffer_init(&value, sizeof(base64) + 2);
    crypto_seal(key, TEXT(CHECK_CONTEXT), TEXT(CHECK_WORD), &sealed);
    (void)crypto_base64url(sealed.data, sealed.size, base64);
    json_writer_init(&writer, &value);
    json_put_chars(&writer, base64);
    return store_setting_put(work, TEXT(CHECK_SETTING), buffer_text(&value), error);
}

static enum error_code read_word(struct text key, struct text value, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    CLEANUP(secret_free) struct secret *plain = NULL;
    struct text base64 = {0};
    uint8_t sealed[SEALED_WORD_MAX];
    size_t size = 0;
    struct error found = {0};
    bool good = json_parse(value, NULL, &json, &found) == OK && json_text(json, &base64) &&
                crypto_unbase64url(base64, sealed, sizeof(sealed), &size) &&
                crypto_open(key, TEXT(CHECK_CONTEXT), text_make((const char *)sealed, size), &plain,
                            &found) == OK &&
                secret_equal(plain, TEXT(CHECK_WORD));
    return good ? OK : refuse_key(error);
}

/* A database from before the sealed word: its channels tell. */
static enum error_code try_channels(struct work *work, struct text key, struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct channel_access access;
        struct error found = {0};
        if (channels[i].secrets.size > 0 &&
            channel_access_open(key, channels[i].id, channels[i].provider, channels[i].sender_id,
                                channels[i].account_id, channels[i].settings, channels[i].secrets,
                                work->arena, &access, &found) == ERROR_DENIED) {
            code = refuse_key(error);
        }
    }
    return code;
}

static enum error_code check_key(struct work *work, void *context, struct error *error)
{
    const struct text *key = context;
    struct text value = {0};
    bool found = false;
    enum error_code code = store_setting_get(work, TEXT(CHECK_SETTING), &value, &found, error);
    if (code == OK && found) {
        return read_word(*key, value, error);
    }
    if (code == OK) {
        code = try_channels(work, *key, error);
    }
    return code == OK ? write_word(work, *key, error) : code;
}

enum error_code serve_check_master_key(struct store *store, struct text key, struct error *error)
{
    return writer_do(store_writer(store), check_key, &key, error);
}
