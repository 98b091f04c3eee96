/* Webhooks: every shape a body may have, the signature over raw bytes, and stable digests. */
#include "provider/provider.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    crypto_setup();
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct provider_events decode(const char *body)
{
    struct provider_events events = {0};
    struct error error = {0};
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    assert_int_equal(provider->decode_webhook(text_from(body), arena, &events, &error), OK);
    return events;
}

/* The events of one change's value. */
static struct provider_events decode_value(const char *field, const char *value)
{
    return decode(arena_format(arena,
                               "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":"
                               "\"601\",\"time\":1790000000,\"changes\":[{\"field\":\"%s\","
                               "\"value\":%s}]}]}",
                               field, value)
                      .data);
}

static struct provider_event one(const char *field, const char *value)
{
    struct provider_events events = decode_value(field, value);
    assert_int_equal(events.count, 1);
    return events.items[0];
}

#define METADATA                                                                                   \
    "\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"+1 555-0100\","   \
    "\"phone_number_id\":\"501\"},"

static void assert_text(struct text text, const char *wanted)
{
    assert_string_equal(arena_chars(arena, text), wanted);
}

static void a_signature_is_checked_over_the_raw_bytes(void **state)
{
    (void)state;
    struct error error = {0};
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    struct provider_channel channel = {.app_secret = TEXT("new"),
                                       .previous_app_secret = TEXT("old")};
    struct text body = TEXT("{\"a\":\"\\u00e9\\/\"}");
    static const char *const SECRETS[] = {"new", "old", "other", ""};
    static const enum error_code WANTED[] = {OK, OK, ERROR_UNAUTHENTICATED, ERROR_UNAUTHENTICATED};
    for (size_t i = 0; i < ARRAY_SIZE(SECRETS); i++) {
        uint8_t digest[CRYPTO_SHA256_SIZE];
        char header[8 + 2 * CRYPTO_SHA256_SIZE];
        crypto_hmac_sha256(text_from(SECRETS[i]), body, digest);
        memcpy(header, "sha256=", 7);
        crypto_hex(digest, sizeof(digest), header + 7);
        assert_int_equal(provider->verify_webhook(&channel, text_from(header), body, &error),
                         WANTED[i]);
        struct text other = TEXT("{\"a\":\"\\u00e9/\"}");
        assert_int_equal(provider->verify_webhook(&channel, text_from(header), other, &error),
                         ERROR_UNAUTHENTICATED);
    }
    static const char *const BAD[] = {"", "sha256=", "sha1=00", "sha256=zz", "00"};
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        assert_int_equal(provider->verify_webhook(&channel, text_from(BAD[i]), body, &error),
                         ERROR_UNAUTHENTICATED);
    }
    struct provider_channel no_secret = {0};
    assert_int_equal(provider->verify_webhook(&no_secret, TEXT("sha256="), body, &error),
                     ERROR_UNAUTHENTICATED);
}

