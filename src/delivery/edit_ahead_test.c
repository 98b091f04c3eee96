/* People to whom an edit of their sequence has not come yet: nothing is planned for them, no
 * message made before the save leaves, and afterwards they go on. */
#include "delivery/testing.h"

#include "base/instant.h"
#include "store/store_verify.h"

#include <stdio.h>

static const int DAYS[] = {1, 2, 3};

static int64_t count(struct delivery_test *test, const char *sql)
{
    return store_test_int64(&test->store, sql);
}

/* An edit that has come to those until `cursor`, and was saved when `last_id` was the newest. */
static void open_edit(struct delivery_test *test, int64_t cursor, int64_t last_id, bool moves)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO batch (sequence_id, kind, state, source, options, cursor, "
                   "created_at_ms) VALUES (1, 'edit', 1, 'operator', "
                   "'{\"last_id\":%lld,\"moves\":%s}', %lld, %lld)",
                   (long long)last_id, moves ? "true" : "false", (long long)cursor,
                   (long long)clock_now_ms(test->store.clock));
    store_test_exec(&test->store, sql);
}

static enum error_code plan_everybody(struct work *work, void *context UNUSED, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    enum error_code code = OK;
    for (int64_t id = 1; code == OK && id <= 4; id++) {
        code = progress_plan(&progress, id, error);
    }
    return code;
}

/* As the edit does it, chunk by chunk. */
static void end_edit(struct delivery_test *test, int64_t batch_id)
{
    char sql[80];
    (void)snprintf(sql, sizeof(sql), "UPDATE batch SET state = 2 WHERE id = %lld",
                   (long long)batch_id);
    store_test_exec(&test->store, sql);
    store_test_do(&test->store, plan_everybody, NULL);
}

static enum error_code count_forgotten(struct work *work, void *context, struct error *error)
{
    int64_t *ids = NULL;
    return store_verify_forgotten(work, 0, 10, &ids, context, error);
}

/* Four people, on Day 1 at ten o'clock. */
static void open_course(struct delivery_test *test, enum wire_fate fate)
{
    *test = (struct delivery_test){.next_fate = fate};
    delivery_test_open(test);
    (void)delivery_test_sequence(test, DAYS, ARRAY_SIZE(DAYS));
    for (int64_t n = 1; n <= 4; n++) {
        (void)delivery_test_enroll(test, 1, n);
    }
    delivery_test_advance(test, 0);
    assert_int_equal(test->ledger_count, 4);
    delivery_test_advance(test, 10 * MS_PER_HOUR); /* later steps go at nine */
}

static void nothing_is_planned_until_the_edit_has_come(void **state UNUSED)
{
    struct delivery_test test;
    size_t forgotten = 9;
    open_course(&test, FATE_ACCEPT);
    open_edit(&test, 1, 3, true);
    delivery_test_advance(&test, MS_PER_DAY);
    assert_int_equal(test.ledger_count, 6); /* the first, whom it reached, and the newcomer */
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE enrollment_id IN (2, 3)"), 2);
    assert_int_equal(count(&test, "SELECT count(*) FROM due WHERE enrollment_id IN (2, 3)"), 0);
    store_test_do(&test.store, count_forgotten, &forgotten);
    assert_int_equal(forgotten, 0);
    delivery_test_crash(&test);
    delivery_test_advance(&test, MS_PER_HOUR);
    assert_int_equal(test.ledger_count, 6);
    end_edit(&test, 1);
    delivery_test_advance(&test, 0);
    assert_int_equal(test.ledger_count, 8);
    delivery_test_advance(&test, 2 * MS_PER_DAY);
    assert_int_equal(test.ledger_count, 12);
    assert_int_equal(count(&test, "SELECT count(*) FROM enrollment WHERE status = 2"), 4);
    delivery_test_close(&test);
}

static void nobody_is_done_before_the_edit_has_come(void **state UNUSED)
{
    struct delivery_test test;
    open_course(&test, FATE_ACCEPT);
    delivery_test_advance(&test, MS_PER_DAY);
    test.next_fate = FATE_HANG;
    delivery_test_advance(&test, MS_PER_DAY);
    open_edit(&test, 0, 2, true);
    wire_answer_all(&test);
    test.next_fate = FATE_ACCEPT;
    delivery_test_advance(&test, 0);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5"), 12);
    assert_int_equal(count(&test, "SELECT min(id) FROM enrollment WHERE status = 2"), 3);
    end_edit(&test, 1);
    assert_int_equal(count(&test, "SELECT count(*) FROM enrollment WHERE status = 2"), 4);
    delivery_test_close(&test);
}

static void one_edit_after_another_keeps_them_waiting(void **state UNUSED)
{
    struct delivery_test test;
    open_course(&test, FATE_ACCEPT);
    open_edit(&test, 0, 4, true);
    open_edit(&test, 0, 4, true);
    delivery_test_advance(&test, MS_PER_DAY);
    end_edit(&test, 1);
    delivery_test_advance(&test, MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 4);
    end_edit(&test, 2);
    delivery_test_advance(&test, MS_PER_MINUTE);
    assert_int_equal(test.ledger_count, 8);
    delivery_test_close(&test);
}

/* New words: what was made before the save waits for the edit, what is planned since has them. */
static void old_words_do_not_leave_after_the_save(void **state UNUSED)
{
    struct delivery_test test;
    open_course(&test, FATE_LATER);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 1"), 4);
    test.next_fate = FATE_ACCEPT;
    open_edit(&test, 1, 3, false);
    (void)delivery_test_enroll(&test, 1, 5);
    delivery_test_advance(&test, MS_PER_HOUR);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5 AND "
                                  "enrollment_id IN (1, 4, 5)"),
                     3);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5"), 3);
    store_test_exec(&test.store, "UPDATE batch SET state = 2");
    delivery_test_advance(&test, MS_PER_MINUTE);
    assert_int_equal(count(&test, "SELECT count(*) FROM message WHERE state = 5"), 5);
    delivery_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_planned_until_the_edit_has_come),
        cmocka_unit_test(nobody_is_done_before_the_edit_has_come),
        cmocka_unit_test(one_edit_after_another_keeps_them_waiting),
        cmocka_unit_test(old_words_do_not_leave_after_the_save),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
