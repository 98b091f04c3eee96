/* The loop on its own thread, on a manual clock: a week passes event by event, and every message
 * leaves at its own time. */
#include "delivery/testing.h"

#include "base/instant.h"
#include "base/thread.h"

enum { PEOPLE = 20 };
static const int DAYS[] = {1, 2, 4, 7};

static void arrived(void *context, int64_t now_ms UNUSED)
{
    gate_open(context);
}

static void travel(struct delivery_test *test, int64_t ms)
{
    CLEANUP(gate_free) struct gate *gate = gate_new();
    int64_t target_ms = clock_now_ms(test->store.clock) + ms;
    assert_true(clock_advance(test->store.clock, target_ms, arrived, gate));
    gate_wait(gate);
}

static void a_week_passes_event_by_event(void **state UNUSED)
{
    struct delivery_test test = {.threaded = true};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, ARRAY_SIZE(DAYS));
    struct error error = {0};
    assert_ok(delivery_start(test.delivery, &error), &error);
    for (int64_t n = 1; n <= PEOPLE; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
        delivery_wake(test.delivery);
    }
    travel(&test, 8 * MS_PER_DAY);
    delivery_stop(test.delivery);
    assert_int_equal(test.accepted, PEOPLE * 4);
    /* Day 2 and later at 09:00 UTC, as fast as the channel may. */
    assert_int_equal(store_test_int64(&test.store,
                                      "SELECT count(*) FROM message m JOIN step s ON "
                                      "s.id = m.step_id WHERE s.day > 1 AND "
                                      "m.sent_at_ms % 86400000 NOT BETWEEN 32400000 AND "
                                      "32401000"),
                     0);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM enrollment "
                                                   "WHERE status = 2"),
                     PEOPLE);
    struct delivery_stats stats;
    delivery_stats(test.delivery, &stats);
    assert_int_equal(stats.sent, PEOPLE * 4);
    assert_int_equal(stats.idle, DELIVERY_STOPPED);
    delivery_test_close(&test);
}

static void stopping_waits_for_answers_and_claims_no_more(void **state UNUSED)
{
    struct delivery_test test = {.threaded = true};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    for (int64_t n = 1; n <= PEOPLE; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    struct error error = {0};
    assert_ok(delivery_start(test.delivery, &error), &error);
    delivery_stop(test.delivery);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state IN (2, 3)"), 0);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state = 5"),
                     test.accepted);
    delivery_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_passes_event_by_event),
        cmocka_unit_test(stopping_waits_for_answers_and_claims_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
