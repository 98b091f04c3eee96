/* Editing a live sequence: the dry run's counts, and what happens to the people inside. After every
 * edit all counters must still equal what the rows say. */
#include "service/edit_effects.h"

#include "base/instant.h"
#include "domain/schedule.h"
#include "service/people_testing.h"
#include "store/store_sequence.h"

#include <stdio.h>

#include <cmocka.h>

struct editing {
    struct sequence before;
    struct sequence after;
    bool backfill;
    bool dry_run;
    struct edit_effects effects;
    struct arena *arena;
    int64_t batch_id;
    bool done;
};

static enum error_code run_edit(struct work *work, void *context, struct error *error)
{
    struct editing *editing = context;
    if (editing->dry_run) {
        enum error_code code = edit_effects_count(work, &editing->before, &editing->after,
                                                  editing->backfill, &editing->effects, error);
        struct edit_step *steps =
            arena_array(editing->arena, editing->effects.step_count + 1, sizeof *steps);
        memcpy(steps, editing->effects.steps, editing->effects.step_count * sizeof *steps);
        editing->effects.steps = steps;
        return code;
    }
    sequence_assign_ordinals(editing->arena, &editing->after, &editing->before);
    sequence_sort(&editing->after);
    enum error_code code = store_sequence_update(work, &editing->after, error);
    return code == OK ? edit_effects_apply(work, &editing->before, &editing->after,
                                           editing->backfill, &editing->batch_id, error)
                      : code;
}

static enum error_code run_chunk(struct work *work, void *context, struct error *error)
{
    struct editing *editing = context;
    return edit_effects_batch_chunk(work, editing->batch_id, &editing->done, error);
}

static struct edit_effects count_edit(struct people_test *test, const struct sequence *after,
                                      bool backfill)
{
    struct editing editing = {.before = test->sequence,
                              .after = *after,
                              .backfill = backfill,
                              .dry_run = true,
                              .arena = test->arena};
    people_test_read(test, run_edit, &editing);
    return editing.effects;
}

static void save_edit(struct people_test *test, const struct sequence *after, bool backfill)
{
    struct editing editing = {.before = test->sequence,
                              .after = sequence_copy(test->arena, after),
                              .backfill = backfill,
                              .arena = test->arena};
    store_test_do(&test->store, run_edit, &editing);
    for (int i = 0; editing.batch_id != 0 && !editing.done; i++) {
        assert_true(i < 100);
        store_test_do(&test->store, run_chunk, &editing);
    }
    test->sequence = sequence_copy(test->arena, &editing.after);
}

/* A copy of the document with room for one more step. */
static struct sequence change(struct people_test *test)
{
    struct sequence after = sequence_copy(test->arena, &test->sequence);
    struct step *steps = arena_array(test->arena, after.step_count + 2, sizeof *steps);
    memcpy(steps, after.steps, after.step_count * sizeof *steps);
    after.steps = steps;
    return after;
}

static void add_step(struct sequence *sequence, int32_t day, int32_t minute)
{
    sequence->steps[sequence->step_count] =
        (struct step){.day = day,
                      .minute = minute,
                      .ordinal = (int32_t)sequence->step_count + 1,
                      .type = STEP_TEXT,
                      .message = TEXT("New")};
    sequence->step_count++;
}

static void remove_step(struct sequence *sequence, size_t at)
{
    memmove(&sequence->steps[at], &sequence->steps[at + 1],
            (sequence->step_count - at - 1) * sizeof *sequence->steps);
    sequence->step_count--;
}

/* `people` on Day `day` noon, with everything due until then sent. */
static void open_on_day(struct people_test *test, int steps, int64_t people, int day)
{
    people_test_open(test, steps);
    people_test_enroll(test, people);
    people_test_advance(test, 10 * MS_PER_HOUR);
    for (int i = 1; i < day; i++) {
        assert_int_equal(people_test_run_due(test, true), people);
        people_test_advance(test, MS_PER_DAY);
    }
    assert_int_equal(people_test_run_due(test, true), people);
    people_test_advance(test, 2 * MS_PER_HOUR);
    people_test_sound(test);
}

static int64_t sent(struct people_test *test)
{
    return store_test_int64(&test->store, "SELECT count(*) FROM message WHERE state = 5");
}

