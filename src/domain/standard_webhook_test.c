/* Signatures against the specification's own example and against vectors made with OpenSSL. */
#include "domain/standard_webhook.h"

#include "base/crypto.h"

#include <setjmp.h> /* cmocka.h needs these before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void signs_the_published_example(void **state)
{
    (void)state;
    char signature[STANDARD_WEBHOOK_SIGNATURE_MAX];
    assert_true(standard_webhook_sign(TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                      TEXT("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                                      TEXT("{\"test\": 2432232314}"), signature));
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void every_part_counts(void **state)
{
    (void)state;
    char signature[STANDARD_WEBHOOK_SIGNATURE_MAX];
    char other[STANDARD_WEBHOOK_SIGNATURE_MAX];
    assert_true(
        standard_webhook_sign(TEXT(SECRET), TEXT("msg_1"), 1767225600, TEXT("{}"), signature));
    assert_string_equal(signature, "v1,x7IJqYp4/YPwSBpdByFZlgq9DFmcwcq++3EErnkWr6s=");
    assert_true(standard_webhook_sign(TEXT(SECRET), TEXT("msg_2"), 1767225600, TEXT("{}"), other));
    assert_string_not_equal(signature, other);
    assert_true(standard_webhook_sign(TEXT(SECRET), TEXT("msg_1"), 1767225601, TEXT("{}"), other));
    assert_string_not_equal(signature, other);
    assert_true(standard_webhook_sign(TEXT(SECRET), TEXT("msg_1"), 1767225600, TEXT("{ }"), other));
    assert_string_not_equal(signature, other);
}

static void new_secrets_differ_and_sign(void **state)
{
    (void)state;
    char first[STANDARD_WEBHOOK_SECRET_MAX];
    char second[STANDARD_WEBHOOK_SECRET_MAX];
    char signature[STANDARD_WEBHOOK_SIGNATURE_MAX];
    uint8_t key[64];
    size_t size = 0;
    standard_webhook_secret_new(first);
    standard_webhook_secret_new(second);
    assert_string_not_equal(first, second);
    assert_true(text_starts_with(text_from(first), TEXT("whsec_")));
    assert_true(crypto_unbase64(text_skip(text_from(first), 6), key, sizeof(key), &size));
    assert_int_equal(size, STANDARD_WEBHOOK_KEY_SIZE);
    assert_true(standard_webhook_sign(text_from(first), TEXT("msg_1"), 1, TEXT("{}"), signature));
}

static void refuses_what_is_no_secret(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "whsec_", "whsec_AAEC", "whsec_!!!!",
                                      "sk_AAECAwQFBgcICQ"};
    char signature[STANDARD_WEBHOOK_SIGNATURE_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        assert_false(
            standard_webhook_sign(text_from(BAD[i]), TEXT("msg_1"), 1, TEXT("{}"), signature));
    }
}

int main(void)
{
    crypto_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_the_published_example),
        cmocka_unit_test(every_part_counts),
        cmocka_unit_test(new_secrets_differ_and_sign),
        cmocka_unit_test(refuses_what_is_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
