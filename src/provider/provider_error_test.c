/* The table of error codes: complete, sorted, and with words for people. */
#include "provider/provider_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void every_code_is_found_and_sorted(void **state)
{
    (void)state;
    size_t count = 0;
    const struct provider_code *table = provider_code_table(&count);
    assert_true(count > 60);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || table[i - 1].code < table[i].code);
        assert_ptr_equal(provider_code_find(table[i].code), &table[i]);
        assert_true(strlen(table[i].title) > 3);
        assert_true(strlen(table[i].advice) > 10);
        assert_true(table[i].class != PROVIDER_CLASS_NONE);
    }
}

static void permission_codes_share_a_row(void **state)
{
    (void)state;
    assert_ptr_equal(provider_code_find(200), provider_code_find(299));
    assert_ptr_equal(provider_code_find(200), provider_code_find(274));
    assert_null(provider_code_find(300));
    assert_null(provider_code_find(199));
    assert_null(provider_code_find(-1));
}

static void meanings_of_codes_that_decide_much(void **state)
{
    (void)state;
    static const struct {
        int64_t code;
        enum provider_meaning meaning;
        enum provider_class class;
    } ROWS[] = {
        {0, PROVIDER_MEANS_TROUBLE, PROVIDER_CLASS_AUTH},
        {190, PROVIDER_MEANS_TROUBLE, PROVIDER_CLASS_AUTH},
        {368, PROVIDER_MEANS_TROUBLE, PROVIDER_CLASS_ACCOUNT},
        {131042, PROVIDER_MEANS_TROUBLE, PROVIDER_CLASS_BILLING},
        {131048, PROVIDER_MEANS_TROUBLE, PROVIDER_CLASS_QUALITY},
        {4, PROVIDER_MEANS_RETRY, PROVIDER_CLASS_ACCOUNT_LIMIT},
        {130429, PROVIDER_MEANS_RETRY, PROVIDER_CLASS_THROUGHPUT},
        {131056, PROVIDER_MEANS_RETRY, PROVIDER_CLASS_PAIR_LIMIT},
        {131026, PROVIDER_MEANS_REJECT, PROVIDER_CLASS_UNREACHABLE},
        {131047, PROVIDER_MEANS_REJECT, PROVIDER_CLASS_WINDOW_CLOSED},
        {131050, PROVIDER_MEANS_REJECT, PROVIDER_CLASS_MARKETING_STOP},
        {132001, PROVIDER_MEANS_REJECT, PROVIDER_CLASS_TEMPLATE_INVALID},
        {132015, PROVIDER_MEANS_RETRY, PROVIDER_CLASS_TEMPLATE_PAUSED},
        {131000, PROVIDER_MEANS_DOUBT, PROVIDER_CLASS_SERVER},
        {131016, PROVIDER_MEANS_DOUBT, PROVIDER_CLASS_SERVER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        const struct provider_code *row = provider_code_find(ROWS[i].code);
        assert_non_null(row);
        assert_int_equal(row->meaning, ROWS[i].meaning);
        assert_int_equal(row->class, ROWS[i].class);
    }
    assert_int_equal(provider_code_find(131049)->async_retry_after_ms, 24 * 3600 * 1000);
    assert_int_equal(provider_code_find(131026)->async_retry_after_ms, 0);
}

static void class_names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < PROVIDER_CLASS_COUNT; i++) {
        enum provider_class class = PROVIDER_CLASS_NONE;
        const char *name = provider_class_to_text((enum provider_class)i);
        assert_true(provider_class_from_text(text_from(name), &class));
        assert_int_equal(class, i);
    }
    enum provider_class class;
    assert_false(provider_class_from_text(TEXT("no_such"), &class));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_found_and_sorted),
        cmocka_unit_test(permission_codes_share_a_row),
        cmocka_unit_test(meanings_of_codes_that_decide_much),
        cmocka_unit_test(class_names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