static void test_counts_of_moves(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 5, 10, 2);
    struct sequence after = change(&test);
    after.steps[2].minute = 540;  /* Day 3 an hour earlier */
    after.steps[3].minute = 660;  /* Day 4 an hour later */
    after.steps[1].minute = 1200; /* Day 2 was sent: nobody gets it again */
    struct edit_effects effects = count_edit(&test, &after, false);
    assert_int_equal(effects.people, 10);
    assert_int_equal(effects.moved_earlier, 10);
    assert_int_equal(effects.moved_later, 10);
    assert_int_equal(effects.unchanged, 10);
    assert_int_equal(effects.dropped + effects.added + effects.overdue, 0);
    assert_int_equal(effects.step_count, 5);
    assert_int_equal(effects.steps[1].change, STEP_MOVED);
    assert_int_equal(effects.steps[1].past, 10);
    assert_int_equal(effects.steps[2].ahead, 10);
    assert_int_equal(effects.day_count, 3);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    assert_int_equal(people_test_row(&test, 1).next_due_at_ms,
                     STORE_TEST_START_MS + 2 * MS_PER_DAY + 9 * MS_PER_HOUR);
    people_test_close(&test);
}

static void test_new_and_removed_steps(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 6, 2);
    struct sequence after = change(&test);
    remove_step(&after, 3);
    add_step(&after, 1, 300); /* behind everybody */
    add_step(&after, 9, 300); /* ahead of everybody */
    struct edit_effects effects = count_edit(&test, &after, false);
    assert_int_equal(effects.added, 6);
    assert_int_equal(effects.dropped, 6);
    assert_int_equal(effects.unchanged, 6);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    for (int day = 3; day <= 9; day++) {
        people_test_advance(&test, MS_PER_DAY);
        (void)people_test_run_due(&test, true);
    }
    assert_int_equal(sent(&test), 6 * 4); /* Days 1, 2, 3 and 9 */
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status = 2"), 6);
    people_test_sound(&test);
    /* Somebody who had finished is counted for a step that comes later, and does not get it. */
    after = change(&test);
    add_step(&after, 20, 300);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_a_step_that_was_sent_and_moves_ahead_is_not_sent_again(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 3, 5, 2);
    struct sequence after = change(&test);
    after.steps[0].day = 8; /* Day 1, sent, becomes Day 8 */
    save_edit(&test, &after, false);
    people_test_sound(&test);
    for (int day = 3; day <= 9; day++) {
        people_test_advance(&test, MS_PER_DAY);
        (void)people_test_run_due(&test, true);
    }
    assert_int_equal(sent(&test), 15);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM message"), 15);
    people_test_close(&test);
}

static void test_a_step_that_falls_behind_is_dropped(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 3, 5, 2);
    struct sequence after = change(&test);
    after.steps[2].day = 1; /* Day 3, still to come, becomes Day 1 */
    struct edit_effects effects = count_edit(&test, &after, false);
    assert_int_equal(effects.dropped, 5);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status = 2"), 5);
    people_test_close(&test);
}

static void test_a_waiting_message_is_made_anew(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 2);
    people_test_enroll(&test, 3);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, false), 3);
    struct sequence after = change(&test);
    after.steps[0].message = TEXT("Good morning {name}");
    struct edit_effects effects = count_edit(&test, &after, false);
    assert_int_equal(effects.steps[0].change, STEP_CHANGED_TEXT);
    assert_int_equal(effects.unchanged, 6);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    assert_int_equal(store_test_int64(&test.store, "SELECT count(*) FROM message WHERE state = 8"),
                     3);
    assert_int_equal(people_test_run_due(&test, true), 3);
    assert_int_equal(sent(&test), 3);
    people_test_sound(&test);
    /* Removed while it waits: it ends. */
    people_test_advance(&test, MS_PER_DAY);
    assert_int_equal(people_test_run_due(&test, false), 3);
    after = change(&test);
    remove_step(&after, 1);
    save_edit(&test, &after, false);
    people_test_sound(&test);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status = 2"), 3);
    people_test_close(&test);
}

static void test_backfilling_sends_new_steps_to_those_past_them(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 4, 3);
    struct sequence after = change(&test);
    add_step(&after, 1, 660);
    assert_int_equal(count_edit(&test, &after, false).added, 0);
    assert_int_equal(count_edit(&test, &after, true).added, 4);
    save_edit(&test, &after, true);
    people_test_sound(&test);
    for (int i = 0; i < 10; i++) {
        (void)people_test_run_due(&test, true);
        people_test_advance(&test, 12 * MS_PER_HOUR);
    }
    assert_int_equal(sent(&test), 4 * 5);
    assert_int_equal(
        store_test_int64(&test.store, "SELECT count(*) FROM enrollment WHERE status = 2"), 4);
    people_test_sound(&test);
    people_test_close(&test);
}

