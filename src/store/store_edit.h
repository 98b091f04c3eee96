#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>
#include <stdint.h>

/* Edits that are still being carried out, and where people stood when such an edit was saved. A row
 * is kept for whom something changed between the save and their chunk; it goes with the chunk. */

/* Whether an edit of this sequence is not carried out for everybody yet. */
MUST_USE enum error_code store_edit_open(struct work *work, int64_t sequence_id, bool *ret_open,
                                         struct error *error);
/* Those edits, in the order they were saved. In work->arena. */
struct store_edit {
    int64_t batch_id;
    int64_t cursor;  /* who has a higher id is not reached yet … */
    int64_t last_id; /* … unless they were enrolled by the new document */
    int64_t saved_at_ms;
    bool moves; /* steps, or when they come; else only what they say */
};
MUST_USE enum error_code store_edit_list(struct work *work, int64_t sequence_id,
                                         struct store_edit **ret_edits, size_t *ret_count,
                                         struct error *error);
/* Keeps the present position for every such edit that has not come to this person yet. To be called
 * before the enrollment's row changes; the first call counts. */
MUST_USE enum error_code store_edit_keep(struct work *work, int64_t sequence_id,
                                         int64_t enrollment_id, struct error *error);
/* The kept position; not found: it is the present one. */
MUST_USE enum error_code store_edit_position(struct work *work, int64_t batch_id,
                                             int64_t enrollment_id, int64_t *ret_position,
                                             bool *ret_found, struct error *error);
/* Kept ones with ids above `after_id` until `last_id` who are in the sequence no more. In
 * work->arena. */
MUST_USE enum error_code store_edit_gone(struct work *work, int64_t batch_id, int64_t after_id,
                                         int64_t last_id, int64_t **ret_ids, size_t *ret_count,
                                         struct error *error);
/* Forgets those until `last_id`. */
MUST_USE enum error_code store_edit_clear(struct work *work, int64_t batch_id, int64_t last_id,
                                          struct error *error);
