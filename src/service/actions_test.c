/* Pausing, resuming and stopping: everyone changes with their messages, counters and due rows, and
 * a batch does to thousands what one transaction does to a few. */
#include "service/actions.h"

#include "base/instant.h"
#include "service/people_testing.h"

#include <cmocka.h>

struct call {
    struct action action;
    struct store_action_filter filter;
    int64_t enrollment_id; /* actions_one */
    int64_t sequence_id;   /* actions_sequence */
    struct action_result result;
    enum error_code expected;
};

static enum error_code run_call(struct work *work, void *context, struct error *error)
{
    struct call *call = context;
    enum error_code code = OK;
    if (call->enrollment_id != 0) {
        code = actions_one(work, &call->action, call->enrollment_id, &call->result, error);
    } else if (call->sequence_id != 0) {
        code = actions_sequence(work, &call->action, call->sequence_id, &call->result, error);
    } else {
        code = actions_many(work, &call->action, &call->filter, &call->result, error);
    }
    assert_int_equal(code, call->expected);
    return OK;
}

static struct action_result act(struct people_test *test, struct call call)
{
    if (call.action.dry_run) {
        people_test_read(test, run_call, &call);
    } else {
        store_test_do(&test->store, run_call, &call);
    }
    return call.result;
}

struct chunk {
    int64_t batch_id;
    bool done;
};

static enum error_code run_chunk(struct work *work, void *context, struct error *error)
{
    struct chunk *chunk = context;
    return actions_batch_chunk(work, chunk->batch_id, &chunk->done, error);
}

static int run_batch(struct people_test *test, int64_t batch_id)
{
    struct chunk chunk = {.batch_id = batch_id};
    int chunks = 0;
    while (!chunk.done) {
        assert_true(chunks < 100);
        store_test_do(&test->store, run_chunk, &chunk);
        chunks++;
    }
    return chunks;
}

static void test_one_person_pauses_and_resumes_with_shifted_dates(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 2);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, true), 2);
    people_test_sound(&test);
    people_test_advance(&test, 2 * MS_PER_HOUR);
    act(&test, (struct call){.enrollment_id = 1,
                             .action = {.kind = ACTION_PAUSE, .reason = TEXT("on holiday")}});
    struct store_progress row = people_test_row(&test, 1);
    assert_int_equal(row.status, ENROLLMENT_PAUSED);
    assert_true(text_equal(row.status_reason, TEXT("on holiday")));
    assert_int_equal(row.paused_at_ms, people_test_now(&test));
    people_test_sound(&test);
    act(&test, (struct call){.enrollment_id = 1,
                             .action = {.kind = ACTION_PAUSE},
                             .expected = ERROR_CONFLICT});
    people_test_advance(&test, 5 * MS_PER_DAY);
    struct call resume = {.enrollment_id = 1, .action = {.kind = ACTION_RESUME, .dry_run = true}};
    struct action_result result = act(&test, resume);
    assert_int_equal(result.day_count, 2);
    assert_int_equal(result.days[0].day, floor_divide(STORE_TEST_START_MS, MS_PER_DAY) + 6);
    assert_int_equal(people_test_row(&test, 1).status, ENROLLMENT_PAUSED);
    resume.action.dry_run = false;
    act(&test, resume);
    row = people_test_row(&test, 1);
    assert_int_equal(row.status, ENROLLMENT_ACTIVE);
    assert_int_equal(row.shift_days, 5);
    assert_int_equal(row.next_due_at_ms, STORE_TEST_START_MS + 6 * MS_PER_DAY + 10 * MS_PER_HOUR);
    people_test_sound(&test);
    act(&test, (struct call){.enrollment_id = 99,
                             .action = {.kind = ACTION_PAUSE},
                             .expected = ERROR_NOT_FOUND});
    people_test_close(&test);
}