static void test_thousands_follow_by_batch_and_newcomers_are_left_alone(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 4200, 1);
    struct sequence after = change(&test);
    remove_step(&after, 1);
    add_step(&after, 3, 900);
    struct editing editing = {.before = test.sequence, .after = after, .arena = test.arena};
    store_test_do(&test.store, run_edit, &editing);
    assert_true(editing.batch_id > 0);
    test.sequence = sequence_copy(test.arena, &editing.after);
    people_test_enroll(&test, 100);
    for (int i = 0; !editing.done; i++) {
        assert_true(i < 10);
        store_test_do(&test.store, run_chunk, &editing);
    }
    people_test_sound(&test);
    assert_int_equal(store_test_int64(&test.store, "SELECT done_rows FROM batch"), 4300);
    people_test_close(&test);
}

static enum error_code end_some(struct work *work, void *context, struct error *error)
{
    const int64_t *range = context;
    struct progress progress;
    progress_init(&progress, work);
    enum error_code code = OK;
    for (int64_t id = range[0]; code == OK && id <= range[1]; id++) {
        code = progress_end(&progress, id, id % 2 == 0 ? ENROLLMENT_STOPPED : ENROLLMENT_OPTED_OUT,
                            REASON_STOPPED, (struct text){0}, error);
    }
    return code;
}

static void finish_edit(struct people_test *test, struct editing *editing)
{
    for (int i = 0; !editing->done; i++) {
        assert_true(i < 10);
        store_test_do(&test->store, run_chunk, editing);
    }
    people_test_sound(test);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM edit_place"), 0);
}

/* Steps that fall behind, one that goes, one that is new behind and one new ahead. */
static struct sequence turn_over(struct people_test *test)
{
    struct sequence after = change(test);
    after.steps[2].day = 1;
    after.steps[2].minute = 660;
    remove_step(&after, 3);
    add_step(&after, 1, 690);
    add_step(&after, 9, 600);
    return after;
}

static void test_people_who_leave_while_an_edit_is_carried_out_still_add_up(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 1600, 2);
    struct editing editing = {
        .before = test.sequence, .after = turn_over(&test), .arena = test.arena};
    store_test_do(&test.store, run_edit, &editing);
    assert_true(editing.batch_id > 0);
    test.sequence = sequence_copy(test.arena, &editing.after);
    people_test_enroll(&test, 20);
    int64_t ranges[][2] = {{400, 420}, {1580, 1610}};
    store_test_do(&test.store, end_some, ranges[1]);
    store_test_do(&test.store, end_some, ranges[0]);
    store_test_do(&test.store, run_chunk, &editing);
    int64_t behind_and_ahead[] = {490, 510}; /* the walk stands at 500, or a little after it */
    store_test_do(&test.store, end_some, behind_and_ahead);
    finish_edit(&test, &editing);
    people_test_close(&test);
}

static void test_people_who_get_messages_while_an_edit_is_carried_out_still_add_up(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 1200, 1);
    struct sequence after = change(&test);
    after.steps[2].day = 1; /* falls behind everybody */
    after.steps[2].minute = 540;
    struct editing editing = {.before = test.sequence, .after = after, .arena = test.arena};
    store_test_do(&test.store, run_edit, &editing);
    assert_true(editing.batch_id > 0);
    test.sequence = sequence_copy(test.arena, &editing.after);
    store_test_do(&test.store, run_chunk, &editing);
    for (int day = 0; day < 4; day++) {
        people_test_advance(&test, MS_PER_DAY);
        (void)people_test_run_due(&test, true);
    }
    finish_edit(&test, &editing);
    people_test_close(&test);
}

static void test_day_one_stays_where_it_was_for_those_on_the_way(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_advance(&test, 11 * MS_PER_HOUR); /* 10:00 has passed: Day 1 is tomorrow */
    people_test_enroll(&test, 2);
    people_test_advance(&test, 23 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, true), 2);
    int64_t due_ms = people_test_row(&test, 1).next_due_at_ms;
    struct sequence after = change(&test);
    after.steps[0].minute = 1200; /* by that time Day 1 would have been the day of enrollment */
    assert_int_equal(count_edit(&test, &after, false).unchanged, 4);
    save_edit(&test, &after, false);
    assert_int_equal(people_test_row(&test, 1).next_due_at_ms, due_ms);
    people_test_sound(&test);
    people_test_close(&test);
}

