/* The send machine from enrollment to receipt, answer by answer, on a wire without network. */
#include "delivery/testing.h"

#include "base/instant.h"
#include "delivery/progress.h"

static const int DAYS[] = {1, 2, 4};

static int64_t count(struct delivery_test *test, const char *sql)
{
    return store_test_int64(&test->store, sql);
}

static void everybody_gets_every_message_once(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 3);
    for (int64_t n = 1; n <= 50; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    delivery_test_advance(&test, 0);
    assert_int_equal(test.accepted, 50);
    assert_string_equal(test.ledger[0].body, "hello p1 day 1");
    assert_string_equal(test.ledger[0].to, "+15550100001");
    delivery_test_advance(&test, MS_PER_HOUR);
    assert_int_equal(test.accepted, 50);
    for (int i = 0; i < 10; i++) {
        delivery_test_advance(&test, 12 * MS_PER_HOUR);
    }
    assert_int_equal(test.accepted, 150);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5"), 150);
    assert_int_equal(count(&test, "SELECT count(*) FROM enrollment WHERE status = 2 AND "
                                  "messages_sent = 3"),
                     50);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE step_id <> 0 AND "
                                  "outcome = 2"),
                     150);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE outcome IN (0, 1) AND "
                                  "step_id <> 0"),
                     0);
    assert_int_equal(count(&test, "SELECT count(*) FROM due"), 0);
    delivery_test_close(&test);
}

static void a_refusal_fails_and_the_next_step_follows(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_REFUSE};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 3), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT error_code FROM message WHERE state = 6"), 131026);
    assert_int_equal(test.ledger_count, 1);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 2 * MS_PER_DAY);
    assert_int_equal(test.accepted, 1);
    assert_string_equal(test.ledger[1].body, "hello p1 day 2");
    delivery_test_close(&test);
}

static void retries_wait_longer_and_longer_and_end(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_LATER};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 1), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 1 AND tries = 1"), 1);
    delivery_test_advance(&test, 20 * MS_PER_SECOND);
    assert_int_equal(test.ledger_count, 1);
    for (int i = 0; i < 100; i++) {
        delivery_test_advance(&test, MS_PER_MINUTE);
    }
    /* The code's own limit of three tries. */
    assert_int_equal(test.ledger_count, 3);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 6 AND reason = 42"),
                     1);
    delivery_test_close(&test);
}

static void what_was_never_sent_burns_no_try(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_NOT_SENT};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 1), 1);
    for (int i = 0; i < 12; i++) {
        delivery_test_advance(&test, MS_PER_HOUR);
    }
    assert_true(test.ledger_count > 8);
    assert_int_equal(count(&test, "SELECT tries FROM message WHERE state = 1"), 0);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 2 * MS_PER_HOUR);
    assert_int_equal(test.accepted, 1);
    delivery_test_close(&test);
}

static void a_bad_token_holds_the_channel_until_a_probe_succeeds(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_AUTH};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    for (int64_t n = 1; n <= 100; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    delivery_test_advance(&test, 0);
    size_t asked = test.ledger_count;
    assert_true(asked <= 100 && asked >= 1);
    assert_int_equal(count(&test, "SELECT state FROM channel"), 2);
    assert_int_equal(count(&test, "SELECT count(*) FROM event WHERE type = 'channel.held'"), 1);
    struct delivery_stats stats;
    delivery_stats(test.delivery, &stats);
    delivery_test_advance(&test, 30 * MS_PER_SECOND);
    assert_int_equal(test.ledger_count, asked);
    delivery_test_advance(&test, 5 * MS_PER_MINUTE); /* a probe, refused again */
    assert_int_equal(test.ledger_count, asked + 1);
    test.next_fate = FATE_ACCEPT;
    for (int i = 0; i < 20; i++) {
        delivery_test_advance(&test, 5 * MS_PER_MINUTE);
    }
    assert_int_equal(test.accepted, 100);
    assert_int_equal(count(&test, "SELECT state FROM channel"), 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5 AND tries = 1"),
                     100);
    delivery_test_close(&test);
}

static void failing_answers_hold_the_channel(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_SERVER_ERROR};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    for (int64_t n = 1; n <= 200; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    delivery_test_advance(&test, 0);
    assert_true(test.ledger_count < 100);
    assert_int_equal(count(&test, "SELECT state FROM channel"), 2);
    delivery_test_close(&test);
}

