/* Dates against each other, RFC 3339 and durations by table. */
#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_day_of_ten_thousand_years_goes_both_ways(void **state UNUSED)
{
    struct civil_date last = {.year = 0, .month = 12, .day = 31};
    for (int64_t days = -719162; days <= 2932896; days++) {
        struct civil_date date = civil_from_days(days);
        assert_true(civil_is_valid(date));
        assert_true(days_from_civil(date) == days);
        bool next_day = date.day == last.day + 1 && date.month == last.month;
        assert_true(next_day || date.day == 1);
        last = date;
    }
    assert_int_equal(last.year, 9999);
    assert_int_equal(weekday_from_days(0), 3);
    assert_int_equal(weekday_from_days(-4), 6);
    assert_false(civil_is_valid((struct civil_date){2023, 2, 29}));
    assert_true(civil_is_valid((struct civil_date){2000, 2, 29}));
    assert_false(civil_is_valid((struct civil_date){1900, 2, 29}));
}

static void instants_are_read_and_written(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *written;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"2026-01-05T09:00:00+05:30", INT64_C(1767583800000), "2026-01-05T03:30:00Z"},
        {"2026-01-05t09:00:00.25z", INT64_C(1767603600250), "2026-01-05T09:00:00.250Z"},
        {"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000), "2017-01-01T00:00:00Z"},
        {"2026-01-05T09:00:00.123456789Z", INT64_C(1767603600123), "2026-01-05T09:00:00.123Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t ms = 42;
        char written[INSTANT_TEXT_MAX];
        assert_true(instant_parse(text_from(cases[i].text), &ms));
        assert_int_equal(ms, cases[i].ms);
        assert_string_equal(instant_format(ms, written), cases[i].written);
    }
    char with_decimals[INSTANT_TEXT_MAX];
    assert_string_equal(instant_format_ms(0, with_decimals), "1970-01-01T00:00:00.000Z");
    assert_string_equal(instant_format_ms(-1, with_decimals), "1969-12-31T23:59:59.999Z");
    static const char *const wrong[] = {"",
                                        "2026-01-05",
                                        "2026-01-05T09:00:00",
                                        "2026-13-01T00:00:00Z",
                                        "2026-02-30T00:00:00Z",
                                        "2026-01-05T24:00:00Z",
                                        "2026-01-05T09:60:00Z",
                                        "2026-01-05T09:00:61Z",
                                        "2026-01-05T09:00:00.Z",
                                        "2026-01-05T09:00:00Zx",
                                        "0000-01-01T00:00:00Z",
                                        "2026-1-5T09:00:00Z",
                                        "2026-01-05T09:00:00+0530",
                                        "2026-01-05T09:00:00+24:00",
                                        "2026-01-05T09:00:00.1234567890Z"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        int64_t ms = 0;
        assert_false(instant_parse(text_from(wrong[i]), &ms));
    }
}

static void header_dates_minutes_and_durations(void **state UNUSED)
{
    int64_t ms = 0;
    char text[INSTANT_TEXT_MAX];
    assert_true(instant_parse_http(TEXT("Sun, 06 Nov 1994 08:49:37 GMT"), &ms));
    assert_int_equal(ms, INT64_C(784111777000));
    assert_string_equal(instant_format_http(ms, text), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_false(instant_parse_http(TEXT("Sunday, 06-Nov-94 08:49:37 GMT"), &ms));
    assert_false(instant_parse_http(TEXT("Sun, 06 Nov 1994 08:49:37"), &ms));
    int minute = 0;
    assert_true(minute_parse(TEXT("23:59"), &minute));
    assert_int_equal(minute, 1439);
    assert_string_equal(minute_format(65, text), "01:05");
    assert_false(minute_parse(TEXT("24:00"), &minute));
    assert_false(minute_parse(TEXT("9:00"), &minute));
    assert_true(duration_parse(TEXT("1d2h"), &ms));
    assert_int_equal(ms, MS_PER_DAY + 2 * MS_PER_HOUR);
    assert_true(duration_parse(TEXT("90m"), &ms));
    assert_int_equal(ms, 90 * MS_PER_MINUTE);
    assert_true(duration_parse(TEXT("500ms"), &ms));
    assert_int_equal(ms, 500);
    static const char *const wrong[] = {"", "2", "d", "2h1d", "1d1d", "-1d", "2 d", "1w", "4000d"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_false(duration_parse(text_from(wrong[i]), &ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years_goes_both_ways),
        cmocka_unit_test(instants_are_read_and_written),
        cmocka_unit_test(header_dates_minutes_and_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
