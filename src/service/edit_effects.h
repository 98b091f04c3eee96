#pragma once

#include "base/error.h"
#include "domain/sequence.h"
#include "store/store_batch.h"
#include "store/work.h"

/* What saving a sequence changes for the messages that people inside still have before them, and
 * the change itself. Everyone keeps their place: what was sent or skipped is never sent again, and
 * a step that now lies behind somebody is not sent to them, unless back-filling is asked for. */
enum step_change {
    STEP_UNCHANGED,
    STEP_NEW,
    STEP_CHANGED_TEXT,
    STEP_MOVED, /* another day or time */
    STEP_REMOVED,
};
const char *step_change_to_text(enum step_change change);

struct edit_step {
    int64_t step_id; /* 0 = new */
    int32_t day;
    enum step_change change;
    int64_t ahead; /* people who still get it */
    int64_t past;  /* people who are past it */
};
struct edit_day {
    int64_t day; /* local date, days since 1970 */
    int64_t count;
};
enum { EDIT_DAYS_MAX = 14 };

struct edit_effects {
    int64_t people; /* active and paused */
    int64_t moved_earlier;
    int64_t moved_later;
    int64_t overdue;
    int64_t added;
    int64_t dropped;
    int64_t unchanged;
    struct edit_day days[EDIT_DAYS_MAX]; /* messages per local day after the change */
    size_t day_count;
    struct edit_step *steps; /* in work->arena: those of `after`, then the removed ones */
    size_t step_count;
};

/* Counts; writes nothing, any connection does. New steps in `after` have id 0 or one that `before`
 * does not know. */
MUST_USE enum error_code edit_effects_count(struct work *work, const struct sequence *before,
                                            const struct sequence *after, bool backfill,
                                            struct edit_effects *ret_effects, struct error *error);

/* Carries the change out for everyone inside, in the transaction that saves it and after the new
 * steps have their ids: at once for few people, by a batch that the runner carries out for many
 * (*ret_batch_id, 0 = all done). Also counts new steps for people who have ended. */
MUST_USE enum error_code edit_effects_apply(struct work *work, const struct sequence *before,
                                            const struct sequence *after, bool backfill,
                                            int64_t *ret_batch_id, struct error *error);

/* People wait for an edit that has not come to them. For one that will not come any more, because
 * it cannot be carried out: they go on by the new document from where they stand. */
MUST_USE enum error_code edit_effects_release(struct work *work, const struct store_batch *batch,
                                              struct error *error);

/* The next chunk of a batch of kind "edit". For the runner, on the writer. */
MUST_USE enum error_code edit_effects_batch_chunk(struct work *work, int64_t batch_id,
                                                  bool *ret_done, struct error *error);
