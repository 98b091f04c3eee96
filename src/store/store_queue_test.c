/* Lists of messages: each filter and each order along its own index gives the same rows as looking
 * at everything, and pages neither repeat nor lose a row. */
#include "store/store_queue.h"

#include "store/testing.h"

enum { MESSAGES = 300, LIMIT = 1000 };

static struct store_test test;

static int set_up(void **state)
{
    (void)state;
    store_test_open(&test);
    store_test_exec(&test, "INSERT INTO channel (id, provider, name, sender_id, created_at_ms, "
                           "updated_at_ms) VALUES (1, 'cloud', 'A', '1', 1, 1), (2, 'cloud', 'B', "
                           "'2', 1, 1)");
    store_test_exec(&test, "INSERT INTO sequence (id, status, version, name, created_at_ms, "
                           "updated_at_ms) VALUES (1, 1, 1, 'S', 1, 1), (2, 1, 1, 'T', 1, 1)");
    store_test_exec(&test,
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
                    "INSERT INTO enrollment (id, sequence_id, contact_id, status, live, "
                    "enrolled_at_ms, created_at_ms) SELECT i, 1 + i % 2, i, 0, 1, 1, 1 FROM n");
    store_test_exec(
        &test,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299) "
        "INSERT INTO message (id, state, rank, channel_id, contact_id, enrollment_id, step_id, "
        "sequence_id, reason, error_code, due_at_ms, next_at_ms, created_at_ms) "
        "SELECT i + 1, i % 9, i % 4, 1 + i % 2, 1 + i % 100, 1 + i % 100, 1 + i / 100, "
        "1 + (1 + i % 100) % 2, CASE i % 9 WHEN 8 THEN CASE WHEN i % 2 THEN 1 ELSE 22 END ELSE 0 "
        "END, CASE i % 9 WHEN 6 THEN 131026 ELSE 0 END, 1000 + (i * 7919) % 500, "
        "CASE WHEN i % 9 < 2 THEN 1000 + i END, 1 FROM n");
    store_test_exec(&test, "UPDATE message SET replied_at_ms = 5000 + id WHERE id % 5 = 0");
    store_test_exec(&test, "UPDATE message SET opted_out_at_ms = 5000 + id WHERE id % 25 = 0");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_test_close(&test);
    return 0;
}

struct look {
    struct store_queue_filter filter;
    size_t page;
    size_t total;
    int64_t ids[LIMIT];
};

/* All pages of a filter; fails when a row comes twice or out of order. */
static enum error_code walk(struct work *work, void *context, struct error *error)
{
    struct look *look = context;
    struct store_message *rows = NULL;
    size_t count = look->page;
    look->total = 0;
    while (count == look->page) {
        enum error_code code =
            store_queue_list(work, &look->filter, look->page, &rows, &count, error);
        if (code != OK) {
            return code;
        }
        for (size_t i = 0; i < count; i++) {
            bool rising = look->filter.order == QUEUE_OLDEST;
            if (look->total > 0 && look->filter.order <= QUEUE_OLDEST) {
                assert_true((rows[i].id > look->ids[look->total - 1]) == rising);
            }
            for (size_t k = 0; k < look->total; k++) {
                assert_int_not_equal(look->ids[k], rows[i].id);
            }
            look->ids[look->total++] = rows[i].id;
            look->filter.after_id = rows[i].id;
            look->filter.after_due_ms = rows[i].due_at_ms;
        }
    }
    return OK;
}

static size_t count_of(struct store_queue_filter filter)
{
    static struct look look;
    size_t total = 0;
    for (int order = QUEUE_NEWEST; order <= QUEUE_DUE_LAST; order++) {
        look = (struct look){.filter = filter, .page = 7};
        look.filter.order = (enum store_queue_order)order;
        store_test_do(&test, walk, &look);
        assert_true(order == QUEUE_NEWEST || look.total == total);
        total = look.total;
    }
    return total;
}

#define ROWS(condition)                                                                            \
    (size_t) store_test_int64(&test, "SELECT count(*) FROM message WHERE " condition)

static void every_filter_finds_what_a_plain_look_finds(void **state)
{
    (void)state;
    typedef struct store_queue_filter filter;
    assert_int_equal(count_of((filter){0}), MESSAGES);
    assert_int_equal(count_of((filter){.statuses = QUEUE_PENDING}), ROWS("state IN (0, 1)"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_OPEN}), ROWS("state < 5"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_SENT}), ROWS("state = 5 AND rank < 2"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_READ | QUEUE_DELIVERED}),
                     ROWS("state = 5 AND rank >= 2"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_FAILED}), ROWS("state = 6"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_FAILED | QUEUE_UNKNOWN, .sequence_id = 2}),
                     ROWS("state IN (6, 7) AND sequence_id = 2"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_CANCELLED}),
                     ROWS("state = 8 AND reason >= 20"));
    assert_int_equal(count_of((filter){.statuses = QUEUE_SKIPPED}),
                     ROWS("state = 8 AND reason < 20"));
    assert_int_equal(count_of((filter){.sequence_id = 1}), ROWS("sequence_id = 1"));
    assert_int_equal(count_of((filter){.enrollment_id = 5}), 3);
    assert_int_equal(count_of((filter){.contact_id = 5}), 3);
    assert_int_equal(count_of((filter){.step_id = 2}), 100);
    assert_int_equal(count_of((filter){.channel_id = 2}), ROWS("channel_id = 2"));
    assert_int_equal(count_of((filter){.from_ms = 1100, .to_ms = 1200}),
                     ROWS("due_at_ms >= 1100 AND due_at_ms < 1200"));
    assert_int_equal(count_of((filter){.reason = REASON_OPTED_OUT}), ROWS("reason = 22"));
    assert_int_equal(count_of((filter){.error_codes = ",131030,131026,"}),
                     ROWS("error_code = 131026"));
    assert_int_equal(count_of((filter){.answer = QUEUE_REPLIED}), MESSAGES / 5);
    assert_int_equal(count_of((filter){.answer = QUEUE_REPLIED, .sequence_id = 1, .step_id = 2}),
                     ROWS("replied_at_ms > 0 AND sequence_id = 1 AND step_id = 2"));
    assert_int_equal(count_of((filter){.answer = QUEUE_REPLIED, .from_ms = 5010, .to_ms = 5020}),
                     2);
    assert_int_equal(count_of((filter){.answer = QUEUE_OPTED_OUT}), MESSAGES / 25);
    assert_int_equal(count_of((filter){.answer = QUEUE_OPTED_OUT, .enrollment_id = 5}), 0);
    assert_int_equal(count_of((filter){.answer = QUEUE_OPTED_OUT, .statuses = QUEUE_OPEN}),
                     ROWS("opted_out_at_ms > 0 AND state < 5"));
}

static enum error_code add_up(struct work *work, void *context, struct error *error)
{
    return store_queue_totals(work, context, error);
}

static void totals_add_up(void **state)
{
    (void)state;
    struct store_queue_totals totals;
    store_test_do(&test, add_up, &totals);
    assert_int_equal(totals.sending, ROWS("state = 2"));
    assert_int_equal(totals.in_doubt, ROWS("state = 3"));
    assert_int_equal(totals.held, ROWS("state = 4"));
    assert_int_equal(totals.channel_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_filter_finds_what_a_plain_look_finds),
        cmocka_unit_test(totals_add_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
