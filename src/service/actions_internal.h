#pragma once

#include "service/actions.h"
#include "service/planning.h"
#include "service/simulate.h"

/* The parts of actions: what happens to one person (actions_person.c), and how a batch remembers
 * what was asked for (actions_batch.c). */

/* Why people are paused who follow their sequence. */
#define ACTION_SEQUENCE_REASON "sequence_paused"

/* One run over some people, inside one transaction. */
struct action_run {
    struct work *work;
    struct work asked; /* the same work at the moment that was asked for */
    const struct action *action;
    int64_t now_ms; /* that moment */
    struct progress progress;
    struct planning *plannings; /* one per sequence, newest first */
    struct action_result *result;
    struct simulation simulation; /* of people resumed */
    bool simulating;
};
void action_run_init(struct action_run *run, struct work *work, const struct action *action,
                     struct action_result *result, bool simulating);
/* Copies what the run counted into the result. */
void action_run_finish(struct action_run *run);

/* Why this person is left as they are, or NULL. */
const char *action_refusal(const struct action *action, const struct store_action_row *row);
void action_count_skip(struct action_result *result, const char *reason, int64_t count);

/* Changes one person, or in a dry run only counts; a store_action_visit. */
MUST_USE enum error_code action_visit(void *run, const struct store_action_row *row,
                                      struct error *error);

/* The walks an action makes over the people of a filter, in their order. */
size_t action_walks(const struct action *action, const struct store_action_filter *filter,
                    enum store_action_who ret_walks[2]);
/* Whether such a walk meets people in this status. */
bool action_walk_meets(enum store_action_who who, enum enrollment_status status);

/* Leaves the people of `filter` to a batch; sets result->batch_id. */
MUST_USE enum error_code action_leave_to_batch(struct work *work, const struct action *action,
                                               const struct store_action_filter *filter,
                                               int64_t total, struct action_result *result,
                                               struct error *error);
