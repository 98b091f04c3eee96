/* Time zones against the C library's own reading of the same files: every zone, 1970 to 2037 and
 * four centuries beyond, and both sides of every change of the clock. */
#include "base/zone.h"

#include "base/instant.h"
#include "base/zone_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHECK_END_MS (INT64_C(16725225600) * 1000) /* 2500 */

static uint64_t random_state = 20260122;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void use_library_zone(struct text name)
{
    char value[ZONE_NAME_MAX + 2];
    (void)snprintf(value, sizeof value, ":%.*s", TEXT_ARGS(name));
    assert_int_equal(setenv("TZ", value, 1), 0);
    tzset();
}

static int64_t library_offset_ms(int64_t utc_ms)
{
    time_t seconds = floor_divide(utc_ms, 1000);
    struct tm local = {0};
    assert_non_null(localtime_r(&seconds, &local));
    return (int64_t)local.tm_gmtoff * 1000;
}

static void check_moment(const struct zone *zone, int64_t utc_ms)
{
    int64_t expected_ms = library_offset_ms(utc_ms);
    int64_t found_ms = zone_offset_ms(zone, utc_ms);
    if (found_ms != expected_ms) {
        fail_msg("%.*s at %lld ms: offset %lld, the C library says %lld",
                 TEXT_ARGS(zone_name(zone)), (long long)utc_ms, (long long)found_ms,
                 (long long)expected_ms);
    }
}

static void check_zone(const struct zone *zone)
{
    use_library_zone(zone_name(zone));
    for (int64_t at_ms = 0; at_ms < INT64_C(2145916800) * 1000; at_ms += 41 * MS_PER_HOUR) {
        check_moment(zone, at_ms);
    }
    for (int i = 0; i < 400; i++) {
        check_moment(zone, (int64_t)(next_random() % (uint64_t)CHECK_END_MS));
    }
    int64_t end_ms = 0;
    for (int64_t at_ms = 0; at_ms < CHECK_END_MS; at_ms = end_ms) {
        (void)zone_stretch(zone, at_ms, &end_ms);
        assert_true(end_ms > at_ms);
        if (end_ms < CHECK_END_MS) {
            check_moment(zone, end_ms - 1000);
            check_moment(zone, end_ms);
        }
    }
}

static void test_every_zone_agrees_with_the_c_library(void **state)
{
    (void)state;
    size_t count = 0;
    const struct text *names = zone_names(&count);
    assert_true(count > 300);
    size_t changing = 0;
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = zone_find(names[i]);
        assert_non_null(zone);
        assert_ptr_equal(zone_find(zone_name(zone)), zone);
        changing += zone->cycle_end_ms != INT64_MAX ? 1 : 0;
        check_zone(zone);
    }
    assert_true(changing > 50);
}

/* The first moment that shows `local_ms`, or where none does, the first that shows a later one. */
static int64_t search_from_local(const struct zone *zone, int64_t local_ms)
{
    for (int64_t at_ms = local_ms - ZONE_OFFSET_LIMIT_MS;; at_ms += MS_PER_MINUTE) {
        if (zone_to_local(zone, at_ms) == local_ms) {
            return at_ms;
        }
        if (zone_to_local(zone, at_ms) > local_ms &&
            zone_to_local(zone, at_ms - MS_PER_MINUTE) < local_ms) {
            for (int64_t later_ms = at_ms; later_ms < at_ms + 3 * MS_PER_HOUR;
                 later_ms += MS_PER_MINUTE) {
                if (zone_to_local(zone, later_ms) == local_ms) {
                    return later_ms;
                }
            }
            return at_ms;
        }
    }
}

static void test_local_times_agree_with_a_search_by_the_minute(void **state)
{
    (void)state;
    static const char *const ZONES[] = {
        "America/New_York", "Europe/Berlin",   "Australia/Lord_Howe", "Asia/Kathmandu",
        "Pacific/Apia",     "Asia/Kolkata",    "America/Sao_Paulo",   "Africa/Cairo",
        "Pacific/Chatham",  "Africa/El_Aaiun", "America/St_Johns",    "Pacific/Kwajalein",
    };
    for (size_t i = 0; i < ARRAY_SIZE(ZONES); i++) {
        const struct zone *zone = zone_find(text_from(ZONES[i]));
        assert_non_null(zone);
        int64_t end_ms = 0;
        for (int64_t at_ms = 20 * MS_PER_DAY; at_ms < INT64_C(2145916800) * 1000; at_ms = end_ms) {
            (void)zone_stretch(zone, at_ms, &end_ms);
            if (end_ms == INT64_MAX) {
                break;
            }
            int64_t before_ms = floor_divide(zone_to_local(zone, end_ms - 1000), MS_PER_MINUTE);
            for (int j = 0; j < 4; j++) {
                int64_t local_ms =
                    (before_ms + (int64_t)(next_random() % 400) - 200) * MS_PER_MINUTE;
                enum zone_fit fit = ZONE_FIT_EXACT;
                int64_t found_ms = zone_from_local(zone, local_ms, &fit);
                assert_true(found_ms == search_from_local(zone, local_ms));
                assert_true((zone_to_local(zone, found_ms) != local_ms) == (fit == ZONE_FIT_GAP));
            }
        }
    }
}

struct local_case {
    const char *zone;
    struct civil_date date;
    int minute;
    const char *utc;
    enum zone_fit fit;
};

