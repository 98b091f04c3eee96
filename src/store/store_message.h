#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/message.h"
#include "store/work.h"

#include <stdbool.h>

/* Messages, their bodies, attempts and provider ids. Ids and times that are NULL in the row are 0
 * here. Texts live in work->arena. */
struct store_message {
    int64_t id;
    enum message_state state;
    enum message_rank rank;
    int64_t attempts;
    int64_t tries;
    int64_t next_at_ms;
    int64_t channel_id;
    int64_t contact_id;
    int64_t enrollment_id;
    int64_t step_id;
    int64_t sequence_id;
    int64_t position;
    int64_t policy;   /* enum doubt_policy */
    int64_t category; /* enum message_category */
    enum message_reason reason;
    int64_t error_code;
    int64_t doubts;
    int64_t duplicates;
    int64_t due_at_ms;
    int64_t claimed_at_ms;
    int64_t sent_at_ms;
    int64_t delivered_at_ms;
    int64_t read_at_ms;
    int64_t failed_at_ms;
    int64_t ended_at_ms;
    int64_t created_at_ms;
};
MUST_USE enum error_code store_message_get(struct work *work, int64_t id,
                                           struct store_message *ret_message, bool *ret_found,
                                           struct error *error);
MUST_USE enum error_code store_message_for_step(struct work *work, int64_t enrollment_id,
                                                int64_t step_id, struct store_message *ret_message,
                                                bool *ret_found, struct error *error);
/* All messages of an enrollment, in no order. */
MUST_USE enum error_code store_message_for_enrollment(struct work *work, int64_t enrollment_id,
                                                      struct store_message **ret_messages,
                                                      size_t *ret_count, struct error *error);
/* Steps of an enrollment that are over and will not be sent again, at most `most` of them. */
MUST_USE enum error_code store_message_over(struct work *work, int64_t enrollment_id, size_t most,
                                            int64_t *ret_step_ids, size_t *ret_count,
                                            struct error *error);
/* Sets message->id. ERROR_CONFLICT when the step has its message already. */
MUST_USE enum error_code store_message_insert(struct work *work, struct store_message *message,
                                              struct error *error);
/* Writes everything that changes in a message's life, if it still has `from_state` and
 * `from_attempts`; ERROR_CONFLICT otherwise. */
MUST_USE enum error_code store_message_update(struct work *work,
                                              const struct store_message *message,
                                              enum message_state from_state, int64_t from_attempts,
                                              struct error *error);

/* Under which counter a message stands: counters.h's outcome and reason. Also what `verify`
 * recomputes. */
void store_message_counter(const struct store_message *message, enum step_outcome *ret_outcome,
                           int64_t *ret_reason);

struct store_message_body {
    int64_t message_id;
    int64_t type;       /* enum step_type */
    int64_t media_type; /* enum media_type */
    struct text text;
    struct text media_url;
    struct text filename;
    struct text template; /* JSON of domain/sequence.h's step_template_encode(), rendered */
};
MUST_USE enum error_code store_message_body_put(struct work *work,
                                                const struct store_message_body *body,
                                                struct error *error);
MUST_USE enum error_code store_message_body_get(struct work *work, int64_t message_id,
                                                struct store_message_body *ret_body,
                                                bool *ret_found, struct error *error);

enum attempt_result {
    ATTEMPT_OPEN = 0,
    ATTEMPT_NOT_SENT = 1,
    ATTEMPT_REJECTED = 2,
    ATTEMPT_DOUBT = 3,
    ATTEMPT_ACCEPTED = 4,
};
enum attempt_evidence {
    EVIDENCE_NONE = 0,
    EVIDENCE_ANSWER = 1,
    EVIDENCE_STATUS_LINE = 2, /* success without a readable id */
    EVIDENCE_WEBHOOK = 3,
    EVIDENCE_OPERATOR = 4,
};
struct store_attempt {
    int64_t message_id;
    int64_t n;
    enum attempt_result result;
    int64_t class; /* enum provider_class */
    int64_t instance_id;
    int64_t started_at_ms;
    int64_t started_boot_ms;
    int64_t http_status;
    int64_t error_code;
    int64_t bytes_out; /* 0 none, 1 some, 2 all: enum http_bytes */
    enum attempt_evidence evidence;
    int64_t resolved_at_ms;
    struct text provider_id;
    struct text error_title;
    struct text error_detail;
};
MUST_USE enum error_code store_attempt_insert(struct work *work,
                                              const struct store_attempt *attempt,
                                              struct error *error);
/* Writes how it ended. */
MUST_USE enum error_code store_attempt_update(struct work *work,
                                              const struct store_attempt *attempt,
                                              struct error *error);
/* The same for one that is still open; else *ret_settled is false and nothing was written. */
MUST_USE enum error_code store_attempt_settle(struct work *work,
                                              const struct store_attempt *attempt,
                                              bool *ret_settled, struct error *error);
MUST_USE enum error_code store_attempt_get(struct work *work, int64_t message_id, int64_t n,
                                           struct store_attempt *ret_attempt, bool *ret_found,
                                           struct error *error);
/* In the order of n. */
MUST_USE enum error_code store_attempt_list(struct work *work, int64_t message_id,
                                            struct store_attempt **ret_attempts, size_t *ret_count,
                                            struct error *error);

/* Remembers which attempt a provider's id belongs to, and finds it again. */
MUST_USE enum error_code store_provider_id_add(struct work *work, struct text provider_id,
                                               int64_t message_id, int64_t n, struct error *error);
MUST_USE enum error_code store_provider_id_find(struct work *work, struct text provider_id,
                                                int64_t *ret_message_id, int64_t *ret_n,
                                                bool *ret_found, struct error *error);

/* Status events that fit nothing yet. Adding a repeat is fine. */
struct store_orphan {
    int64_t id;
    int64_t channel_id;
    struct text provider_id;
    struct text token;
    uint64_t digest;
    struct text event; /* JSON */
    int64_t received_at_ms;
};
MUST_USE enum error_code store_orphan_add(struct work *work, const struct store_orphan *orphan,
                                          struct error *error);
/* Open ones of `provider_id`, oldest first. */
MUST_USE enum error_code store_orphan_list(struct work *work, struct text provider_id,
                                           struct store_orphan **ret_orphans, size_t *ret_count,
                                           struct error *error);
MUST_USE enum error_code store_orphan_settle(struct work *work, int64_t id, struct error *error);
/* Whether the channel has open ones received since. */
MUST_USE enum error_code store_orphan_since(struct work *work, int64_t channel_id, int64_t since_ms,
                                            bool *ret_any, struct error *error);
