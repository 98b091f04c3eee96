/* The answer table: what each kind of answer means for the message and its channel. */
#include "delivery/answers.h"

#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct answer_limits LIMITS = {
    .retry_base_ms = 5000, .retry_max_ms = MS_PER_HOUR, .tries_max = 8, .random = UINT32_MAX / 2};

static struct answer decide(enum provider_result result, enum provider_class class, int64_t tries)
{
    const struct provider_outcome outcome = {.result = result, .class = class, .code = 1};
    return answer_decide(&outcome, tries, tries, &LIMITS);
}

static void only_proof_of_refusal_ends_or_repeats(void **state UNUSED)
{
    for (int class = 0; class < PROVIDER_CLASS_COUNT; class ++) {
        struct answer unknown = decide(PROVIDER_UNKNOWN, (enum provider_class) class, 1);
        assert_int_equal(unknown.event, EVENT_DOUBT);
        assert_int_equal(unknown.result, ATTEMPT_DOUBT);
        assert_true(unknown.reason != REASON_NONE);
        struct answer accepted = decide(PROVIDER_ACCEPTED, (enum provider_class) class, 1);
        assert_int_equal(accepted.event, EVENT_ACCEPTED);
        struct answer not_sent = decide(PROVIDER_NOT_SENT, (enum provider_class) class, 99);
        assert_int_equal(not_sent.event, EVENT_NOT_SENT);
        assert_false(not_sent.counts_try);
    }
}

static void limits_hold_without_burning_tries(void **state UNUSED)
{
    static const struct {
        enum provider_class class;
        enum message_reason reason;
    } cases[] = {
        {PROVIDER_CLASS_THROUGHPUT, REASON_RATE_LIMIT},
        {PROVIDER_CLASS_ACCOUNT_LIMIT, REASON_RATE_LIMIT},
        {PROVIDER_CLASS_PAIR_LIMIT, REASON_PAIR_LIMIT},
        {PROVIDER_CLASS_TEMPLATE_PAUSED, REASON_TEMPLATE_PAUSED},
        {PROVIDER_CLASS_MAINTENANCE, REASON_RATE_LIMIT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answer = decide(PROVIDER_RETRY_LATER, cases[i].class, 1000);
        assert_int_equal(answer.event, EVENT_REFUSED_LATER);
        assert_int_equal(answer.reason, cases[i].reason);
        assert_false(answer.counts_try);
        assert_true(answer.wait_ms > 0);
    }
    assert_true(decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_THROUGHPUT, 1).slow_channel);
    assert_true(decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_ACCOUNT_LIMIT, 1).pause_ms > 0);
    assert_true(decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_PAIR_LIMIT, 1).pause_person);
}

static void channel_trouble_trips_the_breaker(void **state UNUSED)
{
    static const struct {
        enum provider_class class;
        enum breaker_trip trip;
    } cases[] = {
        {PROVIDER_CLASS_AUTH, TRIP_AUTH},
        {PROVIDER_CLASS_BILLING, TRIP_BILLING},
        {PROVIDER_CLASS_ACCOUNT, TRIP_ACCOUNT},
        {PROVIDER_CLASS_QUALITY, TRIP_QUALITY},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answer = decide(PROVIDER_CHANNEL_TROUBLE, cases[i].class, 1);
        assert_int_equal(answer.event, EVENT_CHANNEL_PAUSED);
        assert_int_equal(answer.trip, cases[i].trip);
        assert_false(answer.counts_try);
    }
}

static void backoff_grows_and_ends(void **state UNUSED)
{
    int64_t last_ms = 0;
    for (int64_t tries = 1; tries < 8; tries++) {
        struct answer answer = decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_SERVER, tries);
        assert_int_equal(answer.event, EVENT_REFUSED_LATER);
        assert_true(answer.counts_try);
        assert_true(answer.wait_ms > last_ms);
        last_ms = answer.wait_ms;
    }
    struct answer last = decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_SERVER, 8);
    assert_int_equal(last.event, EVENT_REFUSED);
    assert_int_equal(last.reason, REASON_TRIES_USED_UP);
    /* 4, 16, 64 s for one person. */
    int64_t third_ms = decide(PROVIDER_RETRY_LATER, PROVIDER_CLASS_PAIR_LIMIT, 3).wait_ms;
    assert_in_range(third_ms, 50000, 78000);
    const struct provider_outcome named = {.result = PROVIDER_RETRY_LATER,
                                           .class = PROVIDER_CLASS_SERVER,
                                           .retry_after_ms = 20 * MS_PER_MINUTE};
    assert_int_equal(answer_decide(&named, 1, 1, &LIMITS).wait_ms, 20 * MS_PER_MINUTE);
}

static void one_careful_retry_for_the_marketing_limit(void **state UNUSED)
{
    struct answer first = decide(PROVIDER_REJECTED, PROVIDER_CLASS_MARKETING_CAP, 1);
    assert_int_equal(first.event, EVENT_REFUSED_LATER);
    assert_true(first.wait_ms > 19 * MS_PER_HOUR);
    assert_int_equal(decide(PROVIDER_REJECTED, PROVIDER_CLASS_MARKETING_CAP, 2).event,
                     EVENT_REFUSED);
    assert_true(decide(PROVIDER_REJECTED, PROVIDER_CLASS_MARKETING_STOP, 1).suppress);
    assert_int_equal(decide(PROVIDER_REJECTED, PROVIDER_CLASS_WINDOW_CLOSED, 1).reason,
                     REASON_WINDOW_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_proof_of_refusal_ends_or_repeats),
        cmocka_unit_test(limits_hold_without_burning_tries),
        cmocka_unit_test(channel_trouble_trips_the_breaker),
        cmocka_unit_test(backoff_grows_and_ends),
        cmocka_unit_test(one_careful_retry_for_the_marketing_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
