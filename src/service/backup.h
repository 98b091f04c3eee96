#pragma once

#include "base/error.h"
#include "store/work.h"

/* Backups: one file, a consistent copy of the database while the server runs, readable for its
 * owner only, checked before it is called a backup. */
struct backup_result {
    int64_t size; /* bytes */
};

/* `work->db` may be a reader. `path` must not exist: a backup never replaces another.
 * Errors     ERROR_CONFLICT: there is something at `path` */
MUST_USE enum error_code backup_write(struct work *work, const char *path,
                                      struct backup_result *ret_result, struct error *error);

/* Notes that a backup was made, and when the newest was; 0: never. Writer, and any connection. */
MUST_USE enum error_code backup_note(struct work *work, struct error *error);
MUST_USE enum error_code backup_newest(struct work *work, int64_t *ret_at_ms, struct error *error);

/* Puts a backup in place of the database of a data directory that nobody uses. The database that
 * was there is kept beside it as dripline.db.before-restore. The next start notices the older
 * database by itself, closes the fence and holds what had not ended: nothing is sent a second time.
 * Errors     ERROR_CONFLICT: a process uses the directory; ERROR_INVALID: no sound backup */
MUST_USE enum error_code backup_restore(const char *directory, const char *path,
                                        struct error *error);

/* Writes the database of a data directory that nobody uses anew, without the space between its
 * rows: it becomes smaller, and copies of rows that the engine left there when it moved them are
 * gone. Needs as much free disk as the database has. Errors     ERROR_CONFLICT: a process uses the
 * directory; ERROR_NOT_FOUND: no database */
struct backup_compacted {
    int64_t size_before; /* bytes */
    int64_t size_after;
};
MUST_USE enum error_code backup_compact(const char *directory,
                                        struct backup_compacted *ret_compacted,
                                        struct error *error);