static void test_a_waiting_message_is_cancelled_and_comes_back(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 2);
    people_test_enroll(&test, 1);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, false), 1);
    struct action_result result =
        act(&test, (struct call){.enrollment_id = 1, .action = {.kind = ACTION_PAUSE}});
    assert_int_equal(result.messages_cancelled, 1);
    assert_int_equal(store_test_int64(&test.store, "SELECT state FROM message"), MESSAGE_SKIPPED);
    people_test_sound(&test);
    people_test_advance(&test, 2 * MS_PER_DAY);
    act(&test, (struct call){.enrollment_id = 1, .action = {.kind = ACTION_RESUME}});
    people_test_sound(&test);
    assert_int_equal(people_test_run_due(&test, true), 1);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state = 5"),
                     1);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_stopping_counts_what_never_comes(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 4);
    people_test_enroll(&test, 10);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, true), 10);
    int64_t ids[] = {1, 2, 3, 77};
    struct action_result result =
        act(&test, (struct call){.filter = {.ids = ids, .id_count = 4},
                                 .action = {.kind = ACTION_STOP, .reason = TEXT("bought")}});
    assert_int_equal(result.matched, 4);
    assert_int_equal(result.changed, 3);
    assert_int_equal(result.skipped_count, 1);
    assert_string_equal(result.skipped[0].reason, "not_found");
    people_test_sound(&test);
    assert_int_equal(store_test_int64(&test.store, "SELECT sum(count) FROM counter WHERE outcome = "
                                                   "5 AND step_id <> 0"),
                     9);
    result = act(&test, (struct call){.filter = {.ids = ids, .id_count = 1},
                                      .action = {.kind = ACTION_RESUME}});
    assert_int_equal(result.changed, 0);
    assert_string_equal(result.skipped[0].reason, "already_stopped");
    people_test_close(&test);
}

static void test_keeping_the_dates(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 8);
    people_test_enroll(&test, 2);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, true), 2);
    struct store_action_filter all = {.sequence_id = 1};
    act(&test, (struct call){.filter = all, .action = {.kind = ACTION_PAUSE}});
    people_test_advance(&test, 4 * MS_PER_DAY + MS_PER_HOUR); /* Days 2 to 5 were missed */
    act(&test, (struct call){.enrollment_id = 1,
                             .action = {.kind = ACTION_RESUME, .mode = ACTION_KEEP_DATES}});
    act(&test, (struct call){.enrollment_id = 2,
                             .action = {.kind = ACTION_RESUME, .mode = ACTION_SKIP_MISSED}});
    people_test_sound(&test);
    assert_int_equal(people_test_row(&test, 1).next_due_at_ms, people_test_now(&test));
    assert_int_equal(people_test_row(&test, 2).next_due_at_ms,
                     STORE_TEST_START_MS + 5 * MS_PER_DAY + 10 * MS_PER_HOUR);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state = 8 "
                                                   "AND enrollment_id = 2"),
                     4);
    assert_int_equal(people_test_run_due(&test, true), 1);
    assert_int_equal(people_test_row(&test, 1).next_due_at_ms, people_test_now(&test) + MS_PER_DAY);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_thousands_go_by_batch(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 2);
    people_test_enroll(&test, 5200);
    struct store_action_filter all = {.sequence_id = 1};
    struct call pause = {.filter = all, .action = {.kind = ACTION_PAUSE, .dry_run = true}};
    assert_int_equal(act(&test, pause).changed, 5200);
    pause.action.dry_run = false;
    struct action_result result = act(&test, pause);
    assert_int_equal(result.matched, 5200);
    assert_true(result.batch_id > 0);
    assert_true(run_batch(&test, result.batch_id) >= 3);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status = 1"), 5200);
    assert_int_equal(store_test_int64(&test.store, "SELECT done_rows FROM batch"), 5200);
    people_test_sound(&test);
    people_test_advance(&test, 3 * MS_PER_DAY);
    struct call resume = {.filter = all, .action = {.kind = ACTION_RESUME, .dry_run = true}};
    result = act(&test, resume);
    assert_int_equal(result.changed, 5200);
    assert_int_equal(result.day_count, 2);
    assert_int_equal(result.days[1].count, 5200);
    resume.action.dry_run = false;
    result = act(&test, resume);
    int64_t asked_ms = people_test_now(&test);
    people_test_advance(&test, MS_PER_DAY); /* the batch comes late, and counts from the question */
    (void)run_batch(&test, result.batch_id);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(DISTINCT shift_days) FROM enrollment"), 1);
    assert_int_equal(people_test_row(&test, 5200).shift_days, 3);
    assert_true(people_test_row(&test, 5200).next_due_at_ms > asked_ms);
    people_test_sound(&test);
    struct call stop = {.filter = all, .action = {.kind = ACTION_STOP}};
    (void)run_batch(&test, act(&test, stop).batch_id);
    people_test_sound(&test);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM due"), 0);
    people_test_close(&test);
}

