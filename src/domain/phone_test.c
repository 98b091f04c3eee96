/* Spellings people use, the reasons for refusals, and one identity for one person. That validity
 * agrees with another library is shown by test/phone_oracle.test.mjs. */
#include "domain/phone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct spelling {
    const char *country;
    const char *text;
    int64_t digits; /* 0: refused with `code` */
    const char *code;
};

static void check(const struct spelling *spellings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct spelling *spelling = &spellings[i];
        struct phone phone = {.digits = 0};
        enum phone_verdict verdict =
            phone_read(text_from(spelling->text), text_from(spelling->country), &phone);
        if (phone.digits != spelling->digits ||
            (spelling->digits == 0 &&
             !text_equal(text_from(phone_verdict_to_code(verdict)), text_from(spelling->code)))) {
            fail_msg("\"%s\" in %s gives %lld %s", spelling->text,
                     spelling->country == NULL ? "no country" : spelling->country,
                     (long long)phone.digits, phone_verdict_to_code(verdict));
        }
    }
}

static void test_spellings(void **state)
{
    (void)state;
    static const struct spelling SPELLINGS[] = {
        {NULL, "+919876543210", 919876543210, NULL},
        {NULL, "919876543210", 919876543210, NULL},
        {NULL, "00919876543210", 919876543210, NULL},
        {"IN", "09876543210", 919876543210, NULL},
        {"IN", "98765 43210", 919876543210, NULL},
        {"IN", "919876543210", 919876543210, NULL},
        {"US", "919876543210", 919876543210, NULL},
        {"IN", " +91 (98765) 43-210 ", 919876543210, NULL},
        {NULL, "+91.98765.43210", 919876543210, NULL},
        {NULL, "\xef\xbc\x8b\xef\xbc\x99\xef\xbc\x91 98765 43210", 919876543210, NULL},
        {"IN",
         "\xe0\xa5\xaf\xe0\xa5\xae\xe0\xa5\xad\xe0\xa5\xac\xe0\xa5\xab"
         "\xe0\xa5\xaa\xe0\xa5\xa9\xe0\xa5\xa8\xe0\xa5\xa7\xe0\xa5\xa6",
         919876543210, NULL},
        {"EG", "\xd9\xa0\xd9\xa1\xd9\xa0 1234 5678", 201012345678, NULL},
        {NULL, "\xe2\x80\xaa+91 98765 43210\xe2\x80\xac", 919876543210, NULL},
        {NULL, "tel:+91-98765-43210", 919876543210, NULL},
        {NULL, "whatsapp:+919876543210", 919876543210, NULL},
        {NULL, "https://wa.me/919876543210", 919876543210, NULL},
        {NULL, "919876543210@s.whatsapp.net", 919876543210, NULL},
        {NULL, "'919876543210", 919876543210, NULL},
        {NULL, "=\"919876543210\"", 919876543210, NULL},
        {"GB", "020 7946 0018", 442079460018, NULL},
        {NULL, "+44 (0)20 7946 0018", 442079460018, NULL},
        {"IT", "06 6982 1234", 390669821234, NULL},
        {"US", "(415) 555-2671", 14155552671, NULL},
        {"US", "1-415-555-2671", 14155552671, NULL},
        {"US", "011 44 20 7946 0018", 442079460018, NULL},
        {"DE", "0151 23456789", 4915123456789, NULL},
        {"NG", "0803 123 4567", 2348031234567, NULL},
        {"KE", "0712345678", 254712345678, NULL},
    };
    check(SPELLINGS, ARRAY_SIZE(SPELLINGS));
}

static void test_spreadsheets(void **state)
{
    (void)state;
    static const struct spelling SPELLINGS[] = {
        {"IN", "9.19877E+11", 0, "rounded"},
        {"IN", "9,19877E+11", 0, "rounded"},
        {"IN", "9.198765e+11", 0, "rounded"},
        {"IN", "9.19876543210E+11", 919876543210, NULL},
        {"IN", "9,19876543210E+11", 919876543210, NULL},
        {"IN", "9.1987654321E11", 919876543210, NULL},
        {NULL, "919876543210.0", 919876543210, NULL},
        {NULL, "919876543210.00", 919876543210, NULL},
    };
    check(SPELLINGS, ARRAY_SIZE(SPELLINGS));
}

