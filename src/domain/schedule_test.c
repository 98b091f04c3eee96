/* Scheduling by hand-made tables: what each rule of days, times, windows, spacing, lateness and
 * pauses promises, in zones of every kind. schedule_oracle_test.c compares random sequences with a
 * search by the minute. */
#include "domain/schedule.h"

#include "base/instant.h"

#include <stdio.h>

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NONE = -1 };

static int64_t moment(const char *text)
{
    int64_t ms = 0;
    if (!instant_parse(text_from(text), &ms)) {
        fail_msg("not a moment: %s", text);
    }
    return ms;
}

static void assert_moment(int64_t found_ms, const char *expected)
{
    char text[INSTANT_TEXT_MAX];
    assert_string_equal(instant_format(found_ms, text), expected);
}

static const struct zone *zone_of(const char *name)
{
    const struct zone *zone = zone_find(text_from(name));
    assert_non_null(zone);
    return zone;
}

static struct schedule_plan plan_of(struct schedule_step *steps, size_t count, int send_minute)
{
    for (size_t i = 0; i < count; i++) {
        steps[i].id = (int64_t)i + 1;
        steps[i].ordinal = (int32_t)i;
    }
    schedule_sort(steps, count);
    return (struct schedule_plan){
        .steps = steps,
        .step_count = count,
        .send_minute = send_minute,
        .late_action = LATE_SKIP,
        .max_late_ms = SEQUENCE_MAX_LATE_MS_DEFAULT,
    };
}

static struct schedule_person person_of(const char *zone, const char *enrolled)
{
    return (struct schedule_person){.zone = zone_of(zone), .enrolled_at_ms = moment(enrolled)};
}

/* Expects the next answer, takes it as sent at once when due, and returns its rules. */
static uint32_t expect_send(const struct schedule_plan *plan, struct schedule_person *person,
                            int64_t now_ms, int32_t day, const char *due)
{
    struct schedule_next next = schedule_next(plan, person, now_ms);
    assert_int_equal(next.kind, SCHEDULE_SEND);
    assert_int_equal(plan->steps[next.step].day, day);
    assert_moment(next.due_at_ms, due);
    schedule_advance(person, &next, next.due_at_ms);
    return next.rules;
}

struct zone_case {
    const char *zone;
    const char *enrolled;
    int32_t day;
    int32_t minute;
    int32_t send_minute;
    const char *due;
    uint32_t rules;
};

