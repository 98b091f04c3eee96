/* Placeholders, fallbacks, missing fields, places, hints; and the speed of rendering. */
#include "domain/personalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static struct arena *arena;
static const struct personalize_field FIELDS[] = {
    {TEXT_INIT("city"), TEXT_INIT("  Pune ")},
    {TEXT_INIT("Order Id"), TEXT_INIT("A/7 b")},
    {TEXT_INIT("blank"), TEXT_INIT("  \t")},
    {TEXT_INIT("lines"), TEXT_INIT("one\r\n\ttwo     three ")},
    {TEXT_INIT("link"), TEXT_INIT("https://example.com/a b?x=1")},
};

static struct personalize_facts person(const char *name)
{
    return (struct personalize_facts){
        .name = text_from(name),
        .phone = TEXT("919876543210"),
        .sequence = TEXT("Welcome"),
        .day = 30,
        .fields = FIELDS,
        .field_count = ARRAY_SIZE(FIELDS),
    };
}

static const char *render_at(enum personalize_place place, const char *source, const char *name)
{
    struct personalize_facts facts = person(name);
    struct text out = {0};
    struct error error = {0};
    if (personalize_once(arena, text_from(source), &facts, place, &out, &error) != OK) {
        return "(missing)";
    }
    return arena_chars(arena, out);
}

static const char *render(const char *source)
{
    return render_at(PERSONALIZE_TEXT, source, " Asha Rao ");
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void values_come_from_the_person(void **state)
{
    (void)state;
    assert_string_equal(render("Hi {name}, day {day} of {sequence}"),
                        "Hi Asha Rao, day 30 of Welcome");
    assert_string_equal(render("{first_name} {phone} {city}"), "Asha 919876543210 Pune");
    assert_string_equal(render("{ city }{CITY}{Order Id}{order id}"), "PunePuneA/7 bA/7 b");
    assert_string_equal(render(""), "");
}

static void empty_names_have_a_fallback_of_their_own(void **state)
{
    (void)state;
    assert_string_equal(render_at(PERSONALIZE_TEXT, "Hi {name}!", ""), "Hi there!");
    assert_string_equal(render_at(PERSONALIZE_TEXT, "Hi {first_name}!", "   "), "Hi there!");
    assert_string_equal(render_at(PERSONALIZE_TEXT, "Hi {name|friend}!", ""), "Hi friend!");
    assert_string_equal(render_at(PERSONALIZE_TEXT, "Hi{name|}!", ""), "Hi!");
    assert_string_equal(render("{town|your city} {blank| none } {city|x}"), "your city none Pune");
}

static void doubled_braces_are_literal(void **state)
{
    (void)state;
    assert_string_equal(render("{{name}} {{ }} {"), "{name} { } {");
    assert_string_equal(render("{{{name}}}"), "{Asha Rao}");
    assert_string_equal(render("a { b } c {} {a,b}"), "(missing)");
    assert_string_equal(render("{} {a,b} {\n} {{a|b}} }"), "{} {a,b} {\n} {a|b} }");
}

static void a_missing_field_fails_and_is_named(void **state)
{
    (void)state;
    struct personalize_facts facts = person("Asha");
    struct error error = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1000);
    buffer_add_chars(&out, "kept");
    struct personalize *compiled =
        personalize_compile(arena, TEXT("Hi {name}, {town} and {blank}"));
    assert_int_equal(personalize_render(compiled, &facts, PERSONALIZE_TEXT, &out, &error),
                     ERROR_INVALID);
    assert_int_equal(error.field_count, 2);
    assert_string_equal(error.fields[0].field, "town");
    assert_string_equal(error.fields[0].code, "missing_field");
    assert_string_equal(error.fields[1].field, "blank");
    assert_string_equal(buffer_chars(&out), "kept");
}

static void a_parameter_is_one_line(void **state)
{
    (void)state;
    assert_string_equal(render_at(PERSONALIZE_PARAMETER, " {lines}\n {city} ", ""),
                        "one two three Pune");
    assert_string_equal(render_at(PERSONALIZE_TEXT, "{lines}", ""), "one\r\n\ttwo     three");
    assert_string_equal(render_at(PERSONALIZE_PARAMETER, "{town|}", ""), "(missing)");
}

