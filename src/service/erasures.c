/* The list of erasures: see erasures.h. */
#include "service/erasures.h"

#include "base/file.h"
#include "base/mem.h"
#include "service/contacts.h"
#include "service/transaction.h"
#include "store/store_contact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char FILE_NAME[] = "erasures";
enum { FILE_MAX = 256 * 1024 * 1024, LINE_MAX_CHARS = 48 };

enum error_code erasures_add(const struct service *service, int64_t contact_id, int64_t at_ms,
                             struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(service->data_directory, FILE_NAME);
    char line[LINE_MAX_CHARS];
    bool is_new = !file_exists(path);
    (void)snprintf(line, sizeof(line), "%lld %lld\n", (long long)contact_id, (long long)at_ms);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not write down the erasure: %s",
                         strerror(errno));
    }
    enum error_code code = file_write_all(descriptor, text_from(line), error);
    if (code == OK && fsync(descriptor) < 0) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not write down the erasure: %s",
                         strerror(errno));
    }
    (void)close(descriptor); /* synced above */
    return code == OK && is_new ? file_sync_directory(service->data_directory, error) : code;
}

/* A contact that came after the erasure is somebody else, or the same person who came back. */
static enum error_code forget_one(struct work *work, const struct service *service, int64_t id,
                                  int64_t at_ms, struct error *error)
{
    struct store_contact contact;
    bool found = false;
    enum error_code code = store_contact_get(work, id, &contact, &found, error);
    if (code != OK || !found || contact.erased || contact.created_at_ms > at_ms) {
        return code;
    }
    return contacts_forget(work, service, id, error);
}

static enum error_code forget_all(struct work *work, void *context, struct error *error)
{
    const struct service *service = context;
    CLEANUP(mem_free_char) char *path = file_join(service->data_directory, FILE_NAME);
    CLEANUP(mem_free_char) char *data = NULL;
    size_t size = 0;
    if (!file_exists(path)) {
        return OK;
    }
    enum error_code code = file_read(path, FILE_MAX, &data, &size, error);
    struct text rest = text_make(data, size);
    struct text line;
    while (code == OK && text_next(&rest, '\n', &line)) {
        struct text id_text;
        int64_t id = 0;
        int64_t at_ms = 0;
        /* A line that a crash cut off belongs to an erasure that never happened. */
        if (text_next(&line, ' ', &id_text) && text_to_int64(id_text, &id) &&
            text_to_int64(line, &at_ms)) {
            code = forget_one(work, service, id, at_ms, error);
        }
    }
    work->wakes &= WORK_SCRUB_LOG; /* nobody runs yet who could be woken */
    return code;
}

enum error_code erasures_apply(struct service *service, struct error *error)
{
    return service_call(service, forget_all, service, error);
}
