/* What happens to messages whose answer was lost: by policy, by proof, after a crash. */
#include "delivery/testing.h"

#include "base/instant.h"

#include <stdio.h>

static const int ONE[] = {1};

static int64_t count(struct delivery_test *test, const char *sql)
{
    return store_test_int64(&test->store, sql);
}

static void open_with(struct delivery_test *test, enum doubt_policy policy, enum wire_fate fate)
{
    *test = (struct delivery_test){.next_fate = fate};
    test->settings.policies_set = true;
    for (size_t i = 0; i < MESSAGE_CATEGORY_COUNT; i++) {
        test->settings.policies[i] = policy;
    }
    delivery_test_open(test);
    (void)delivery_test_enroll(test, delivery_test_sequence(test, ONE, 1), 1);
    delivery_test_advance(test, 0);
}

/* Three newer messages of the same kind, all proven by webhooks: the channel is alive. */
static void prove_alive(struct delivery_test *test)
{
    int64_t sequence_id = store_test_int64(&test->store, "SELECT max(id) FROM sequence");
    test->next_fate = FATE_ACCEPT;
    delivery_test_advance(test, MS_PER_MINUTE);
    for (int64_t n = 101; n <= 103; n++) {
        (void)delivery_test_enroll(test, sequence_id, n);
    }
    size_t first = test->ledger_count;
    delivery_test_advance(test, MS_PER_SECOND);
    assert_int_equal(test->ledger_count, first + 3);
    for (size_t i = first; i < first + 3; i++) {
        delivery_test_receipt(test, i, RECEIPT_SENT, 0, true);
    }
}

static void never_ends_unknown(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_NEVER, FATE_LOSE);
    prove_alive(&test);
    delivery_test_advance(&test, 10 * MS_PER_MINUTE);
    assert_int_equal(count(&test, "SELECT state FROM message WHERE id = 1"), MESSAGE_DOUBT);
    delivery_test_advance(&test, 10 * MS_PER_MINUTE);
    assert_int_equal(count(&test, "SELECT state FROM message WHERE id = 1"), MESSAGE_UNKNOWN);
    delivery_test_advance(&test, 3 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 4);
    delivery_test_close(&test);
}

static void resend_needs_a_living_channel(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_RESEND, FATE_LOSE);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 1);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_DOUBT);
    prove_alive(&test);
    delivery_test_advance(&test, 10 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 5);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5"), 4);
    delivery_test_close(&test);
}

static void nothing_proven_is_held_in_the_end(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_RESEND, FATE_LOSE);
    test.next_fate = FATE_ACCEPT;
    for (int i = 0; i < 30; i++) {
        delivery_test_advance(&test, MS_PER_HOUR);
    }
    assert_int_equal(test.ledger_count, 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 4 AND reason = 65"),
                     1);
    delivery_test_close(&test);
}

static void an_outage_of_our_endpoint_extends_the_grace(void **state UNUSED)
{
    struct delivery_test test;
    char sql[160];
    open_with(&test, DOUBT_RESEND, FATE_LOSE);
    prove_alive(&test);
    int64_t now_ms = clock_now_ms(test.store.clock);
    (void)snprintf(sql, sizeof(sql), "INSERT INTO endpoint_outage VALUES (%lld, %lld)",
                   (long long)now_ms, (long long)(now_ms + 30 * MS_PER_MINUTE));
    store_test_exec(&test.store, sql);
    delivery_test_advance(&test, 50 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 4);
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 5);
    delivery_test_close(&test);
}

static void an_orphan_webhook_forbids_the_resend(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_RESEND, FATE_LOSE);
    prove_alive(&test);
    test.ledger[0].accepted_id = 77; /* accepted after all; its webhook comes without token */
    delivery_test_receipt(&test, 0, RECEIPT_SENT, 0, false);
    delivery_test_advance(&test, 30 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 4);
    delivery_test_close(&test);
}

static void hold_waits_for_a_person(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_HOLD, FATE_ACCEPT_SILENT);
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 4 AND reason = 67"),
                     1);
    delivery_test_close(&test);
}

static void a_crash_in_flight_is_a_doubt(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_NEVER, FATE_HANG);
    for (int i = 0; i < 20 && test.ledger_count == 0; i++) {
        delivery_test_turn(&test);
    }
    assert_int_equal(test.ledger_count, 1);
    test.next_fate = FATE_ACCEPT;
    delivery_test_crash(&test);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 3 AND reason = 63"),
                     1);
    assert_int_equal(count(&test, "SELECT result FROM attempt"), ATTEMPT_DOUBT);
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_UNKNOWN);
    assert_int_equal(test.ledger_count, 1);
    delivery_test_close(&test);
}

static void failed_is_not_said_while_a_doubt_is_left(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_RESEND, FATE_ACCEPT_SILENT);
    prove_alive(&test);
    test.next_fate = FATE_REFUSE;
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 5);
    /* The second attempt was refused, but the first may have been accepted. */
    assert_int_equal(count(&test, "SELECT state FROM message WHERE id = 1"), MESSAGE_UNKNOWN);
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true);
    assert_int_equal(count(&test, "SELECT state FROM message WHERE id = 1"), MESSAGE_ACCEPTED);
    delivery_test_close(&test);
}

static void a_duplicate_is_counted(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, DOUBT_RESEND, FATE_ACCEPT_SILENT);
    prove_alive(&test);
    delivery_test_advance(&test, 20 * MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 5);
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true);
    assert_int_equal(count(&test, "SELECT duplicates FROM message WHERE id = 1"), 1);
    delivery_test_receipt(&test, 0, RECEIPT_READ, 0, true);
    assert_int_equal(count(&test, "SELECT duplicates FROM message WHERE id = 1"), 1);
    delivery_test_close(&test);
}

static void a_closed_fence_sends_nothing(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, ONE, 1);
    store_test_exec(&test.store, "UPDATE installation SET fence_reason = 'restored', "
                                 "fenced_at_ms = 1");
    (void)delivery_test_enroll(&test, sequence_id, 1);
    delivery_test_advance(&test, MS_PER_HOUR);
    struct delivery_stats stats;
    delivery_stats(test.delivery, &stats);
    assert_int_equal(stats.idle, DELIVERY_FENCED);
    assert_int_equal(test.ledger_count, 0);
    store_test_exec(&test.store, "UPDATE installation SET fence_reason = NULL, "
                                 "fenced_at_ms = NULL");
    delivery_test_advance(&test, MS_PER_SECOND);
    assert_int_equal(test.ledger_count, 1);
    delivery_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_ends_unknown),
        cmocka_unit_test(resend_needs_a_living_channel),
        cmocka_unit_test(nothing_proven_is_held_in_the_end),
        cmocka_unit_test(an_outage_of_our_endpoint_extends_the_grace),
        cmocka_unit_test(an_orphan_webhook_forbids_the_resend),
        cmocka_unit_test(hold_waits_for_a_person),
        cmocka_unit_test(a_crash_in_flight_is_a_doubt),
        cmocka_unit_test(failed_is_not_said_while_a_doubt_is_left),
        cmocka_unit_test(a_duplicate_is_counted),
        cmocka_unit_test(a_closed_fence_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