static void test_those_about_to_be_sent_are_held_back_at_once(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 2);
    people_test_enroll(&test, 1500);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, false), 1500);
    struct action_result result =
        act(&test, (struct call){.filter = {.sequence_id = 1}, .action = {.kind = ACTION_PAUSE}});
    assert_true(result.batch_id > 0);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state IN (0, 1)"), 0);
    (void)run_batch(&test, result.batch_id);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_a_whole_sequence_keeps_apart_who_was_paused_before(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 20);
    act(&test, (struct call){.enrollment_id = 7, .action = {.kind = ACTION_PAUSE}});
    struct action_result result =
        act(&test, (struct call){.sequence_id = 1, .action = {.kind = ACTION_PAUSE}});
    assert_int_equal(result.changed, 19);
    assert_int_equal(store_test_int64(&test.store, "SELECT status FROM sequence"), SEQUENCE_PAUSED);
    people_test_enroll(&test, 3); /* newcomers of a paused sequence wait without a due row */
    people_test_advance(&test, 2 * MS_PER_DAY);
    act(&test, (struct call){
                   .sequence_id = 1, .action = {.kind = ACTION_PAUSE}, .expected = ERROR_CONFLICT});
    result = act(&test, (struct call){.sequence_id = 1, .action = {.kind = ACTION_RESUME}});
    assert_int_equal(result.changed, 19);
    assert_int_equal(people_test_row(&test, 7).status, ENROLLMENT_PAUSED);
    assert_int_equal(people_test_row(&test, 8).status, ENROLLMENT_ACTIVE);
    assert_int_equal(people_test_row(&test, 8).shift_days, 2);
    assert_true(people_test_row(&test, 23).next_due_at_ms != 0);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_a_pause_overtaken_by_a_resume_stops(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 6500);
    int64_t pause =
        act(&test, (struct call){.sequence_id = 1, .action = {.kind = ACTION_PAUSE}}).batch_id;
    struct chunk chunk = {.batch_id = pause};
    store_test_do(&test.store, run_chunk, &chunk);
    assert_false(chunk.done);
    people_test_advance(&test, MS_PER_DAY);
    int64_t resume =
        act(&test, (struct call){.sequence_id = 1, .action = {.kind = ACTION_RESUME}}).batch_id;
    assert_int_equal(run_batch(&test, pause), 1);
    (void)run_batch(&test, resume);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status <> 0"), 0);
    people_test_sound(&test);
    people_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_person_pauses_and_resumes_with_shifted_dates),
        cmocka_unit_test(test_a_waiting_message_is_cancelled_and_comes_back),
        cmocka_unit_test(test_stopping_counts_what_never_comes),
        cmocka_unit_test(test_keeping_the_dates),
        cmocka_unit_test(test_thousands_go_by_batch),
        cmocka_unit_test(test_those_about_to_be_sent_are_held_back_at_once),
        cmocka_unit_test(test_a_whole_sequence_keeps_apart_who_was_paused_before),
        cmocka_unit_test(test_a_pause_overtaken_by_a_resume_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