static void test_gaps_and_overlaps_by_hand(void **state)
{
    (void)state;
    static const struct local_case CASES[] = {
        {"Europe/Berlin", {2026, 3, 29}, 150, "2026-03-29T01:00:00Z", ZONE_FIT_GAP},
        {"Europe/Berlin", {2026, 10, 25}, 150, "2026-10-25T00:30:00Z", ZONE_FIT_OVERLAP},
        {"America/New_York", {2026, 3, 8}, 120, "2026-03-08T07:00:00Z", ZONE_FIT_GAP},
        {"America/New_York", {2126, 3, 10}, 150, "2126-03-10T07:00:00Z", ZONE_FIT_GAP},
        {"Australia/Lord_Howe", {2026, 4, 5}, 105, "2026-04-04T14:45:00Z", ZONE_FIT_OVERLAP},
        {"Australia/Lord_Howe", {2026, 10, 4}, 135, "2026-10-03T15:30:00Z", ZONE_FIT_GAP},
        {"Pacific/Apia", {2011, 12, 30}, 600, "2011-12-30T10:00:00Z", ZONE_FIT_GAP},
        {"Pacific/Apia", {2011, 12, 31}, 0, "2011-12-30T10:00:00Z", ZONE_FIT_EXACT},
        {"Asia/Kathmandu", {2026, 1, 1}, 0, "2025-12-31T18:15:00Z", ZONE_FIT_EXACT},
        {"Africa/Cairo", {2026, 4, 24}, 15, "2026-04-23T22:00:00Z", ZONE_FIT_GAP},
        {"Europe/Dublin", {2026, 7, 1}, 60, "2026-07-01T00:00:00Z", ZONE_FIT_EXACT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        const struct zone *zone = zone_find(text_from(CASES[i].zone));
        assert_non_null(zone);
        enum zone_fit fit = ZONE_FIT_EXACT;
        int64_t at_ms = zone_from_local(
            zone, days_from_civil(CASES[i].date) * MS_PER_DAY + CASES[i].minute * MS_PER_MINUTE,
            &fit);
        char text[INSTANT_TEXT_MAX];
        assert_string_equal(instant_format(at_ms, text), CASES[i].utc);
        assert_int_equal(fit, CASES[i].fit);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const REFUSED[] = {
        "",
        "/etc/passwd",
        "../etc/passwd",
        "Europe/../Europe/Berlin",
        "Europe//Berlin",
        "Europe/",
        "Europe",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "tzdata.zi",
        "Mars/Base",
        "Europe/Berlin\n",
        "localtime",
        "Factory",
        "leapseconds",
        "zone.tab",
        ".",
        "Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin",
    };
    for (size_t i = 0; i < ARRAY_SIZE(REFUSED); i++) {
        assert_null(zone_find(text_from(REFUSED[i])));
    }
    assert_null(zone_find((struct text){0}));
    assert_null(zone_find(text_make("Europe/Berlin\0x", 15)));
    const struct zone *kolkata = zone_find(TEXT("asia/kolkata"));
    assert_non_null(kolkata);
    assert_true(text_equal(zone_name(kolkata), TEXT("Asia/Kolkata")));
    assert_ptr_equal(zone_find(TEXT("Asia/Kolkata")), kolkata);
    const struct zone *calcutta = zone_find(TEXT("Asia/Calcutta"));
    assert_non_null(calcutta);
    assert_true(text_equal(zone_name(calcutta), TEXT("Asia/Calcutta")));
    assert_ptr_equal(zone_find(TEXT("utc")), zone_utc());
}

static void test_damaged_files_are_refused(void **state)
{
    (void)state;
    FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rb");
    assert_non_null(file);
    char bytes[8192];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_true(size > 1000);
    for (size_t cut = 0; cut < size; cut++) { /* on the heap, so that a sanitizer sees overruns */
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        struct zone zone = {0};
        assert_false(zone_file_read(text_make(copy, cut), &zone));
        free(copy);
    }
    for (int round = 0; round < 20000; round++) {
        char *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, bytes, size);
        for (int change = 0; change < 3; change++) {
            copy[next_random() % (round % 2 == 0 ? size : 60)] = (char)next_random();
        }
        struct zone zone = {0};
        if (zone_file_read(text_make(copy, size), &zone)) {
            enum zone_fit fit = ZONE_FIT_EXACT;
            (void)zone_from_local(&zone, (int64_t)(next_random() % (uint64_t)CHECK_END_MS), &fit);
            free(zone.at_ms);
            free(zone.offset_ms);
        }
        free(copy);
    }
}

static void *find_all(void *argument)
{
    size_t count = 0;
    const struct text *names = zone_names(&count);
    int64_t *sum = argument;
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = zone_find(names[i]);
        *sum += zone == NULL ? 0 : zone_offset_ms(zone, INT64_C(1767225600000)) + (int64_t)i;
    }
    return NULL;
}

static void test_threads_share_one_zone(void **state)
{
    (void)state;
    pthread_t threads[4];
    int64_t sums[4] = {0};
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, find_all, &sums[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(sums[i], sums[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_one_zone), /* first: the table is empty */
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_gaps_and_overlaps_by_hand),
        cmocka_unit_test(test_every_zone_agrees_with_the_c_library),
        cmocka_unit_test(test_local_times_agree_with_a_search_by_the_minute),
        cmocka_unit_test(test_damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