static void opt_outs_win_in_the_claim(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 3), 1);
    store_test_exec(&test.store, "UPDATE channel SET state = 1");
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 0"), 1);
    store_test_exec(&test.store, "UPDATE contact SET suppressed = 1");
    store_test_exec(&test.store, "UPDATE channel SET state = 0");
    delivery_test_advance(&test, MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 8 AND reason = 22"),
                     1);
    assert_int_equal(count(&test, "SELECT status FROM enrollment"), ENROLLMENT_OPTED_OUT);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE step_id <> 0 AND "
                                  "outcome = 5"),
                     3);
    delivery_test_close(&test);
}

static void a_person_who_stops_marketing_is_remembered(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_MARKETING_STOP};
    delivery_test_open(&test);
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 1), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT suppressed FROM contact"), 2);
    assert_int_equal(count(&test, "SELECT active FROM suppression WHERE kind = 2"), 1);
    delivery_test_close(&test);
}

static void late_messages_follow_their_rule(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 3);
    (void)delivery_test_enroll(&test, sequence_id, 1);
    store_test_exec(&test.store, "UPDATE channel SET state = 1");
    delivery_test_advance(&test, 0);
    delivery_test_advance(&test, 4 * MS_PER_DAY);
    store_test_exec(&test.store, "UPDATE channel SET state = 0");
    delivery_test_advance(&test, MS_PER_SECOND);
    /* Day 1 is four days late, Day 2 two days: one is left out, the other goes. */
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 8 AND reason = 1"),
                     1);
    assert_string_equal(test.ledger[0].body, "hello p1 day 2");
    delivery_test_close(&test);
}

static enum error_code operate(struct work *work, void *context, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    return progress_operate(&progress, *(int64_t *)context, PROGRESS_RETRY, error);
}

static void missing_fields_fail_and_can_be_retried(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    store_test_exec(&test.store, "UPDATE step SET message = 'to {city}'");
    (void)delivery_test_enroll(&test, sequence_id, 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 6 AND reason = 40"),
                     1);
    assert_int_equal(count(&test, "SELECT status FROM enrollment"), ENROLLMENT_COMPLETED);
    assert_int_equal(test.ledger_count, 0);
    store_test_exec(&test.store, "UPDATE contact SET fields = '{\"city\":\"Pune\"}'");
    int64_t message_id = count(&test, "SELECT id FROM message");
    store_test_do(&test.store, operate, &message_id);
    delivery_test_advance(&test, MS_PER_SECOND);
    assert_string_equal(test.ledger[0].body, "to Pune");
    assert_int_equal(count(&test, "SELECT state FROM message"), MESSAGE_ACCEPTED);
    delivery_test_close(&test);
}

static enum error_code pause_one(struct work *work, void *context, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    return progress_pause(&progress, *(int64_t *)context, TEXT("on holiday"), false, error);
}

static enum error_code resume_one(struct work *work, void *context, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    return progress_resume(&progress, *(int64_t *)context, 10, 0, error);
}

static void a_pause_puts_aside_and_a_resume_brings_back(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    int64_t id = delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 2), 1);
    store_test_exec(&test.store, "UPDATE channel SET state = 1");
    delivery_test_advance(&test, 0);
    store_test_do(&test.store, pause_one, &id);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 8 AND reason = 20"),
                     1);
    store_test_exec(&test.store, "UPDATE channel SET state = 0");
    delivery_test_advance(&test, 10 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 0);
    store_test_do(&test.store, resume_one, &id);
    for (int i = 0; i < 8; i++) {
        delivery_test_advance(&test, 12 * MS_PER_HOUR);
    }
    assert_int_equal(test.accepted, 2);
    assert_string_equal(test.ledger[0].body, "hello p1 day 1");
    assert_string_equal(test.ledger[1].body, "hello p1 day 2");
    assert_int_equal(count(&test, "SELECT count(*) FROM message"), 2);
    assert_int_equal(count(&test, "SELECT sum(count) FROM counter WHERE step_id <> 0 AND "
                                  "outcome = 2"),
                     2);
    delivery_test_close(&test);
}

