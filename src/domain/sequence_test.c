/* Reading, writing and editing sequences. */
#include "base/buffer.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "domain/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

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

static enum error_code parse(const char *document, const struct sequence *base,
                             struct sequence *ret_sequence, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    assert_int_equal(json_parse(text_from(document), NULL, &json, error), OK);
    return sequence_parse(arena, json, base, ret_sequence, NULL, error);
}

static bool has_field(const struct error *error, const char *field, const char *code)
{
    size_t count = error->field_count < ERROR_FIELDS_MAX ? error->field_count : ERROR_FIELDS_MAX;
    for (size_t i = 0; i < count; i++) {
        if (text_equal(text_from(error->fields[i].field), text_from(field)) &&
            text_equal(text_from(error->fields[i].code), text_from(code))) {
            return true;
        }
    }
    return false;
}

static void assert_finding(const char *document, const char *field, const char *code)
{
    struct sequence sequence;
    struct error error = {0};
    assert_int_equal(parse(document, NULL, &sequence, &error), ERROR_INVALID);
    if (!has_field(&error, field, code)) {
        fail_msg("expected %s %s, first found %s %s (%s)", field, code, error.fields[0].field,
                 error.fields[0].code, error.fields[0].message);
    }
}

#define STEP(fields) "{\"name\":\"x\",\"messages\":[{" fields "}]}"

static void a_small_sequence_gets_its_defaults(void **state)
{
    (void)state;
    struct sequence sequence;
    struct error error = {0};
    assert_int_equal(parse("{\"name\":\" Welcome \",\"messages\":[{\"day\":1,\"message\":\"Hi "
                           "{name}\"},{\"day\":3,\"media_url\":\"https://x.example/a.PDF?v=2\","
                           "\"message\":\"\",\"time\":\"09:30\"}]}",
                           NULL, &sequence, &error),
                     OK);
    assert_true(text_equal(sequence.name, TEXT("Welcome")));
    assert_int_equal(sequence.status, SEQUENCE_DRAFT);
    assert_int_equal(sequence.max_late_ms, SEQUENCE_MAX_LATE_MS_DEFAULT);
    assert_int_equal(sequence.step_count, 2);
    assert_int_equal(sequence.steps[0].type, STEP_TEXT);
    assert_int_equal(sequence.steps[0].minute, -1);
    assert_int_equal(sequence.steps[1].type, STEP_MEDIA);
    assert_int_equal(sequence.steps[1].media_type, MEDIA_DOCUMENT);
    assert_int_equal(sequence.steps[1].minute, 570);
    assert_int_equal(sequence_total_days(&sequence), 3);
}

static void all_findings_come_at_once(void **state)
{
    (void)state;
    struct sequence sequence;
    struct error error = {0};
    assert_int_equal(
        parse(
            "{\"messages\":[{\"day\":0,\"message\":\"a\"},{\"message\":\"b\",\"dya\":2},"
            "{\"day\":2,\"type\":\"media\",\"message\":\"c\"},{\"day\":3,\"type\":\"template\"},"
            "{\"day\":4,\"time\":\"25:00\",\"message\":\"x\"}],\"on_reply\":\"wait\",\"colour\":1}",
            NULL, &sequence, &error),
        ERROR_INVALID);
    assert_true(has_field(&error, "name", "required"));
    assert_true(has_field(&error, "messages[0].day", "out_of_range"));
    assert_true(has_field(&error, "messages[1].day", "required"));
    assert_true(has_field(&error, "messages[1].dya", "unknown_field"));
    assert_true(has_field(&error, "messages[2].media_url", "required"));
    assert_true(has_field(&error, "messages[3].template", "required"));
    assert_true(has_field(&error, "messages[4].time", "invalid_format"));
    assert_true(has_field(&error, "on_reply", "invalid_choice"));
    assert_true(has_field(&error, "colour", "unknown_field"));
}

