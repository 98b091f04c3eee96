/* Percent encoding, forms, header lists and the response struct. */
#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void escapes_decode_exactly_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *encoded;
        bool form;
        const char *plain; /* NULL = refused */
    } rows[] = {
        {"a%20b", false, "a b"},     {"a+b", false, "a+b"},  {"a+b", true, "a b"},
        {"%2B91%2F", false, "+91/"}, {"%c3%A9", false, "é"}, {"%", false, NULL},
        {"%4", false, NULL},         {"%zz", false, NULL},   {"%00", false, NULL},
        {"%C3", false, NULL},        {"", false, ""},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct text plain = {0};
        bool good = http_percent_decode(arena, text_from(rows[i].encoded), rows[i].form, &plain);
        assert_int_equal(good, rows[i].plain != NULL);
        if (good) {
            assert_true(text_equal(plain, text_from(rows[i].plain)));
        }
    }
    arena_free(arena);
}

static void a_form_is_visited_pair_by_pair(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text rest = TEXT("a=1&&b&c=%&d=x%3Dy=z");
    struct text name, value;
    bool valid = false;
    assert_true(http_form_next(arena, &rest, &name, &value, &valid));
    assert_true(valid && text_equal(name, TEXT("a")) && text_equal(value, TEXT("1")));
    assert_true(http_form_next(arena, &rest, &name, &value, &valid));
    assert_true(valid && text_equal(name, TEXT("b")) && value.size == 0);
    assert_true(http_form_next(arena, &rest, &name, &value, &valid));
    assert_false(valid);
    assert_true(http_form_next(arena, &rest, &name, &value, &valid));
    assert_true(valid && text_equal(name, TEXT("d")) && text_equal(value, TEXT("x=y=z")));
    assert_false(http_form_next(arena, &rest, &name, &value, &valid));
    arena_free(arena);
}

static void lists_respect_weights(void **state)
{
    (void)state;
    struct text gzip = TEXT("gzip");
    assert_true(http_list_accepts(TEXT("br, gzip;q=0.5"), gzip, false));
    assert_false(http_list_accepts(TEXT("gzip;q=0"), gzip, true));
    assert_false(http_list_accepts(TEXT("gzip; q=0.000, *"), gzip, true));
    assert_true(http_list_accepts(TEXT("*"), gzip, true));
    assert_false(http_list_accepts(TEXT("*"), gzip, false));
    assert_false(http_list_accepts(TEXT(""), gzip, true));
    assert_true(http_list_accepts(TEXT("text/*"), TEXT("text/html"), true));
    assert_true(http_list_accepts(TEXT("*/*"), TEXT("text/html"), true));
}

static void header_values_carry_no_line_ends(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response, 0);
    http_response_set_header(&response, "X-A", TEXT("one\r\nSet-Cookie: two"));
    assert_true(text_equal(http_response_header(&response, "x-a"), TEXT("oneSet-Cookie: two")));
    http_response_set_header(&response, "x-a", TEXT("three"));
    assert_int_equal(response.header_count, 1);
    http_response_done(&response);
}

static void a_charset_is_found_however_it_is_written(void **state)
{
    (void)state;
    static const struct {
        struct text type;
        struct text charset;
    } ROWS[] = {
        {TEXT_INIT("application/json"), {NULL, 0}},
        {TEXT_INIT(""), {NULL, 0}},
        {TEXT_INIT("application/json;"), {NULL, 0}},
        {TEXT_INIT("application/json; charset"), {NULL, 0}},
        {TEXT_INIT("application/json; charset="), TEXT_INIT("")},
        {TEXT_INIT("application/json; charset=\""), TEXT_INIT("\"")},
        {TEXT_INIT("application/json;charset=utf-16"), TEXT_INIT("utf-16")},
        {TEXT_INIT("text/csv; header=present ; Charset = \"UTF-8\" "), TEXT_INIT("UTF-8")},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct text charset = http_media_charset(ROWS[i].type);
        assert_int_equal(charset.data == NULL, ROWS[i].charset.data == NULL);
        assert_true(text_equal(charset, ROWS[i].charset));
    }
}

static void a_pause_is_read_in_seconds_and_as_a_moment(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(86400000);
    struct text date = TEXT("Wed, 21 Oct 2026 07:28:00 GMT");
    assert_int_equal(http_retry_after_ms(TEXT(" 90 "), TEXT(""), day_ms), 90000);
    assert_int_equal(http_retry_after_ms(TEXT("9223372036854775807"), date, day_ms), day_ms);
    assert_int_equal(http_retry_after_ms(TEXT("-5"), date, day_ms), 0);
    assert_int_equal(http_retry_after_ms(TEXT(""), date, day_ms), 0);
    struct text later = TEXT("Wed, 21 Oct 2026 08:28:00 GMT");
    assert_int_equal(http_retry_after_ms(later, date, day_ms), 3600000);
    assert_int_equal(http_retry_after_ms(later, date, 60000), 60000);
    assert_int_equal(http_retry_after_ms(date, later, day_ms), 0);
    assert_int_equal(http_retry_after_ms(date, date, day_ms), 0);
    assert_int_equal(http_retry_after_ms(later, TEXT(""), day_ms), 0);
    assert_int_equal(http_retry_after_ms(TEXT("Wed, 21 Oct"), date, day_ms), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_decode_exactly_or_not_at_all),
        cmocka_unit_test(a_form_is_visited_pair_by_pair),
        cmocka_unit_test(lists_respect_weights),
        cmocka_unit_test(a_charset_is_found_however_it_is_written),
        cmocka_unit_test(a_pause_is_read_in_seconds_and_as_a_moment),
        cmocka_unit_test(header_values_carry_no_line_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
