#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/db.h"
#include "store/work.h"
#include "store/writer.h"

#include <stdbool.h>

/* An open data directory: the lock, the database with its schema brought up to date, the writer
 * thread, the intent journal and the epoch file.
 *
 *     dripline.db      everything                dripline.lock   held for life, holds the pid
 *     intent.journal   what was about to be sent epoch           install id and epoch
 *
 * Exactly one process holds a data directory. Thread: open and close on the main thread; the rest
 * from any. */
struct store;
struct clock;

struct store_settings {
    const char *directory;
    bool create; /* make the directory and an empty database when there is none */
    struct writer_settings writer;
};

/* Errors     ERROR_CONFLICT: another process holds the directory (its pid is in the message) or the
 *            schema is newer than this program; ERROR_NOT_FOUND: no database and not `create`;
 *            ERROR_DENIED; ERROR_UNAVAILABLE */
MUST_USE enum error_code store_open(const struct store_settings *settings, struct store **ret_store,
                                    struct error *error);
void store_close(struct store *store); /* after all readers are closed; NULL is fine */
DEFINE_CLEANUP(struct store *, store_close);

struct writer *store_writer(struct store *store);
static inline void store_submit(struct store *store, struct job *job)
{
    writer_submit(store_writer(store), job);
}
/* A connection of its own for one thread; the caller closes it with db_close(). */
MUST_USE enum error_code store_reader_open(struct store *store, struct db **ret_db,
                                           struct error *error);

struct store_identity {
    char install_id[32]; /* lower-case letters and digits */
    int64_t epoch;       /* stands with install_id in every callback token */
    int64_t instance_id; /* this start's row in instance */
    char boot_id[40];
    bool fenced_at_start; /* restored from a backup: nothing may be sent until a person decides;
                           * store_installation_get() knows whether somebody has decided since */
};
/* Fixed from open to close. */
const struct store_identity *store_identity(const struct store *store);

/* Path of the database file in a data directory, on the heap. */
char *store_database_path(const char *directory);

/* The pid in the lock file of a directory that some process holds now; 0: free. */
int64_t store_lock_holder(const char *directory);