static const struct zone_case ZONE_CASES[] = {
    /* half and quarter hours */
    {"Asia/Kolkata", "2026-01-05T04:30:00Z", 3, 570, NONE, "2026-01-07T04:00:00Z",
     SCHEDULE_STEP_TIME},
    {"Asia/Kolkata", "2026-01-05T18:45:00Z", 1, 570, NONE, "2026-01-06T04:00:00Z",
     SCHEDULE_STEP_TIME},
    {"Asia/Kathmandu", "2026-01-05T18:14:00Z", 2, 0, NONE, "2026-01-05T18:15:00Z",
     SCHEDULE_STEP_TIME},
    {"Asia/Kathmandu", "2026-01-05T18:15:00Z", 2, 0, NONE, "2026-01-06T18:15:00Z",
     SCHEDULE_STEP_TIME},
    {"Australia/Lord_Howe", "2026-10-02T22:00:00Z", 2, 120, NONE, "2026-10-03T15:30:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"Australia/Lord_Howe", "2026-04-03T00:00:00Z", 3, 105, NONE, "2026-04-04T14:45:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_TWICE},
    {"Australia/Adelaide", "2026-04-03T12:00:00Z", 4, NONE, 600, "2026-04-06T00:30:00Z",
     SCHEDULE_SEND_TIME},
    {"America/St_Johns", "2026-03-07T12:00:00Z", 2, NONE, NONE, "2026-03-08T11:00:00Z",
     SCHEDULE_ENROLLMENT_TIME},
    {"Pacific/Chatham", "2026-04-04T00:00:00Z", 2, 180, NONE, "2026-04-04T13:15:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_TWICE},
    /* southern hemisphere, both changes */
    {"Australia/Sydney", "2026-10-01T23:00:00Z", 3, 150, NONE, "2026-10-03T16:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"America/Santiago", "2026-09-04T12:00:00Z", 3, 0, NONE, "2026-09-06T04:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"Pacific/Auckland", "2026-04-01T00:00:00Z", 7, NONE, 540, "2026-04-06T21:00:00Z",
     SCHEDULE_SEND_TIME},
    /* the date line: Apia had no 30 December 2011, Kiritimati is a day ahead of Honolulu */
    {"Pacific/Apia", "2011-12-29T20:00:00Z", 2, 600, NONE, "2011-12-30T10:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"Pacific/Apia", "2011-12-29T20:00:00Z", 3, 600, NONE, "2011-12-30T20:00:00Z",
     SCHEDULE_STEP_TIME},
    {"Pacific/Kiritimati", "2026-01-05T09:59:00Z", 2, 60, NONE, "2026-01-05T11:00:00Z",
     SCHEDULE_STEP_TIME},
    {"Pacific/Honolulu", "2026-01-05T09:59:00Z", 2, 60, NONE, "2026-01-05T11:00:00Z",
     SCHEDULE_STEP_TIME},
    /* northern clock changes: 23 and 25 hour days */
    {"Europe/Berlin", "2026-03-28T09:00:00Z", 2, NONE, NONE, "2026-03-29T08:00:00Z",
     SCHEDULE_ENROLLMENT_TIME},
    {"Europe/Berlin", "2026-10-24T08:00:00Z", 2, NONE, NONE, "2026-10-25T09:00:00Z",
     SCHEDULE_ENROLLMENT_TIME},
    {"Europe/Berlin", "2026-03-27T09:00:00Z", 3, 150, NONE, "2026-03-29T01:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"America/New_York", "2026-10-30T15:00:00Z", 3, 90, NONE, "2026-11-01T05:30:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_TWICE},
    {"America/New_York", "2026-03-01T15:00:00Z", 365, NONE, 600, "2027-02-28T15:00:00Z",
     SCHEDULE_SEND_TIME},
    {"Africa/Cairo", "2026-04-22T10:00:00Z", 3, 10, NONE, "2026-04-23T22:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
    {"America/Sao_Paulo", "2026-02-27T02:30:00Z", 2, 480, NONE, "2026-02-27T11:00:00Z",
     SCHEDULE_STEP_TIME},
    {"UTC", "2028-02-28T12:00:00Z", 2, NONE, NONE, "2028-02-29T12:00:00Z",
     SCHEDULE_ENROLLMENT_TIME},
    /* decades later than any table in the system's files */
    {"Europe/Berlin", "2126-03-30T09:00:00Z", 2, 150, NONE, "2126-03-31T01:00:00Z",
     SCHEDULE_STEP_TIME | SCHEDULE_CLOCK_GAP},
};

static void test_day_numbers_in_many_zones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ZONE_CASES); i++) {
        const struct zone_case *row = &ZONE_CASES[i];
        struct schedule_step step = {.day = row->day, .minute = row->minute};
        struct schedule_plan plan = plan_of(&step, 1, row->send_minute);
        struct schedule_person person = person_of(row->zone, row->enrolled);
        struct schedule_next next = schedule_next(&plan, &person, person.enrolled_at_ms);
        char text[INSTANT_TEXT_MAX];
        if (moment(row->due) != next.due_at_ms || next.rules != row->rules) {
            fail_msg("case %zu in %s: %s, rules %x", i, row->zone,
                     instant_format(next.due_at_ms, text), next.rules);
        }
    }
}

static void test_day_one(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = NONE}, {.day = 2, .minute = NONE}};
    struct schedule_plan plan = plan_of(steps, 2, 600);
    struct schedule_person person = person_of("Asia/Kolkata", "2026-01-05T14:03:27.125Z");
    uint32_t rules =
        expect_send(&plan, &person, person.enrolled_at_ms, 1, "2026-01-05T14:03:27.125Z");
    assert_int_equal(rules, SCHEDULE_AT_ONCE);
    expect_send(&plan, &person, person.last_sent_at_ms, 2, "2026-01-06T04:30:00Z");
    assert_int_equal(schedule_next(&plan, &person, 0).kind, SCHEDULE_FINISHED);
}

