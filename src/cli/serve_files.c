/* What `serve` needs on disk beside the database: the directory of uploads, and the last moment
 * that the database knows of. The master key stands in serve_key.c. */
#include "cli/serve_parts.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/store_event.h"
#include "store/store_instance.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

/* Uploads of the HTTP server and tables for download are named so; files that batches still read
 * have other names. */
enum error_code serve_clean_spool(const char *directory, struct error *error)
{
    enum error_code code = file_make_directory(directory, 0700, error);
    if (code != OK) {
        return code;
    }
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strncmp(entry->d_name, "upload-", 7) == 0 ||
            strncmp(entry->d_name, "answer-", 7) == 0) {
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
