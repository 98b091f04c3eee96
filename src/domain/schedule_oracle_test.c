/* Random sequences and people against a second, deliberately simple scheduler: it asks the C
 * library for the wall clock of every minute and finds each moment by looking at one minute after
 * the other. It shares no code with schedule.c, window.c and zone.c. */
#include "domain/schedule.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    ROUNDS_PER_ZONE = 1800,
    STEPS_MAX = 7,
    FIRST_DAY = 20400, /* 2025-11-08 */
    DAY_COUNT = 600,
    MINUTE_COUNT = DAY_COUNT * 1440,
};

static const char *const ZONES[] = {
    "Asia/Kolkata",      "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Apia",      "Pacific/Kiritimati",  "Europe/Berlin",
    "America/New_York",  "America/Santiago",    "Africa/Cairo",
    "Pacific/Chatham",   "America/St_Johns",    "Asia/Tehran",
    "Africa/Casablanca", "Asia/Beirut",         "UTC",
};

/* The wall clock of each minute, in minutes since 1970 as if it were UTC. */
static int32_t wall[MINUTE_COUNT];
static uint64_t random_state;

static int32_t below(int32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int32_t)(random_state % (uint64_t)limit);
}

static void fill_wall(const char *zone)
{
    char value[80];
    (void)snprintf(value, sizeof value, ":%s", zone);
    assert_int_equal(setenv("TZ", value, 1), 0);
    tzset();
    for (int32_t i = 0; i < MINUTE_COUNT; i++) {
        int32_t minute = FIRST_DAY * 1440 + i;
        time_t seconds = (time_t)minute * 60;
        struct tm local = {0};
        assert_non_null(localtime_r(&seconds, &local));
        wall[i] = minute + (int32_t)(local.tm_gmtoff / 60);
    }
}

static int32_t wall_at(int32_t minute)
{
    int32_t i = minute - FIRST_DAY * 1440;
    assert_true(i >= 0 && i < MINUTE_COUNT);
    return wall[i];
}

/* The first minute that shows `shown`, else the first after the clock has jumped over it. */
static int32_t search_wall(int32_t shown)
{
    for (int32_t minute = shown - 26 * 60; minute < shown + 26 * 60; minute++) {
        if (wall_at(minute) == shown) {
            return minute;
        }
    }
    for (int32_t minute = shown - 26 * 60; minute < shown + 26 * 60; minute++) {
        if (wall_at(minute) > shown && wall_at(minute - 1) < shown) {
            return minute;
        }
    }
    fail_msg("no minute shows %d", shown);
    return 0;
}

struct oracle {
    const struct schedule_plan *plan;
    int32_t enrolled; /* minutes, as all times here */
    int32_t shift_days;
    int32_t order[STEPS_MAX]; /* steps by day, time and place */
};

static int32_t time_of(const struct oracle *oracle, const struct schedule_step *step)
{
    if (step->minute >= 0) {
        return step->minute;
    }
    if (step->day > 1 && oracle->plan->send_minute >= 0) {
        return oracle->plan->send_minute;
    }
    return step->day == 1 ? -1 : wall_at(oracle->enrolled) % 1440;
}

static void sort_steps(struct oracle *oracle)
{
    int32_t count = (int32_t)oracle->plan->step_count;
    for (int32_t i = 0; i < count; i++) {
        int32_t place = i;
        const struct schedule_step *step = &oracle->plan->steps[i];
        for (; place > 0; place--) {
            const struct schedule_step *other = &oracle->plan->steps[oracle->order[place - 1]];
            int32_t difference = other->day - step->day;
            difference =
                difference != 0 ? difference : time_of(oracle, other) - time_of(oracle, step);
            difference = difference != 0 ? difference : other->ordinal - step->ordinal;
            if (difference < 0) {
                break;
            }
            oracle->order[place] = oracle->order[place - 1];
        }
        oracle->order[place] = i;
    }
}

static int32_t planned(const struct oracle *oracle, const struct schedule_step *step)
{
    int32_t time = time_of(oracle, step);
    int32_t today = wall_at(oracle->enrolled) / 1440;
    if (time < 0) {
        return oracle->shift_days == 0
                   ? oracle->enrolled
                   : search_wall(wall_at(oracle->enrolled) + oracle->shift_days * 1440);
    }
    const struct schedule_step *first = &oracle->plan->steps[oracle->order[0]];
    bool passed = first->day == 1 && first->minute >= 0 &&
                  search_wall(today * 1440 + first->minute) < oracle->enrolled;
    return search_wall((today + (passed ? 1 : 0) + oracle->shift_days + step->day - 1) * 1440 +
                       time);
}