static void test_day_one_whose_time_passed_is_the_next_day(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = 540}, {.day = 3, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 2, NONE);
    struct schedule_person late = person_of("UTC", "2026-01-05T09:00:01Z");
    assert_true(schedule_day_one_is_next(&plan, &late));
    uint32_t rules = expect_send(&plan, &late, late.enrolled_at_ms, 1, "2026-01-06T09:00:00Z");
    assert_int_equal(rules, SCHEDULE_STEP_TIME | SCHEDULE_DAY_ONE_NEXT);
    expect_send(&plan, &late, late.last_sent_at_ms, 3, "2026-01-08T09:00:00Z");
    struct schedule_person exact = person_of("UTC", "2026-01-05T09:00:00Z");
    expect_send(&plan, &exact, exact.enrolled_at_ms, 1, "2026-01-05T09:00:00Z");
    /* A first step on a later day has not passed. */
    struct schedule_step later[] = {{.day = 2, .minute = 540}};
    plan = plan_of(later, 1, NONE);
    struct schedule_person evening = person_of("UTC", "2026-01-05T20:00:00Z");
    expect_send(&plan, &evening, evening.enrolled_at_ms, 2, "2026-01-06T09:00:00Z");
}

static void test_steps_of_one_day_run_in_order(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 2, .minute = 1080}, {.day = 2, .minute = 480},
                                    {.day = 2, .minute = 480},  {.day = 1, .minute = NONE},
                                    {.day = 1, .minute = 1200}, {.day = 1, .minute = NONE}};
    struct schedule_plan plan = plan_of(steps, 6, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T10:00:00Z");
    static const int64_t IDS[] = {4, 6, 5, 2, 3, 1};
    static const char *const DUE[] = {"2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z",
                                      "2026-01-05T20:00:00Z", "2026-01-06T08:00:00Z",
                                      "2026-01-06T08:00:00Z", "2026-01-06T18:00:00Z"};
    for (size_t i = 0; i < ARRAY_SIZE(IDS); i++) {
        struct schedule_next next = schedule_next(&plan, &person, person.enrolled_at_ms);
        assert_int_equal(next.kind, SCHEDULE_SEND);
        assert_int_equal(plan.steps[next.step].id, IDS[i]);
        assert_moment(next.due_at_ms, DUE[i]);
        assert_int_equal(next.key, schedule_key(&plan, &person, next.step));
        schedule_advance(&person, &next, next.due_at_ms);
    }
}

/* Enrolled at 23:00 the step without a time is the second of its day; where that moment is 00:00 it
 * would be the first, and behind whoever has got the other. */
static void test_another_zone_moves_moments_and_leaves_the_order(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.id = 1, .day = 2, .minute = NONE},
                                    {.id = 2, .day = 2, .minute = 720},
                                    {.id = 3, .day = 3}};
    struct schedule_plan plan = plan_of(steps, 3, NONE);
    struct schedule_person person = person_of("Pacific/Pago_Pago", "2026-01-06T10:00:00Z");
    person.order_minute = schedule_order_minute(person.zone, person.enrolled_at_ms);
    assert_int_equal(person.order_minute, 23 * 60 + 1);
    struct schedule_next next = schedule_next(&plan, &person, person.enrolled_at_ms);
    assert_int_equal(plan.steps[next.step].id, 2);
    schedule_advance(&person, &next, next.due_at_ms);
    person.zone = zone_of("Pacific/Kiritimati");
    next = schedule_next(&plan, &person, next.due_at_ms);
    assert_int_equal(plan.steps[next.step].id, 1);
    assert_moment(next.planned_at_ms, "2026-01-07T10:00:00Z");
}

static void test_windows_and_quiet_hours_are_the_last_gate(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = NONE}, {.day = 2, .minute = NONE}};
    struct schedule_plan plan = plan_of(steps, 2, 480);
    plan.window =
        (struct send_window){.set = true, .days = 0x1f, .from_minute = 540, .to_minute = 1080};
    plan.quiet = (struct quiet_hours){.set = true, .from_minute = 1260, .to_minute = 570};
    /* Friday evening in Berlin: Monday at the end of the quiet hours. Day 2 would be Saturday and
     * comes right behind, as far apart as planned. */
    struct schedule_person person = person_of("Europe/Berlin", "2026-01-09T17:30:00Z");
    uint32_t rules = expect_send(&plan, &person, person.enrolled_at_ms, 1, "2026-01-12T08:30:00Z");
    assert_int_equal(rules, SCHEDULE_AT_ONCE | SCHEDULE_WINDOW | SCHEDULE_QUIET);
    rules = expect_send(&plan, &person, person.last_sent_at_ms, 2, "2026-01-13T08:30:00Z");
    assert_int_equal(rules,
                     SCHEDULE_SEND_TIME | SCHEDULE_SPACING | SCHEDULE_WINDOW | SCHEDULE_QUIET);
}