static void statuses_with_and_without_everything(void **state)
{
    (void)state;
    struct provider_event event =
        one("messages", "{" METADATA "\"statuses\":[{\"id\":\"wamid.a\",\"status\":\"sent\","
                        "\"timestamp\":\"1790000001\",\"recipient_id\":\"491512\","
                        "\"biz_opaque_callback_data\":\"d1.x.1.y.1\",\"pricing\":{\"billable\":"
                        "true,\"category\":\"marketing\",\"type\":\"regular\"}}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_STATUS);
    assert_int_equal(event.status, PROVIDER_STATUS_SENT);
    assert_int_equal(event.at_ms, INT64_C(1790000001000));
    assert_text(event.phone_number_id, "501");
    assert_text(event.account_id, "601");
    assert_text(event.token, "d1.x.1.y.1");
    assert_text(event.phone, "491512");
    assert_text(event.pricing_category, "marketing");
    assert_true(event.billable);
    /* Integer time, no recipient phone, contact with ids, a played voice note. */
    event = one("messages",
                "{" METADATA "\"contacts\":[{\"profile\":{\"name\":\"Bo\",\"username\":\"@bo\"},"
                "\"wa_id\":\"\",\"user_id\":\"US.9\"}],\"statuses\":[{\"id\":\"wamid.b\","
                "\"status\":\"played\",\"timestamp\":1790000002,\"recipient_user_id\":\"US.9\"}]}");
    assert_int_equal(event.status, PROVIDER_STATUS_READ);
    assert_int_equal(event.at_ms, INT64_C(1790000002000));
    assert_text(event.user_id, "US.9");
    assert_int_equal(event.phone.size, 0);
    assert_text(event.name, "Bo");
    event = one("messages", "{" METADATA "\"statuses\":[{\"id\":\"w\",\"status\":\"deleted\"}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IGNORED);
}

static void failed_statuses_carry_class_and_advice(void **state)
{
    (void)state;
    struct provider_event event =
        one("messages", "{" METADATA "\"statuses\":[{\"id\":\"wamid.c\",\"status\":\"failed\","
                        "\"timestamp\":\"1790000003\",\"recipient_id\":\"491512\",\"errors\":[{"
                        "\"code\":131049,\"title\":\"t\",\"message\":\"m\",\"error_data\":{"
                        "\"details\":\"healthy\"},\"href\":\"https://x.test\"}]}]}");
    assert_int_equal(event.status, PROVIDER_STATUS_FAILED);
    assert_int_equal(event.failure.code, 131049);
    assert_int_equal(event.failure.class, PROVIDER_CLASS_MARKETING_CAP);
    assert_int_equal(event.failure.retry_after_ms, 24 * 3600 * 1000);
    assert_text(event.failure.detail, "healthy");
    event = one("messages", "{" METADATA "\"statuses\":[{\"id\":\"wamid.d\",\"status\":\"failed\","
                            "\"errors\":[{\"code\":\"131026\",\"title\":\"Undeliverable\"}]}]}");
    assert_int_equal(event.failure.class, PROVIDER_CLASS_UNREACHABLE);
    event =
        one("messages", "{" METADATA "\"statuses\":[{\"id\":\"wamid.e\",\"status\":\"failed\"}]}");
    assert_false(event.failure.has_code);
    assert_int_equal(event.failure.class, PROVIDER_CLASS_UNKNOWN_CODE);
}

static struct provider_event inbound(const char *rest)
{
    return one("messages",
               arena_format(arena,
                            "{" METADATA "\"contacts\":[{\"profile\":{\"name\":\"Mia\"},\"wa_id\":"
                            "\"491512\"}],\"messages\":[{\"from\":\"491512\",\"id\":\"wamid.i\","
                            "\"timestamp\":\"1790000004\",%s}]}",
                            rest)
                   .data);
}

static void inbound_messages_of_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum provider_inbound_type type;
        const char *body;
        const char *payload;
    } ROWS[] = {
        {"\"type\":\"text\",\"text\":{\"body\":\"Stop\\ud83d\\ude00\"}", PROVIDER_INBOUND_TEXT,
         "Stop\xF0\x9F\x98\x80", ""},
        {"\"type\":\"button\",\"button\":{\"payload\":\"STOP_ALL\",\"text\":\"No more\"}",
         PROVIDER_INBOUND_BUTTON, "No more", "STOP_ALL"},
        {"\"type\":\"interactive\",\"interactive\":{\"type\":\"button_reply\",\"button_reply\":{"
         "\"id\":\"b1\",\"title\":\"Yes\"}}",
         PROVIDER_INBOUND_INTERACTIVE, "Yes", "b1"},
        {"\"type\":\"interactive\",\"interactive\":{\"type\":\"list_reply\",\"list_reply\":{"
         "\"id\":\"r1\",\"title\":\"Row\",\"description\":\"d\"}}",
         PROVIDER_INBOUND_INTERACTIVE, "Row", "r1"},
        {"\"type\":\"interactive\"", PROVIDER_INBOUND_INTERACTIVE, "", ""},
        {"\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.o\",\"emoji\":\"\"}",
         PROVIDER_INBOUND_REACTION, "", ""},
        {"\"type\":\"image\",\"image\":{\"id\":\"m1\",\"caption\":\"Look\"}",
         PROVIDER_INBOUND_MEDIA, "Look", "m1"},
        {"\"type\":\"audio\",\"audio\":{\"id\":\"m2\",\"voice\":true}", PROVIDER_INBOUND_MEDIA, "",
         "m2"},
        {"\"type\":\"location\",\"location\":{\"latitude\":1.5}", PROVIDER_INBOUND_OTHER, "", ""},
        {"\"type\":\"unsupported\",\"errors\":[{\"code\":131051}]", PROVIDER_INBOUND_OTHER, "", ""},
        {"\"type\":\"something_new\",\"something_new\":{}", PROVIDER_INBOUND_OTHER, "", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct provider_event event = inbound(ROWS[i].json);
        assert_int_equal(event.kind, PROVIDER_EVENT_INBOUND);
        assert_int_equal(event.inbound_type, ROWS[i].type);
        assert_text(event.body, ROWS[i].body);
        assert_text(event.payload, ROWS[i].payload);
        assert_text(event.name, "Mia");
        assert_int_equal(event.at_ms, INT64_C(1790000004000));
    }
    struct provider_event event = inbound("\"type\":\"text\",\"text\":{\"body\":\"hi\"},"
                                          "\"context\":{\"id\":\"wamid.out\"},\"referral\":{}");
    assert_text(event.context_id, "wamid.out");
    assert_true(event.from_advertisement);
}

static void people_without_a_phone(void **state)
{
    (void)state;
    struct provider_event event =
        one("messages", "{" METADATA "\"contacts\":[{\"profile\":{\"name\":\"Ivy\"},\"user_id\":"
                        "\"US.7\"}],\"messages\":[{\"from_user_id\":\"US.7\",\"id\":\"wamid.j\","
                        "\"timestamp\":\"1790000005\",\"type\":\"text\",\"text\":{\"body\":\"x\"}}]"
                        "}");
    assert_int_equal(event.kind, PROVIDER_EVENT_INBOUND);
    assert_int_equal(event.phone.size, 0);
    assert_text(event.user_id, "US.7");
    assert_text(event.name, "Ivy");
    event = one("messages", "{" METADATA "\"messages\":[{\"from\":\"US.8\",\"id\":\"wamid.k\","
                            "\"type\":\"text\",\"text\":{\"body\":\"x\"}}]}");
    assert_text(event.user_id, "US.8");
    assert_int_equal(event.phone.size, 0);
    assert_int_equal(event.at_ms, 0);
    event = one("messages", "{" METADATA "\"messages\":[{\"id\":\"wamid.k\",\"type\":\"text\"}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IGNORED);
    event = inbound("\"group_id\":\"g\",\"type\":\"text\",\"text\":{\"body\":\"STOP\"}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IGNORED);
}

static void changed_numbers_and_ids(void **state)
{
    (void)state;
    struct provider_event event =
        one("messages", "{" METADATA "\"messages\":[{\"from\":\"491512\",\"id\":\"wamid.s\","
                        "\"timestamp\":\"1790000006\",\"type\":\"system\",\"system\":{\"body\":"
                        "\"changed\",\"wa_id\":\"491777\",\"type\":\"user_changed_number\"}}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IDENTITY_CHANGED);
    assert_text(event.phone, "491512");
    assert_text(event.new_phone, "491777");
    event = one("messages", "{" METADATA "\"messages\":[{\"from_user_id\":\"US.1\",\"id\":\"w\","
                            "\"type\":\"system\",\"system\":{\"type\":\"user_changed_user_id\","
                            "\"user_id\":\"US.2\"}}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IDENTITY_CHANGED);
    assert_text(event.user_id, "US.1");
    assert_text(event.new_user_id, "US.2");
    event = one("messages", "{" METADATA "\"messages\":[{\"from\":\"1\",\"id\":\"w\",\"type\":"
                            "\"system\",\"system\":{\"type\":\"customer_identity_changed\"}}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IGNORED);
}

static void preferences_with_both_kinds_of_time(void **state)
{
    (void)state;
    struct provider_events events = decode_value(
        "user_preferences",
        "{" METADATA "\"contacts\":[{\"wa_id\":\"491512\"}],\"user_preferences\":["
        "{\"wa_id\":\"491512\",\"category\":\"marketing_messages\",\"value\":\"stop\","
        "\"timestamp\":1790000007},{\"wa_id\":\"491512\",\"category\":\"marketing_messages\","
        "\"value\":\"resume\",\"timestamp\":\"1790000008\"},{\"wa_id\":\"491512\",\"category\":"
        "\"marketing_messages\",\"value\":\"signup\"}]}");
    assert_int_equal(events.count, 3);
    assert_int_equal(events.items[0].kind, PROVIDER_EVENT_PREFERENCE);
    assert_true(events.items[0].marketing_stopped);
    assert_int_equal(events.items[0].at_ms, INT64_C(1790000007000));
    assert_false(events.items[1].marketing_stopped);
    assert_int_equal(events.items[1].at_ms, INT64_C(1790000008000));
    assert_int_equal(events.items[2].kind, PROVIDER_EVENT_IGNORED);
}

static void templates_numbers_and_accounts(void **state)
{
    (void)state;
    struct provider_event event =
        one("message_template_status_update",
            "{\"event\":\"PAUSED\",\"message_template_id\":9007199254740993,"
            "\"message_template_name\":\"day_3\",\"message_template_language\":\"pt-BR\","
            "\"reason\":null,\"other_info\":{\"title\":\"FIRST_PAUSE\",\"description\":\"3 h\"}}");
    assert_int_equal(event.kind, PROVIDER_EVENT_TEMPLATE_STATUS);
    assert_text(event.template_id, "9007199254740993");
    assert_text(event.template_language, "pt_BR");
    assert_text(event.new_value, "PAUSED");
    assert_text(event.description, "3 h");
    assert_int_equal(event.at_ms, INT64_C(1790000000000));
    event = one("template_category_update", "{\"message_template_name\":\"d\",\"new_category\":"
                                            "\"MARKETING\",\"message_template_language\":\"en\"}");
    assert_int_equal(event.kind, PROVIDER_EVENT_TEMPLATE_CATEGORY);
    event = one("message_template_quality_update",
                "{\"message_template_name\":\"d\",\"new_quality_score\":\"RED\"}");
    assert_int_equal(event.kind, PROVIDER_EVENT_TEMPLATE_QUALITY);
    event = one("phone_number_quality_update",
                "{\"event\":\"THROUGHPUT_UPGRADE\",\"current_limit\":\"TIER_100K\"}");
    assert_int_equal(event.daily_limit, 100000);
    event = one("business_capability_update", "{\"max_daily_conversations_per_business\":-1}");
    assert_int_equal(event.daily_limit, -1);
    event = one("account_update",
                "{\"event\":\"ACCOUNT_RESTRICTION\",\"restriction_info\":[{\"restriction_type\":"
                "\"RESTRICTED_ADD_PHONE_NUMBER_ACTION\",\"expiration\":1},{\"restriction_type\":"
                "\"RESTRICTED_BIZ_INITIATED_MESSAGING\",\"expiration\":1790000009}]}");
    assert_int_equal(event.account_effect, PROVIDER_ACCOUNT_HOLD);
    assert_int_equal(event.until_ms, INT64_C(1790000009000));
    event = one("account_update", "{\"event\":\"DISABLED_UPDATE\",\"ban_info\":{\"waba_ban_state\":"
                                  "\"REINSTATE\"}}");
    assert_int_equal(event.account_effect, PROVIDER_ACCOUNT_RELEASE);
    event =
        one("account_alerts", "{\"entity_type\":\"BUSINESS\",\"alert_info\":{\"alert_severity\""
                              ":\"WARNING\",\"alert_type\":\"T\",\"alert_description\":\"D\"}}");
    assert_int_equal(event.kind, PROVIDER_EVENT_ACCOUNT_ALERT);
    assert_text(event.severity, "WARNING");
    event = one("messages", "{" METADATA "\"errors\":[{\"code\":130429,\"title\":\"slow\"}]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_ERROR);
    assert_int_equal(event.failure.class, PROVIDER_CLASS_THROUGHPUT);
    event = one("brand_new_field", "{\"x\":[1,2]}");
    assert_int_equal(event.kind, PROVIDER_EVENT_IGNORED);
}

static void mixed_bodies_keep_their_order(void **state)
{
    (void)state;
    struct provider_events events = decode(
        "{\"entry\":[{\"id\":601,\"changes\":[{\"field\":\"messages\",\"value\":{" METADATA
        "\"messages\":[{\"from\":\"1\",\"id\":\"wamid.m\",\"type\":\"text\",\"text\":{\"body\":"
        "\"a\"}}],\"statuses\":[{\"id\":\"wamid.1\",\"status\":\"sent\"},{\"id\":\"wamid.1\","
        "\"status\":\"read\"}]}},{\"field\":\"account_alerts\",\"value\":{\"alert_info\":{}}}]},"
        "{\"id\":\"602\",\"changes\":[{\"field\":\"messages\",\"value\":null},{}]},{}],"
        "\"object\":\"whatsapp_business_account\"}");
    static const enum provider_event_kind KINDS[] = {
        PROVIDER_EVENT_STATUS,        PROVIDER_EVENT_STATUS,  PROVIDER_EVENT_INBOUND,
        PROVIDER_EVENT_ACCOUNT_ALERT, PROVIDER_EVENT_IGNORED, PROVIDER_EVENT_IGNORED};
    assert_int_equal(events.count, ARRAY_SIZE(KINDS));
    for (size_t i = 0; i < events.count; i++) {
        assert_int_equal(events.items[i].kind, KINDS[i]);
    }
    assert_text(events.items[0].account_id, "601");
    assert_text(events.items[4].account_id, "602");
}

static void digests_are_stable_and_tell_events_apart(void **state)
{
    (void)state;
    const char *sent = "{" METADATA "\"statuses\":[{\"id\":\"wamid.1\",\"status\":\"sent\","
                       "\"timestamp\":\"1\"}]}";
    const char *read = "{" METADATA "\"statuses\":[{\"id\":\"wamid.1\",\"status\":\"read\"}]}";
    assert_true(one("messages", sent).digest == one("messages", sent).digest);
    assert_true(one("messages", sent).digest != one("messages", read).digest);
    const char *alert = "{\"alert_info\":{\"alert_type\":\"A\"}}";
    const char *other = "{\"alert_info\":{\"alert_type\":\"B\"}}";
    assert_true(one("account_alerts", alert).digest == one("account_alerts", alert).digest);
    assert_true(one("account_alerts", alert).digest != one("account_alerts", other).digest);
}

static void what_is_no_webhook_is_refused(void **state)
{
    (void)state;
    struct provider_events events;
    struct error error = {0};
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    static const char *const BODIES[] = {"", "{", "[]", "null", "{\"entry\":{}}", "{}"};
    for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++) {
        assert_int_equal(provider->decode_webhook(text_from(BODIES[i]), arena, &events, &error),
                         ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_checked_over_the_raw_bytes),
        cmocka_unit_test(statuses_with_and_without_everything),
        cmocka_unit_test(failed_statuses_carry_class_and_advice),
        cmocka_unit_test(inbound_messages_of_every_type),
        cmocka_unit_test(people_without_a_phone),
        cmocka_unit_test(changed_numbers_and_ids),
        cmocka_unit_test(preferences_with_both_kinds_of_time),
        cmocka_unit_test(templates_numbers_and_accounts),
        cmocka_unit_test(mixed_bodies_keep_their_order),
        cmocka_unit_test(digests_are_stable_and_tell_events_apart),
        cmocka_unit_test(what_is_no_webhook_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
