/* Preview, simulation and the "why" card: what they say must be what the planner does. */
#include "service/explain.h"

#include "base/instant.h"
#include "service/actions.h"
#include "service/people_testing.h"
#include "service/simulate.h"

#include <cmocka.h>

struct asking {
    struct people_test *test;
    int64_t enrollment_id;
    struct preview_input input;
    int64_t people;
    struct explain explain;
    struct preview preview;
    struct simulation simulation;
    void (*check)(struct asking *asking);
};

/* Results live in the reader's arena, so they are checked before it goes. */
static enum error_code ask_explain(struct work *work, void *context, struct error *error)
{
    struct asking *asking = context;
    enum error_code code = explain_make(work, asking->enrollment_id, &asking->explain, error);
    if (code == OK) {
        asking->check(asking);
    }
    return code;
}

static enum error_code ask_preview(struct work *work, void *context, struct error *error)
{
    struct asking *asking = context;
    enum error_code code =
        preview_make(work, &asking->test->sequence, &asking->input, &asking->preview, error);
    if (code == OK) {
        asking->check(asking);
    }
    return code;
}

static enum error_code ask_simulation(struct work *work, void *context, struct error *error)
{
    struct asking *asking = context;
    const struct sequence *sequence = &asking->test->sequence;
    enum error_code code = asking->people > 0
                               ? simulate_newcomers(work, sequence, asking->people, work->now_ms,
                                                    TEXT("Asia/Tokyo"), &asking->simulation, error)
                               : simulate_inside(work, sequence, &asking->simulation, error);
    if (code == OK) {
        asking->check(asking);
    }
    return code;
}

