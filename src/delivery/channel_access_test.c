/* A channel's secrets open only with the right key and for the right channel; tokens go both ways.
 */
#include "delivery/channel_access.h"

#include "base/crypto.h"
#include "delivery/receipts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void secrets_are_bound_to_their_channel(void **state UNUSED)
{
    static const char key[CRYPTO_KEY_SIZE] = {7};
    struct text master_key = text_make(key, sizeof(key));
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct channel_access access = {
        .kind = PROVIDER_CLOUD,
        .channel = {.base_url = TEXT_INIT("https://graph.example"),
                    .access_token = TEXT_INIT("EAAB-token"),
                    .app_secret = TEXT_INIT("secret")},
        .verify_token = TEXT_INIT("verify"),
    };
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    buffer_init(&sealed, 4096);
    channel_access_seal(master_key, 3, &access, &sealed);
    struct text settings = TEXT("{\"base_url\":\"https://graph.example\"}");
    size_t at = 0;
    assert_false(text_find_text(buffer_text(&sealed), TEXT("EAAB"), &at));
    struct channel_access opened;
    struct error error = {0};
    assert_int_equal(channel_access_open(master_key, 3, TEXT("cloud"), TEXT("4711"), TEXT("12"),
                                         settings, buffer_text(&sealed), arena, &opened, &error),
                     OK);
    assert_true(text_equal(opened.channel.access_token, TEXT("EAAB-token")));
    assert_true(text_equal(opened.channel.base_url, TEXT("https://graph.example")));
    assert_true(text_equal(opened.channel.phone_number_id, TEXT("4711")));
    assert_true(text_equal(opened.verify_token, TEXT("verify")));
    assert_int_equal(channel_access_open(master_key, 4, TEXT("cloud"), TEXT("4711"), TEXT("12"),
                                         settings, buffer_text(&sealed), arena, &opened, &error),
                     ERROR_DENIED);
    assert_int_equal(channel_access_open(master_key, 3, TEXT("pigeon"), TEXT("4711"), TEXT("12"),
                                         settings, buffer_text(&sealed), arena, &opened, &error),
                     ERROR_INVALID);
}

static void tokens_go_both_ways(void **state UNUSED)
{
    const int64_t ids[] = {1, 31, 32, 123456789, INT64_C(1) << 50};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const struct receipt_token token = {
            .install_id = TEXT_INIT("abc123"), .epoch = 4, .message_id = ids[i], .n = 7};
        struct receipt_token back;
        char text[RECEIPT_TOKEN_MAX];
        receipt_token_format(&token, text);
        assert_true(receipt_token_parse(text_from(text), &back));
        assert_int_equal(back.message_id, ids[i]);
        assert_int_equal(back.n, 7);
        assert_int_equal(back.epoch, 4);
        assert_true(text_equal(back.install_id, TEXT("abc123")));
    }
    static const char *const wrong[] = {
        "",           "d1",          "d1.a.1.1",    "d2.a.1.1.1",          "d1..1.1.1",
        "d1.a.x.1.1", "d1.a.1.W.1",  "d1.a.1.1.0",  "d1.a.1.1.1.1",        "d1.a.1..1",
        "d1.a.1.0.1", "d1.a.1.1.-1", "d1.a.1.1.1 ", "d1.a.1.1.99999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct receipt_token token;
        assert_false(receipt_token_parse(text_from(wrong[i]), &token));
    }
}

static void a_channel_may_choose_its_policy(void **state UNUSED)
{
    enum doubt_policy policy = DOUBT_NEVER;
    assert_true(channel_access_policy(TEXT("{\"doubt_policy\":\"resend\"}"), &policy));
    assert_int_equal(policy, DOUBT_RESEND);
    assert_true(channel_access_policy(TEXT("{\"doubt_policy\":\"hold\"}"), &policy));
    assert_int_equal(policy, DOUBT_HOLD);
    assert_false(channel_access_policy(TEXT("{\"base_url\":\"https://x.test\"}"), &policy));
    assert_false(channel_access_policy(TEXT("{\"doubt_policy\":\"hope\"}"), &policy));
    assert_false(channel_access_policy((struct text){0}, &policy));
}

int main(void)
{
    crypto_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_bound_to_their_channel),
        cmocka_unit_test(tokens_go_both_ways),
        cmocka_unit_test(a_channel_may_choose_its_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
