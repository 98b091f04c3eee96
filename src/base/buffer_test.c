/* Buffers: limits, overflow, numbers. */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_does_not_fit_is_dropped_whole(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 8);
    buffer_add_chars(&buffer, "12345");
    buffer_add_chars(&buffer, "6789");
    assert_true(buffer_overflowed(&buffer));
    assert_string_equal(buffer_chars(&buffer), "12345");
    buffer_clear(&buffer);
    assert_false(buffer_overflowed(&buffer));
    buffer_add_chars(&buffer, "12345678");
    assert_false(buffer_overflowed(&buffer));
}

static void numbers_are_exact_at_both_ends(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_add_int64(&buffer, INT64_MIN);
    buffer_add_byte(&buffer, ' ');
    buffer_add_int64(&buffer, INT64_MAX);
    buffer_add_format(&buffer, " %d", 0);
    assert_string_equal(buffer_chars(&buffer), "-9223372036854775808 9223372036854775807 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_dropped_whole),
        cmocka_unit_test(numbers_are_exact_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
