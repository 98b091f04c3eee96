/* What decides how and when a message may leave: the 24-hour window, quiet hours, a clock that
 * jumped, sequences that are paused. */
#include "delivery/testing.h"

#include "base/instant.h"
#include "store/db.h"

#include <stdio.h>

static const int ONE[] = {1};

static int64_t count(struct delivery_test *test, const char *sql)
{
    return store_test_int64(&test->store, sql);
}

#define TEMPLATE "{\"name\":\"welcome\",\"language\":\"en_US\",\"body\":[\"{name}\"]}"

static int64_t sequence_with_both(struct delivery_test *test)
{
    int64_t id = delivery_test_sequence(test, ONE, 1);
    store_test_exec(&test->store, "UPDATE step SET type = 2, template = '" TEMPLATE "'");
    return id;
}

static void outside_the_window_the_template_goes(void **state UNUSED)
{
    struct delivery_test test = {0};
    char sql[160];
    delivery_test_open(&test);
    int64_t sequence_id = sequence_with_both(&test);
    int64_t now_ms = clock_now_ms(test.store.clock);
    for (int n = 1; n <= 2; n++) { /* the first wrote an hour ago, the second two days ago */
        (void)snprintf(sql, sizeof(sql), "INSERT INTO contact_window VALUES (%d, 1, %lld)", n,
                       (long long)(now_ms - (n == 1 ? MS_PER_HOUR : 2 * MS_PER_DAY)));
        store_test_exec(&test.store, sql);
    }
    for (int64_t n = 1; n <= 3; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    delivery_test_advance(&test, 0);
    assert_int_equal(test.ledger_count, 3);
    assert_string_equal(test.ledger[0].body, "hello p1 day 1");
    assert_string_equal(test.ledger[1].body, "welcome");
    assert_string_equal(test.ledger[2].body, "welcome");
    delivery_test_close(&test);
}

static void the_category_of_the_template_decides_the_policy(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    store_test_exec(&test.store, "INSERT INTO template (channel_id, name, language, status, "
                                 "category, components, updated_at_ms) VALUES "
                                 "(1, 'welcome', 'en_US', 'APPROVED', 'UTILITY', '[]', 0)");
    (void)delivery_test_enroll(&test, sequence_with_both(&test), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT category FROM message"), CATEGORY_UTILITY);
    assert_int_equal(count(&test, "SELECT policy FROM message"), DOUBT_RESEND);
    delivery_test_close(&test);
}

static void quiet_hours_hold_retries_as_well(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_NOT_SENT};
    delivery_test_open(&test); /* it is midnight UTC */
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, ONE, 1), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(test.ledger_count, 1);
    store_test_exec(&test.store, "INSERT INTO setting VALUES ('quiet_hours', "
                                 "'{\"from\":\"21:00\",\"to\":\"08:00\"}', 0)");
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 2 * MS_PER_HOUR);
    assert_int_equal(test.ledger_count, 1);
    assert_int_equal(count(&test, "SELECT next_at_ms % 86400000 FROM message WHERE reason = 86"),
                     8 * MS_PER_HOUR);
    delivery_test_advance(&test, 6 * MS_PER_HOUR);
    assert_int_equal(test.ledger_count, 2);
    delivery_test_close(&test);
}

static void a_paused_sequence_parks_its_people(void **state UNUSED)
{
    static const int days[] = {1, 2};
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, days, 2);
    (void)delivery_test_enroll(&test, sequence_id, 1);
    delivery_test_advance(&test, 0);
    store_test_exec(&test.store, "UPDATE sequence SET status = 2");
    delivery_test_advance(&test, 2 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM due"), 0);
    assert_int_equal(count(&test, "SELECT status FROM enrollment"), 0);
    delivery_test_close(&test);
}

static void a_clock_that_jumped_sends_nothing_until_confirmed(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    CLEANUP(clock_free) struct clock *real = clock_new_system();
    test.delivery->settings.clock = real;
    test.delivery->clock_boot_ms = clock_boot_ms(real);
    test.delivery->clock_wall_ms = clock_now_ms(real) - MS_PER_DAY;
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, ONE, 1), 1);
    for (int i = 0; i < 10; i++) {
        delivery_test_turn(&test);
    }
    struct delivery_stats stats;
    delivery_stats(test.delivery, &stats);
    assert_int_equal(stats.idle, DELIVERY_CLOCK);
    assert_int_equal(test.ledger_count, 0);
    delivery_clock_confirm(test.delivery);
    for (int i = 0; i < 10; i++) {
        delivery_test_turn(&test);
    }
    assert_int_equal(test.ledger_count, 1);
    delivery_test_close(&test);
}

static enum error_code fail_next_step(struct work *work, void *context, struct error *error UNUSED)
{
    db_inject_failure(work->db, *(int64_t *)context);
    return OK;
}

static void outcomes_outlive_a_database_that_refuses(void **state UNUSED)
{
    for (int64_t step = 3; step <= 60; step += 3) {
        struct delivery_test test = {.next_fate = FATE_HANG};
        struct error error = {0};
        delivery_test_open(&test);
        (void)delivery_test_enroll(&test, delivery_test_sequence(&test, ONE, 1), 1);
        delivery_test_advance(&test, 0);
        for (int i = 0; i < 20 && test.ledger_count == 0; i++) {
            delivery_test_turn(&test);
        }
        store_test_do(&test.store, fail_next_step, &step);
        wire_answer_all(&test);
        test.next_fate = FATE_ACCEPT;
        assert_ok(delivery_tick(test.delivery, NULL, &error), &error);
        assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_ACCEPTED);
        assert_int_equal(count(&test, "SELECT result FROM attempt"), ATTEMPT_ACCEPTED);
        assert_int_equal(test.ledger_count, 1);
        delivery_test_close(&test);
    }
}

static void the_rate_is_kept(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *real = clock_new_system();
    struct lane lane;
    lane_init(&lane, 1);
    lane.usable = true;
    lane.rate = 200;
    lane.in_flight_row = 1000000;
    int64_t started_us = clock_measure_us();
    size_t sent = 0;
    while (clock_measure_us() - started_us < 500000) {
        size_t capacity = lane_capacity(&lane, real);
        lane_claimed(&lane, capacity);
        sent += capacity;
    }
    /* Never more than the bucket and the time that passed allow. Fewer are right when the machine
     * kept this test waiting: what a full bucket cannot hold is lost, not caught up. */
    int64_t allowed = 10 + (clock_measure_us() - started_us) * 200 / 1000000;
    assert_in_range(sent, 20, (uint64_t)allowed + 1);
    lane_done(&lane);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_the_window_the_template_goes),
        cmocka_unit_test(the_category_of_the_template_decides_the_policy),
        cmocka_unit_test(quiet_hours_hold_retries_as_well),
        cmocka_unit_test(a_paused_sequence_parks_its_people),
        cmocka_unit_test(a_clock_that_jumped_sends_nothing_until_confirmed),
        cmocka_unit_test(outcomes_outlive_a_database_that_refuses),
        cmocka_unit_test(the_rate_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
