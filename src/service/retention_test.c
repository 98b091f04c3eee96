/* Texts go after their time, numbers stay. */
#include "base/mem.h"
#include "service/people_testing.h"
#include "service/retention.h"

static enum error_code prune(struct work *work, void *context, struct error *error)
{
    bool *more = context;
    return retention_prune(work, more, error);
}

static void only_old_texts_of_ended_messages_go(void **state)
{
    (void)state;
    struct people_test *test = mem_zalloc(sizeof(*test));
    bool more = true;
    people_test_open(test, 3);
    people_test_enroll(test, 2);
    people_test_advance(test, INT64_C(11) * 3600 * 1000);
    assert_int_equal(people_test_run_due(test, true), 2);
    people_test_advance(test, INT64_C(24) * 3600 * 1000);
    assert_int_equal(people_test_run_due(test, false), 2);
    store_test_exec(&test->store, "INSERT OR IGNORE INTO message_body (message_id, type, text) "
                                  "SELECT id, 0, 'hello' FROM message");
    store_test_do(&test->store, prune, &more); /* no setting: all is kept */
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 4);
    store_test_exec(&test->store, "INSERT INTO setting VALUES ('retention_messages_days', '2', 0)");
    store_test_do(&test->store, prune, &more);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 4);
    people_test_advance(test, INT64_C(50) * 3600 * 1000);
    store_test_do(&test->store, prune, &more);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message_body"), 2);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM message"), 4);
    assert_false(more);
    people_test_close(test);
    mem_free(test);
}

#define COUNT(store, table) store_test_int64(store, "SELECT count(*) FROM " table)

static void each_table_has_its_term(void **state)
{
    (void)state;
    struct people_test *test = mem_zalloc(sizeof(*test));
    struct store_test *store = &test->store;
    bool more = false;
    people_test_open(test, 1);
    store_test_exec(store, "DELETE FROM event");
    store_test_exec(store, "INSERT INTO setting VALUES ('retention_messages_days', '10', 0), "
                           "('retention_events_days', '20', 0), ('retention_audit_days', '40', 0)");
    store_test_exec(store, "INSERT INTO inbound_message (provider_hash, channel_id, at_ms, "
                           "received_at_ms, type, text) SELECT 1, 1, s, s, 'text', 'hello' "
                           "FROM (SELECT max(created_at_ms) AS s FROM sequence)");
    store_test_exec(store, "INSERT INTO orphan_event (channel_id, digest, event, received_at_ms) "
                           "SELECT 1, x'01', '{}', max(created_at_ms) FROM sequence");
    store_test_exec(store, "INSERT INTO event (at_ms, type) SELECT max(created_at_ms), 'x' "
                           "FROM sequence");
    store_test_exec(store, "INSERT INTO audit (at_ms, actor_kind, action) "
                           "SELECT max(created_at_ms), 0, 'x' FROM sequence");
    int64_t lines = COUNT(store, "audit");
    static const struct {
        int days;
        int64_t texts, events, orphans;
    } ROWS[] = {{9, 1, 1, 1}, {2, 0, 1, 1}, {10, 0, 0, 1}, {10, 0, 0, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        people_test_advance(test, ROWS[i].days * INT64_C(24) * 3600 * 1000);
        store_test_do(store, prune, &more);
        assert_int_equal(COUNT(store, "inbound_message WHERE text <> ''"), ROWS[i].texts);
        assert_int_equal(COUNT(store, "event"), ROWS[i].events);
        assert_int_equal(COUNT(store, "orphan_event"), ROWS[i].orphans);
        assert_int_equal(COUNT(store, "audit"), lines);
    }
    assert_int_equal(COUNT(store, "inbound_message"), 1);
    people_test_advance(test, INT64_C(10) * 24 * 3600 * 1000);
    store_test_do(store, prune, &more);
    assert_int_equal(COUNT(store, "audit"), 0);
    people_test_close(test);
    mem_free(test);
}

/* One row a millisecond too old, one exactly as old as is kept, one younger. */
#define ROUND_TERM(days)                                                                           \
    " FROM (SELECT max(created_at_ms) - " #days " * 86400000 + column1 AS at, column1 + 2 AS n "   \
    "FROM sequence, (VALUES (-1), (0), (1)) GROUP BY column1)"

static void a_term_ends_to_the_millisecond(void **state)
{
    (void)state;
    struct people_test *test = mem_zalloc(sizeof(*test));
    struct store_test *store = &test->store;
    bool more = true;
    people_test_open(test, 1);
    store_test_exec(store, "DELETE FROM event");
    store_test_exec(store, "INSERT INTO setting VALUES ('retention_messages_days', '10', 0), "
                           "('retention_events_days', '20', 0), ('retention_audit_days', '40', 0)");
    store_test_exec(store,
                    "INSERT INTO inbound_message (provider_hash, channel_id, at_ms, "
                    "received_at_ms, type, text) SELECT n, 1, at, at, 'text', n" ROUND_TERM(10));
    store_test_exec(store, "INSERT INTO event (at_ms, type) SELECT at, n" ROUND_TERM(20));
    store_test_exec(store, "INSERT INTO orphan_event (channel_id, digest, event, received_at_ms) "
                           "SELECT 1, n, n, at" ROUND_TERM(30));
    store_test_exec(store, "INSERT INTO audit (at_ms, actor_kind, action) "
                           "SELECT at, 0, 'line ' || n" ROUND_TERM(40));
    store_test_do(store, prune, &more);
    assert_false(more);
    assert_int_equal(COUNT(store, "inbound_message WHERE text IN ('2', '3')"), 2);
    assert_int_equal(COUNT(store, "inbound_message WHERE text = ''"), 1);
    assert_int_equal(COUNT(store, "event WHERE type IN ('2', '3')"), 2);
    assert_int_equal(COUNT(store, "event"), 2);
    assert_int_equal(COUNT(store, "orphan_event WHERE event IN ('2', '3')"), 2);
    assert_int_equal(COUNT(store, "orphan_event"), 2);
    assert_int_equal(COUNT(store, "audit WHERE action IN ('line 2', 'line 3')"), 2);
    assert_int_equal(COUNT(store, "audit WHERE action = 'line 1'"), 0);
    people_test_close(test);
    mem_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_old_texts_of_ended_messages_go),
                                       cmocka_unit_test(each_table_has_its_term),
                                       cmocka_unit_test(a_term_ends_to_the_millisecond)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
