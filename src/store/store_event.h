#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* The event log: what happened, in the order of the commits. Written in the transaction of the
 * change it tells of; live pages, the event feed and outgoing webhooks only read it. */
struct store_event {
    int64_t id;          /* set by the store */
    int64_t at_ms;       /* 0 when adding: work->now_ms */
    struct text type;    /* "message.sent", "enrollment.paused", "batch.done" … */
    int64_t sequence_id; /* ids: 0 = does not apply */
    int64_t enrollment_id;
    int64_t message_id;
    int64_t contact_id;
    int64_t batch_id;
    int64_t channel_id;
    struct text data; /* JSON object, or empty */
};

/* Adds one event and asks for WORK_WAKE_EVENTS. */
MUST_USE enum error_code store_event_add(struct work *work, const struct store_event *event,
                                         struct error *error);
/* At most `limit` events after `after_id`, oldest first, in work->arena. */
MUST_USE enum error_code store_event_list(struct work *work, int64_t after_id, size_t limit,
                                          struct store_event **ret_events, size_t *ret_count,
                                          struct error *error);
/* The newest id, where a live page starts; the oldest that is still kept. 0 when there is none. */
MUST_USE enum error_code store_event_newest(struct work *work, int64_t *ret_id,
                                            struct error *error);
MUST_USE enum error_code store_event_oldest(struct work *work, int64_t *ret_id,
                                            struct error *error);
/* Deletes at most `limit` events older than `before_ms`; what an active webhook has not been told
 * yet stays ten days longer. */
MUST_USE enum error_code store_event_prune(struct work *work, int64_t before_ms, size_t limit,
                                           int64_t *ret_deleted, struct error *error);