static bool in_stretch(int32_t minute, int32_t from, int32_t to)
{
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

static bool is_open(const struct schedule_plan *plan, int32_t minute)
{
    int32_t shown = wall_at(minute);
    if (plan->quiet.set &&
        in_stretch(shown % 1440, plan->quiet.from_minute, plan->quiet.to_minute)) {
        return false;
    }
    const struct send_window *window = &plan->window;
    if (!window->set) {
        return true;
    }
    bool after_midnight =
        window->from_minute > window->to_minute && shown % 1440 < window->to_minute;
    int32_t weekday = (shown / 1440 - (after_midnight ? 1 : 0) + 3) % 7;
    return in_stretch(shown % 1440, window->from_minute, window->to_minute) &&
           (window->days >> weekday & 1) != 0;
}

static int32_t first_open(const struct schedule_plan *plan, int32_t minute)
{
    while (!is_open(plan, minute)) {
        minute++;
    }
    return minute;
}

static int32_t later(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Walks one person through the sequence in both schedulers. */
static void compare_person(const struct oracle *oracle, struct schedule_person *person,
                           int32_t catch_up, int32_t now)
{
    const struct schedule_plan *plan = oracle->plan;
    int32_t last_sent = 0;
    int32_t last_planned = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct schedule_step *step = &plan->steps[oracle->order[i]];
        int32_t plan_minute = planned(oracle, step);
        int32_t spaced = plan_minute;
        if (last_sent > 0) {
            int32_t gap = abs(plan_minute - last_planned);
            gap = gap > 1440 || plan_minute < catch_up ? 1440 : gap;
            spaced = later(plan_minute, last_sent + gap);
        }
        int32_t due = first_open(plan, later(spaced, now));
        int32_t lawful = catch_up > 0 ? later(spaced, catch_up) : plan_minute;
        bool late = plan->late_action != LATE_SEND &&
                    due - first_open(plan, lawful) > (int32_t)(plan->max_late_ms / MS_PER_MINUTE);
        struct schedule_next next = schedule_next(plan, person, now * MS_PER_MINUTE);
        assert_int_equal(plan->steps[next.step].id, step->id);
        assert_int_equal(next.planned_at_ms / MS_PER_MINUTE, plan_minute);
        assert_int_equal(next.spaced_at_ms / MS_PER_MINUTE, spaced);
        assert_int_equal(next.due_at_ms, due * MS_PER_MINUTE);
        assert_int_equal(next.kind != SCHEDULE_SEND, late);
        if (next.kind == SCHEDULE_STOP_LATE) {
            return;
        }
        int32_t sent = due + (below(4) == 0 ? below(600) : 0);
        if (!late) {
            last_sent = sent;
            last_planned = plan_minute;
        }
        schedule_advance(person, &next, late ? 0 : sent * MS_PER_MINUTE);
        now = late ? now : sent;
        now += below(12) == 0 ? below(6 * 1440) : 0; /* the server was down */
    }
    assert_int_equal(schedule_next(plan, person, now * MS_PER_MINUTE).kind, SCHEDULE_FINISHED);
}

static struct send_window random_window(void)
{
    struct send_window window = {.set = below(2) == 0};
    window.days = (uint8_t)(1 + below(127));
    window.from_minute = below(1440);
    do {
        window.to_minute = below(1441);
    } while (window.to_minute == window.from_minute);
    return window;
}

static int32_t random_minute(void)
{
    return below(3) == 0 ? below(24) * 60 : below(1440);
}

static void random_plan(struct schedule_plan *plan, struct schedule_step *steps)
{
    static const enum late_action ACTIONS[] = {LATE_SKIP, LATE_SEND, LATE_STOP};
    struct error error = {0};
    do {
        *plan = (struct schedule_plan){
            .steps = steps,
            .step_count = (size_t)(1 + below(STEPS_MAX)),
            .send_minute = below(2) == 0 ? -1 : below(1440),
            .window = random_window(),
            .late_action = ACTIONS[below(3)],
            .max_late_ms = (1 + below(4)) * MS_PER_DAY - below(2) * MS_PER_HOUR,
        };
        plan->quiet = (struct quiet_hours){
            .set = below(3) == 0, .from_minute = below(1440), .to_minute = below(1441)};
    } while (window_check(&plan->window, &plan->quiet, &error) != OK);
    for (size_t i = 0; i < plan->step_count; i++) {
        steps[i] = (struct schedule_step){
            .id = (int64_t)i + 1,
            .day = 1 + below(below(3) == 0 ? 40 : 5),
            .minute = below(2) == 0 ? -1 : random_minute(),
            .ordinal = (int32_t)i,
        };
        if (steps[i].day == 1 && steps[i].minute == 0) {
            steps[i].minute = 30; /* at midnight it would compete with "at once" */
        }
    }
    schedule_sort(steps, plan->step_count);
}

static void test_random_sequences_agree_with_a_search_by_the_minute(void **state)
{
    (void)state;
    for (size_t zone = 0; zone < ARRAY_SIZE(ZONES); zone++) {
        random_state = 0x9e3779b97f4a7c15u + zone;
        fill_wall(ZONES[zone]);
        for (int round = 0; round < ROUNDS_PER_ZONE; round++) {
            struct schedule_step steps[STEPS_MAX];
            struct schedule_plan plan;
            random_plan(&plan, steps);
            struct oracle oracle = {
                .plan = &plan,
                .enrolled = FIRST_DAY * 1440 + 40 * 1440 + below(330 * 1440),
                .shift_days = below(5) == 0 ? below(9) : 0,
            };
            sort_steps(&oracle);
            int32_t now = oracle.enrolled + (below(4) == 0 ? below(20 * 1440) : 0);
            int32_t catch_up = below(6) == 0 ? now : 0;
            struct schedule_person person = {
                .zone = zone_find(text_from(ZONES[zone])),
                .enrolled_at_ms = oracle.enrolled * MS_PER_MINUTE,
                .shift_days = oracle.shift_days,
                .catch_up_until_ms = catch_up * MS_PER_MINUTE,
            };
            assert_non_null(person.zone);
            compare_person(&oracle, &person, catch_up, now);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_sequences_agree_with_a_search_by_the_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
