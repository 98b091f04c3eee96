/* The answer table: see answers.h. */
#include "delivery/answers.h"

#include "base/instant.h"

static const char *const TRIPS[BREAKER_TRIP_COUNT] = {
    [TRIP_NONE] = "",           [TRIP_AUTH] = "auth",       [TRIP_BILLING] = "billing",
    [TRIP_ACCOUNT] = "account", [TRIP_QUALITY] = "quality", [TRIP_FAILURES] = "failure_rate",
};

const char *breaker_trip_to_text(enum breaker_trip trip)
{
    return TRIPS[trip];
}

/* What a refusal of a class means. */
enum plan {
    PLAN_FAIL,     /* for good */
    PLAN_RETRY,    /* a try like any other, with backoff */
    PLAN_HOLD,     /* waits for a limit: the try is given back */
    PLAN_ONE_MORE, /* one more after the wait, then for good */
    PLAN_CHANNEL,  /* the channel is the trouble: the try is given back, the breaker trips */
};

static const struct rule {
    enum plan plan;
    enum message_reason reason;
    enum breaker_trip trip;
    int64_t wait_ms; /* when the answer names none; 0 = backoff */
    bool slow_channel;
    bool pause_channel; /* for the wait */
    bool pause_person;
    bool suppress;
    bool is_failure;
} RULES[PROVIDER_CLASS_COUNT] = {
    [PROVIDER_CLASS_NONE] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_NETWORK] = {.plan = PLAN_HOLD, .reason = REASON_CONNECTION, .is_failure = true},
    [PROVIDER_CLASS_THROUGHPUT] = {.plan = PLAN_HOLD,
                                   .reason = REASON_RATE_LIMIT,
                                   .wait_ms = 2 * MS_PER_SECOND,
                                   .slow_channel = true},
    [PROVIDER_CLASS_ACCOUNT_LIMIT] = {.plan = PLAN_HOLD,
                                      .reason = REASON_RATE_LIMIT,
                                      .wait_ms = MS_PER_MINUTE,
                                      .pause_channel = true},
    [PROVIDER_CLASS_PAIR_LIMIT] = {.plan = PLAN_HOLD,
                                   .reason = REASON_PAIR_LIMIT,
                                   .pause_person = true},
    [PROVIDER_CLASS_AUTH] = {.plan = PLAN_CHANNEL,
                             .reason = REASON_CHANNEL_PAUSED,
                             .trip = TRIP_AUTH},
    [PROVIDER_CLASS_BILLING] = {.plan = PLAN_CHANNEL,
                                .reason = REASON_CHANNEL_PAUSED,
                                .trip = TRIP_BILLING},
    [PROVIDER_CLASS_ACCOUNT] = {.plan = PLAN_CHANNEL,
                                .reason = REASON_CHANNEL_PAUSED,
                                .trip = TRIP_ACCOUNT},
    [PROVIDER_CLASS_QUALITY] = {.plan = PLAN_CHANNEL,
                                .reason = REASON_CHANNEL_PAUSED,
                                .trip = TRIP_QUALITY},
    [PROVIDER_CLASS_MAINTENANCE] = {.plan = PLAN_HOLD,
                                    .reason = REASON_RATE_LIMIT,
                                    .wait_ms = MS_PER_MINUTE,
                                    .pause_channel = true},
    [PROVIDER_CLASS_SERVER] = {.plan = PLAN_RETRY, .reason = REASON_RETRY, .is_failure = true},
    [PROVIDER_CLASS_UNREACHABLE] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_WINDOW_CLOSED] = {.plan = PLAN_FAIL, .reason = REASON_WINDOW_CLOSED},
    [PROVIDER_CLASS_MARKETING_CAP] = {.plan = PLAN_ONE_MORE,
                                      .reason = REASON_RETRY,
                                      .wait_ms = MS_PER_DAY},
    [PROVIDER_CLASS_MARKETING_STOP] = {.plan = PLAN_FAIL,
                                       .reason = REASON_REFUSED,
                                       .suppress = true},
    [PROVIDER_CLASS_EXPERIMENT] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_RECIPIENT] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_TEMPLATE_PAUSED] = {.plan = PLAN_HOLD,
                                        .reason = REASON_TEMPLATE_PAUSED,
                                        .wait_ms = 30 * MS_PER_MINUTE},
    [PROVIDER_CLASS_TEMPLATE_INVALID] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_PARAMETER] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_MEDIA] = {.plan = PLAN_RETRY, .reason = REASON_RETRY},
    [PROVIDER_CLASS_REQUEST] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_UNKNOWN_CODE] = {.plan = PLAN_FAIL, .reason = REASON_REFUSED},
    [PROVIDER_CLASS_HTTP] = {.plan = PLAN_RETRY, .reason = REASON_RETRY, .is_failure = true},
    [PROVIDER_CLASS_DOUBT_TIMEOUT] = {.reason = REASON_NO_ANSWER, .is_failure = true},
    [PROVIDER_CLASS_DOUBT_RESET] = {.reason = REASON_CONNECTION_LOST, .is_failure = true},
    [PROVIDER_CLASS_DOUBT_5XX_GRAPH] = {.reason = REASON_SERVER_ERROR, .is_failure = true},
    [PROVIDER_CLASS_DOUBT_5XX_PLAIN] = {.reason = REASON_SERVER_ERROR, .is_failure = true},
    [PROVIDER_CLASS_DOUBT_UNREADABLE] = {.reason = REASON_SERVER_ERROR, .is_failure = true},
};

#define WAIT_MAX_MS (48 * MS_PER_HOUR)

