#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Where one enrollment stands, together with what planning its next message needs to know of the
 * person. NULL ids and times are 0. Texts live in work->arena. */
struct store_progress {
    int64_t enrollment_id;
    int64_t sequence_id;
    int64_t contact_id;
    int64_t status; /* enum enrollment_status */
    int64_t position;
    int64_t shift_days;
    int64_t order_minute; /* read only */
    int64_t messages_sent;
    int64_t next_due_at_ms;
    int64_t enrolled_at_ms;
    int64_t last_sent_at_ms;
    int64_t last_planned_at_ms;
    int64_t catch_up_until_ms;
    /* Since when the person's clock stands still, 0 = it runs. Also of an active one who was
     * resumed alone inside a sequence that does not run. */
    int64_t paused_at_ms;
    int64_t ended_at_ms;
    struct text status_reason;
    struct store_progress_standing {
        bool known; /* false: the row was not read by store_progress_get() */
        int64_t status, position, paused_at_ms, ended_at_ms;
        struct text status_reason;
    } stored; /* what the row says: a put leaves alone what is the same, and its indexes with it */
    int64_t created_at_ms; /* read only */
    /* of the person; read only */
    int64_t phone;
    int64_t suppressed; /* bits: 1 everything, 2 marketing */
    int64_t erased;
    struct text timezone;
    struct text name;
    struct text fields; /* JSON object */
};
MUST_USE enum error_code store_progress_get(struct work *work, int64_t enrollment_id,
                                            struct store_progress *ret_row, bool *ret_found,
                                            struct error *error);
/* Writes the enrollment's columns of `row` and moves its row in `due` to row->next_due_at_ms.
 * `before_due_at_ms` is where that row stands now (0: nowhere). */
MUST_USE enum error_code store_progress_put(struct work *work, const struct store_progress *row,
                                            int64_t before_due_at_ms, struct error *error);

/* When the person was enrolled: under which cohort they count. 0: no such enrollment. */
MUST_USE enum error_code store_progress_start(struct work *work, int64_t enrollment_id,
                                              int64_t *ret_enrolled_at_ms, struct error *error);

/* Enrollments due until `until_ms`, oldest first, at most `limit`. */
MUST_USE enum error_code store_due_list(struct work *work, int64_t until_ms, size_t limit,
                                        int64_t **ret_enrollment_ids, int64_t **ret_due_at_ms,
                                        size_t *ret_count, struct error *error);
MUST_USE enum error_code store_due_delete(struct work *work, int64_t due_at_ms,
                                          int64_t enrollment_id, struct error *error);
/* The earliest row; 0 when there is none. */
MUST_USE enum error_code store_due_first(struct work *work, int64_t *ret_due_at_ms,
                                         struct error *error);
