/* What lint finds, and what it leaves alone. */
#include "domain/sequence_lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;
static struct step steps[2];
static struct sequence sequence;
static struct lint_facts facts;
static struct lint_template template;

static const struct lint_template *find_template(void *context, struct text name,
                                                 struct text language)
{
    (void)context;
    (void)language;
    return text_equal(name, TEXT("offer")) ? &template : NULL;
}

static int64_t people_without(void *context, struct text field)
{
    (void)context;
    return text_equal(field, TEXT("city")) ? 12 : 0;
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    sequence_init(&sequence);
    steps[0] = (struct step){
        .id = 1, .day = 1, .minute = -1, .message = TEXT("Hi {name}. Reply STOP to end.")};
    steps[1] = (struct step){.id = 2, .day = 3, .minute = -1, .message = TEXT("Second")};
    sequence.name = TEXT("x");
    sequence.steps = steps;
    sequence.step_count = 2;
    facts = (struct lint_facts){.channel_exists = true};
    template = (struct lint_template){.status = TEXT("APPROVED"), .body_count = 1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const struct lint_finding *finding(const struct lint_report *report, const char *code)
{
    for (size_t i = 0; i < report->count; i++) {
        if (text_equal(text_from(report->findings[i].code), text_from(code))) {
            return &report->findings[i];
        }
    }
    return NULL;
}

static void a_good_sequence_has_no_findings(void **state)
{
    (void)state;
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_int_equal(report.count, 0);
}

static void an_empty_sequence_cannot_start(void **state)
{
    (void)state;
    sequence.step_count = 0;
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_int_equal(report.error_count, 1);
    assert_string_equal(report.findings[0].code, "no_messages");
}

static void missing_fields_count_people(void **state)
{
    (void)state;
    steps[1].message = TEXT("In {city} and {phone} {plan}");
    facts.people_without = people_without;
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    const struct lint_finding *found = finding(&report, "missing_fallback");
    assert_non_null(found);
    assert_int_equal(found->people, 12);
    assert_int_equal(found->step_id, 2);
    assert_true(text_equal(found->field, TEXT("messages[1].message")));
    assert_int_equal(report.count, 1);
}

static void misspelt_placeholders_block_and_doubled_braces_warn(void **state)
{
    (void)state;
    steps[1].message = TEXT("Dear {frist_name|friend}, {{name}}");
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "unknown_placeholder"));
    assert_non_null(finding(&report, "suspect_brace"));
    assert_int_equal(report.error_count, 1); /* everyone would get the fallback, or nothing */
}

static void a_way_to_stop_is_wanted(void **state)
{
    (void)state;
    steps[0].message = TEXT("Hi");
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "no_opt_out"));
}

static void templates_are_compared_with_the_channel(void **state)
{
    (void)state;
    facts.window_enforced = true;
    steps[1].type = STEP_TEMPLATE;
    steps[1].template.name = TEXT("offer");
    steps[1].template.language = TEXT("en");
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "outside_window"));
    assert_non_null(finding(&report, "template_unchecked"));
    facts.templates_synced = true;
    facts.find_template = find_template;
    report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "template_parameters"));
    assert_int_equal(report.findings[0].level, LINT_ERROR);
    struct template_parameter body = {.text = TEXT("{name}")};
    steps[1].template.body = &body;
    steps[1].template.body_count = 1;
    report = sequence_lint(arena, &sequence, &facts);
    assert_int_equal(report.error_count, 0);
    template.status = TEXT("PAUSED");
    report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "template_not_approved"));
    steps[1].template.name = TEXT("other");
    report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "template_unknown"));
}

static void times_outside_the_window_warn(void **state)
{
    (void)state;
    sequence.send_window = (struct send_window){true, SEND_WINDOW_ALL_DAYS, 9 * 60, 18 * 60};
    steps[1].minute = 20 * 60;
    struct lint_report report = sequence_lint(arena, &sequence, &facts);
    assert_non_null(finding(&report, "outside_send_window"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_sequence_has_no_findings, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_sequence_cannot_start, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_fields_count_people, setup, teardown),
        cmocka_unit_test_setup_teardown(misspelt_placeholders_block_and_doubled_braces_warn, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_way_to_stop_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(templates_are_compared_with_the_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(times_outside_the_window_warn, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
