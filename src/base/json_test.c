/* JSON from outside: what the parser refuses, and the strict reader with its findings. */
#include "base/json.h"

#include "base/buffer.h"
#include "base/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json *parsed(const char *text)
{
    struct json *json = NULL;
    struct error error = {0};
    if (json_parse(text_from(text), NULL, &json, &error) != OK) {
        fail_msg("%s: %s", text, error.message);
    }
    return json;
}

static void bad_documents_are_refused(void **state UNUSED)
{
    static const struct {
        struct text text;
        enum error_code code;
    } cases[] = {
        {TEXT_INIT(""), ERROR_INVALID},
        {TEXT_INIT("{"), ERROR_INVALID},
        {TEXT_INIT("{} x"), ERROR_INVALID},
        {TEXT_INIT("{\"a\":1,\"a\":2}"), ERROR_INVALID},
        {TEXT_INIT("[\"\xff\"]"), ERROR_INVALID},
        {TEXT_INIT("[\"\xc0\x80\"]"), ERROR_INVALID},
        {TEXT_INIT("[\"\\u0000\"]"), ERROR_INVALID},
        {TEXT_INIT("[\"\\ud800\"]"), ERROR_INVALID},
        {TEXT_INIT("[9223372036854775808]"), ERROR_INVALID},
        {TEXT_INIT("[1e999]"), ERROR_INVALID},
        {TEXT_INIT("[01]"), ERROR_INVALID},
        {TEXT_INIT("[1,]"), ERROR_INVALID},
        {TEXT_INIT("[NaN]"), ERROR_INVALID},
        {TEXT_INIT("{\"a\0b\":1}"), ERROR_INVALID},
        {TEXT_INIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
         ERROR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json *json = NULL;
        struct error error = {0};
        assert_int_equal(json_parse(cases[i].text, NULL, &json, &error), cases[i].code);
        assert_null(json);
    }
    struct json *json = NULL;
    struct json_limits limits = {.size = 4};
    assert_int_equal(json_parse(TEXT("[1,2]"), &limits, &json, NULL), ERROR_TOO_BIG);
    struct error error = {0};
    struct json_limits few = {.members = 2};
    assert_int_equal(json_parse(TEXT("[{\"a\":1},{\"b\":\":::\"}]"), &few, &json, &error), OK);
    json_free(json);
    json = NULL;
    assert_int_equal(json_parse(TEXT("[{\"a\":1},{\"b\":{\"c\":1}}]"), &few, &json, &error),
                     ERROR_INVALID);
    assert_string_equal(error.reason, "too_many_members");
    error = (struct error){0};
    assert_int_equal(json_parse(TEXT("{\n  \"a\": ?\n}"), NULL, &json, &error), ERROR_INVALID);
    assert_non_null(strstr(error.message, "line 2"));
}

static void values_are_found_and_written_back(void **state UNUSED)
{
    const char *text =
        "{\"b\":[1,-2,2.5,true,null,\"x\\n\\u00e9\"],\"a\":{\"c\":9007199254740993}}";
    CLEANUP(json_free) struct json *json = parsed(text);
    int64_t number = 0;
    assert_true(json_int64(json_get_path(json, "a.c"), &number));
    assert_true(number == INT64_C(9007199254740993));
    assert_true(json_int64(json_get_path(json, "b.1"), &number));
    assert_int_equal(number, -2);
    assert_null(json_get_path(json, "b.9"));
    assert_null(json_get_path(json, "b.x.y"));
    assert_int_equal(json_kind(json_at(json_get(json, "b"), 4)), JSON_NULL);
    assert_false(json_int64(json_get_path(json, "b.2"), &number));
    double real = 0;
    assert_true(json_number(json_get_path(json, "b.2"), &real));
    assert_int_equal(json_get_int64(json, "missing", 7), 7);
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1000);
    json_encode(json, &buffer);
    assert_string_equal(buffer_chars(&buffer),
                        "{\"b\":[1,-2,2.5,true,null,\"x\\n\xC3\xA9\"],\"a\":{\"c\":"
                        "9007199254740993}}");
}

static const char *code_of(const struct error *error, const char *field)
{
    for (size_t i = 0; i < error->field_count && i < ERROR_FIELDS_MAX; i++) {
        if (text_equal(text_from(error->fields[i].field), text_from(field))) {
            return error->fields[i].code;
        }
    }
    return "none";
}