static void each_rule_names_its_field(void **state)
{
    (void)state;
    assert_finding("{\"name\":\"  \"}", "name", "required");
    assert_finding("{\"name\":7}", "name", "wrong_type");
    assert_finding(STEP("\"day\":3651,\"message\":\"x\""), "messages[0].day", "out_of_range");
    assert_finding(STEP("\"day\":\"1\",\"message\":\"x\""), "messages[0].day", "wrong_type");
    assert_finding(STEP("\"day\":1,\"message\":\"  \""), "messages[0].message", "required");
    assert_finding(STEP("\"day\":1,\"message\":\"a\",\"media_url\":\"ftp://x/y\""),
                   "messages[0].media_url", "invalid_format");
    assert_finding(STEP("\"day\":1,\"type\":\"text\",\"message\":\"a\",\"media_url\":"
                        "\"http://x/y.png\""),
                   "messages[0].type", "conflict");
    assert_finding(STEP("\"day\":1,\"message\":\"a\",\"media_url\":\"http://x/y.mp3\""),
                   "messages[0].message", "not_allowed");
    assert_finding(STEP("\"day\":1,\"template\":{\"language\":\"en\"}"),
                   "messages[0].template.name", "required");
    assert_finding(STEP("\"day\":1,\"template\":{\"name\":\"Hello World\",\"language\":\"en\"}"),
                   "messages[0].template.name", "invalid_format");
    assert_finding(
        STEP("\"day\":1,\"template\":{\"name\":\"a\",\"language\":\"en\",\"body\":[\"\"]}"),
        "messages[0].template.body[0]", "required");
    assert_finding(
        STEP("\"day\":1,\"template\":{\"name\":\"a\",\"language\":\"en\",\"body\":[\"x\","
             "{\"name\":\"n\",\"text\":\"y\"}]}"),
        "messages[0].template.body", "invalid_format");
    assert_finding("{\"name\":\"x\",\"timezone\":\"not a zone\"}", "timezone", "unknown_timezone");
    assert_finding("{\"name\":\"x\",\"send_window\":{\"days\":[\"mon\",\"someday\"]}}",
                   "send_window.days[1]", "invalid_choice");
    assert_finding("{\"name\":\"x\",\"send_window\":{\"from\":\"09:00\",\"to\":\"09:00\"}}",
                   "send_window.to", "out_of_range");
    assert_finding("{\"name\":\"x\",\"late_policy\":{\"max_late\":\"soon\"}}",
                   "late_policy.max_late", "invalid_format");
    assert_finding(
        "{\"name\":\"x\",\"messages\":[{\"id\":\"step_007\",\"day\":1,\"message\":\"a\"},"
        "{\"id\":\"step_007\",\"day\":2,\"message\":\"b\"}]}",
        "messages[1].id", "duplicate");
}

static void long_texts_are_counted_as_whatsapp_counts(void **state)
{
    (void)state;
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 100000);
    buffer_add_chars(&out, "{\"name\":\"x\",\"messages\":[{\"day\":1,\"message\":\"");
    for (int i = 0; i < 2048; i++) {
        buffer_add_chars(&out, "😀"); /* two units each */
    }
    struct sequence sequence;
    struct error error = {0};
    size_t at = out.size;
    buffer_add_chars(&out, "\"}]}");
    assert_int_equal(parse(buffer_chars(&out), NULL, &sequence, &error), OK);
    out.size = at;
    buffer_add_chars(&out, "x\"}]}");
    assert_finding(buffer_chars(&out), "messages[0].message", "too_long");
}

static const char *encoded(const struct sequence *sequence)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1 << 20);
    struct json_writer writer;
    json_writer_init(&writer, &out);
    const struct sequence_counts counts = {.enrolled = 5, .active = 4, .completed = 1};
    sequence_encode(&writer, sequence, &counts);
    return arena_chars(arena, buffer_text(&out));
}

