/* Requests: the bytes of every kind of message, and what is refused before it costs a call. */
#include "provider/provider.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct provider_channel CHANNEL = {
    .base_url = TEXT_INIT("https://graph.example.test"),
    .api_version = TEXT_INIT("v25.0"),
    .phone_number_id = TEXT_INIT("501"),
    .business_account_id = TEXT_INIT("601"),
    .access_token = TEXT_INIT("EAA-token"),
};

static struct arena *arena;
static struct error error;

static int set_up(void **state)
{
    (void)state;
    crypto_setup();
    arena = arena_new();
    error_clear(&error);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct provider_request encode(const struct provider_message *message)
{
    struct provider_request request = {0};
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    assert_int_equal(provider->encode_message(&CHANNEL, message, arena, &request, &error), OK);
    return request;
}

static void assert_body(const struct provider_message *message, const char *wanted)
{
    struct provider_request request = encode(message);
    assert_string_equal(arena_chars(arena, request.body), wanted);
}

static void refuse(const struct provider_message *message)
{
    struct provider_request request = {0};
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    assert_int_equal(provider->encode_message(&CHANNEL, message, arena, &request, &error),
                     ERROR_INVALID);
    assert_true(error.message[0] != '\0');
}

static void a_text_goes_to_plus_digits_with_the_token(void **state)
{
    (void)state;
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEXT,
        .phone = TEXT("4915123456789"),
        .token = TEXT("d1.abc.1.xyz.1"),
        .body = TEXT("Hallo \"Ann\"\nTag 1"),
    };
    struct provider_request request = encode(&message);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.url, "https://graph.example.test/v25.0/501/messages");
    assert_int_equal(request.header_count, 2);
    assert_true(text_equal(request.headers[0].value, TEXT("Bearer EAA-token")));
    assert_true(text_equal(request.headers[1].value, TEXT("application/json")));
    assert_body(&message, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
                          "\"to\":\"+4915123456789\",\"type\":\"text\","
                          "\"text\":{\"body\":\"Hallo \\\"Ann\\\"\\nTag 1\"},"
                          "\"biz_opaque_callback_data\":\"d1.abc.1.xyz.1\"}");
}

static void a_hidden_phone_is_reached_by_user_id(void **state)
{
    (void)state;
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEXT,
        .user_id = TEXT("DE.4711"),
        .body = TEXT("x"),
        .preview_url = true,
    };
    assert_body(&message, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
                          "\"recipient\":\"DE.4711\",\"type\":\"text\","
                          "\"text\":{\"body\":\"x\",\"preview_url\":true}}");
}

static void media_has_captions_and_names_where_allowed(void **state)
{
    (void)state;
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_MEDIA,
        .phone = TEXT("1"),
        .media = {.kind = PROVIDER_MEDIA_DOCUMENT,
                  .url = TEXT("https://files.example.test/a.pdf"),
                  .caption = TEXT("Plan"),
                  .filename = TEXT("plan.pdf")},
    };
    assert_body(&message, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
                          "\"to\":\"+1\",\"type\":\"document\",\"document\":{"
                          "\"link\":\"https://files.example.test/a.pdf\",\"caption\":\"Plan\","
                          "\"filename\":\"plan.pdf\"}}");
    message.media.kind = PROVIDER_MEDIA_AUDIO;
    assert_body(&message, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
                          "\"to\":\"+1\",\"type\":\"audio\",\"audio\":{"
                          "\"link\":\"https://files.example.test/a.pdf\"}}");
    message.media = (struct provider_media){.kind = PROVIDER_MEDIA_IMAGE, .media_id = TEXT("99")};
    assert_body(&message, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
                          "\"to\":\"+1\",\"type\":\"image\",\"image\":{\"id\":\"99\"}}");
}

#define TEMPLATE_START                                                                             \
    "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"+1\","         \
    "\"type\":\"template\",\"template\":{\"name\":\"day_3\",\"language\":{\"code\":\"pt_BR\"}"

static void a_positional_template(void **state)
{
    (void)state;
    const struct provider_parameter body[] = {{.value = TEXT("Ana")}, {.value = TEXT("7")}};
    const struct provider_button buttons[] = {
        {.type = PROVIDER_BUTTON_URL, .index = 0, .value = TEXT("c/42")},
        {.type = PROVIDER_BUTTON_QUICK_REPLY, .index = 1, .value = TEXT("STOP")},
        {.type = PROVIDER_BUTTON_COPY_CODE, .index = 2, .value = TEXT("SAVE10")},
    };
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEMPLATE,
        .phone = TEXT("1"),
        .template = {.name = TEXT("day_3"),
                     .language = TEXT("pt_BR"),
                     .header_type = PROVIDER_HEADER_TEXT,
                     .header = {.value = TEXT("Oi")},
                     .body = body,
                     .body_count = 2,
                     .buttons = buttons,
                     .button_count = 3},
    };
    assert_body(
        &message, TEMPLATE_START
        ",\"components\":[{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"text\":\"Oi\"}]"
        "},{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"Ana\"},"
        "{\"type\":\"text\",\"text\":\"7\"}]},"
        "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"0\",\"parameters\":[{\"type\":"
        "\"text\",\"text\":\"c/42\"}]},"
        "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":\"1\",\"parameters\":[{"
        "\"type\":\"payload\",\"payload\":\"STOP\"}]},"
        "{\"type\":\"button\",\"sub_type\":\"copy_code\",\"index\":\"2\",\"parameters\":[{"
        "\"type\":\"coupon_code\",\"coupon_code\":\"SAVE10\"}]}]}}");
}