static enum error_code start_in_the_middle(struct work *work, void *context, struct error *error)
{
    struct progress progress;
    const int64_t *until_id = context;
    progress_init(&progress, work);
    enum error_code code = OK;
    for (int64_t id = 1; code == OK && id <= *until_id; id++) {
        struct store_progress row;
        bool found = false;
        code = store_progress_get(work, id, &row, &found, error);
        row.position = schedule_position_after_day(2);
        if (code == OK) {
            code = store_progress_put(work, &row, row.next_due_at_ms, error);
        }
        if (code == OK) {
            code = progress_plan(&progress, id, error);
        }
    }
    return code;
}

/* They got Days 1 and 2 elsewhere: no row of ours says so, only where they stand. */
static void test_a_passed_step_without_a_row_is_not_sent_while_an_edit_is_carried_out(void **state)
{
    (void)state;
    struct people_test test;
    int64_t people = 1200;
    char sql[100];
    people_test_open(&test, 4);
    people_test_enroll(&test, people);
    store_test_do(&test.store, start_in_the_middle, &people);
    struct sequence after = change(&test);
    int64_t passed = after.steps[0].id;
    after.steps[0].day = 3; /* behind everybody; now it stands before Day 3 at 10:00 */
    after.steps[0].minute = 540;
    struct editing editing = {.before = test.sequence, .after = after, .arena = test.arena};
    people_test_advance(&test, 2 * MS_PER_DAY + 11 * MS_PER_HOUR);
    store_test_do(&test.store, run_edit, &editing);
    assert_true(editing.batch_id > 0);
    store_test_do(&test.store, run_chunk, &editing);
    assert_int_equal(people_test_run_due(&test, true), 500);
    for (int i = 0; !editing.done; i++) {
        assert_true(i < 10);
        store_test_do(&test.store, run_chunk, &editing);
        (void)people_test_run_due(&test, true);
    }
    for (int day = 0; day < 3; day++) {
        people_test_advance(&test, MS_PER_DAY);
        (void)people_test_run_due(&test, true);
    }
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM message WHERE state = 5 AND step_id = %lld",
                   (long long)passed);
    assert_int_equal(store_test_int64(&test.store, sql), 0);
    assert_int_equal(sent(&test), people * 2); /* Days 3 and 4 */
    people_test_close(&test);
}

/* An edit that cannot be carried out lets go of those who wait for it. */
static enum error_code fail_edit(struct work *work, void *context, struct error *error)
{
    const struct editing *editing = context;
    struct store_batch batch;
    bool found = false;
    enum error_code code = store_batch_get(work, editing->batch_id, &batch, &found, error);
    batch.state = BATCH_FAILED;
    if (code == OK) {
        code = store_batch_update(work, &batch, error);
    }
    return code == OK ? edit_effects_release(work, &batch, error) : code;
}

static void test_an_edit_that_fails_lets_people_go_on(void **state)
{
    (void)state;
    struct people_test test;
    open_on_day(&test, 4, 1200, 1);
    struct sequence after = change(&test);
    add_step(&after, 9, 600);
    struct editing editing = {.before = test.sequence, .after = after, .arena = test.arena};
    store_test_do(&test.store, run_edit, &editing);
    store_test_do(&test.store, run_chunk, &editing);
    people_test_advance(&test, MS_PER_DAY);
    assert_int_equal(people_test_run_due(&test, true), 500);
    store_test_exec(&test.store, "UPDATE enrollment SET next_due_at_ms = NULL WHERE id > 500");
    store_test_exec(&test.store, "DELETE FROM due WHERE enrollment_id > 500");
    store_test_do(&test.store, fail_edit, &editing);
    assert_int_equal(people_test_run_due(&test, true), 700);
    people_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_moves),
        cmocka_unit_test(test_new_and_removed_steps),
        cmocka_unit_test(test_a_step_that_was_sent_and_moves_ahead_is_not_sent_again),
        cmocka_unit_test(test_a_step_that_falls_behind_is_dropped),
        cmocka_unit_test(test_a_waiting_message_is_made_anew),
        cmocka_unit_test(test_backfilling_sends_new_steps_to_those_past_them),
        cmocka_unit_test(test_thousands_follow_by_batch_and_newcomers_are_left_alone),
        cmocka_unit_test(test_people_who_leave_while_an_edit_is_carried_out_still_add_up),
        cmocka_unit_test(test_people_who_get_messages_while_an_edit_is_carried_out_still_add_up),
        cmocka_unit_test(test_day_one_stays_where_it_was_for_those_on_the_way),
        cmocka_unit_test(test_a_passed_step_without_a_row_is_not_sent_while_an_edit_is_carried_out),
        cmocka_unit_test(test_an_edit_that_fails_lets_people_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