static void a_paused_server_sends_nothing(void **state UNUSED)
{
    struct delivery_test test = {0};
    delivery_test_open(&test);
    store_test_exec(&test.store, "INSERT INTO setting VALUES ('sending_paused', 'true', 0)");
    (void)delivery_test_enroll(&test, delivery_test_sequence(&test, DAYS, 1), 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(test.ledger_count, 0);
    struct delivery_stats stats;
    delivery_stats(test.delivery, &stats);
    assert_string_equal(delivery_idle_to_text(stats.idle), "paused");
    store_test_exec(&test.store, "DELETE FROM setting");
    delivery_test_advance(&test, 0);
    assert_int_equal(test.ledger_count, 1);
    delivery_test_close(&test);
}

static void old_claims_are_not_written(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_ACCEPT};
    delivery_test_open(&test);
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    for (int64_t n = 1; n <= 40; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    test.delivery->settings.claim_age_max_ms = -1; /* every claim is too old */
    delivery_test_turn(&test);
    for (int i = 0; i < 20; i++) {
        delivery_test_turn(&test);
    }
    assert_int_equal(test.ledger_count, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM attempt WHERE n = 1 AND result = 1"), 40);
    /* Our own slowness is no failure of the channel: it stays open, and all goes out later. */
    assert_int_equal(count(&test, "SELECT state FROM channel"), CHANNEL_READY);
    test.delivery->settings.claim_age_max_ms = 2000;
    delivery_test_advance(&test, MS_PER_HOUR);
    assert_int_equal(test.accepted, 40);
    delivery_test_close(&test);
}

/* A claim that finds no connection would wait and grow old, or make the provider cut one. */
static void no_more_is_claimed_than_there_are_connections(void **state UNUSED)
{
    struct delivery_test test = {.next_fate = FATE_HANG, .settings.connection_limit = 8};
    delivery_test_open(&test);
    store_test_exec(&test.store, "UPDATE channel SET in_flight_max = 1000");
    int64_t sequence_id = delivery_test_sequence(&test, DAYS, 1);
    for (int64_t n = 1; n <= 50; n++) {
        (void)delivery_test_enroll(&test, sequence_id, n);
    }
    for (int i = 0; i < 20; i++) {
        delivery_test_turn(&test);
        assert_true(test.delivery->in_flight <= 8);
    }
    assert_int_equal(test.delivery->in_flight, 8);
    int64_t passes = test.delivery->passes;
    for (int i = 0; i < 20; i++) {
        delivery_test_turn(&test);
    }
    assert_int_equal(test.delivery->passes, passes); /* waits for answers, not in circles */
    for (int i = 0; i < 200 && test.accepted < 50; i++) {
        wire_answer_all(&test);
        delivery_test_turn(&test);
        assert_true(test.delivery->in_flight <= 8);
    }
    assert_int_equal(test.accepted, 50);
    wire_answer_all(&test);
    delivery_test_close(&test);
}

static void one_person_gets_no_more_than_a_burst(void **state UNUSED)
{
    CLEANUP(map64_free) struct map64 *people = map64_new(4);
    struct lane lane = {.people = people};
    int64_t now_ms = 1000000;
    for (int i = 0; i < 45; i++) {
        assert_int_equal(lane_person_ready_at(people, 7, 0, now_ms), now_ms);
        lane_person_claimed(&lane, 7, now_ms);
    }
    assert_int_equal(lane_person_ready_at(people, 7, 0, now_ms), now_ms + 6000);
    assert_int_equal(lane_person_ready_at(people, 8, 44, now_ms), now_ms);
    assert_int_equal(lane_person_ready_at(people, 8, 45, now_ms), now_ms + 6000);
    lane_person_paused(&lane, 8, now_ms + 64000);
    assert_int_equal(lane_person_ready_at(people, 8, 0, now_ms), now_ms + 64000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_every_message_once),
        cmocka_unit_test(a_refusal_fails_and_the_next_step_follows),
        cmocka_unit_test(retries_wait_longer_and_longer_and_end),
        cmocka_unit_test(what_was_never_sent_burns_no_try),
        cmocka_unit_test(a_bad_token_holds_the_channel_until_a_probe_succeeds),
        cmocka_unit_test(failing_answers_hold_the_channel),
        cmocka_unit_test(opt_outs_win_in_the_claim),
        cmocka_unit_test(a_person_who_stops_marketing_is_remembered),
        cmocka_unit_test(late_messages_follow_their_rule),
        cmocka_unit_test(missing_fields_fail_and_can_be_retried),
        cmocka_unit_test(a_pause_puts_aside_and_a_resume_brings_back),
        cmocka_unit_test(a_paused_server_sends_nothing),
        cmocka_unit_test(old_claims_are_not_written),
        cmocka_unit_test(no_more_is_claimed_than_there_are_connections),
        cmocka_unit_test(one_person_gets_no_more_than_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
