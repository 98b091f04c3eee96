/* Send windows and quiet hours: what they refuse, and where they open around clock changes. */
#include "domain/window.h"

#include "base/instant.h"

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct opening {
    const char *zone;
    struct send_window window;
    struct quiet_hours quiet;
    const char *after;
    const char *open;
};

static const struct opening OPENINGS[] = {
    {"UTC", {0}, {0}, "2026-01-05T03:04:05.678Z", "2026-01-05T03:04:05.678Z"},
    {"UTC", {true, 0x1f, 540, 1080}, {0}, "2026-01-09T17:59:59.999Z", "2026-01-09T17:59:59.999Z"},
    {"UTC", {true, 0x1f, 540, 1080}, {0}, "2026-01-09T18:00:00Z", "2026-01-12T09:00:00Z"},
    /* over midnight, Friday's window still holds on Saturday morning */
    {"UTC", {true, 0x10, 1200, 120}, {0}, "2026-01-10T01:59:00Z", "2026-01-10T01:59:00Z"},
    {"UTC", {true, 0x10, 1200, 120}, {0}, "2026-01-10T02:00:00Z", "2026-01-16T20:00:00Z"},
    {"UTC",
     {true, 0x7f, 0, 1440},
     {true, 1260, 480},
     "2026-01-05T23:00:00Z",
     "2026-01-06T08:00:00Z"},
    {"UTC",
     {true, 0x01, 360, 1440},
     {true, 300, 720},
     "2026-01-06T00:00:00Z",
     "2026-01-12T12:00:00Z"},
    /* the clock jumps into the open window, and over a whole one */
    {"Europe/Berlin", {true, 0x7f, 150, 300}, {0}, "2026-03-29T00:10:00Z", "2026-03-29T01:00:00Z"},
    {"Europe/Berlin", {true, 0x7f, 125, 150}, {0}, "2026-03-29T00:10:00Z", "2026-03-30T00:05:00Z"},
    /* the window opens twice in the night that has 02:00 twice */
    {"Europe/Berlin", {true, 0x7f, 120, 150}, {0}, "2026-10-25T00:29:00Z", "2026-10-25T00:29:00Z"},
    {"Europe/Berlin", {true, 0x7f, 120, 150}, {0}, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"},
    {"Europe/Berlin", {true, 0x7f, 120, 150}, {0}, "2026-10-25T01:30:00Z", "2026-10-26T01:00:00Z"},
    /* Friday 30 December 2011 did not exist in Apia: a Friday window waits a week more */
    {"Pacific/Apia", {true, 0x10, 540, 600}, {0}, "2011-12-30T00:00:00Z", "2012-01-05T19:00:00Z"},
    {"Asia/Kolkata", {0}, {true, 1260, 540}, "2026-01-05T15:30:00Z", "2026-01-06T03:30:00Z"},
};

static void test_openings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(OPENINGS); i++) {
        const struct opening *row = &OPENINGS[i];
        const struct zone *zone = zone_find(text_from(row->zone));
        assert_non_null(zone);
        int64_t after_ms = 0;
        int64_t open_ms = 0;
        assert_true(instant_parse(text_from(row->after), &after_ms));
        assert_true(window_next(&row->window, &row->quiet, zone, after_ms, &open_ms));
        char text[INSTANT_TEXT_MAX];
        assert_string_equal(instant_format(open_ms, text), row->open);
        int64_t again_ms = 0;
        assert_true(window_next(&row->window, &row->quiet, zone, open_ms, &again_ms));
        assert_int_equal(again_ms, open_ms);
    }
}

static void test_window_and_quiet_hours_together(void **state)
{
    (void)state;
    struct send_window window = {true, 0x7f, 540, 1080};
    struct quiet_hours quiet = {true, 1020, 600};
    static const int AFTER_AND_OPEN[][2] = {{8, 10}, {9, 10}, {10, 10}, {11, 11}, {17, 34}};
    for (size_t i = 0; i < ARRAY_SIZE(AFTER_AND_OPEN); i++) {
        int64_t open_ms = 0;
        assert_true(
            window_next(&window, &quiet, zone_utc(), AFTER_AND_OPEN[i][0] * MS_PER_HOUR, &open_ms));
        assert_int_equal(open_ms, AFTER_AND_OPEN[i][1] * MS_PER_HOUR);
    }
    int64_t open_ms = 1;
    assert_true(window_next(NULL, NULL, zone_utc(), 0, &open_ms));
    assert_int_equal(open_ms, 0);
}

static void test_what_can_never_open_is_refused(void **state)
{
    (void)state;
    static const struct opening REFUSED[] = {
        {.window = {true, 0, 540, 600}},
        {.window = {true, 0x80, 540, 600}},
        {.window = {true, 0x7f, 540, 540}},
        {.window = {true, 0x7f, -1, 540}},
        {.window = {true, 0x7f, 0, 1441}},
        {.window = {true, 0x7f, 1440, 30}},
        {.quiet = {true, 540, 540}},
        {.quiet = {true, 0, 1440}},
        {.quiet = {true, 0, 1441}},
        {.window = {true, 0x7f, 60, 120}, .quiet = {true, 1320, 480}},
        {.window = {true, 0x40, 1320, 480}, .quiet = {true, 1320, 480}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(REFUSED); i++) {
        struct error error = {0};
        assert_int_equal(window_check(&REFUSED[i].window, &REFUSED[i].quiet, &error),
                         ERROR_INVALID);
        assert_true(strlen(error.message) > 10);
    }
    struct error error = {0};
    struct send_window window = {true, 0x01, 0, 481};
    struct quiet_hours quiet = {true, 1320, 480};
    assert_int_equal(window_check(&window, &quiet, &error), OK);
    assert_int_equal(window_check(NULL, NULL, &error), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openings),
        cmocka_unit_test(test_window_and_quiet_hours_together),
        cmocka_unit_test(test_what_can_never_open_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
