/* Alerts: one open row per cause. The audit trail: lines stay as they are. */
#include "store/db.h"
#include "store/store_access.h"
#include "store/store_alert.h"
#include "store/testing.h"

DB_SQL(TEST_AUDIT_CHANGE, "UPDATE audit SET action = 'other'");
DB_SQL(TEST_AUDIT_DELETE, "DELETE FROM audit");

static struct store_alert make_alert(void)
{
    return (struct store_alert){
        .kind = TEXT("test"), .cause = TEXT("test:1"), .opened_at_ms = STORE_TEST_START_MS};
}

static enum error_code open_twice(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct store_alert first = make_alert();
    struct store_alert second = make_alert();
    struct error refused = {0};
    enum error_code code = store_alert_insert(work, &first, error);
    assert_int_equal(store_alert_insert(work, &second, &refused), ERROR_CONFLICT);
    if (code == OK) {
        first.closed_at_ms = work->now_ms;
        code = store_alert_update(work, &first, error);
    }
    return code == OK ? store_alert_insert(work, &second, error) : code;
}

static void test_a_cause_has_one_open_alert(void **state)
{
    struct store_test *test = *state;
    store_test_do(test, open_twice, NULL);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM alert"), 2);
    assert_int_equal(
        store_test_int64(test, "SELECT count(*) FROM alert WHERE closed_at_ms IS NULL"), 1);
}

static enum error_code tamper(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct error refused = {0};
    enum error_code code = store_audit_add(work, "login", TEXT("user_001"), TEXT(""), error);
    assert_int_not_equal(db_run(work->db, &TEST_AUDIT_CHANGE, DB_NO_VALUES, NULL, &refused), OK);
    assert_int_not_equal(db_run(work->db, &TEST_AUDIT_DELETE, DB_NO_VALUES, NULL, &refused), OK);
    return code;
}

static void test_audit_lines_stay(void **state)
{
    struct store_test *test = *state;
    store_test_do(test, tamper, NULL);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM audit WHERE action = 'login'"),
                     1);
}

static int set_up(void **state)
{
    static struct store_test test;
    store_test_open(&test);
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    store_test_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_cause_has_one_open_alert, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audit_lines_stay, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
