/* The published vectors, and each code once. */
#include "base/totp.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct text SECRET = TEXT_INIT("12345678901234567890");

/* RFC 6238, appendix B, SHA-1; the last six of its eight digits. */
static void published_vectors(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s;
        uint32_t code;
    } ROWS[] = {
        {59, 287082},       {1111111109, 81804},  {1111111111, 50471},
        {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        assert_int_equal(totp_code(SECRET, ROWS[i].at_s * 1000 / TOTP_STEP_MS), ROWS[i].code);
    }
}

static void a_code_serves_once_and_for_three_steps(void **state)
{
    (void)state;
    int64_t step = 0;
    int64_t at = INT64_C(1111111111) * 1000; /* step 37037037: 050471 */
    assert_true(totp_check(SECRET, TEXT("050471"), at, 0, &step));
    assert_int_equal(step, 37037037);
    assert_true(totp_check(SECRET, TEXT(" 050 471 "), at, 0, &step));
    assert_false(totp_check(SECRET, TEXT("050471"), at, step, &step));
    assert_true(totp_check(SECRET, TEXT("050471"), at + TOTP_STEP_MS, 0, &step));
    assert_true(totp_check(SECRET, TEXT("050471"), at - TOTP_STEP_MS, 0, &step));
    assert_false(totp_check(SECRET, TEXT("050471"), at + 2 * TOTP_STEP_MS, 0, &step));
    assert_false(totp_check(SECRET, TEXT("050471"), at - 2 * TOTP_STEP_MS, 0, &step));
    /* An older code is no use once a newer one was taken. */
    assert_false(totp_check(SECRET, TEXT("081804"), at, 37037037, &step));
}

static void what_is_no_code(void **state)
{
    (void)state;
    static const char *const ROWS[] = {"",       "50471",   "0504711", "05047a",
                                       "-50471", "050471.", "0x50471", "05O471"};
    int64_t step = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        assert_false(totp_check(SECRET, text_from(ROWS[i]), INT64_C(1111111111) * 1000, 0, &step));
    }
}

static void secrets_as_apps_take_them(void **state)
{
    (void)state;
    char text[TOTP_SECRET_TEXT_MAX];
    totp_secret_text(SECRET, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    totp_secret_text(TEXT("foob"), text); /* RFC 4648 */
    assert_string_equal(text, "MZXW6YQ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(a_code_serves_once_and_for_three_steps),
        cmocka_unit_test(what_is_no_code),
        cmocka_unit_test(secrets_as_apps_take_them),
    };
    crypto_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
