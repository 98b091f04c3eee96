#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"
#include "net/http_client.h"
#include "provider/provider.h"
#include "store/store.h"

#include <stdbool.h>

/* The send machine: plans what is due, claims, sends, collects outcomes, settles doubts.
 *
 * One thread owns sockets, pacing and everything in flight; whatever it changes in the database is
 * one writer job at a time, a "pass": the outcomes just collected, doubts whose grace is over, due
 * people planned, and new claims, in one commit. No byte of a message leaves before its claim is
 * durable there and in the intent journal. */
struct delivery;

/* What happens to a message whose doubt nothing could settle. Stored in message.policy. */
enum doubt_policy {
    DOUBT_NEVER = 0,  /* ends unknown: at most once */
    DOUBT_RESEND = 1, /* sent again, but only when silence is proven to mean something */
    DOUBT_HOLD = 2,   /* a person decides */
};
enum message_category {
    CATEGORY_MARKETING = 0,
    CATEGORY_UTILITY = 1,
    CATEGORY_AUTHENTICATION = 2,
    CATEGORY_SERVICE = 3, /* free text inside the 24-hour window */
};
enum { MESSAGE_CATEGORY_COUNT = 4 };

/* The way requests reach the network. NULL functions mean the real HTTP client. */
struct delivery_wire {
    void *context;
    enum error_code (*start)(void *context, const struct http_call *call, http_done_fn *done,
                             void *done_context, struct error *error);
    void (*poll)(void *context, int64_t timeout_ms);
    void (*wake)(void *context); /* any thread */
};

struct delivery_settings {
    struct store *store;
    struct clock *clock;
    struct text master_key; /* CRYPTO_KEY_SIZE bytes, lives as long as the delivery */
    struct text hash_key;   /* the same; for phones and opt-out links */
    const char *ca_file;    /* NULL = the system's */
    bool allow_plain;       /* http:// to providers: the simulator */

    /* 0 takes the default in the comment. */
    int64_t look_ahead_ms;      /* 2 min: due people become messages that long before */
    int64_t grace_ms;           /* 15 min */
    int64_t grace_marketing_ms; /* 2 h */
    int64_t grace_max_ms;       /* 24 h */
    int64_t connect_timeout_ms; /* 10 s */
    int64_t answer_timeout_ms;  /* 120 s */
    int64_t drain_ms;           /* 30 s: how long a stop waits for answers */
    int64_t claim_age_max_ms;   /* 2 s: older claims are not written to the wire any more */
    int64_t retry_base_ms;      /* 5 s */
    int64_t retry_max_ms;       /* 1 h */
    int64_t clock_jump_ms;      /* 5 min: a larger step of the wall clock is suspect */
    int64_t clock_settle_ms;    /* 10 min without a step end the suspicion */
    int tries_max;              /* 8 */
    size_t connection_limit;    /* 256 */
    bool policies_set;          /* false: never for marketing and service, resend for the others */
    enum doubt_policy policies[MESSAGE_CATEGORY_COUNT];

    struct delivery_wire wire;                                        /* tests */
    const struct provider *(*find_provider)(enum provider_kind kind); /* NULL: provider_find */
};

/* Opens the machine and recovers: what a dead process left in flight becomes doubt, journal lines
 * that the database does not know become doubt, the gap since the last sign of life becomes an
 * outage of our webhook endpoint. Sends nothing yet. Thread: main. */
MUST_USE enum error_code delivery_new(const struct delivery_settings *settings,
                                      struct delivery **ret_delivery, struct error *error);
/* Ends without waiting for answers: they become doubts at the next start. */
void delivery_free(struct delivery *delivery);
DEFINE_CLEANUP(struct delivery *, delivery_free);

/* The sending thread. delivery_stop() makes no new claims, waits for answers up to drain_ms and
 * stores them, then ends the thread. */
MUST_USE enum error_code delivery_start(struct delivery *delivery, struct error *error);
void delivery_stop(struct delivery *delivery);

/* Something changed that may make work: call it for WORK_WAKE_DELIVERY and WORK_WAKE_SETTINGS.
 * Thread: any. */
void delivery_wake(struct delivery *delivery);

/* Without a thread: plans and sends what is due now, waits for the answers, and returns. For cron
 * and tests. `ret_sent` may be NULL. */
MUST_USE enum error_code delivery_tick(struct delivery *delivery, int64_t *ret_sent,
                                       struct error *error);

/* Sending stands still because of a clock that jumped; a person says it is right. Thread: any. */
void delivery_clock_confirm(struct delivery *delivery);

/* Why nothing leaves at this moment. */
enum delivery_idle {
    DELIVERY_BUSY = 0,
    DELIVERY_NOTHING_DUE,
    DELIVERY_NO_CHANNEL,
    DELIVERY_CHANNEL_PAUSED, /* every channel with work is paused or held */
    DELIVERY_RATE,           /* at the allowed rate or the in-flight cap */
    DELIVERY_PAUSED,         /* a person paused all sending */
    DELIVERY_CLOCK,          /* the clock jumped and is not trusted yet */
    DELIVERY_FENCED,         /* restored from a backup: a person must decide */
    DELIVERY_STORE,          /* the database does not take writes at this moment */
    DELIVERY_STOPPED,
};
const char *delivery_idle_to_text(enum delivery_idle idle); /* "nothing_due" … */
const char *delivery_idle_sentence(enum delivery_idle idle);

enum { DELIVERY_LANES_MAX = 32 };
struct delivery_lane_stats {
    int64_t channel_id;
    int64_t in_flight;
    int64_t in_flight_max;
    double rate_per_second;   /* what is allowed now */
    double sent_per_second;   /* accepted, over the last ten seconds */
    int64_t latency_ms;       /* smoothed time from request to answer */
    int64_t blocked_until_ms; /* 0: not blocked by a limit */
};
/* A snapshot that is at most one pass old. Thread: any. */
struct delivery_stats {
    enum delivery_idle idle;
    int64_t in_flight;
    int64_t next_at_ms; /* the next moment something is to do; CLOCK_NEVER: none */
    int64_t passes;
    int64_t sent; /* accepted since the start */
    int64_t failed;
    int64_t doubts;
    int64_t last_pass_us;
    double sent_per_second;
    struct delivery_lane_stats lanes[DELIVERY_LANES_MAX];
    size_t lane_count;
};
void delivery_stats(struct delivery *delivery, struct delivery_stats *ret_stats);