static void what_is_answered_can_be_sent_back(void **state)
{
    (void)state;
    struct sequence first;
    struct sequence second;
    struct error error = {0};
    assert_int_equal(
        parse("{\"name\":\"Offer\",\"status\":\"active\",\"timezone\":\"Asia/Kolkata\","
              "\"send_time\":\"10:00\",\"send_window\":{\"days\":[\"Monday\",5],\"from\":\"09:00\","
              "\"to\":\"24:00\"},\"late_policy\":{\"action\":\"send\",\"max_late\":\"12h\"},"
              "\"messages\":[{"
              "\"day\":1,"
              "\"template\":{\"name\":\"offer_1\",\"language\":\"pt-BR\",\"header\":{\"type\":"
              "\"document\",\"url\":\"https://x.example/{code}.pdf\",\"filename\":\"a.pdf\"},"
              "\"body\":[{\"name\":\"first\",\"text\":\"{first_name}\"}],\"buttons\":[{\"type\":"
              "\"url\","
              "\"text\":\"{code}\"},{\"type\":\"quick_reply\",\"index\":3,\"text\":\"STOP\"}]},"
              "\"message\":\"Hello\"}]}",
              NULL, &first, &error),
        OK);
    first.id = 1;
    first.version = 1;
    first.steps[0].id = 9;
    assert_true(text_equal(first.steps[0].template.language, TEXT("pt_BR")));
    assert_int_equal(first.send_window.days, 0x11);
    assert_int_equal(first.send_window.to_minute, 1440);
    const char *document = encoded(&first);
    assert_int_equal(parse(document, &first, &second, &error), OK);
    assert_string_equal(document, encoded(&second));
    struct sequence copy = sequence_copy(arena, &second);
    assert_string_equal(document, encoded(&copy));
}

static void templates_have_short_forms(void **state)
{
    (void)state;
    struct sequence sequence;
    struct sequence again;
    struct error error = {0};
    assert_int_equal(
        parse("{\"name\":\"x\",\"messages\":[{\"day\":1,\"template\":{\"name\":\"a\","
              "\"language\":\"en\",\"header\":\"https://x.example/v.mp4\",\"body\":["
              "\"first=Hi {name}\",\"second=x=y\"]}},{\"day\":2,\"template\":{\"name\":"
              "\"a\",\"language\":\"en\",\"header\":\"Hello\",\"body\":[{\"name\":\"\","
              "\"text\":\"code=7\"}]}}]}",
              NULL, &sequence, &error),
        OK);
    const struct step_template *named = &sequence.steps[0].template;
    assert_int_equal(named->header.type, HEADER_VIDEO);
    assert_true(text_equal(named->body[0].name, TEXT("first")));
    assert_true(text_equal(named->body[1].text, TEXT("x=y")));
    const struct step_template *plain = &sequence.steps[1].template;
    assert_int_equal(plain->header.type, HEADER_TEXT);
    assert_int_equal(plain->body[0].name.size, 0);
    sequence.version = 1;
    const char *document = encoded(&sequence);
    assert_non_null(strstr(document, "\"header\":\"https://x.example/v.mp4\""));
    assert_non_null(strstr(document, "\"first=Hi {name}\""));
    assert_int_equal(parse(document, NULL, &again, &error), OK);
    assert_int_equal(again.steps[1].template.body[0].name.size, 0);
}

static void fields_left_out_keep_their_values(void **state)
{
    (void)state;
    struct sequence base;
    struct sequence edited;
    struct error error = {0};
    assert_int_equal(
        parse("{\"name\":\"A\",\"description\":\"d\",\"timezone\":\"UTC\",\"messages\":[{"
              "\"day\":1,\"message\":\"a\"}]}",
              NULL, &base, &error),
        OK);
    assert_int_equal(parse("{\"status\":\"active\",\"timezone\":null}", &base, &edited, &error),
                     OK);
    assert_int_equal(edited.status, SEQUENCE_ACTIVE);
    assert_true(text_equal(edited.name, TEXT("A")));
    assert_int_equal(edited.timezone.size, 0);
    assert_int_equal(edited.step_count, 1);
}

static struct sequence three_steps(void)
{
    struct sequence base;
    struct error error = {0};
    assert_int_equal(parse("{\"name\":\"A\",\"messages\":[{\"day\":1,\"message\":\"a\"},{\"day\":3,"
                           "\"message\":\"b\"},{\"day\":3,\"message\":\"c\"}]}",
                           NULL, &base, &error),
                     OK);
    for (size_t i = 0; i < 3; i++) {
        base.steps[i].id = (int64_t)i + 1;
    }
    sequence_assign_ordinals(arena, &base, NULL);
    return base;
}

