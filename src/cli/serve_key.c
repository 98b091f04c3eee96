/* The files of the master key: read from where the owner keeps it, or made in the data directory
 * when nothing was sealed yet; and changed, so that a kill at any moment leaves one key that opens
 * the database. Which key is the right one, service/master_key.h knows. */
#include "cli/serve_parts.h"

#include "base/file.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/master_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096 };

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

/* A new key in a file that was not there. */
static enum error_code make_key(const char *path, struct secret **ret_key, struct error *error)
{
    uint8_t bytes[CRYPTO_KEY_SIZE];
    char hex[2 * CRYPTO_KEY_SIZE + 2];
    crypto_random(bytes, sizeof(bytes));
    crypto_hex(bytes, sizeof(bytes), hex);
    hex[sizeof(hex) - 2] = '\n';
    enum error_code code = file_create(path, text_make(hex, sizeof(hex) - 1), 0400, error);
    if (code == OK) {
        *ret_key = secret_new(text_make((const char *)bytes, sizeof(bytes)));
    }
    crypto_wipe(bytes, sizeof(bytes));
    crypto_wipe(hex, sizeof(hex));
    return code;
}

enum error_code serve_key_check(const char *path, struct error *error)
{
    CLEANUP(secret_free) struct secret *key = NULL;
    return read_key(path, &key, error);
}

/* ---- the names in the data directory ---- */

/* "master.key", the one that is used; "master.key.new" from before the change of the database until
 * the names have changed; "master.key.before-…", which old backups need. */
static char *own_path(const char *data_directory)
{
    return file_join(data_directory, "master.key");
}

static char *new_path(const char *data_directory)
{
    return file_join(data_directory, "master.key.new");
}

static char *old_path(const char *data_directory)
{
    char at[INSTANT_TEXT_MAX];
    char name[INSTANT_TEXT_MAX + 32];
    instant_format(serve_wall_ms(), at);
    (void)snprintf(name, sizeof(name), "master.key.before-%s", at);
    return file_join(data_directory, name);
}

static enum error_code rename_key(const char *from, const char *to, struct error *error)
{
    if (rename(from, to) != 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not rename \"%s\" to \"%s\": %s", from,
                         to, strerror(errno));
    }
    return OK;
}

/* The new key takes the place of the old one, which is kept. `ret_old_path` may be NULL. */
static enum error_code put_in_place(const char *data_directory, char **ret_old_path,
                                    struct error *error)
{
    CLEANUP(mem_free_char) char *own = own_path(data_directory);
    CLEANUP(mem_free_char) char *new = new_path(data_directory);
    CLEANUP(mem_free_char) char *old = old_path(data_directory);
    enum error_code code = rename_key(own, old, error);
    if (code == OK && file_exists(new)) {
        code = rename_key(new, own, error);
    }
    if (code == OK) {
        code = file_sync_directory(data_directory, error);
    }
    if (code == OK && ret_old_path != NULL) {
        *ret_old_path = TAKE(old);
    }
    return code;
}

/* ---- opening ---- */

static enum error_code refuse_key(struct error *error)
{
    return error_set(error, ERROR_DENIED,
                     "the master key is not the one that sealed the credentials in this database; "
                     "give the right one by --master-key-file");
}

static enum error_code read_tried(struct store *store, const char *path, struct secret **ret_key,
                                  enum master_key_verdict *ret_verdict, struct error *error)
{
    CLEANUP(secret_free) struct secret *key = NULL;
    enum error_code code = read_key(path, &key, error);
    if (code == OK) {
        code = master_key_try(store, secret_text(key), ret_verdict, error);
    }
    if (code == OK) {
        *ret_key = TAKE(key);
    }
    return code;
}

/* A change of the key that was cut off: either the database has not changed yet, and the new key
 * opens nothing; or it has, and only the names are missing. */