static void test_spacing_pushes_only_the_next_one(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = 540},
                                    {.day = 1, .minute = 600},
                                    {.day = 3, .minute = 540},
                                    {.day = 9, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 4, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T06:00:00Z");
    /* The first leaves two days late. */
    uint32_t rules =
        expect_send(&plan, &person, moment("2026-01-07T08:00:00Z"), 1, "2026-01-07T08:00:00Z");
    assert_int_equal(rules, SCHEDULE_STEP_TIME | SCHEDULE_OVERDUE);
    /* One hour was planned between the first two, two days before the third, six after it. */
    rules = expect_send(&plan, &person, person.last_sent_at_ms, 1, "2026-01-07T09:00:00Z");
    assert_int_equal(rules, SCHEDULE_STEP_TIME | SCHEDULE_SPACING);
    expect_send(&plan, &person, person.last_sent_at_ms, 3, "2026-01-08T09:00:00Z");
    expect_send(&plan, &person, person.last_sent_at_ms, 9, "2026-01-13T09:00:00Z");
}

static void test_lateness(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = 540}, {.day = 4, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 2, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T06:00:00Z");
    int64_t limit_ms = moment("2026-01-08T09:00:00Z");
    assert_int_equal(schedule_next(&plan, &person, limit_ms).kind, SCHEDULE_SEND);
    struct schedule_next late = schedule_next(&plan, &person, limit_ms + 1);
    assert_int_equal(late.kind, SCHEDULE_SKIP_LATE);
    assert_true((late.rules & SCHEDULE_LATE) != 0);
    schedule_advance(&person, &late, 0);
    expect_send(&plan, &person, limit_ms + 1, 4, "2026-01-08T09:00:00.001Z");
    person.position = 0;
    plan.late_action = LATE_STOP;
    assert_int_equal(schedule_next(&plan, &person, limit_ms + 1).kind, SCHEDULE_STOP_LATE);
    plan.late_action = LATE_SEND;
    assert_int_equal(schedule_next(&plan, &person, limit_ms + 1).kind, SCHEDULE_SEND);
    /* Waiting six days for a Sunday window is no lateness; missing that Sunday by four days is. */
    plan.late_action = LATE_SKIP;
    plan.window =
        (struct send_window){.set = true, .days = 1 << 6, .from_minute = 0, .to_minute = 1440};
    person = person_of("UTC", "2026-01-05T06:00:00Z");
    struct schedule_next sunday = schedule_next(&plan, &person, person.enrolled_at_ms);
    assert_int_equal(sunday.kind, SCHEDULE_SEND);
    assert_moment(sunday.due_at_ms, "2026-01-11T00:00:00Z");
    assert_int_equal(schedule_next(&plan, &person, moment("2026-01-15T12:00:00Z")).kind,
                     SCHEDULE_SKIP_LATE);
}

static void test_starting_in_the_middle(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = NONE},
                                    {.day = 3, .minute = 540},
                                    {.day = 3, .minute = 1080},
                                    {.day = 7, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 4, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T06:00:00Z");
    person.position = schedule_position_after_day(3);
    assert_int_equal(schedule_position_day(person.position), 3);
    expect_send(&plan, &person, person.enrolled_at_ms, 7, "2026-01-11T09:00:00Z");
    assert_int_equal(schedule_position_day(person.position), 7);
    person = person_of("UTC", "2026-01-05T06:00:00Z");
    person.position = schedule_position_before_day(3);
    expect_send(&plan, &person, person.enrolled_at_ms, 3, "2026-01-07T09:00:00Z");
    assert_int_equal(schedule_position_before_day(1), 0);
    assert_int_equal(schedule_position_after_day(0), 0);
    person.position = schedule_position_after_day(7);
    assert_int_equal(schedule_next(&plan, &person, 0).kind, SCHEDULE_FINISHED);
    plan.step_count = 0;
    assert_int_equal(schedule_next(&plan, &person, 0).kind, SCHEDULE_FINISHED);
}

