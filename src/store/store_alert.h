#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Alerts: at most one open row per cause. What opens and closes them, service/alerts.h knows. */
enum alert_severity { ALERT_INFO = 0, ALERT_WARNING = 1, ALERT_CRITICAL = 2 };
enum { ALERT_SEVERITY_COUNT = 3 };

struct store_alert {
    int64_t id;
    struct text kind;  /* "channel_held" */
    struct text cause; /* "channel_held:2" */
    enum alert_severity severity;
    struct text title;
    struct text advice;
    struct text link;
    int64_t sequence_id; /* ids and times: 0 = none */
    int64_t channel_id;
    int64_t batch_id;
    int64_t opened_at_ms;
    int64_t closed_at_ms;
    int64_t acknowledged_at_ms;
    struct text acknowledged_by;
    int64_t muted_until_ms;
};

/* Sets the id. Errors: ERROR_CONFLICT when the cause has an open alert. */
MUST_USE enum error_code store_alert_insert(struct work *work, struct store_alert *alert,
                                            struct error *error);
/* Writes severity, title, advice and the times of closing, acknowledging and muting. */
MUST_USE enum error_code store_alert_update(struct work *work, const struct store_alert *alert,
                                            struct error *error);
MUST_USE enum error_code store_alert_get(struct work *work, int64_t id,
                                         struct store_alert *ret_alert, bool *ret_found,
                                         struct error *error);
/* The newest alert of a cause, open or closed. */
MUST_USE enum error_code store_alert_newest(struct work *work, struct text cause,
                                            struct store_alert *ret_alert, bool *ret_found,
                                            struct error *error);
/* All open ones, oldest first. */
MUST_USE enum error_code store_alert_open_list(struct work *work, struct store_alert **ret_alerts,
                                               size_t *ret_count, struct error *error);
/* Newest first, with id below `before_id` (0: from the start); `closed_only` leaves out open ones.
 */
MUST_USE enum error_code store_alert_list(struct work *work, bool closed_only, int64_t before_id,
                                          size_t limit, struct store_alert **ret_alerts,
                                          size_t *ret_count, struct error *error);
/* Deletes at most `limit` that were closed before `before_ms`. */
MUST_USE enum error_code store_alert_prune(struct work *work, int64_t before_ms, size_t limit,
                                           struct error *error);

/* ---- what the checks ask of other tables, each a look at one index or a few rows ---- */

/* Messages that wait for a person's decision, counted up to `most`. */
MUST_USE enum error_code store_alert_held(struct work *work, int64_t most, int64_t *ret_count,
                                          struct error *error);
/* When the first person's next step should have been planned; 0: nobody waits. */
MUST_USE enum error_code store_alert_first_due(struct work *work, int64_t *ret_at_ms,
                                               struct error *error);

/* A template of an active sequence that the provider does not take at the moment. */
struct store_alert_template {
    int64_t channel_id;
    int64_t sequence_id; /* one of those that use it */
    struct text name;
    struct text language;
    struct text status;
};
MUST_USE enum error_code store_alert_templates(struct work *work, size_t limit,
                                               struct store_alert_template **ret_templates,
                                               size_t *ret_count, struct error *error);

/* A channel's newest accepted messages: how many were sent after the last one that a webhook has
 * spoken of, and not after `until_ms`; and when the first of these was sent. */
struct store_alert_silence {
    int64_t unheard;
    int64_t since_ms;
};
MUST_USE enum error_code store_alert_silence(struct work *work, int64_t channel_id, int64_t from_ms,
                                             int64_t until_ms,
                                             struct store_alert_silence *ret_silence,
                                             struct error *error);

/* Why messages failed from `from_ms` until before `to_ms`, most first. Looks at every message that
 * ever failed: for once a day. */
struct store_alert_failure {
    int64_t reason;     /* enum message_reason */
    int64_t error_code; /* the provider's; 0: none */
    int64_t count;
};
MUST_USE enum error_code store_alert_failures(struct work *work, int64_t from_ms, int64_t to_ms,
                                              size_t limit, struct store_alert_failure **ret_rows,
                                              size_t *ret_count, struct error *error);

struct store_alert_batch {
    int64_t id;
    int64_t sequence_id;
    struct text kind;
    bool failed;
    int64_t done_rows;
    int64_t finished_at_ms;
};
/* Finished or failed after `after_ms`, among the newest batches. */
MUST_USE enum error_code store_alert_batches(struct work *work, int64_t after_ms, size_t limit,
                                             struct store_alert_batch **ret_batches,
                                             size_t *ret_count, struct error *error);
