/* Texts go after their time, numbers stay. */
#include "base/mem.h"
#include "service/people_testing.h"
#include "service/retention.h"

static enum error_code prune(struct work *work, void *context, struct error *error)
{
    (void)context;
    return retention_prune(work, error);
}

static void only_old_texts_of_ended_messages_go(void **state)
{
    (void)state;
    struct people_test *test = mem_zalloc(sizeof(*test));
    people_test_open(test, 3);
    people_test_enroll(test, 2);
    people_test_advance(test, INT64_C(11) * 3600 * 1000);
    assert_int_equal(people_test_run_due(test, true), 2);
    people_test_advance(test, INT64_C(24) * 3600 * 1000);
    assert_int_equal(people_test_run_due(test, false), 2);
    store_test_exec(&test->store, "INSERT OR IGNORE INTO message_body (message_id, type, text) "
                                  "SELECT id, 0, 'hello' FROM message");
    store_test_do(&test->store, prune, NULL); /* no setting: all is kept */
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 4);
    store_test_exec(&test->store, "INSERT INTO setting VALUES ('retention_messages_days', '2', 0)");
    store_test_do(&test->store, prune, NULL);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 4);
    people_test_advance(test, INT64_C(50) * 3600 * 1000);
    store_test_do(&test->store, prune, NULL);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 2);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message"), 4);
    people_test_close(test);
    mem_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_old_texts_of_ended_messages_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
