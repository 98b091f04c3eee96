/* Fault settings: what is read, what is refused, and that draws depend on nothing but the seed. */
#include "simulator/simulator_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum error_code read(struct faults *faults, const char *text)
{
    struct error error = {0};
    struct json *json = NULL;
    assert_int_equal(json_parse(text_from(text), NULL, &json, &error), OK);
    enum error_code code = faults_read(faults, json, &error);
    json_free(json);
    return code;
}

static void settings_are_read_whole(void **state)
{
    (void)state;
    struct faults faults;
    faults_init(&faults, 7);
    assert_int_equal(read(&faults, "{\"slow_per_mille\":5,\"webhook_delay_ms\":[10,20],"
                                   "\"webhooks\":\"none\",\"window\":\"strict\",\"rules\":[{"
                                   "\"fault\":\"hang\",\"phone_suffix\":\"42\",\"count\":2}]}"),
                     OK);
    assert_int_equal(faults.slow, 5);
    assert_int_equal(faults.delay_min_ms, 10);
    assert_int_equal(faults.delay_max_ms, 20);
    assert_true(faults.no_webhooks);
    assert_true(faults.strict_window);
    assert_int_equal(faults.rule_count, 1);
    assert_int_equal(faults.seed, 7);
    assert_int_equal(read(&faults, "{\"webhook_delay_ms\":0}"), OK);
    assert_int_equal(faults.slow, 0);
    assert_int_equal(faults.rule_count, 0);
    assert_false(faults.no_webhooks);
}

static void wrong_settings_change_nothing(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "{\"slow_per_mille\":1001}",
        "{\"slow_per_mile\":1}",
        "{\"webhooks\":\"some\"}",
        "{\"rules\":[{\"fault\":\"fire\"}]}",
        "{\"rules\":[{}]}",
        "{\"webhook_delay_ms\":[5,1]}",
        "[]",
    };
    struct faults faults;
    faults_init(&faults, 1);
    assert_int_equal(read(&faults, "{\"slow_per_mille\":9}"), OK);
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        assert_int_equal(read(&faults, BAD[i]), ERROR_INVALID);
        assert_int_equal(faults.slow, 9);
    }
}

static void rules_match_count_and_run_out(void **state)
{
    (void)state;
    struct faults faults;
    faults_init(&faults, 1);
    assert_int_equal(read(&faults, "{\"rules\":[{\"fault\":\"cut\",\"phone_suffix\":\"42\","
                                   "\"count\":2},{\"fault\":\"error\",\"match\":\"hello\","
                                   "\"count\":-1,\"every\":3,\"code\":130429}]}"),
                     OK);
    struct text body = TEXT("say hello");
    assert_int_equal(faults_choose(&faults, TEXT("14"), TEXT("x"), 5).kind, FAULT_NONE);
    assert_int_equal(faults_choose(&faults, TEXT("142"), body, 5).kind, FAULT_CUT);
    assert_int_equal(faults_choose(&faults, TEXT("142"), body, 5).kind, FAULT_CUT);
    assert_int_equal(faults_choose(&faults, TEXT("142"), body, 5).kind, FAULT_NONE);
    assert_int_equal(faults_choose(&faults, TEXT("1"), body, 5).kind, FAULT_NONE);
    struct fault_rule third = faults_choose(&faults, TEXT("1"), body, 5);
    assert_int_equal(third.kind, FAULT_ERROR);
    assert_int_equal(third.code, 130429);
}

static void shares_come_about_as_often_as_asked(void **state)
{
    (void)state;
    struct faults faults;
    faults_init(&faults, 1);
    assert_int_equal(read(&faults, "{\"hang_per_mille\":100,\"refuse_per_mille\":50}"), OK);
    int hangs = 0;
    int refusals = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        struct fault_rule rule =
            faults_choose(&faults, TEXT("1"), TEXT("x"), hash_int64((int64_t)i));
        hangs += rule.kind == FAULT_HANG;
        refusals += rule.kind == FAULT_ERROR;
    }
    assert_in_range(hangs, 850, 1150);
    assert_in_range(refusals, 350, 550);
    assert_int_equal(faults_choose(&faults, TEXT("1"), TEXT("x"), 77).kind,
                     faults_choose(&faults, TEXT("1"), TEXT("x"), 77).kind);
}

static void timers_come_by_time_then_by_order(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer timer;
    static int marks[200];
    for (int i = 0; i < 200; i++) {
        timers_add(&timers, (i * 37) % 50, NULL, NULL, &marks[i]);
    }
    int64_t last = -1;
    uint64_t last_order = 0;
    assert_false(timers_take(&timers, -1, &timer));
    for (int i = 0; i < 200; i++) {
        assert_true(timers_take(&timers, 100, &timer));
        assert_true(timer.due_ms > last || (timer.due_ms == last && timer.order > last_order));
        last = timer.due_ms;
        last_order = timer.order;
    }
    assert_int_equal(timers_next_ms(&timers), CLOCK_NEVER);
    timers_done(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_whole),
        cmocka_unit_test(wrong_settings_change_nothing),
        cmocka_unit_test(rules_match_count_and_run_out),
        cmocka_unit_test(shares_come_about_as_often_as_asked),
        cmocka_unit_test(timers_come_by_time_then_by_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
