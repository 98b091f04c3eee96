#pragma once

#include "base/hash.h"
#include "service/edit_effects.h"
#include "service/planning.h"
#include "store/store_action.h"

/* What counting an edit and carrying it out share: both plans side by side, and where every step
 * stands for one person before and after. */

enum { EDIT_NO_STEP = -1 };

struct edit_plan {
    struct schedule_plan before;
    struct schedule_plan after;
    struct text before_zone; /* of the sequence */
    struct text after_zone;
    struct text server_zone;
    int64_t version;    /* of the document before */
    int32_t *before_of; /* per after.steps: its place in before.steps, or EDIT_NO_STEP */
    int32_t *after_of;  /* per before.steps: likewise */
    bool backfill;
    /* Filled by edit_origins_read() when a removed step comes back. */
    bool brings_back;
    struct edit_origin {
        int64_t step_id, origin_id;
    } * origins;
    size_t origin_count;
};

/* Pairs the steps of two filled plans by id; ids of 0 are new. Memory from `arena`. */
void edit_plan_pair(struct edit_plan *plan, struct arena *arena);

/* One person in both plans. */
struct edit_person {
    struct schedule_person before;
    struct schedule_person after;
    int32_t shift_change; /* keeps the Day 1 of somebody who is on the way */
};
void edit_person_make(const struct edit_plan *plan, const struct store_action_row *row,
                      struct edit_person *ret_person);

/* Whether a step of `before` or `after` lies ahead of this person. What lay behind them before the
 * edit stays behind, wherever it moved. */
bool edit_was_ahead(const struct edit_plan *plan, const struct edit_person *person,
                    size_t before_step);
bool edit_is_ahead(const struct edit_plan *plan, const struct edit_person *person,
                   size_t after_step);

/* A step that comes back, and that this person, whose messages these are, got under another of its
 * ids, or may have got. */
bool edit_had_before(const struct edit_plan *plan, size_t after_step,
                     const struct store_message *messages, size_t count);
/* For paired plans, after edit_plan_pair(). Memory from work->arena. */
MUST_USE enum error_code edit_origins_read(struct edit_plan *plan, struct work *work,
                                           int64_t sequence_id, struct error *error);

/* Fills both plans of `plan` from the two documents. */
MUST_USE enum error_code edit_plan_open(struct edit_plan *plan, struct work *work,
                                        const struct sequence *before, const struct sequence *after,
                                        bool backfill, struct error *error);

/* One run over some people, inside one transaction. */
struct edit_run {
    struct work *work;
    const struct edit_plan *plan;
    struct progress progress;
    int64_t sequence_id;
    int64_t last_id;       /* whoever came later was enrolled by the new document */
    int64_t batch_id;      /* 0: everybody is visited in the transaction of the save */
    struct map64 *visited; /* by this chunk; NULL without batch */
};
/* Carries the edit out for one who is in the sequence: a store_action_visit. */
MUST_USE enum error_code edit_person_apply(void *context, const struct store_action_row *row,
                                           struct error *error);
/* Sets the counters right for one who left after the save and before their chunk. */
MUST_USE enum error_code edit_person_gone(struct edit_run *run, int64_t enrollment_id,
                                          struct error *error);
