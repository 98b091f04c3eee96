/* Status webhooks in every order: repeated, reversed, early, late, without token, from elsewhere.
 */
#include "delivery/testing.h"

#include "base/instant.h"
#include "delivery/receipts.h"

static const int ONE[] = {1};
static const int TWO[] = {1, 2};

static int64_t count(struct delivery_test *test, const char *sql)
{
    return store_test_int64(&test->store, sql);
}

static void open_with(struct delivery_test *test, enum wire_fate fate)
{
    *test = (struct delivery_test){.next_fate = fate};
    delivery_test_open(test);
    (void)delivery_test_enroll(test, delivery_test_sequence(test, ONE, 1), 1);
    delivery_test_advance(test, 0);
}

static void ranks_only_rise(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT);
    delivery_test_receipt(&test, 0, RECEIPT_READ, 0, true);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5 AND "
                                  "(delivered_at_ms < sent_at_ms OR read_at_ms < delivered_at_ms)"),
                     0);
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true);
    delivery_test_receipt(&test, 0, RECEIPT_SENT, 0, false);
    delivery_test_receipt(&test, 0, RECEIPT_READ, 0, false);
    delivery_test_receipt(&test, 0, RECEIPT_FAILED, 131000, true);
    assert_int_equal(count(&test, "SELECT rank FROM message WHERE state = 5"), RANK_READ);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE outcome = 8"), 1);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE outcome = 7"), 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'message.read'"), 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'message.sent'"), 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'message.delivered'"),
                     1);
    delivery_test_close(&test);
}

static void a_webhook_settles_a_doubt(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT_SILENT);
    assert_int_equal(count(&test, "SELECT doubts FROM message WHERE state = 3"), 1);
    delivery_test_receipt(&test, 0, RECEIPT_SENT, 0, true);
    assert_int_equal(count(&test, "SELECT doubts FROM message WHERE state = 5"), 0);
    assert_int_equal(count(&test, "SELECT evidence FROM attempt WHERE result = 4"),
                     EVIDENCE_WEBHOOK);
    assert_int_equal(count(&test, "SELECT status FROM enrollment"), 2);
    delivery_test_advance(&test, 3 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 1);
    delivery_test_close(&test);
}

static void a_late_webhook_lifts_unknown(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT_SILENT);
    delivery_test_advance(&test, 3 * MS_PER_HOUR);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 7"), 1);
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true);
    assert_int_equal(count(&test, "SELECT rank FROM message WHERE state = 5"), RANK_DELIVERED);
    assert_int_equal(count(&test, "SELECT messages_sent FROM enrollment"), 1);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE outcome = 6"), 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'message.sent'"), 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'message.delivered'"),
                     1);
    delivery_test_close(&test);
}

static void a_webhook_may_come_before_the_answer(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_HANG};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, ONE, 1), 1);
    delivery_test_advance(&test, 0);
    for (int i = 0; i < 20 && test.ledger_count == 0; i++) {
        delivery_test_turn(&test);
    }
    assert_int_equal(test.ledger_count, 1);
    /* Without token and before its id is known: kept, and applied once the answer names the id. */
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, false);
    assert_int_equal(count(&test, "SELECT count(*) FROM orphan_event"), 1);
    delivery_test_receipt(&test, 0, RECEIPT_SENT, 0, true);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_ACCEPTED);
    wire_answer_all(&test);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, MS_PER_SECOND);
    assert_int_equal(count(&test, "SELECT rank FROM message WHERE state = 5"), RANK_DELIVERED);
    assert_int_equal(count(&test, "SELECT messages_sent FROM enrollment"), 1);
    assert_int_equal(count(&test, "SELECT duplicates FROM message"), 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM orphan_event WHERE settled_at_ms IS NULL"),
                     0);
    delivery_test_close(&test);
}

