#pragma once

#include "delivery/progress.h"

/* Puts a person's words into a step: what a message will say. */
struct rendered {
    struct store_message_body body;
    enum message_reason failure; /* REASON_NONE: good; else the message cannot be made */
    struct text missing;         /* REASON_MISSING_FIELD: the first field without value */
    int64_t category;            /* enum message_category */
};

/* `step` must stand in `sequence`. Texts live in the job's arena. A missing field or a text over
 * the limit is no error but `failure`. */
MUST_USE enum error_code render_step(struct progress *progress, struct progress_sequence *sequence,
                                     const struct step *step, const struct store_progress *row,
                                     int64_t channel_id, struct rendered *ret_rendered,
                                     struct error *error);
