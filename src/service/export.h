#pragma once

#include "base/error.h"
#include "store/work.h"

/* The three files that people know: campaigns.json, enrollments.json, message_queue.json. Each is
 * one JSON array, written record by record, so that millions of rows need no memory. The files
 * appear whole or not at all, readable for their owner only: they hold people's numbers. */
struct export_result {
    int64_t sequences;
    int64_t enrollments;
    int64_t messages;
};

/* Called now and then with what is done so far; may be NULL. */
typedef void export_progress(void *context, const struct export_result *so_far);

/* `work->db` must show one moment (a transaction), so that the three files fit together.
 * directory  made when missing */
MUST_USE enum error_code export_write(struct work *work, const char *directory,
                                      export_progress *progress, void *progress_context,
                                      struct export_result *ret_result, struct error *error);

/* What export and import-json share: the names of the files. */
extern const char *const EXPORT_FILES[3];
enum { EXPORT_CAMPAIGNS = 0, EXPORT_ENROLLMENTS = 1, EXPORT_QUEUE = 2 };
