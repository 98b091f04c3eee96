#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Outgoing webhooks and their deliveries. Times and numbers that are NULL in the row are 0 here.
 * Texts live in work->arena. */
enum webhook_state { WEBHOOK_ACTIVE = 0, WEBHOOK_DISABLED = 1 };
enum webhook_delivery_state {
    WEBHOOK_PENDING = 0,
    WEBHOOK_SENDING = 1,
    WEBHOOK_DELIVERED = 2,
    WEBHOOK_FAILED = 3,
};
enum { STORE_WEBHOOKS_MAX = 50 }; /* that are not removed */

struct store_webhook {
    int64_t id;
    struct text url;
    struct text description;
    struct text types; /* comma-separated; "" = all */
    enum webhook_state state;
    struct text state_reason;
    int64_t state_at_ms;
    struct text secrets; /* sealed */
    int64_t previous_until_ms;
    int64_t cursor;
    int64_t delivered;
    int64_t failed;
    int64_t failing_since_ms;
    int64_t last_success_at_ms;
    int64_t last_failure_at_ms;
    struct text last_error;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};
/* All that are not removed, by id. */
MUST_USE enum error_code store_webhook_list(struct work *work, struct store_webhook **ret_webhooks,
                                            size_t *ret_count, struct error *error);
MUST_USE enum error_code store_webhook_get(struct work *work, int64_t id,
                                           struct store_webhook *ret_webhook, bool *ret_found,
                                           struct error *error);
/* Sets id, cursor (the newest event) and times. The sealed secrets need the id: they follow by an
 * update. Asks, like all that change a webhook, for the notifier and its list. */
MUST_USE enum error_code store_webhook_insert(struct work *work, struct store_webhook *webhook,
                                              struct error *error);
/* Writes url, description, types and secrets with previous_until_ms. */
MUST_USE enum error_code store_webhook_update(struct work *work,
                                              const struct store_webhook *webhook,
                                              struct error *error);
/* Becoming active starts behind the newest event and forgets what failed before. */
MUST_USE enum error_code store_webhook_set_state(struct work *work, int64_t id,
                                                 enum webhook_state state, struct text reason,
                                                 struct error *error);
MUST_USE enum error_code store_webhook_remove(struct work *work, int64_t id, struct error *error);
MUST_USE enum error_code store_webhook_set_cursor(struct work *work, int64_t id, int64_t cursor,
                                                  struct error *error);
/* Counts the end of one request: `error_words` {NULL} is a success. `gave_up` counts as failed. */
MUST_USE enum error_code store_webhook_count(struct work *work, int64_t id, struct text error_words,
                                             bool gave_up, struct error *error);
/* The newest event before `since_ms`, 0 when there is none: by steps over the log's ids, which grow
 * with time. */
MUST_USE enum error_code store_webhook_event_before(struct work *work, int64_t since_ms,
                                                    int64_t *ret_id, struct error *error);

struct store_webhook_delivery {
    int64_t id;
    int64_t webhook_id;
    int64_t event_id;
    struct text type;
    enum webhook_delivery_state state;
    int64_t attempts;
    int64_t tries;
    int64_t next_at_ms;
    int64_t http_status;
    int64_t duration_ms;
    struct text error;
    int64_t attempted_at_ms;
    int64_t created_at_ms;
};
/* A delivery that is due now. An event that was delivered or given up before is due again. */
MUST_USE enum error_code store_webhook_delivery_add(struct work *work, int64_t webhook_id,
                                                    int64_t event_id, struct text type,
                                                    struct error *error);
MUST_USE enum error_code store_webhook_delivery_get(struct work *work, int64_t id,
                                                    struct store_webhook_delivery *ret_delivery,
                                                    bool *ret_found, struct error *error);
/* Newest first, before `before_id` (0: from the newest); `states` is a set of bits, 0 = all. */
MUST_USE enum error_code store_webhook_delivery_list(struct work *work, int64_t webhook_id,
                                                     uint64_t states, int64_t before_id,
                                                     size_t limit,
                                                     struct store_webhook_delivery **ret_deliveries,
                                                     size_t *ret_count, struct error *error);
/* Takes at most `limit` that are due, oldest first: they are on their way, one attempt more. */
MUST_USE enum error_code store_webhook_delivery_claim(
    struct work *work, int64_t webhook_id, size_t limit,
    struct store_webhook_delivery **ret_deliveries, size_t *ret_count, struct error *error);
/* Writes what came of an attempt, if the row is still on its way; says whether it was. */
MUST_USE enum error_code store_webhook_delivery_settle(
    struct work *work, const struct store_webhook_delivery *delivery, bool *ret_settled,
    struct error *error);
/* What a dead process left on its way is due again. */
MUST_USE enum error_code store_webhook_delivery_recover(struct work *work, struct error *error);
/* Starts the retry schedule of one delivery again; nothing when it is on its way. */
MUST_USE enum error_code store_webhook_delivery_again(struct work *work, int64_t id,
                                                      struct error *error);
MUST_USE enum error_code store_webhook_delivery_pending(struct work *work, int64_t webhook_id,
                                                        int64_t *ret_count, int64_t *ret_next_at_ms,
                                                        struct error *error);
/* Deletes ended ones older than `before_ms`, and all of removed webhooks, at most `limit`. */
MUST_USE enum error_code store_webhook_delivery_prune(struct work *work, int64_t before_ms,
                                                      size_t limit, struct error *error);

/* What a receiver is told beside the event itself: looked up when the request is made, so that an
 * erased person is not told of. */
struct store_webhook_facts {
    int64_t phone;
    struct text contact_name;
    struct text sequence_name;
    struct text channel_name;
    int64_t step_id;
    int64_t step_day;
    int64_t message_reason; /* enum message_reason */
    int64_t message_error_code;
    bool has_enrollment;
    int64_t enrollment_status; /* enum enrollment_status */
    struct text enrollment_reason;
    struct text reply_text;
};
/* `inbound_id`: the message of the person that the event tells of, 0 = none.
 * Errors     ERROR_NOT_FOUND: the event is not kept any more */
MUST_USE enum error_code store_webhook_facts(struct work *work, int64_t event_id,
                                             int64_t inbound_id,
                                             struct store_webhook_facts *ret_facts,
                                             struct error *error);
