#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Mails that wait, are on their way, or have ended: one row per cause and recipient, so that each
 * is told at most once. Who sends them, delivery/mailer.h knows. */
enum mail_state {
    MAIL_WAITING = 0,
    MAIL_SENDING = 1,
    MAIL_SENT = 2, /* the server took it */
    MAIL_GIVEN_UP = 3,
    MAIL_UNKNOWN = 4, /* it left, and nobody knows whether it arrived; never sent again */
};

struct store_mail {
    int64_t id;
    struct text cause;
    struct text recipient;
    struct text subject;
    struct text body;
    struct text answers; /* cause of an earlier mail; may be empty */
    enum mail_state state;
    int64_t attempts;
    int64_t next_at_ms;
    struct text error;
    int64_t created_at_ms;
    int64_t ended_at_ms; /* 0: not ended */
};

/* Adds a mail and asks for WORK_WAKE_MAIL; one with the same cause and recipient adds nothing. */
MUST_USE enum error_code store_mail_add(struct work *work, const struct store_mail *mail,
                                        struct error *error);
/* Whether anything was ever written for this cause. */
MUST_USE enum error_code store_mail_known(struct work *work, struct text cause, bool *ret_known,
                                          struct error *error);
/* When the next one may leave: 0 when none waits. Any connection. */
MUST_USE enum error_code store_mail_next(struct work *work, int64_t *ret_at_ms,
                                         struct error *error);
/* Takes the first that is due; its attempts count this one. */
MUST_USE enum error_code store_mail_claim(struct work *work, struct store_mail *ret_mail,
                                          bool *ret_found, struct error *error);
/* The server is about to take it. */
MUST_USE enum error_code store_mail_begin_data(struct work *work, int64_t id, struct error *error);
/* Writes state, next_at_ms, error and the end of one that is on its way. */
MUST_USE enum error_code store_mail_settle(struct work *work, const struct store_mail *mail,
                                           struct error *error);
/* After a start: what a dead process left on its way waits again, or is unknown when the server had
 * been asked to take it. */
MUST_USE enum error_code store_mail_recover(struct work *work, struct error *error);
/* What waits may go at once: something was put right. */
MUST_USE enum error_code store_mail_hurry(struct work *work, struct error *error);
/* Gives up what waits. */
MUST_USE enum error_code store_mail_drop(struct work *work, struct text words, struct error *error);

struct store_mail_summary {
    int64_t waiting;          /* or on their way */
    int64_t most_attempts;    /* of those that wait */
    int64_t last_sent_at_ms;  /* 0: never */
    int64_t last_ended_state; /* enum mail_state of the newest end; -1: none */
    struct text last_error;   /* of the newest try that failed; empty after a success */
};
MUST_USE enum error_code store_mail_summarize(struct work *work,
                                              struct store_mail_summary *ret_summary,
                                              struct error *error);
/* Deletes at most `limit` that ended before `before_ms`. */
MUST_USE enum error_code store_mail_prune(struct work *work, int64_t before_ms, size_t limit,
                                          struct error *error);
