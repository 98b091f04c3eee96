/* What `serve` needs on disk beside the database: the master key, the directory of uploads, and the
 * last moment that the database knows of. */
#include "cli/serve_parts.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/store_event.h"
#include "store/store_instance.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096 };

/* ---- files ---- */

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

/* Uploads of the HTTP server are named so; files that batches still read have other names. */
enum error_code serve_clean_spool(const char *directory, struct error *error)
{
    enum error_code code = file_make_directory(directory, 0700, error);
    if (code != OK) {
        return code;
    }
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strncmp(entry->d_name, "upload-", 7) == 0) {
            CLEANUP(mem_free_char) char *path = file_join(directory, entry->d_name);
            (void)unlink(path);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    return OK;
}

/* A process that was killed could not say when: its events do. */
static enum error_code find_last_event(struct work *work, int64_t *last_ms, struct error *error)
{
    struct store_event *events = NULL;
    size_t count = 0;
    int64_t newest = 0;
    enum error_code code = store_event_newest(work, &newest, error);
    if (code == OK) {
        code = store_event_list(work, newest - 1, 1, &events, &count, error);
    }
    if (code == OK && count > 0 && events[0].at_ms > *last_ms) {
        *last_ms = events[0].at_ms;
    }
    return code;
}

static enum error_code find_last_moment(struct work *work, void *context, struct error *error)
{
    int64_t *last_ms = context;
    struct store_instance instance = {0};
    int64_t newest = 0;
    bool found = false;
    enum error_code code = store_instance_newest(work, &newest, error);
    if (code == OK) {
        code = store_instance_before(work, newest, &instance, &found, error);
    }
    if (code == OK && found) {
        *last_ms = instance.beat_at_ms > instance.stopped_at_ms ? instance.beat_at_ms
                                                                : instance.stopped_at_ms;
    }
    return code == OK ? find_last_event(work, last_ms, error) : code;
}

enum error_code serve_last_moment(struct store *store, int64_t *ret_ms, struct error *error)
{
    return writer_do(store_writer(store), find_last_moment, ret_ms, error);
}

int64_t serve_wall_ms(void)
{
    struct clock *clock = clock_new_system();
    int64_t now_ms = clock_now_ms(clock);
    clock_free(clock);
    return now_ms;
}