static void test_steps_known_to_be_done_are_passed_over(void **state)
{
    (void)state;
    struct schedule_step steps[] = {
        {.day = 1, .minute = NONE}, {.day = 5, .minute = NONE}, {.day = 9, .minute = NONE}};
    struct schedule_plan plan = plan_of(steps, 3, 540);
    struct schedule_person person = person_of("UTC", "2026-01-05T06:00:00Z");
    person.position = schedule_position_after_day(1);
    uint64_t done = 1u << 1;
    person.done = &done;
    assert_int_equal(plan.steps[schedule_next(&plan, &person, 0).step].day, 9);
}

static void test_resuming_shifts_whole_days(void **state)
{
    (void)state;
    struct schedule_step steps[] = {
        {.day = 1, .minute = NONE}, {.day = 3, .minute = 540}, {.day = 7, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 3, NONE);
    struct schedule_person person = person_of("Europe/Berlin", "2026-03-26T09:00:00Z");
    expect_send(&plan, &person, person.enrolled_at_ms, 1, "2026-03-26T09:00:00Z");
    /* Paused over the clock change; local times stay. */
    int64_t paused_ms = moment("2026-03-27T12:00:00Z");
    assert_int_equal(schedule_resume_shift(&plan, &person, paused_ms, paused_ms + 600000), 0);
    assert_int_equal(
        schedule_resume_shift(&plan, &person, paused_ms, moment("2026-04-01T05:00:00Z")), 5);
    person.shift_days = 5;
    uint32_t rules =
        expect_send(&plan, &person, moment("2026-04-01T05:00:00Z"), 3, "2026-04-02T07:00:00Z");
    assert_int_equal(rules, SCHEDULE_STEP_TIME | SCHEDULE_SHIFTED);
    /* Paused in the morning, resumed in the evening four days later: the time of day is over. */
    int64_t again_ms = moment("2026-04-06T05:00:00Z");
    assert_int_equal(
        schedule_resume_shift(&plan, &person, again_ms, moment("2026-04-10T18:00:00Z")), 5);
    person.position = schedule_position_after_day(7);
    assert_int_equal(schedule_resume_shift(&plan, &person, again_ms, again_ms + MS_PER_DAY), 0);
}

static void test_a_welcome_that_waited_goes_at_once_after_a_pause(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = NONE}, {.day = 2, .minute = NONE}};
    struct schedule_plan plan = plan_of(steps, 2, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T10:00:00Z");
    int64_t paused_ms = moment("2026-01-05T10:00:05Z");
    int64_t resumed_ms = moment("2026-01-05T10:20:00Z");
    assert_int_equal(schedule_resume_shift(&plan, &person, paused_ms, resumed_ms), 0);
    resumed_ms = moment("2026-01-08T15:00:00Z");
    person.shift_days = schedule_resume_shift(&plan, &person, paused_ms, resumed_ms);
    assert_int_equal(person.shift_days, 3);
    expect_send(&plan, &person, resumed_ms, 1, "2026-01-08T15:00:00Z");
    expect_send(&plan, &person, resumed_ms, 2, "2026-01-09T15:00:00Z");
}

static void test_keeping_the_dates_catches_up_one_per_day(void **state)
{
    (void)state;
    struct schedule_step steps[] = {{.day = 1, .minute = NONE}, {.day = 2, .minute = 540},
                                    {.day = 3, .minute = 540},  {.day = 3, .minute = 600},
                                    {.day = 10, .minute = 540}, {.day = 12, .minute = 540}};
    struct schedule_plan plan = plan_of(steps, 6, NONE);
    struct schedule_person person = person_of("UTC", "2026-01-05T08:00:00Z");
    expect_send(&plan, &person, person.enrolled_at_ms, 1, "2026-01-05T08:00:00Z");
    int64_t resumed_ms = moment("2026-01-13T15:00:00Z");
    assert_int_equal(schedule_next(&plan, &person, resumed_ms).kind, SCHEDULE_SKIP_LATE);
    person.catch_up_until_ms = resumed_ms;
    expect_send(&plan, &person, resumed_ms, 2, "2026-01-13T15:00:00Z");
    uint32_t rules = expect_send(&plan, &person, resumed_ms, 3, "2026-01-14T15:00:00Z");
    assert_true((rules & SCHEDULE_ONE_PER_DAY) != 0);
    expect_send(&plan, &person, resumed_ms, 3, "2026-01-15T15:00:00Z");
    expect_send(&plan, &person, resumed_ms, 10, "2026-01-16T15:00:00Z");
    expect_send(&plan, &person, resumed_ms, 12, "2026-01-17T15:00:00Z");
}