static void every_wrong_field_is_found_in_one_pass(void **state UNUSED)
{
    CLEANUP(json_free)
    struct json *json =
        parsed("{\"name\":7,\"day\":0,\"status\":\"on\",\"flag\":1,\"short\":\"\","
               "\"long\":\"\xC3\xA9\xC3\xA9\xC3\xA9\",\"stauts\":1,\"when\":\"now\","
               "\"id\":\"seq_1\",\"list\":[1],\"child\":{\"extra\":1},\"gone\":null}");
    static const struct json_choice choices[] = {{"active", 1}, {"paused", 2}};
    struct error error = {0};
    struct json_reader reader;
    struct json_reader child;
    struct text text = {0};
    int64_t number = 5;
    int choice = 0;
    bool flag = false;
    const struct json *list = NULL;
    json_reader_open(&reader, json, NULL, &error);
    assert_false(json_reader_text(&reader, "name", 1, 9, &text));
    assert_false(json_reader_int64(&reader, "day", 1, 3650, &number));
    assert_int_equal(number, 5);
    assert_false(json_reader_choice(&reader, "status", choices, 2, &choice));
    assert_false(json_reader_bool(&reader, "flag", &flag));
    assert_false(json_reader_text(&reader, "short", 1, 2, &text));
    assert_false(json_reader_text(&reader, "long", 1, 2, &text));
    assert_false(json_reader_time(&reader, "when", &number));
    assert_false(json_reader_id(&reader, "id", ID_SEQUENCE, &number));
    assert_false(json_reader_array(&reader, "list", 2, 3, &list));
    assert_false(json_reader_required(&reader, "absent"));
    assert_true(json_reader_object(&reader, "child", &child));
    assert_int_equal(json_reader_done(&child), ERROR_INVALID);
    assert_true(json_reader_is_null(&reader, "gone"));
    assert_false(json_reader_required(&reader, "gone"));
    assert_int_equal(json_reader_done(&reader), ERROR_INVALID);
    assert_string_equal(code_of(&error, "name"), "wrong_type");
    assert_string_equal(code_of(&error, "day"), "out_of_range");
    assert_string_equal(code_of(&error, "status"), "invalid_choice");
    assert_string_equal(code_of(&error, "flag"), "wrong_type");
    assert_string_equal(code_of(&error, "short"), "too_short");
    assert_string_equal(code_of(&error, "long"), "too_long");
    assert_string_equal(code_of(&error, "when"), "invalid_format");
    assert_string_equal(code_of(&error, "id"), "invalid_format");
    assert_string_equal(code_of(&error, "list"), "too_short");
    assert_string_equal(code_of(&error, "absent"), "required");
    assert_string_equal(code_of(&error, "gone"), "required");
    assert_string_equal(code_of(&error, "child.extra"), "unknown_field");
    assert_string_equal(code_of(&error, "stauts"), "unknown_field");
    assert_non_null(strstr(error.fields[error.field_count - 1].message, "did you mean \"status\""));
}

static void a_good_object_reads_without_findings(void **state UNUSED)
{
    CLEANUP(json_free)
    struct json *json = parsed("{\"day\":3,\"items\":[{\"n\":1}],\"extra\":\"x\"}");
    struct error error = {0};
    struct json_reader reader;
    struct json_reader element;
    int64_t day = 0;
    const struct json *items = NULL;
    json_reader_open(&reader, json, "", &error);
    assert_true(json_reader_int64(&reader, "day", 1, 3650, &day));
    assert_true(json_reader_array(&reader, "items", 0, 5, &items));
    json_reader_open_at(&element, &reader, "items", 0, json_at(items, 0));
    assert_string_equal(element.path, "items[0]");
    assert_true(json_reader_int64(&element, "n", 0, 9, &day));
    assert_int_equal(json_reader_done(&element), OK);
    json_reader_ignore(&reader, "extra");
    assert_int_equal(json_reader_done(&reader), OK);
    assert_int_equal(error.field_count, 0);
    CLEANUP(json_free) struct json *list = parsed("[1]");
    json_reader_open(&reader, list, NULL, &error);
    assert_false(json_reader_int64(&reader, "day", 1, 2, &day));
    assert_int_equal(json_reader_done(&reader), ERROR_INVALID);
    assert_string_equal(error.fields[0].code, "wrong_type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(values_are_found_and_written_back),
        cmocka_unit_test(every_wrong_field_is_found_in_one_pass),
        cmocka_unit_test(a_good_object_reads_without_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
