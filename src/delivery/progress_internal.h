#pragma once

#include "delivery/progress.h"
#include "store/counters.h"

/* Shared by the files that move enrollments on; included in delivery/ only. */

/* Writes the next due moment into `row` (not yet stored), or completes it. Nothing unless the
 * enrollment is active and its sequence as well: then next_due_at_ms becomes 0. */
MUST_USE enum error_code progress_plan_row(struct progress *progress, struct store_progress *row,
                                           struct error *error);
/* Status of `row` and what counts by it: counters and event. Not stored yet. */
MUST_USE enum error_code progress_set_status(struct progress *progress, struct store_progress *row,
                                             enum enrollment_status status,
                                             struct text status_reason, struct error *error);
/* Where a message counts. A test send counts nowhere: ret_place->sequence_id is 0. */
MUST_USE enum error_code progress_place(struct progress *progress,
                                        const struct store_message *message,
                                        struct counter_place *ret_place, struct error *error);
/* Adds the event of a message; `type` like "message.sent". */
MUST_USE enum error_code progress_event(struct progress *progress,
                                        const struct store_message *message, const char *type,
                                        struct text data, struct error *error);