static void test_a_window_that_never_opens_waits_and_says_so(void **state)
{
    (void)state;
    struct schedule_step step = {.day = 1, .minute = NONE};
    struct schedule_plan plan = plan_of(&step, 1, NONE);
    plan.window =
        (struct send_window){.set = true, .days = 0x7f, .from_minute = 60, .to_minute = 120};
    plan.quiet = (struct quiet_hours){.set = true, .from_minute = 1320, .to_minute = 480};
    struct error error = {0};
    assert_int_equal(window_check(&plan.window, &plan.quiet, &error), ERROR_INVALID);
    struct schedule_person person = person_of("UTC", "2026-01-05T06:00:00Z");
    struct schedule_next next = schedule_next(&plan, &person, person.enrolled_at_ms);
    assert_int_equal(next.kind, SCHEDULE_SEND);
    assert_true((next.rules & SCHEDULE_NEVER_OPEN) != 0);
    assert_moment(next.due_at_ms, "2026-01-12T06:00:00Z");
}

static void test_zone_fallbacks_count_what_is_unknown(void **state)
{
    (void)state;
    struct text none = {0};
    struct schedule_zone zone = schedule_zone(TEXT("Asia/Kolkata"), none, TEXT("UTC"));
    assert_int_equal(zone.source, SCHEDULE_ZONE_CONTACT);
    assert_int_equal(zone.unknown_count, 0);
    zone = schedule_zone(TEXT("Nowhere/Land"), TEXT("../x"), TEXT("Europe/Paris"));
    assert_int_equal(zone.source, SCHEDULE_ZONE_SERVER);
    assert_int_equal(zone.unknown_count, 2);
    assert_ptr_equal(zone.zone, zone_of("Europe/Paris"));
    zone = schedule_zone(none, none, none);
    assert_ptr_equal(zone.zone, zone_utc());
    assert_string_equal(schedule_zone_source_to_text(zone.source), "utc");
}

static void test_every_rule_has_its_words(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < SCHEDULE_RULE_COUNT; bit++) {
        enum schedule_rule rule = (enum schedule_rule)(1u << bit);
        assert_true(strlen(schedule_rule_to_text(rule)) > 3);
        assert_true(strlen(schedule_rule_sentence(rule)) > 20);
    }
    assert_string_equal(schedule_rule_to_text(SCHEDULE_AT_ONCE), "at_once");
    assert_string_equal(schedule_rule_to_text(SCHEDULE_QUIET), "quiet_hours");
    assert_string_equal(schedule_rule_to_text(SCHEDULE_NEVER_OPEN), "never_open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_day_numbers_in_many_zones),
        cmocka_unit_test(test_day_one),
        cmocka_unit_test(test_day_one_whose_time_passed_is_the_next_day),
        cmocka_unit_test(test_steps_of_one_day_run_in_order),
        cmocka_unit_test(test_another_zone_moves_moments_and_leaves_the_order),
        cmocka_unit_test(test_windows_and_quiet_hours_are_the_last_gate),
        cmocka_unit_test(test_spacing_pushes_only_the_next_one),
        cmocka_unit_test(test_lateness),
        cmocka_unit_test(test_starting_in_the_middle),
        cmocka_unit_test(test_steps_known_to_be_done_are_passed_over),
        cmocka_unit_test(test_resuming_shifts_whole_days),
        cmocka_unit_test(test_a_welcome_that_waited_goes_at_once_after_a_pause),
        cmocka_unit_test(test_keeping_the_dates_catches_up_one_per_day),
        cmocka_unit_test(test_a_window_that_never_opens_waits_and_says_so),
        cmocka_unit_test(test_zone_fallbacks_count_what_is_unknown),
        cmocka_unit_test(test_every_rule_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
