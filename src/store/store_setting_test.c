/* Settings: round trip, order, and the pattern that every store_*_test.c follows: each function
 * once as it should go, and once with each of its statements failing. */
#include "store/store_setting.h"

#include "store/testing.h"

static enum error_code put_two(struct work *work, void *context, struct error *error)
{
    (void)context;
    enum error_code code = store_setting_put(work, TEXT("timezone"), TEXT("\"UTC\""), error);
    if (code == OK) {
        code = store_setting_put(work, TEXT("limits"), TEXT("{\"a\":1}"), error);
    }
    return code;
}

static enum error_code read_back(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct text value = {0};
    bool found = false;
    struct store_setting *settings = NULL;
    size_t count = 0;
    enum error_code code = store_setting_get(work, TEXT("timezone"), &value, &found, error);
    assert_true(found);
    assert_true(text_equal(value, TEXT("\"UTC\"")));
    if (code == OK) {
        code = store_setting_get(work, TEXT("absent"), &value, &found, error);
        assert_false(found);
    }
    if (code == OK) {
        code = store_setting_list(work, &settings, &count, error);
        assert_int_equal(count, 2);
        assert_true(text_equal(settings[0].key, TEXT("limits")));
        assert_true(text_equal(settings[1].key, TEXT("timezone")));
        assert_int_equal(settings[1].updated_at_ms, STORE_TEST_START_MS);
    }
    return code;
}

static void settings_come_back_sorted(void **state)
{
    struct store_test *test = *state;
    store_test_do(test, put_two, NULL);
    store_test_do(test, put_two, NULL); /* again: replaces */
    store_test_do(test, read_back, NULL);
}

static enum error_code delete_one(struct work *work, void *context, struct error *error)
{
    (void)context;
    assert_int_equal(store_setting_delete(work, TEXT("absent"), error), OK);
    enum error_code code = store_setting_delete(work, TEXT("timezone"), error);
    assert_true(work->wakes & WORK_WAKE_SETTINGS);
    return code;
}

static void deleting_takes_the_row_away(void **state)
{
    struct store_test *test = *state;
    store_test_do(test, put_two, NULL);
    store_test_do(test, delete_one, NULL);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM setting"), 1);
}

struct failing {
    int64_t nth;
    bool happened;
};

static enum error_code put_with_failure(struct work *work, void *context, struct error *error)
{
    struct failing *failing = context;
    db_inject_failure(work->db, failing->nth);
    enum error_code code = put_two(work, NULL, error);
    failing->happened = db_failure_injected(work->db);
    db_inject_failure(work->db, 0);
    return code;
}

static void a_failing_statement_leaves_nothing(void **state)
{
    struct store_test *test = *state;
    struct failing failing = {0};
    int64_t rounds = 0;
    do {
        struct error error = {0};
        failing.nth = ++rounds;
        enum error_code code =
            writer_do(store_writer(test->store), put_with_failure, &failing, &error);
        int64_t rows = store_test_int64(test, "SELECT count(*) FROM setting");
        assert_int_equal(code, failing.happened ? ERROR_UNAVAILABLE : OK);
        assert_int_equal(rows, failing.happened ? 0 : 2);
    } while (failing.happened && rounds < 100);
    assert_int_equal(rounds, 3); /* two statements, and the round in which none failed */
}

static int setup(void **state)
{
    static struct store_test test;
    store_test_open(&test);
    *state = &test;
    return 0;
}

static int teardown(void **state)
{
    store_test_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_come_back_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(deleting_takes_the_row_away, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_statement_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
