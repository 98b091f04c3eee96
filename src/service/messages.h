#pragma once

#include "base/error.h"
#include "delivery/progress.h"
#include "provider/provider_error.h"
#include "service/actions.h"
#include "service/message_view.h"
#include "service/service.h"
#include "store/store_queue.h"
#include "store/work.h"

/* The queue and the history as people look at them, and what they may do with single messages. */

/* `phone` (any spelling, {NULL}: any) narrows to one person; a number nobody has gives an empty
 * list. Errors     ERROR_INVALID with a finding on "phone" */
MUST_USE enum error_code messages_list(struct work *work, struct store_queue_filter *filter,
                                       struct text phone, size_t limit,
                                       struct message_view **ret_views, size_t *ret_count,
                                       struct error *error);

struct message_attempts {
    struct store_attempt *attempts;
    size_t count;
};
/* Errors     ERROR_NOT_FOUND */
MUST_USE enum error_code messages_get(struct work *work, int64_t id, struct message_view *ret_view,
                                      struct message_attempts *ret_attempts, struct error *error);

/* Writer only. `reason` is for the audit.
 * Errors     ERROR_NOT_FOUND; ERROR_CONFLICT when its state forbids it */
MUST_USE enum error_code messages_operate(struct work *work, const struct service *service,
                                          int64_t id, enum progress_operation operation,
                                          struct text reason, struct message_view *ret_view,
                                          struct error *error);

enum { MESSAGES_AT_ONCE_MAX = 5000 };
/* Tries failed and unknown messages again: the named ones, or up to MESSAGES_AT_ONCE_MAX that the
 * filter finds. Those that cannot be tried are counted, not refused. Writer only, unless dry_run.
 */
MUST_USE enum error_code messages_retry_many(struct work *work, const struct service *service,
                                             const int64_t *ids, size_t id_count,
                                             const struct store_queue_filter *filter, bool dry_run,
                                             struct action_result *ret_result, struct error *error);

struct queue_channel {
    int64_t id;
    struct text name;
    const char *state; /* as the channel shows it: connected, paused, error */
    int64_t pending;
    double rate_per_second;
    double rate_limit_per_second;
    int64_t daily_limit;      /* different people in 24 hours; 0: no limit */
    int64_t daily_people;     /* of the last 24 hours */
    int64_t daily_free_at_ms; /* when the first of them counts no more; 0: none */
};
struct queue_stats {
    int64_t pending, sending, in_doubt, held, due;
    int64_t oldest_due_at_ms, next_at_ms; /* 0: none */
    double rate_per_second, rate_limit_per_second;
    const char *state; /* sending, idle, paused, no_channel, channel_paused, held */
    const char *state_text;
    struct queue_channel *channels;
    size_t channel_count;
};
MUST_USE enum error_code messages_queue_stats(struct work *work, const struct service *service,
                                              struct queue_stats *ret_stats, struct error *error);