static void failed_after_acceptance_is_failed(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT);
    delivery_test_receipt(&test, 0, RECEIPT_FAILED, 131026, false);
    assert_int_equal(count(&test, "SELECT error_code FROM message WHERE state = 6"), 131026);
    assert_int_equal(count(&test, "SELECT messages_sent FROM enrollment"), 0);
    delivery_test_receipt(&test, 0, RECEIPT_SENT, 0, true); /* older news */
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_FAILED);
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true); /* proof of the contrary */
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_ACCEPTED);
    delivery_test_close(&test);
}

static void the_marketing_limit_gets_one_more_try_a_day_later(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT);
    delivery_test_receipt(&test, 0, RECEIPT_FAILED, 131049, true);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_WAIT);
    delivery_test_advance(&test, 20 * MS_PER_HOUR);
    assert_int_equal(test.ledger_count, 1);
    delivery_test_advance(&test, 5 * MS_PER_HOUR);
    assert_int_equal(test.ledger_count, 2);
    delivery_test_receipt(&test, 1, RECEIPT_FAILED, 131049, true);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_FAILED);
    assert_int_equal(count(&test, "SELECT duplicates FROM message"), 0);
    delivery_test_advance(&test, 3 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 2);
    delivery_test_close(&test);
}

static void a_stop_by_webhook_suppresses_marketing(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_ACCEPT);
    delivery_test_receipt(&test, 0, RECEIPT_FAILED, 131050, true);
    assert_int_equal(count(&test, "SELECT suppressed FROM contact"), 2);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_FAILED);
    delivery_test_close(&test);
}

static void delivered_although_refused_counts_as_delivered(void **state UNUSED)
{
    struct delivery_test test;
    open_with(&test, FATE_REFUSE);
    test.ledger[0].accepted_id = 99;
    delivery_test_receipt(&test, 0, RECEIPT_DELIVERED, 0, true);
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_ACCEPTED);
    assert_int_equal(
        count(&test,
              "SELECT count(*) FROM event WHERE type = 'message.delivered_although_refused'"),
        1);
    delivery_test_close(&test);
}

static enum error_code apply_foreign(struct work *work, void *context, struct error *error)
{
    const struct provider_event event = {.kind = PROVIDER_EVENT_STATUS,
                                         .status = PROVIDER_STATUS_READ,
                                         .token = TEXT_INIT("d1.otherinstall.1.1.1"),
                                         .provider_id = TEXT_INIT("wamid.other")};
    return receipts_apply(work, 1, &event, 1, context, error);
}

static void tokens_of_other_installations_change_nothing(void **state UNUSED)
{
    struct delivery_test test;
    struct receipts_result result = {0};
    open_with(&test, FATE_ACCEPT);
    store_test_do(&test.store, apply_foreign, &result);
    assert_int_equal(result.foreign, 1);
    assert_int_equal(count(&test, "SELECT rank FROM message"), 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM orphan_event"), 0);
    delivery_test_close(&test);
}

static void a_webhook_in_doubt_lets_the_next_step_come(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_ACCEPT_SILENT};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, TWO, 2), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM due"), 0);
    delivery_test_receipt(&test, 0, RECEIPT_READ, 0, true);
    assert_int_equal(count(&test, "SELECT count(*) FROM due"), 1);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 2 * MS_PER_DAY);
    assert_int_equal(test.accepted, 2);
    delivery_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_only_rise),
        cmocka_unit_test(a_webhook_settles_a_doubt),
        cmocka_unit_test(a_late_webhook_lifts_unknown),
        cmocka_unit_test(a_webhook_may_come_before_the_answer),
        cmocka_unit_test(failed_after_acceptance_is_failed),
        cmocka_unit_test(the_marketing_limit_gets_one_more_try_a_day_later),
        cmocka_unit_test(a_stop_by_webhook_suppresses_marketing),
        cmocka_unit_test(delivered_although_refused_counts_as_delivered),
        cmocka_unit_test(tokens_of_other_installations_change_nothing),
        cmocka_unit_test(a_webhook_in_doubt_lets_the_next_step_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