static void test_one_person_has_one_identity(void **state)
{
    (void)state;
    static const struct spelling SPELLINGS[] = {
        {NULL, "+55 11 98765-4321", 5511987654321, NULL},
        {NULL, "+55 11 8765-4321", 5511987654321, NULL},
        {"BR", "(11) 8765-4321", 5511987654321, NULL},
        {"BR", "011 98765-4321", 5511987654321, NULL},
        {"BR", "0 15 11 98765-4321", 5511987654321, NULL},
        {NULL, "+55 11 3456-7890", 551134567890, NULL},
        {NULL, "+52 1 55 1234 5678", 525512345678, NULL},
        {NULL, "+52 55 1234 5678", 525512345678, NULL},
        {"MX", "044 55 1234 5678", 525512345678, NULL},
        {"MX", "55 1234 5678", 525512345678, NULL},
        {NULL, "+54 9 11 2345 6789", 5491123456789, NULL},
        {NULL, "+54 11 2345 6789", 5491123456789, NULL},
        {"AR", "011 15 2345 6789", 5491123456789, NULL},
        {"AR", "11 2345-6789", 5491123456789, NULL},
    };
    check(SPELLINGS, ARRAY_SIZE(SPELLINGS));
    struct phone phone;
    assert_true(phone_from_digits(551187654321, &phone));
    assert_true(phone.digits == 5511987654321);
    assert_false(phone_from_digits(0, &phone));
    assert_false(phone_from_digits(999999, &phone));
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    static const struct spelling SPELLINGS[] = {
        {"IN", "", 0, "required"},
        {"IN", " - ", 0, "required"},
        {"IN", "n/a", 0, "required"},
        {"IN", "98765 43210 ext 5", 0, "extension"},
        {"IN", "98765 43210; 98765 43211", 0, "several_numbers"},
        {"IN", "98765\xff", 0, "not_a_number"},
        {"IN", "98765", 0, "too_short"},
        {"IN", "9876543", 0, "too_short"},
        {"IN", "987654321", 0, "not_in_use"},
        {NULL, "+91 98765 4321", 0, "not_in_use"},
        {"IN", "9876543210 / 9876543211", 0, "too_long"},
        {"IN", "98765432109876543210987654321098765432109876", 0, "too_long"},
        {NULL, "98765 43210", 0, "no_country"},
        {NULL, "+999 123 456 789", 0, "unknown_country"},
        {"US", "(415) 055-2671", 0, "not_in_use"},
        {NULL, "1+919876543210", 0, "not_a_number"},
    };
    check(SPELLINGS, ARRAY_SIZE(SPELLINGS));
    struct phone phone;
    struct error error = {0};
    assert_int_equal(phone_parse(TEXT("9.19877E+11"), TEXT("IN"), &phone, &error), ERROR_INVALID);
    assert_string_equal(error.fields[0].field, "phone");
    assert_string_equal(error.fields[0].code, "rounded");
}

static void test_zone_of_countries_with_one(void **state)
{
    (void)state;
    struct phone phone;
    assert_int_equal(phone_read(TEXT("+919876543210"), (struct text){NULL, 0}, &phone),
                     PHONE_VALID);
    assert_string_equal(phone.zone, "Asia/Kolkata");
    assert_string_equal(phone.country, "IN");
    assert_int_equal(phone.code_digits, 2);
    assert_true(phone_country_known(TEXT("US")));
    assert_false(phone_country_known(TEXT("XX")));
    assert_false(phone_country_known(TEXT("USA")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_spreadsheets),
        cmocka_unit_test(test_one_person_has_one_identity),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_zone_of_countries_with_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