static void values_inside_addresses_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(render_at(PERSONALIZE_URL, "https://example.com/{Order Id}?n={name}", "é"),
                        "https://example.com/A%2F7%20b?n=%C3%A9");
    assert_string_equal(render_at(PERSONALIZE_URL, "{link}", ""), "https://example.com/a%20b?x=1");
}

static void uses_are_listed(void **state)
{
    (void)state;
    struct personalize *compiled =
        personalize_compile(arena, TEXT("{name} {city} {town|x} {{y}} {phone}"));
    size_t count = 0;
    const struct personalize_use *uses = personalize_uses(compiled, &count);
    assert_int_equal(count, 4);
    assert_true(uses[0].built_in && uses[0].has_fallback);
    assert_true(!uses[1].built_in && !uses[1].has_fallback);
    assert_int_equal(uses[1].offset, 7);
    assert_true(uses[2].has_fallback);
    assert_true(uses[3].built_in && !uses[3].has_fallback);
    size_t at = 0;
    assert_true(personalize_suspect(compiled, &at));
    assert_int_equal(at, 23);
    assert_false(personalize_suspect(personalize_compile(arena, TEXT("{name} {{ ok")), &at));
}

static void misspelt_names_are_recognised(void **state)
{
    (void)state;
    const struct text known[] = {TEXT_INIT("city"), TEXT_INIT("order_id")};
    assert_string_equal(personalize_did_you_mean(TEXT("frist_name"), known, 2).data, "first_name");
    assert_string_equal(personalize_did_you_mean(TEXT("FirstName"), known, 2).data, "first_name");
    assert_string_equal(personalize_did_you_mean(TEXT("nmae"), known, 2).data, "name");
    assert_string_equal(personalize_did_you_mean(TEXT("orderid"), known, 2).data, "order_id");
    assert_int_equal(personalize_did_you_mean(TEXT("company"), known, 2).size, 0);
}

static void fields_load_from_json(void **state)
{
    (void)state;
    struct personalize_facts facts = {0};
    struct error error = {0};
    assert_int_equal(personalize_load_fields(
                         arena,
                         TEXT("{\"a\":\"x\",\"b\":7,\"c\":true,\"d\":null,\"e\":[1],\"f\":2.5}"),
                         &facts, &error),
                     OK);
    assert_int_equal(facts.field_count, 4);
    struct text out = {0};
    assert_int_equal(
        personalize_once(arena, TEXT("{a}{b}{c}{f}"), &facts, PERSONALIZE_TEXT, &out, &error), OK);
    assert_true(text_equal(out, TEXT("x7true2.5")));
    assert_int_equal(personalize_load_fields(arena, TEXT(""), &facts, &error), OK);
    assert_int_equal(facts.field_count, 0);
}

static void rendering_a_short_text_is_quick(void **state)
{
    (void)state;
    struct personalize *compiled = personalize_compile(
        arena, TEXT("Hi {first_name}, day {day} in {city|your city}. Reply STOP to end."));
    struct personalize_facts facts = person("Asha Rao");
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1000);
    enum { ROUNDS = 200000 };
    struct timespec from;
    struct timespec to;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < ROUNDS; i++) {
        buffer_clear(&out);
        assert_true(personalize_render(compiled, &facts, PERSONALIZE_TEXT, &out, NULL) == OK);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double nanoseconds =
        ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / ROUNDS;
    print_message("one rendering takes %.0f ns\n", nanoseconds);
    assert_true(nanoseconds < 20000); /* loose: sanitizers and busy machines run this too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_from_the_person, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_names_have_a_fallback_of_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(doubled_braces_are_literal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_field_fails_and_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_parameter_is_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(values_inside_addresses_are_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(uses_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(misspelt_names_are_recognised, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_load_from_json, setup, teardown),
        cmocka_unit_test_setup_teardown(rendering_a_short_text_is_quick, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
