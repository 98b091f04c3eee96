#pragma once

#include "base/compiler.h"
#include "domain/message.h"
#include "provider/provider.h"
#include "store/store_message.h"

#include <stdbool.h>

/* What an answer of the provider means for the message and for its channel: one table by error
 * class. The provider's codec says the class, this says what to do. Pure. */
enum breaker_trip {
    TRIP_NONE,
    TRIP_AUTH,
    TRIP_BILLING,
    TRIP_ACCOUNT,
    TRIP_QUALITY,
    TRIP_FAILURES, /* too many of the newest answers were failures */
};
enum { BREAKER_TRIP_COUNT = TRIP_FAILURES + 1 };
const char *breaker_trip_to_text(enum breaker_trip trip); /* "auth", … ; TRIP_NONE: "" */

struct answer_limits {
    int64_t retry_base_ms;
    int64_t retry_max_ms;
    int tries_max;
    uint32_t random; /* any number: the jitter comes from it */
};

struct answer {
    enum message_event event;
    enum message_reason reason;
    enum attempt_result result;
    int64_t wait_ms;   /* until the next try, for WAIT */
    bool counts_try;   /* false: the try is given back */
    bool slow_channel; /* halve the channel's rate for a while */
    int64_t pause_ms;  /* nothing more on this channel for so long; 0 = goes on */
    bool pause_person; /* nothing more to this person until wait_ms is over */
    bool suppress;     /* the person stopped marketing */
    enum breaker_trip trip;
    int64_t trip_ms; /* how long to hold the channel at least; 0 = as the breaker does */
    bool is_failure; /* counts for the channel's failure rate */
};

/* `tries` counts this one; `attempts` is its number. */
struct answer answer_decide(const struct provider_outcome *outcome, int64_t tries, int64_t attempts,
                            const struct answer_limits *limits);
