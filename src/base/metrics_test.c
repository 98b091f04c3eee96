/* Counting: the right bucket, and codes that cannot make a table grow. */
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_durations_fall_into_their_bucket(void **state)
{
    (void)state;
    static struct metric_histogram histogram;
    metric_observe_us(&histogram, 0);
    metric_observe_us(&histogram, 1000);
    metric_observe_us(&histogram, 1001);
    metric_observe_us(&histogram, INT64_C(3600000000));
    assert_int_equal(metric_read(&histogram.buckets[0]), 2);
    assert_int_equal(metric_read(&histogram.buckets[1]), 1);
    assert_int_equal(metric_read(&histogram.buckets[METRIC_BUCKETS - 1]), 1);
    assert_int_equal(metric_read(&histogram.sum_us), INT64_C(3600002001));
}

static void test_codes_beyond_the_capacity_are_counted_together(void **state)
{
    (void)state;
    static struct metric_codes codes;
    for (int64_t code = 0; code < METRIC_CODES + 10; code++) {
        metric_count_code(&codes, code);
    }
    metric_count_code(&codes, 0);
    assert_int_equal(metric_read(&codes.counts[0]), 2);
    assert_int_equal(metric_read(&codes.counts[METRIC_CODES - 1]), 1);
    assert_int_equal(metric_read(&codes.others), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_fall_into_their_bucket),
        cmocka_unit_test(test_codes_beyond_the_capacity_are_counted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
