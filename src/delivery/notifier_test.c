/* The schedule of repeats, what is told of which event, and the life of the secrets. The requests
 * themselves are tested from outside: test/webhooks_out.test.mjs. */
#include "delivery/notifier.h"
#include "delivery/webhook_payload.h"

#include <setjmp.h> /* cmocka.h needs these before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void tries_end_after_three_days(void **state)
{
    (void)state;
    int64_t sum_ms = 0;
    int64_t tries = 1;
    while (notifier_retry_ms(tries) >= 0 && tries < 100) {
        sum_ms += notifier_retry_ms(tries++);
    }
    assert_int_equal(tries, 10);
    assert_int_equal(notifier_retry_ms(1), 5000);
    assert_true(sum_ms > INT64_C(3) * 86400000 && sum_ms < INT64_C(4) * 86400000);
    assert_int_equal(notifier_retry_ms(0), -1);
}

static void events_are_told_under_names_of_their_own(void **state)
{
    (void)state;
    const char *type = NULL;
    assert_true(webhook_type_of(TEXT("message.received"), &type));
    assert_string_equal(type, "reply.received");
    assert_true(webhook_type_of(TEXT("message.sent"), &type));
    assert_string_equal(type, "message.sent");
    assert_false(webhook_type_of(TEXT("user.updated"), &type));
    assert_false(webhook_type_of(TEXT("webhook.disabled"), &type));
}

static void a_webhook_takes_what_it_asked_for(void **state)
{
    (void)state;
    assert_true(webhook_types_take(TEXT(""), "message.read"));
    assert_false(webhook_types_take(TEXT(""), WEBHOOK_TEST_TYPE));
    assert_true(webhook_types_take(TEXT("message.sent,message.read"), "message.read"));
    assert_false(webhook_types_take(TEXT("message.sent,message.read"), "message.rea"));
    assert_false(webhook_types_take(TEXT("message.sent"), "message.read"));
}

static void secrets_open_only_for_their_webhook(void **state)
{
    (void)state;
    struct text key = TEXT("0123456789abcdef0123456789abcdef");
    struct error error = {0};
    struct webhook_secrets secrets = {0};
    struct buffer sealed;
    buffer_init(&sealed, 1024);
    webhook_secrets_seal(key, 7, TEXT("whsec_new"), TEXT("whsec_old"), &sealed);
    assert_int_equal(webhook_secrets_open(key, 8, buffer_text(&sealed), &secrets, &error),
                     ERROR_DENIED);
    assert_int_equal(webhook_secrets_open(key, 7, buffer_text(&sealed), &secrets, &error), OK);
    assert_true(secret_equal(secrets.current, TEXT("whsec_new")));
    assert_true(secret_equal(secrets.previous, TEXT("whsec_old")));
    webhook_secrets_done(&secrets);
    buffer_done(&sealed);
}

int main(void)
{
    crypto_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_end_after_three_days),
        cmocka_unit_test(events_are_told_under_names_of_their_own),
        cmocka_unit_test(a_webhook_takes_what_it_asked_for),
        cmocka_unit_test(secrets_open_only_for_their_webhook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