static void a_named_template_with_media_header_and_one_without_variables(void **state)
{
    (void)state;
    const struct provider_parameter body[] = {{.name = TEXT("city"), .value = TEXT("Recife")}};
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEMPLATE,
        .phone = TEXT("1"),
        .template = {.name = TEXT("day_3"),
                     .language = TEXT("pt_BR"),
                     .header_type = PROVIDER_HEADER_MEDIA,
                     .header_media = {.kind = PROVIDER_MEDIA_VIDEO,
                                      .url = TEXT("https://v.example.test/1.mp4")},
                     .body = body,
                     .body_count = 1},
    };
    assert_body(&message, TEMPLATE_START
                ",\"components\":[{\"type\":\"header\",\"parameters\":[{\"type\":\"video\","
                "\"video\":{\"link\":\"https://v.example.test/1.mp4\"}}]},{\"type\":\"body\","
                "\"parameters\":[{\"type\":\"text\",\"parameter_name\":\"city\",\"text\":"
                "\"Recife\"}]}]}}");
    message.template.header_type = PROVIDER_HEADER_LOCATION;
    message.template.header_location = (struct provider_location){
        .latitude = TEXT("-8.05"), .longitude = TEXT("-34.9"), .name = TEXT("Clinic")};
    message.template.body_count = 0;
    assert_body(&message, TEMPLATE_START
                ",\"components\":[{\"type\":\"header\",\"parameters\":[{\"type\":\"location\","
                "\"location\":{\"latitude\":\"-8.05\",\"longitude\":\"-34.9\",\"name\":\"Clinic\"}"
                "}]}]}}");
    message.template.header_type = PROVIDER_HEADER_NONE;
    message.template.body_count = 0;
    assert_body(&message, TEMPLATE_START "}}");
}

static void what_cannot_be_said_is_refused(void **state)
{
    (void)state;
    static char long_text[5000];
    memset(long_text, 'x', sizeof(long_text));
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEXT, .phone = TEXT("1"), .body = TEXT("x")};
    struct provider_message bad = message;
    bad.phone = (struct text){0};
    refuse(&bad);
    bad = message;
    bad.body = (struct text){0};
    refuse(&bad);
    bad = message;
    bad.body = text_make(long_text, 4096);
    (void)encode(&bad);
    bad.body = text_make(long_text, 4097);
    refuse(&bad);
    bad = message;
    bad.token = text_make(long_text, 513);
    refuse(&bad);
    bad.type = PROVIDER_MESSAGE_MEDIA;
    bad.token = (struct text){0};
    refuse(&bad);
    bad.media.url = TEXT("https://x.example.test/");
    bad.media.caption = text_make(long_text, 1025);
    refuse(&bad);
}

static void template_values_that_meta_refuses_are_refused_here(void **state)
{
    (void)state;
    static const struct text VALUES[] = {
        TEXT_INIT(""), TEXT_INIT("a\nb"), TEXT_INIT("a\tb"), TEXT_INIT("a     b"), {NULL, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(VALUES); i++) {
        const struct provider_parameter body[] = {{.value = VALUES[i]}};
        refuse(&(struct provider_message){
            .type = PROVIDER_MESSAGE_TEMPLATE,
            .phone = TEXT("1"),
            .template = {.name = TEXT("n"), .language = TEXT("en"), .body = body, .body_count = 1},
        });
    }
}

static void the_proof_stands_in_the_address(void **state)
{
    (void)state;
    struct provider_channel channel = CHANNEL;
    struct provider_request request;
    channel.app_secret = TEXT("s3cret");
    channel.api_version = (struct text){0};
    const struct provider *provider = provider_find(PROVIDER_SIMULATOR);
    struct provider_message message = {
        .type = PROVIDER_MESSAGE_TEXT, .phone = TEXT("1"), .body = TEXT("x")};
    assert_int_equal(provider->encode_message(&channel, &message, arena, &request, &error), OK);
    /* HMAC-SHA256("s3cret", "EAA-token"), computed by another tool. */
    assert_string_equal(request.url,
                        "https://graph.example.test/501/messages?appsecret_proof="
                        "5c557dee34b9b8a1fff1a83bb79a8d7fdf61aa39ccca194d4fae87d394ad3694");
    provider->encode_templates(&channel, TEXT("a=b"), arena, &request);
    assert_non_null(strstr(request.url, "/601/message_templates?fields=name,"));
    assert_non_null(strstr(request.url, "&limit=100&after=a%3Db&appsecret_proof="));
    provider->encode_number(&channel, arena, &request);
    assert_string_equal(request.method, "GET");
    assert_non_null(strstr(request.url, "/501?fields=verified_name,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_text_goes_to_plus_digits_with_the_token, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_hidden_phone_is_reached_by_user_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(media_has_captions_and_names_where_allowed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_positional_template, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_named_template_with_media_header_and_one_without_variables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(template_values_that_meta_refuses_are_refused_here, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_proof_stands_in_the_address, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
