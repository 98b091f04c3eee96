/* The JSON writer: commas, escapes, times; what it writes parses back. */
#include "base/json_writer.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void commas_and_values_stand_where_they_belong(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1000);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_id(&writer, "id", ID_SEQUENCE, 1);
    json_field_id_or_null(&writer, "none", ID_STEP, 0);
    json_field_time(&writer, "at", 0);
    json_field_time_or_null(&writer, "never", 0);
    json_key(&writer, "list");
    json_array_begin(&writer);
    json_put_int64(&writer, -1);
    json_put_bool(&writer, true);
    json_put_double(&writer, 0.5);
    json_put_double(&writer, 3.0);
    json_put_double(&writer, 1.0 / 0.0);
    json_array_begin(&writer);
    json_array_end(&writer);
    json_object_begin(&writer);
    json_object_end(&writer);
    json_raw(&writer, TEXT("{\"r\":1}"));
    json_array_end(&writer);
    json_field_chars(&writer, "c", NULL);
    json_field_text_or_null(&writer, "t", (struct text){0});
    json_object_end(&writer);
    assert_string_equal(buffer_chars(&buffer),
                        "{\"id\":\"seq_001\",\"none\":null,\"at\":\"1970-01-01T00:00:00Z\","
                        "\"never\":null,\"list\":[-1,true,0.5,3,null,[],{},{\"r\":1}],"
                        "\"c\":null,\"t\":null}");
}

static void every_text_parses_back(void **state UNUSED)
{
    static const char *const texts[] = {"", "plain", "\"\\/\b\f\n\r\t\x01\x1f\x7f",
                                        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xE2\x80\xA8"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        for (int ascii = 0; ascii < 2; ascii++) {
            CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
            buffer_init(&buffer, 1000);
            struct json_writer writer;
            if (ascii == 1) {
                json_writer_init_ascii(&writer, &buffer);
            } else {
                json_writer_init(&writer, &buffer);
            }
            json_put_chars(&writer, texts[i]);
            for (size_t j = 0; j < buffer.size && ascii == 1; j++) {
                assert_true((unsigned char)buffer.data[j] < 0x80);
            }
            CLEANUP(json_free) struct json *json = NULL;
            assert_int_equal(json_parse(buffer_text(&buffer), NULL, &json, NULL), OK);
            struct text back = {0};
            assert_true(json_text(json, &back));
            assert_true(text_equal(back, text_from(texts[i])));
        }
    }
}

static void malformed_bytes_become_replacement_characters(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1000);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    json_put_text(&writer, TEXT("a\xFF\xC3"));
    assert_string_equal(buffer_chars(&buffer), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

/* Writes down what it is told: keys with a colon, texts in brackets; wants what is called "whole".
 */
struct recorder {
    struct json_tap tap;
    struct buffer told;
    bool whole;
};

static void record_key(struct json_tap *tap, struct text name)
{
    struct recorder *recorder = (struct recorder *)(void *)tap;
    recorder->whole = text_equal(name, TEXT("whole"));
    buffer_add_text(&recorder->told, name);
    buffer_add_byte(&recorder->told, ':');
}

static bool record_begin(struct json_tap *tap, bool object)
{
    struct recorder *recorder = (struct recorder *)(void *)tap;
    if (!recorder->whole) {
        buffer_add_byte(&recorder->told, object ? '{' : '[');
    }
    return recorder->whole;
}

static void record_end(struct json_tap *tap)
{
    buffer_add_byte(&((struct recorder *)(void *)tap)->told, '}');
}

static void record_value(struct json_tap *tap, struct text value, bool quoted)
{
    struct recorder *recorder = (struct recorder *)(void *)tap;
    buffer_add_format(&recorder->told, quoted ? "<%.*s> " : "%.*s ", TEXT_ARGS(value));
}

static void a_tap_takes_values_in_place_of_json(void **state UNUSED)
{
    struct recorder recorder = {.tap = {record_key, record_begin, record_end, record_value}};
    buffer_init(&recorder.told, 1000);
    buffer_init(&recorder.tap.json, 1000);
    struct json_writer writer;
    json_writer_init_tap(&writer, &recorder.tap);
    json_object_begin(&writer);
    json_field_chars(&writer, "name", "a \"b\"");
    json_key(&writer, "whole");
    json_object_begin(&writer);
    json_field_chars(&writer, "x", "\"");
    json_key(&writer, "y");
    json_array_begin(&writer);
    json_put_int64(&writer, 1);
    json_put_null(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    json_key(&writer, "list");
    json_array_begin(&writer);
    json_put_int64(&writer, -7);
    json_put_double(&writer, 0.5);
    json_put_bool(&writer, true);
    json_array_end(&writer);
    json_field_raw(&writer, "raw", TEXT("{\"r\":1}"));
    json_object_end(&writer);
    assert_string_equal(buffer_chars(&recorder.told),
                        "{name:<a \"b\"> whole:{\"x\":\"\\\"\",\"y\":[1,null]} "
                        "list:[-7 0.5 true }raw:{\"r\":1} }");
    buffer_done(&recorder.told);
    buffer_done(&recorder.tap.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_values_stand_where_they_belong),
        cmocka_unit_test(every_text_parses_back),
        cmocka_unit_test(malformed_bytes_become_replacement_characters),
        cmocka_unit_test(a_tap_takes_values_in_place_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
