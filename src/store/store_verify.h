#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/store_message.h"
#include "store/store_progress.h"
#include "store/work.h"

/* What `verify` asks the rows: every person of a sequence with their messages, the checks that one
 * statement can make, and the repairs that are safe. */

/* One person with one message of theirs, or without any: message.id is 0 then. Only the fields that
 * say where somebody stands are filled in; texts live during the visit. */
struct store_verify_row {
    struct store_progress person;
    struct store_message message;
    bool replied; /* the person replied after this message */
    bool opted_out;
};
/* One visit per enrollment and message, ordered by enrollment. */
MUST_USE enum error_code store_verify_people(
    struct work *work, int64_t sequence_id,
    enum error_code (*visit)(void *context, const struct store_verify_row *row,
                             struct error *error),
    void *context, struct error *error);
/* Ids of all sequences that ever had a person or a step, deleted ones too. */
MUST_USE enum error_code store_verify_sequences(struct work *work, int64_t **ret_ids,
                                                size_t *ret_count, struct error *error);

/* Replaces the counters of one step, or the statuses of step 0.
 * Only in a writer job that runs alone. */
MUST_USE enum error_code store_verify_counters_clear(struct work *work, int64_t sequence_id,
                                                     int64_t step_id, struct error *error);
MUST_USE enum error_code store_verify_counters_stray(struct work *work, int64_t sequence_id,
                                                     struct error *error);
MUST_USE enum error_code store_verify_counter_set(struct work *work, int64_t sequence_id,
                                                  int64_t step_id, int64_t outcome, int64_t reason,
                                                  int64_t count, struct error *error);

/* Checks of one statement each. */
enum store_check_severity { CHECK_NOTE, CHECK_WRONG, CHECK_REPAIRABLE };
struct store_check {
    const char *name; /* "due_without_enrollment" */
    const char *sentence;
    enum store_check_severity severity;
};
size_t store_check_count(void);
const struct store_check *store_check_at(size_t index);
/* How many rows break it. */
MUST_USE enum error_code store_check_run(struct work *work, size_t index, int64_t *ret_count,
                                         struct error *error);
/* Repairs it; only for CHECK_REPAIRABLE ones. */
MUST_USE enum error_code store_check_repair(struct work *work, size_t index, int64_t *ret_changed,
                                            struct error *error);

/* Active people of active sequences for whom nothing is planned and nothing is on its way. */
MUST_USE enum error_code store_verify_forgotten(struct work *work, int64_t after_id, size_t limit,
                                                int64_t **ret_ids, size_t *ret_count,
                                                struct error *error);