/* `ms` give or take a fifth, so that what failed together does not come back together. */
static int64_t jitter(int64_t ms, uint32_t random)
{
    return ms - ms / 5 + (int64_t)((double)ms * 0.4 * ((double)random / 4294967296.0));
}

static int64_t grow(int64_t base_ms, int64_t factor, int64_t exponent, int64_t max_ms)
{
    int64_t wait_ms = base_ms;
    for (int64_t i = 0; i < exponent && wait_ms < max_ms; i++) {
        wait_ms *= factor;
    }
    return wait_ms < max_ms ? wait_ms : max_ms;
}

static int64_t wait_for(const struct rule *rule, const struct provider_outcome *outcome,
                        int64_t number, const struct answer_limits *limits)
{
    int64_t wait_ms = rule->wait_ms;
    if (rule->pause_person) {
        /* As WhatsApp asks: 4^x seconds after the x-th refusal for one person. */
        wait_ms = grow(4 * MS_PER_SECOND, 4, number - 1, MS_PER_HOUR);
    } else if (wait_ms == 0) {
        wait_ms = grow(limits->retry_base_ms, 2, number - 1, limits->retry_max_ms);
    }
    wait_ms = jitter(wait_ms, limits->random);
    wait_ms = outcome->retry_after_ms > wait_ms ? outcome->retry_after_ms : wait_ms;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static enum plan plan_of(const struct provider_outcome *outcome, const struct rule *rule)
{
    switch (outcome->result) {
    case PROVIDER_NOT_SENT:
        return PLAN_HOLD;
    case PROVIDER_RETRY_LATER:
        return rule->plan == PLAN_FAIL ? PLAN_RETRY : rule->plan;
    case PROVIDER_CHANNEL_TROUBLE:
        return PLAN_CHANNEL;
    case PROVIDER_REJECTED:
        return rule->plan == PLAN_RETRY || rule->plan == PLAN_CHANNEL ? PLAN_FAIL : rule->plan;
    case PROVIDER_ACCEPTED:
    case PROVIDER_UNKNOWN:
        return PLAN_FAIL;
    }
    return PLAN_FAIL;
}

static void refuse(struct answer *answer, const struct rule *rule, enum plan plan,
                   const struct provider_outcome *outcome, int64_t tries,
                   const struct answer_limits *limits)
{
    int most = outcome->max_tries > 0 && outcome->max_tries < limits->tries_max ? outcome->max_tries
                                                                                : limits->tries_max;
    bool used_up = plan == PLAN_RETRY && tries >= most;
    if (plan == PLAN_FAIL || used_up || (plan == PLAN_ONE_MORE && tries >= 2)) {
        answer->event = EVENT_REFUSED;
        answer->reason = used_up                       ? REASON_TRIES_USED_UP
                         : rule->plan == PLAN_ONE_MORE ? REASON_REFUSED
                         : rule->plan == PLAN_FAIL     ? rule->reason
                                                       : REASON_REFUSED;
        answer->counts_try = true;
        return;
    }
    answer->event = plan == PLAN_CHANNEL ? EVENT_CHANNEL_PAUSED : EVENT_REFUSED_LATER;
    answer->reason = plan == PLAN_CHANNEL      ? REASON_CHANNEL_PAUSED
                     : rule->plan == PLAN_FAIL ? REASON_RETRY
                                               : rule->reason;
    answer->counts_try = plan == PLAN_RETRY || plan == PLAN_ONE_MORE;
}

struct answer answer_decide(const struct provider_outcome *outcome, int64_t tries, int64_t attempts,
                            const struct answer_limits *limits)
{
    const struct rule *rule = &RULES[outcome->class];
    struct answer answer = {.suppress = rule->suppress, .is_failure = rule->is_failure};
    switch (outcome->result) {
    case PROVIDER_ACCEPTED:
        answer.event = EVENT_ACCEPTED;
        answer.result = ATTEMPT_ACCEPTED;
        answer.counts_try = true;
        answer.is_failure = false;
        return answer;
    case PROVIDER_UNKNOWN:
        answer.event = EVENT_DOUBT;
        answer.result = ATTEMPT_DOUBT;
        answer.reason = rule->reason == REASON_NONE ? REASON_SERVER_ERROR : rule->reason;
        answer.counts_try = true;
        answer.is_failure = true;
        return answer;
    case PROVIDER_NOT_SENT:
        answer.event = EVENT_NOT_SENT;
        answer.result = ATTEMPT_NOT_SENT;
        answer.reason = REASON_CONNECTION;
        answer.wait_ms = wait_for(rule, outcome, attempts, limits);
        return answer;
    case PROVIDER_RETRY_LATER:
    case PROVIDER_REJECTED:
    case PROVIDER_CHANNEL_TROUBLE:
        break;
    }
    enum plan plan = plan_of(outcome, rule);
    answer.result = ATTEMPT_REJECTED;
    refuse(&answer, rule, plan, outcome, tries, limits);
    if (answer.event != EVENT_REFUSED) {
        answer.wait_ms = wait_for(rule, outcome, plan == PLAN_RETRY ? tries : attempts, limits);
        answer.slow_channel = rule->slow_channel;
        answer.pause_ms = rule->pause_channel ? answer.wait_ms : 0;
        answer.pause_person = rule->pause_person;
    }
    if (plan == PLAN_CHANNEL) {
        answer.trip = rule->trip == TRIP_NONE ? TRIP_ACCOUNT : rule->trip;
        answer.trip_ms = outcome->retry_after_ms;
    }
    return answer;
}
