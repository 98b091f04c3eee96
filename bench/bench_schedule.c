/* Scheduling speed: 1,000,000 enrollments x 10 steps, walked from the first step to the end as the
 * simulation does, on one core. The yardstick in the same run is the least the C library needs for
 * the same dates: one localtime_r per person and one mktime per step, in one single zone.
 * Prints one line of key=value; exits 1 when the walk takes longer than its budget of 3 s. */
#include "base/clock.h"
#include "base/instant.h"
#include "domain/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PEOPLE = 1000000, STEPS = 10, BUDGET_MS = 3000 };

static const char *const ZONES[] = {
    "Asia/Kolkata",      "America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
    "America/Sao_Paulo", "Africa/Lagos",     "Asia/Jakarta",  "America/Mexico_City",
};

#define FIRST_MS INT64_C(1767225600000) /* 2026 */

static int64_t enrolled_at_ms(int64_t person)
{
    return FIRST_MS + person * 7919 % (300 * MS_PER_DAY);
}

static int64_t walk_all(const struct schedule_plan *plan, const struct zone *const *zones)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < PEOPLE; i++) {
        struct schedule_person person = {
            .zone = zones[(size_t)i % ARRAY_SIZE(ZONES)],
            .enrolled_at_ms = enrolled_at_ms(i),
        };
        int64_t now_ms = person.enrolled_at_ms;
        for (;;) {
            struct schedule_next next = schedule_next(plan, &person, now_ms);
            if (next.kind == SCHEDULE_FINISHED) {
                break;
            }
            now_ms = next.due_at_ms;
            sum += now_ms;
            schedule_advance(&person, &next, now_ms);
        }
    }
    return sum;
}

static int64_t library_walk_all(const struct schedule_step *steps)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < PEOPLE; i++) {
        time_t enrolled = enrolled_at_ms(i) / 1000;
        struct tm day_one = {0};
        (void)localtime_r(&enrolled, &day_one);
        for (size_t step = 0; step < STEPS; step++) {
            struct tm due = day_one;
            due.tm_mday += steps[step].day - 1;
            due.tm_hour = 10;
            due.tm_isdst = -1;
            sum += mktime(&due);
        }
    }
    return sum;
}

int main(void)
{
    struct schedule_step steps[STEPS];
    for (int32_t i = 0; i < STEPS; i++) {
        steps[i] = (struct schedule_step){
            .id = i + 1, .day = 1 + 3 * i, .minute = i % 3 == 1 ? 555 : -1, .ordinal = i};
    }
    struct schedule_plan plan = {
        .steps = steps,
        .step_count = STEPS,
        .send_minute = 600,
        .window = {.set = true, .days = 0x1f, .from_minute = 540, .to_minute = 1080},
        .quiet = {.set = true, .from_minute = 1260, .to_minute = 480},
        .max_late_ms = SEQUENCE_MAX_LATE_MS_DEFAULT,
    };
    const struct zone *zones[ARRAY_SIZE(ZONES)];
    for (size_t i = 0; i < ARRAY_SIZE(ZONES); i++) {
        zones[i] = zone_find(text_from(ZONES[i]));
        CHECK(zones[i] != NULL);
    }
    CHECK(setenv("TZ", ":America/New_York", 1) == 0);
    tzset();
    int64_t start_us = clock_measure_us();
    int64_t sum = walk_all(&plan, zones);
    int64_t own_us = clock_measure_us() - start_us;
    start_us = clock_measure_us();
    sum += library_walk_all(steps);
    int64_t library_us = clock_measure_us() - start_us;
    printf("bench=schedule enrollments=%d steps=%d ms=%" PRId64 " budget_ms=%d ns_per_step=%" PRId64
           " yardstick=mktime yardstick_ms=%" PRId64 " times_faster=%.2f checksum=%" PRId64 "\n",
           PEOPLE, STEPS, own_us / 1000, BUDGET_MS, own_us * 1000 / (PEOPLE * STEPS),
           library_us / 1000, (double)library_us / (double)own_us, sum % 1000003);
    return own_us / 1000 <= BUDGET_MS ? 0 : 1;
}
