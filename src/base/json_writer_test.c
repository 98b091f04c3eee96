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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_values_stand_where_they_belong),
        cmocka_unit_test(every_text_parses_back),
        cmocka_unit_test(malformed_bytes_become_replacement_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