static void steps_without_id_are_recognised(void **state)
{
    (void)state;
    struct sequence base = three_steps();
    struct sequence edited;
    struct error error = {0};
    assert_int_equal(
        parse("{\"messages\":[{\"day\":1,\"message\":\"A!\"},{\"day\":3,\"message\":\"c\"},"
              "{\"day\":7,\"message\":\"b\"},{\"day\":9,\"message\":\"new\"}]}",
              &base, &edited, &error),
        OK);
    assert_int_equal(edited.steps[0].id, 1);
    assert_int_equal(edited.steps[1].id, 3);
    assert_int_equal(edited.steps[2].id, 2);
    assert_int_equal(edited.steps[3].id, 0);
    assert_int_equal(parse("{\"messages\":[{\"id\":\"step_099\",\"day\":1,\"message\":\"A!\"}]}",
                           &base, &edited, &error),
                     ERROR_INVALID);
    assert_true(has_field(&error, "messages[0].id", "unknown_step"));
}

static void kept_steps_keep_their_ordinals(void **state)
{
    (void)state;
    struct sequence base = three_steps();
    assert_true(base.steps[1].ordinal < base.steps[2].ordinal);
    struct sequence edited;
    struct error error = {0};
    assert_int_equal(parse("{\"messages\":[{\"id\":\"step_003\",\"day\":3,\"message\":\"c\"},{"
                           "\"day\":3,\"message\":"
                           "\"n\"}]}",
                           &base, &edited, &error),
                     OK);
    sequence_assign_ordinals(arena, &edited, &base);
    assert_int_equal(edited.steps[0].ordinal, base.steps[2].ordinal);
    assert_true(edited.steps[1].ordinal > edited.steps[0].ordinal);
    /* One in between takes a number between its neighbours. */
    assert_int_equal(parse("{\"messages\":[{\"id\":\"step_002\",\"day\":3,\"message\":\"b\"},{"
                           "\"day\":3,\"message\":"
                           "\"n\"},{\"id\":\"step_003\",\"day\":3,\"message\":\"c\"}]}",
                           &base, &edited, &error),
                     OK);
    sequence_assign_ordinals(arena, &edited, &base);
    assert_int_equal(edited.steps[0].ordinal, base.steps[1].ordinal);
    assert_int_equal(edited.steps[2].ordinal, base.steps[2].ordinal);
    assert_true(edited.steps[1].ordinal > edited.steps[0].ordinal &&
                edited.steps[1].ordinal < edited.steps[2].ordinal);
}

static void five_hundred_steps_on_one_day_have_room(void **state)
{
    (void)state;
    struct sequence sequence;
    sequence_init(&sequence);
    sequence.steps = arena_array(arena, SEQUENCE_STEPS_MAX, sizeof(*sequence.steps));
    sequence.step_count = SEQUENCE_STEPS_MAX;
    for (size_t i = 0; i < SEQUENCE_STEPS_MAX; i++) {
        sequence.steps[i].day = 2;
    }
    sequence_assign_ordinals(arena, &sequence, NULL);
    for (size_t i = 1; i < SEQUENCE_STEPS_MAX; i++) {
        assert_true(sequence.steps[i].ordinal > sequence.steps[i - 1].ordinal);
    }
    assert_true(sequence.steps[SEQUENCE_STEPS_MAX - 1].ordinal <= STEP_ORDINAL_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_sequence_gets_its_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(all_findings_come_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(each_rule_names_its_field, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_are_counted_as_whatsapp_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_answered_can_be_sent_back, setup, teardown),
        cmocka_unit_test_setup_teardown(templates_have_short_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_left_out_keep_their_values, setup, teardown),
        cmocka_unit_test_setup_teardown(steps_without_id_are_recognised, setup, teardown),
        cmocka_unit_test_setup_teardown(kept_steps_keep_their_ordinals, setup, teardown),
        cmocka_unit_test_setup_teardown(five_hundred_steps_on_one_day_have_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
