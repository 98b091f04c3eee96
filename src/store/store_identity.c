/* Who this data directory is, and whether its database was put back from a backup: see
 * store_identity.h. The database is written first and the epoch file after it; a crash in between
 * leaves a database that is ahead of the file, which is harmless. */
#include "store/store_identity.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/counters.h"
#include "store/journal.h"
#include "store/store_fence.h"
#include "store/store_instance.h"

#include <string.h>

enum { INSTALL_ID_CHARS = 16, BOOT_ID_SIZE = 36, BOOT_ID_FILE_MAX = 128 };

static const char BOOT_ID_PATH[] = "/proc/sys/kernel/random/boot_id";

/* Unknown is fine: it only means that no monotonic time carries over from the start before. */
static void read_boot_id(char out[40])
{
    CLEANUP(mem_free_char) char *data = NULL;
    size_t size = 0;
    out[0] = '\0';
    if (file_read(BOOT_ID_PATH, BOOT_ID_FILE_MAX, &data, &size, NULL) == OK &&
        size >= BOOT_ID_SIZE) {
        memcpy(out, data, BOOT_ID_SIZE);
        out[BOOT_ID_SIZE] = '\0';
    }
}

DB_SQL(IDENTITY_HIGHEST_MESSAGE, "SELECT coalesce(max(id), 0) FROM message");

/* Says why the database cannot be the one that sent last, or NULL. */
static enum error_code find_reason(struct work *work, const char *directory,
                                   const struct store_installation *installation,
                                   const struct epoch_file *file, bool file_found,
                                   const char **ret_reason, struct error *error)
{
    int64_t highest = 0;
    bool ahead = false;
    *ret_reason = NULL;
    if (!file_found) {
        *ret_reason = "the epoch file is missing";
        return OK;
    }
    if (strcmp(file->install_id, installation->install_id) != 0) {
        *ret_reason = "the database belongs to another installation";
        return OK;
    }
    if (file->epoch > installation->epoch) {
        *ret_reason = "the database is older than the epoch file";
        return OK;
    }
    enum error_code code =
        db_find_int64(work->db, &IDENTITY_HIGHEST_MESSAGE, DB_NO_VALUES, &highest, NULL, error);
    if (code == OK && highest < file->highest_message_id) {
        *ret_reason = "the database lacks messages that were sent";
        return OK;
    }
    if (code == OK) {
        code = store_fence_journal_is_ahead(work, directory, &ahead, error);
    }
    if (code == OK && ahead) {
        *ret_reason = "the intent journal knows attempts that the database lacks";
    }
    return code;
}

static enum error_code close_fence(struct work *work, const char *directory, int64_t least_epoch,
                                   const char *reason, struct store_identity *identity,
                                   struct error *error)
{
    struct store_fence_report report = {0};
    enum error_code code =
        store_installation_fence(work, least_epoch, text_from(reason), &identity->epoch, error);
    if (code == OK) {
        code = store_fence_hold(work, directory, &report, error);
    }
    identity->fenced_at_start = true;
    return code;
}

static enum error_code create_installation(struct work *work, const struct epoch_file *file,
                                           bool file_found, struct store_identity *identity,
                                           struct error *error)
{
    if (file_found) { /* a fresh database in a used directory: old tokens must not fit it */
        memcpy(identity->install_id, file->install_id, sizeof(identity->install_id));
        identity->epoch = file->epoch + 1;
    } else {
        crypto_random_token(identity->install_id, INSTALL_ID_CHARS);
        identity->epoch = 1;
    }
    return store_installation_create(work, identity->install_id, identity->epoch, error);
}

static enum error_code establish(struct work *work, const char *directory, int64_t boot_ms,
                                 struct store_identity *identity, struct error *error)
{
    struct store_installation installation = {0};
    struct epoch_file file = {0};
    bool file_found = false;
    bool found = false;
    const char *reason = NULL;
    enum error_code code = epoch_file_read(directory, &file, &file_found, error);
    if (code == OK) {
        code = store_installation_get(work, &installation, &found, error);
    }
    if (code == OK && !found) {
        code = create_installation(work, &file, file_found, identity, error);
    } else if (code == OK) {
        memcpy(identity->install_id, installation.install_id, sizeof(identity->install_id));
        identity->epoch = installation.epoch;
        identity->fenced_at_start = installation.fenced;
        code = find_reason(work, directory, &installation, &file, file_found, &reason, error);
    }
    if (code == OK && reason != NULL) {
        code = close_fence(work, directory, file.epoch, reason, identity, error);
    }
    if (code == OK) {
        code = store_instance_start(work, identity->boot_id, identity->epoch, boot_ms,
                                    &identity->instance_id, error);
    }
    return code;
}

enum error_code store_identity_establish(struct db *db, const char *directory, struct clock *clock,
                                         struct store_identity *ret_identity, struct error *error)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(counters_free) struct counters *counters = counters_new();
    struct work work = {.arena = arena,
                        .db = db,
                        .now_ms = clock_now_ms(clock),
                        .actor = {.kind = ACTOR_SYSTEM, .scopes = SCOPE_ALL},
                        .counters = counters};
    struct store_identity identity = {0};
    read_boot_id(identity.boot_id);
    enum error_code code = db_begin(db, error);
    if (code == OK) {
        code = establish(&work, directory, clock_boot_ms(clock), &identity, error);
    }
    if (code == OK) {
        counters_keep(counters);
        code = counters_write(counters, db, error);
    }
    if (code == OK) {
        code = db_commit(db, error);
    }
    if (code != OK) {
        db_rollback(db);
        return code;
    }
    struct epoch_file file = {.epoch = identity.epoch};
    memcpy(file.install_id, identity.install_id, sizeof(file.install_id));
    code = epoch_file_write(directory, &file, error);
    if (code == OK) {
        *ret_identity = identity;
    }
    return code;
}

enum error_code store_identity_stop(struct work *work, void *context, struct error *error)
{
    struct epoch_file *file = context;
    int64_t instance_id = 0;
    enum error_code code = db_find_int64(work->db, &IDENTITY_HIGHEST_MESSAGE, DB_NO_VALUES,
                                         &file->highest_message_id, NULL, error);
    if (code == OK) {
        code = store_instance_newest(work, &instance_id, error);
    }
    if (code == OK) {
        code = store_instance_stop(work, instance_id, error);
    }
    return code;
}
