/* The moves of a message: each promise of the header as one test. */
#include "domain/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool move(enum message_state from, enum message_event event, bool doubt,
                 enum message_state *ret_to)
{
    struct message_position to;
    if (!message_move((struct message_position){from, RANK_ACCEPTED}, event, doubt, RANK_SENT,
                      &to)) {
        return false;
    }
    *ret_to = to.state;
    return true;
}

static void a_plain_send_goes_from_planned_to_read(void **state)
{
    (void)state;
    struct message_position at = {MESSAGE_PLANNED, RANK_ACCEPTED};
    assert_true(message_move(at, EVENT_CLAIM, false, RANK_ACCEPTED, &at));
    assert_int_equal(at.state, MESSAGE_SENDING);
    assert_true(message_move(at, EVENT_ACCEPTED, false, RANK_ACCEPTED, &at));
    assert_string_equal(message_status_to_text(at.state, at.rank, REASON_NONE), "sent");
    assert_true(message_move(at, EVENT_PROOF, false, RANK_READ, &at));
    assert_string_equal(message_status_to_text(at.state, at.rank, REASON_NONE), "read");
    assert_true(message_move(at, EVENT_PROOF, false, RANK_DELIVERED, &at));
    assert_int_equal(at.rank, RANK_READ);
}

static void nothing_is_dropped_or_claimed_while_bytes_may_leave(void **state)
{
    (void)state;
    enum message_state to;
    assert_false(move(MESSAGE_SENDING, EVENT_DROP, false, &to));
    assert_false(move(MESSAGE_SENDING, EVENT_CLAIM, false, &to));
    assert_false(move(MESSAGE_DOUBT, EVENT_CLAIM, false, &to));
    assert_false(move(MESSAGE_HELD, EVENT_CLAIM, false, &to));
    assert_false(move(MESSAGE_ACCEPTED, EVENT_CLAIM, false, &to));
    assert_false(move(MESSAGE_SKIPPED, EVENT_CLAIM, false, &to));
}

static void an_older_doubt_turns_failed_and_skipped_into_unknown(void **state)
{
    (void)state;
    enum message_state to;
    assert_true(move(MESSAGE_SENDING, EVENT_REFUSED, true, &to));
    assert_int_equal(to, MESSAGE_UNKNOWN);
    assert_true(move(MESSAGE_SENDING, EVENT_REFUSED, false, &to));
    assert_int_equal(to, MESSAGE_FAILED);
    assert_true(move(MESSAGE_WAIT, EVENT_DROP, true, &to));
    assert_int_equal(to, MESSAGE_UNKNOWN);
    assert_true(move(MESSAGE_HELD, EVENT_DROP, true, &to));
    assert_int_equal(to, MESSAGE_UNKNOWN);
}

static void proof_lifts_every_state(void **state)
{
    (void)state;
    for (int from = 0; from < MESSAGE_STATE_COUNT; from++) {
        enum message_state to;
        assert_true(move((enum message_state)from, EVENT_PROOF, true, &to));
        assert_int_equal(to, MESSAGE_ACCEPTED);
    }
}

static void no_move_says_failed_while_a_doubt_is_open(void **state)
{
    (void)state;
    for (int from = 0; from < MESSAGE_STATE_COUNT; from++) {
        for (int event = 0; event < MESSAGE_EVENT_COUNT; event++) {
            enum message_state to;
            if (move((enum message_state)from, (enum message_event)event, true, &to)) {
                assert_int_not_equal(to, MESSAGE_FAILED);
                assert_int_not_equal(to, MESSAGE_SKIPPED);
            }
        }
    }
}

static void a_late_sent_does_not_lift_a_reported_failure(void **state)
{
    (void)state;
    struct message_position at = {MESSAGE_ACCEPTED, RANK_SENT};
    assert_true(message_move(at, EVENT_RECEIPT_FAILED, false, RANK_ACCEPTED, &at));
    assert_int_equal(at.state, MESSAGE_FAILED);
    assert_true(message_move(at, EVENT_PROOF, false, RANK_SENT, &at));
    assert_int_equal(at.state, MESSAGE_FAILED);
    assert_true(message_move(at, EVENT_PROOF, false, RANK_DELIVERED, &at));
    assert_int_equal(at.state, MESSAGE_ACCEPTED);
    assert_int_equal(at.rank, RANK_DELIVERED);
    assert_false(message_move(at, EVENT_RECEIPT_FAILED, false, RANK_ACCEPTED, &at));
}

static void words_go_both_ways(void **state)
{
    (void)state;
    for (int reason = 0; reason < 100; reason++) {
        const char *name = message_reason_to_text((enum message_reason)reason);
        enum message_reason back;
        if (name[0] != '\0') {
            assert_true(message_reason_from_text(text_from(name), &back));
            assert_int_equal(back, reason);
            assert_true(message_reason_advice(back)[0] != '\0');
        }
    }
    assert_string_equal(message_status_to_text(MESSAGE_SKIPPED, RANK_ACCEPTED, REASON_LATE),
                        "skipped");
    assert_string_equal(message_status_to_text(MESSAGE_SKIPPED, RANK_ACCEPTED, REASON_OPTED_OUT),
                        "cancelled");
    assert_string_equal(message_status_to_text(MESSAGE_WAIT, RANK_ACCEPTED, REASON_NONE),
                        "pending");
    enum step_outcome outcome;
    assert_true(step_outcome_from_text(TEXT("opted_out"), &outcome));
    assert_int_equal(outcome, OUTCOME_OPTED_OUT);
    assert_int_equal(message_outcome(MESSAGE_SKIPPED, REASON_PAUSED), OUTCOME_CANCELLED);
    assert_int_equal(message_outcome(MESSAGE_DOUBT, REASON_NO_ANSWER), OUTCOME_QUEUED);
}

static void an_operator_may_settle_what_is_open(void **state)
{
    (void)state;
    enum message_state to;
    assert_true(move(MESSAGE_HELD, EVENT_RELEASE, false, &to));
    assert_int_equal(to, MESSAGE_WAIT);
    assert_true(move(MESSAGE_DOUBT, EVENT_CONFIRM, false, &to));
    assert_int_equal(to, MESSAGE_ACCEPTED);
    assert_true(move(MESSAGE_UNKNOWN, EVENT_RETRY, false, &to));
    assert_int_equal(to, MESSAGE_WAIT);
    assert_true(move(MESSAGE_SKIPPED, EVENT_RETRY, false, &to));
    assert_int_equal(to, MESSAGE_PLANNED);
    assert_false(move(MESSAGE_ACCEPTED, EVENT_RETRY, false, &to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_send_goes_from_planned_to_read),
        cmocka_unit_test(nothing_is_dropped_or_claimed_while_bytes_may_leave),
        cmocka_unit_test(an_older_doubt_turns_failed_and_skipped_into_unknown),
        cmocka_unit_test(proof_lifts_every_state),
        cmocka_unit_test(no_move_says_failed_while_a_doubt_is_open),
        cmocka_unit_test(a_late_sent_does_not_lift_a_reported_failure),
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(an_operator_may_settle_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
