#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "store/store_message.h"
#include "store/work.h"

#include <stdbool.h>

/* What the send machine asks of channels and of messages by channel: which may be claimed, which
 * doubts are to be settled, and the signs that webhooks arrive. NULL ids and times are 0. */
enum channel_state { CHANNEL_READY = 0, CHANNEL_PAUSED = 1, CHANNEL_HELD = 2 };

struct store_lane {
    int64_t id;
    struct text provider;
    struct text sender_id;
    struct text account_id;
    bool is_default;
    enum channel_state state;
    int64_t probe_at_ms;
    int64_t rate_per_second;
    int64_t in_flight_max;
    int64_t daily_limit;  /* different people in 24 hours; 0: no limit */
    struct text settings; /* JSON */
    struct text secrets;  /* sealed */
    int64_t version;
    int64_t updated_at_ms;
};
/* All channels that are not removed, by id; at most `limit`. */
MUST_USE enum error_code store_lane_list(struct work *work, size_t limit,
                                         struct store_lane **ret_lanes, size_t *ret_count,
                                         struct error *error);
/* The breaker holds a channel, moves its next probe, or releases it. A channel that a person
 * paused stays paused. */
MUST_USE enum error_code store_lane_hold(struct work *work, int64_t channel_id, struct text reason,
                                         int64_t probe_at_ms, struct error *error);
MUST_USE enum error_code store_lane_probe(struct work *work, int64_t channel_id,
                                          int64_t probe_at_ms, struct error *error);
MUST_USE enum error_code store_lane_release(struct work *work, int64_t channel_id,
                                            struct error *error);

/* A message that is due on a channel, with what the claim must check and the sending needs. */
struct store_candidate {
    struct store_message message;
    int64_t phone;
    int64_t suppressed; /* bits: 1 everything, 2 marketing */
    bool contact_found;
    bool erased;
    struct text user_id;
    struct text timezone;
    int64_t enrollment_status; /* enum enrollment_status */
    bool enrollment_found;
    int64_t last_inbound_at_ms; /* on this channel */
    struct store_message_body body;
};
/* Pending ones with next_at until `until_ms`, oldest first. Texts live in `arena`. */
MUST_USE enum error_code store_lane_candidates(struct work *work, int64_t channel_id,
                                               int64_t until_ms, size_t limit, struct arena *arena,
                                               struct store_candidate **ret_candidates,
                                               size_t *ret_count, struct error *error);
/* The earliest next_at of a channel's pending messages; of all doubts; 0: none. */
MUST_USE enum error_code store_lane_next(struct work *work, int64_t channel_id, int64_t *ret_at_ms,
                                         struct error *error);
MUST_USE enum error_code store_doubt_next(struct work *work, int64_t *ret_at_ms,
                                          struct error *error);
/* Doubts whose next_at has come. */
MUST_USE enum error_code store_doubt_list(struct work *work, int64_t until_ms, size_t limit,
                                          struct store_message **ret_messages, size_t *ret_count,
                                          struct error *error);
/* Messages that some process is sending, or was when it died. */
MUST_USE enum error_code store_sending_list(struct work *work, size_t limit,
                                            struct store_message **ret_messages, size_t *ret_count,
                                            struct error *error);

/* A webhook proved an attempt of this channel and category that began at `started_at_ms`. */
MUST_USE enum error_code store_proof_add(struct work *work, int64_t channel_id, int64_t category,
                                         int64_t started_at_ms, struct error *error);
/* Whether three proven attempts began after `since_ms`. */
MUST_USE enum error_code store_proof_since(struct work *work, int64_t channel_id, int64_t category,
                                           int64_t since_ms, bool *ret_alive, struct error *error);

/* Spans in which our webhook endpoint could not be reached. */
MUST_USE enum error_code store_outage_add(struct work *work, int64_t from_ms, int64_t to_ms,
                                          struct error *error);
/* How much of the time since `since_ms` lies in such spans. */
MUST_USE enum error_code store_outage_since(struct work *work, int64_t since_ms, int64_t *ret_ms,
                                            struct error *error);

/* What is known of a template. Not found: category stays as it was. */
struct store_template_state {
    struct text status;   /* "APPROVED", "PAUSED" … */
    struct text category; /* "MARKETING" … */
};
MUST_USE enum error_code store_template_state(struct work *work, int64_t channel_id,
                                              struct text name, struct text language,
                                              struct store_template_state *ret_state,
                                              bool *ret_found, struct error *error);
/* Sets bits of contact.suppressed. */
MUST_USE enum error_code store_lane_suppress(struct work *work, int64_t contact_id, int64_t bits,
                                             struct error *error);