static enum error_code settle_change(struct store *store, const char *data_directory,
                                     struct secret **key, enum master_key_verdict *verdict,
                                     struct error *error)
{
    CLEANUP(mem_free_char) char *new = new_path(data_directory);
    CLEANUP(secret_free) struct secret *next = NULL;
    enum master_key_verdict next_verdict = MASTER_KEY_WRONG;
    struct error unreadable = {0};
    if (!file_exists(new)) {
        return OK;
    }
    enum error_code code = read_tried(store, new, &next, &next_verdict, &unreadable);
    if (code == OK && *verdict == MASTER_KEY_WRONG && next_verdict == MASTER_KEY_FITS) {
        code = put_in_place(data_directory, NULL, error);
        if (code == OK) {
            secret_free(*key);
            *key = TAKE(next);
            *verdict = MASTER_KEY_FITS;
        }
        return code;
    }
    if (*verdict != MASTER_KEY_WRONG && unlink(new) != 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not remove \"%s\": %s", new,
                         strerror(errno));
    }
    return OK;
}

static enum error_code open_own(struct store *store, const char *data_directory,
                                struct secret **key, enum master_key_verdict *verdict,
                                struct error *error)
{
    CLEANUP(mem_free_char) char *own = own_path(data_directory);
    CLEANUP(mem_free_char) char *new = new_path(data_directory);
    enum error_code code = OK;
    if (!file_exists(own) && file_exists(new)) { /* cut off between the two names */
        code = rename_key(new, own, error);
    }
    if (code == OK && file_exists(own)) {
        code = read_tried(store, own, key, verdict, error);
        return code == OK ? settle_change(store, data_directory, key, verdict, error) : code;
    }
    if (code == OK) {
        code = master_key_try(store, (struct text){0}, verdict, error);
    }
    if (code == OK && *verdict != MASTER_KEY_FIRST) {
        return error_set(error, ERROR_DENIED,
                         "the master key, which sealed the credentials in this database, is not "
                         "at \"%s\": put it back, or tell by --master-key-file where it is",
                         own);
    }
    return code == OK ? make_key(own, key, error) : code;
}

enum error_code serve_keys_open(struct store *store, const char *data_directory, const char *path,
                                struct serve_keys *keys, struct error *error)
{
    enum master_key_verdict verdict = MASTER_KEY_WRONG;
    enum error_code code = path[0] != '\0'
                               ? read_tried(store, path, &keys->master, &verdict, error)
                               : open_own(store, data_directory, &keys->master, &verdict, error);
    if (code == OK && verdict == MASTER_KEY_WRONG) {
        code = refuse_key(error);
    }
    return code == OK ? master_key_hash_key(store, secret_text(keys->master), &keys->hash, error)
                      : code;
}

void serve_keys_done(struct serve_keys *keys)
{
    secret_free(keys->master);
    secret_free(keys->hash);
    *keys = (struct serve_keys){0};
}

/* ---- changing ---- */

static enum error_code run_change(struct work *work, void *context, struct error *error)
{
    return master_key_change(work, context, error);
}

static enum error_code change_database(struct store *store, struct text key,
                                       const struct secret *next, struct serve_key_change *change,
                                       struct error *error)
{
    struct master_key_change both = {.old_key = key, .new_key = secret_text(next)};
    enum error_code code = writer_do(store_writer(store), run_change, &both, error);
    change->ret_sealed = both.ret_sealed;
    change->ret_left = both.ret_left;
    return code;
}

enum error_code serve_key_change(struct store *store, const char *data_directory, struct text key,
                                 struct serve_key_change *change, struct error *error)
{
    CLEANUP(secret_free) struct secret *next = NULL;
    CLEANUP(mem_free_char) char *own_new = new_path(data_directory);
    bool ours = change->path[0] == '\0';
    bool stays = change->new_path[0] == '\0';
    const char *target = stays ? own_new : change->new_path;
    if (!ours && stays) {
        return error_set(error, ERROR_INVALID,
                         "the present key is not in the data directory: say by --to where the new "
                         "one goes");
    }
    enum error_code code = make_key(target, &next, error);
    if (code != OK) {
        return code;
    }
    code = change_database(store, key, next, change, error);
    if (code != OK) { /* perhaps it was committed all the same: then the new key must not go */
        enum master_key_verdict verdict = MASTER_KEY_WRONG;
        struct error asked = {0};
        if (master_key_try(store, key, &verdict, &asked) == OK && verdict != MASTER_KEY_WRONG) {
            (void)unlink(target);
        }
        return code;
    }
    return ours ? put_in_place(data_directory, &change->ret_old_path, error) : OK;
}