static bool has_blocker(const struct explain *explain, const char *code)
{
    for (size_t i = 0; i < explain->blocker_count; i++) {
        if (strcmp(explain->blockers[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void check_waiting(struct asking *asking)
{
    const struct explain *explain = &asking->explain;
    assert_int_equal(explain->status, ENROLLMENT_ACTIVE);
    assert_true(explain->has_next);
    assert_int_equal(explain->message_id, 0);
    assert_int_equal(explain->upcoming_count, 3);
    assert_int_equal(explain->next.due_at_ms, people_test_row(asking->test, 1).next_due_at_ms);
    assert_int_equal(explain->next.rules, SCHEDULE_STEP_TIME);
    assert_true(has_blocker(explain, "channel_missing"));
    assert_int_equal(explain->zone_source, PREVIEW_ZONE_SEQUENCE);
}

static void check_ready(struct asking *asking)
{
    assert_int_equal(asking->explain.blocker_count, 0);
    assert_true(text_equal(asking->explain.summary,
                           TEXT("Day 1 goes on 1 January at 10:00 in UTC (the sequence's time "
                                "zone).")));
}

static void check_queued(struct asking *asking)
{
    assert_int_equal(asking->explain.message_id, 1);
    assert_int_equal(asking->explain.next.step->day, 1);
    assert_int_equal(asking->explain.upcoming_count, 3);
}

static void check_paused(struct asking *asking)
{
    assert_true(has_blocker(&asking->explain, "enrollment_paused"));
    assert_true(text_equal(asking->explain.summary, TEXT("This person is paused: on holiday.")));
    assert_int_equal(asking->explain.upcoming_count, 3);
    assert_true(asking->explain.next.due_at_ms >= people_test_now(asking->test));
}

static void check_stopped(struct asking *asking)
{
    assert_true(has_blocker(&asking->explain, "stopped"));
    assert_false(asking->explain.has_next);
}

static enum error_code act(struct work *work, void *context, struct error *error)
{
    struct action_result result;
    return actions_one(work, context, 1, &result, error);
}

static void test_the_why_card(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 1);
    struct asking asking = {.test = &test, .enrollment_id = 1, .check = check_waiting};
    people_test_read(&test, ask_explain, &asking);
    store_test_exec(&test.store,
                    "INSERT INTO channel (provider, name, sender_id, is_default, created_at_ms, "
                    "updated_at_ms) VALUES ('cloud', 'Test', '1', 1, 0, 0)");
    asking.check = check_ready;
    people_test_read(&test, ask_explain, &asking);
    people_test_advance(&test, 10 * MS_PER_HOUR);
    assert_int_equal(people_test_run_due(&test, false), 1);
    asking.check = check_queued;
    people_test_read(&test, ask_explain, &asking);
    struct action pause = {.kind = ACTION_PAUSE, .reason = TEXT("on holiday")};
    store_test_do(&test.store, act, &pause);
    people_test_advance(&test, 9 * MS_PER_DAY);
    asking.check = check_paused;
    people_test_read(&test, ask_explain, &asking);
    struct action stop = {.kind = ACTION_STOP};
    store_test_do(&test.store, act, &stop);
    asking.check = check_stopped;
    people_test_read(&test, ask_explain, &asking);
    people_test_close(&test);
}

static void check_preview(struct asking *asking)
{
    const struct preview *preview = &asking->preview;
    assert_int_equal(preview->message_count, 3);
    assert_int_equal(preview->zone_source, PREVIEW_ZONE_CONTACT);
    assert_true(text_equal(preview->messages[0].text, TEXT("Hello Asha from {city}, {x}")));
    assert_int_equal(preview->messages[0].missing_count, 2);
    assert_true(text_equal(preview->messages[0].missing[0], TEXT("city")));
    assert_true(text_equal(preview->messages[1].text, TEXT("Hello Asha")));
    char text[INSTANT_TEXT_MAX];
    assert_string_equal(instant_format(preview->messages[0].due_at_ms, text),
                        "2026-01-01T04:30:00Z");
    assert_int_equal(preview->messages[0].local_ms % MS_PER_DAY, 10 * MS_PER_HOUR);
    assert_int_equal(preview->people, 2);
    assert_int_equal(preview->field_count, 3);
    assert_true(preview->fields[1].without_fallback);
    assert_int_equal(preview->fields[1].missing_count, 2);
}

static void check_guessed(struct asking *asking)
{
    assert_int_equal(asking->preview.zone_source, PREVIEW_ZONE_GUESSED);
    assert_true(text_equal(zone_name(asking->preview.zone), TEXT("Asia/Kolkata")));
}

static void test_a_preview_names_what_is_missing(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 2);
    test.sequence.steps[0].message = TEXT("Hello {name} from {city}, {x}");
    struct asking asking = {
        .test = &test,
        .check = check_preview,
        .input = {.imagined = true, .name = TEXT("Asha"), .timezone = TEXT("Asia/Kolkata")}};
    people_test_read(&test, ask_preview, &asking);
    asking.input = (struct preview_input){.phone = TEXT("+91 98765 43210")};
    asking.check = check_guessed;
    people_test_read(&test, ask_preview, &asking);
    people_test_close(&test);
}

static void check_inside(struct asking *asking)
{
    assert_int_equal(asking->simulation.people, 5);
    assert_int_equal(asking->simulation.messages, 15);
    assert_int_equal(asking->simulation.day_count, 3);
    assert_int_equal(asking->simulation.days[0].day, floor_divide(STORE_TEST_START_MS, MS_PER_DAY));
    assert_int_equal(asking->simulation.days[2].count, 5);
}

static void check_newcomers(struct asking *asking)
{
    assert_int_equal(asking->simulation.people, 12000);
    assert_int_equal(asking->simulation.messages, 36000);
    char text[INSTANT_TEXT_MAX];
    assert_string_equal(instant_format(asking->simulation.first_at_ms, text),
                        "2026-01-01T01:00:00Z");
}

static void test_simulations(void **state)
{
    (void)state;
    struct people_test test;
    people_test_open(&test, 3);
    people_test_enroll(&test, 5);
    struct asking asking = {.test = &test, .check = check_inside};
    people_test_read(&test, ask_simulation, &asking);
    asking.people = 12000;
    asking.check = check_newcomers;
    people_test_read(&test, ask_simulation, &asking);
    people_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_why_card),
        cmocka_unit_test(test_a_preview_names_what_is_missing),
        cmocka_unit_test(test_simulations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
