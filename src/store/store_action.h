#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/enrollment.h"
#include "store/work.h"

#include <stdbool.h>

/* Walks over the people inside a sequence, for actions and counts on many of them: narrow rows,
 * visited one by one, so that a million of them need no memory. */

/* Which people. Either ids, or a sequence with further conditions. */
struct store_action_filter {
    const int64_t *ids;
    size_t id_count; /* 0: the fields below hold */
    int64_t sequence_id;
    unsigned status_bits; /* 1 << enum enrollment_status; 0 = any */
    int64_t batch_id;     /* 0 = any */
    struct text text;     /* part of the name, or the beginning of the digits; empty = any */
};

/* One enrollment with what scheduling needs. NULL times are 0. Texts live during the visit. */
struct store_action_row {
    int64_t enrollment_id;
    int64_t sequence_id;
    int64_t contact_id;
    enum enrollment_status status;
    int64_t position;
    int64_t shift_days;
    int64_t order_minute;
    int64_t enrolled_at_ms;
    int64_t last_sent_at_ms;
    int64_t last_planned_at_ms;
    int64_t catch_up_until_ms;
    int64_t paused_at_ms;
    int64_t next_due_at_ms;
    int64_t created_at_ms;
    struct text status_reason;
    struct text timezone; /* of the contact */
};
typedef enum error_code store_action_visit(void *context, const struct store_action_row *row,
                                           struct error *error);

/* Whom a walk visits: those in one status, or both live ones in one go, so that nobody who changes
 * from one to the other between two chunks is met twice or never. */
enum store_action_who {
    STORE_ACTION_ACTIVE = ENROLLMENT_ACTIVE,
    STORE_ACTION_PAUSED = ENROLLMENT_PAUSED,
    STORE_ACTION_LIVE,
};
/* Visits the filter's people, ordered by id, after `after_id`, at most `limit`. The
 * filter names a sequence, not ids. `visit` may change the enrollments it is given.
 * ret_last_id  the last one visited; `after_id` when there was none */
MUST_USE enum error_code store_action_walk(struct work *work,
                                           const struct store_action_filter *filter,
                                           enum store_action_who who, int64_t after_id,
                                           size_t limit, store_action_visit *visit, void *context,
                                           int64_t *ret_last_id, size_t *ret_visited,
                                           struct error *error);
/* One row by id. */
MUST_USE enum error_code store_action_get(struct work *work, int64_t enrollment_id,
                                          struct store_action_row *ret_row, bool *ret_found,
                                          struct error *error);

/* How many people of the filter (a sequence, not ids) stand in each status. */
MUST_USE enum error_code store_action_counts(struct work *work,
                                             const struct store_action_filter *filter,
                                             int64_t ret_counts[ENROLLMENT_STATUS_COUNT],
                                             struct error *error);

/* Active people of the filter (a sequence, not ids) of whom something could leave first: with a
 * message that waits, or due until `until_ms`. In work->arena, at most `limit`. */
MUST_USE enum error_code store_action_urgent(struct work *work,
                                             const struct store_action_filter *filter,
                                             int64_t until_ms, size_t limit, int64_t **ret_ids,
                                             size_t *ret_count, struct error *error);
/* Messages of which no byte left (planned or waiting) of those people in `status`. */
MUST_USE enum error_code store_action_pending(struct work *work,
                                              const struct store_action_filter *filter,
                                              enum enrollment_status status, int64_t *ret_count,
                                              struct error *error);
MUST_USE enum error_code store_action_pending_of(struct work *work, int64_t enrollment_id,
                                                 int64_t *ret_count, struct error *error);
