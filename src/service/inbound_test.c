/* Webhooks end to end inside the process: bodies as the provider sends them, applied in one
 * transaction, and applied again. */
#include "service/inbound.h"

#include "base/crypto.h"
#include "provider/provider.h"
#include "service/people_testing.h"

#include <stdio.h>

static struct people_test test;
static struct service service;
static const char KEY[] = "0123456789abcdef0123456789abcdef";

static int set_up(void **state)
{
    (void)state;
    crypto_setup();
    people_test_open(&test, 3);
    store_test_exec(&test.store, "DELETE FROM channel");
    store_test_exec(&test.store,
                    "INSERT INTO channel (id, provider, name, sender_id, account_id, is_default, "
                    "created_at_ms, updated_at_ms) VALUES (1, 'cloud', 'Test', '501', '601', 1, 1, "
                    "1)");
    service = (struct service){.store = test.store.store,
                               .master_key = text_make(KEY, 32),
                               .hash_key = text_make(KEY, 32)};
    people_test_enroll(&test, 3);
    people_test_advance(&test, INT64_C(11) * 3600 * 1000);
    (void)people_test_run_due(&test, true);
    store_test_exec(&test.store, "UPDATE message SET channel_id = 1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    people_test_close(&test);
    return 0;
}

static enum error_code apply_body(struct work *work, void *context, struct error *error)
{
    struct provider_events events = {0};
    const char *body = context;
    enum error_code code =
        provider_find(PROVIDER_CLOUD)->decode_webhook(text_from(body), work->arena, &events, error);
    return code == OK ? inbound_apply(work, &service, 1, events.items, events.count, error) : code;
}

static void apply(const char *field, const char *value)
{
    static char body[8192];
    (void)snprintf(body, sizeof(body),
                   "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"601\",\"time\":"
                   "%lld,\"changes\":[{\"field\":\"%s\",\"value\":%s}]}]}",
                   (long long)(people_test_now(&test) / 1000), field, value);
    store_test_do(&test.store, apply_body, body);
    store_test_do(&test.store, apply_body, body); /* the provider repeats; nothing may change */
}

static void write_as(const char *phone, const char *id, const char *content)
{
    static char value[4096];
    (void)snprintf(value, sizeof(value),
                   "{\"metadata\":{\"phone_number_id\":\"501\"},\"contacts\":[{\"wa_id\":\"%s\","
                   "\"profile\":{\"name\":\"P\"}}],\"messages\":[{\"from\":\"%s\",\"id\":\"%s\","
                   "\"timestamp\":\"%lld\",%s}]}",
                   phone, phone, id, (long long)(people_test_now(&test) / 1000), content);
    apply("messages", value);
}

#define COUNT(sql) store_test_int64(&test.store, "SELECT count(*) FROM " sql)
#define NUMBER(sql) store_test_int64(&test.store, sql)
#define FIRST "919870000000"

static void a_reply_is_stored_once_and_opens_the_window(void **state)
{
    (void)state;
    write_as(FIRST, "wamid.r1", "\"type\":\"text\",\"text\":{\"body\":\"thanks\"}");
    assert_int_equal(COUNT("inbound_message"), 1);
    assert_int_equal(COUNT("inbound_message WHERE text = 'thanks' AND enrollment_id = 1"), 1);
    assert_int_equal(NUMBER("SELECT last_inbound_at_ms FROM contact_window WHERE contact_id = 1"),
                     people_test_now(&test) / 1000 * 1000);
    assert_int_equal(NUMBER("SELECT coalesce(sum(count), 0) FROM counter WHERE outcome = 9"), 1);
    write_as(FIRST, "wamid.r2", "\"type\":\"text\",\"text\":{\"body\":\"more\"}");
    assert_int_equal(COUNT("inbound_message"), 2);
    assert_int_equal(NUMBER("SELECT coalesce(sum(count), 0) FROM counter WHERE outcome = 9"), 1);
    assert_int_equal(COUNT("event WHERE type = 'message.received'"), 2);
    people_test_sound(&test);
}

static void stop_by_word_and_by_button(void **state)
{
    (void)state;
    write_as(FIRST, "wamid.s1", "\"type\":\"text\",\"text\":{\"body\":\" Stop! \"}");
    assert_int_equal(COUNT("contact WHERE suppressed & 1"), 1);
    assert_int_equal(COUNT("enrollment WHERE live = 1"), 2);
    write_as("919870000001", "wamid.s2",
             "\"type\":\"button\",\"button\":{\"payload\":\"STOP_ALL\",\"text\":\"No\"}");
    assert_int_equal(COUNT("suppression WHERE active = 1 AND source = 'button'"), 1);
    write_as("919870000002", "wamid.s3",
             "\"type\":\"text\",\"text\":{\"body\":\"please don't stop the bus\"}");
    assert_int_equal(COUNT("contact WHERE suppressed <> 0"), 2);
    write_as("919879999999", "wamid.s4", "\"type\":\"text\",\"text\":{\"body\":\"STOP\"}");
    assert_int_equal(COUNT("suppression WHERE active = 1"), 3);
    people_test_sound(&test);
}

static void start_lifts_a_stop_but_an_older_start_does_not(void **state)
{
    (void)state;
    static char old_start[1024];
    int64_t now_s = people_test_now(&test) / 1000;
    write_as(FIRST, "wamid.t1", "\"type\":\"text\",\"text\":{\"body\":\"STOP\"}");
    (void)snprintf(old_start, sizeof(old_start),
                   "{\"metadata\":{\"phone_number_id\":\"501\"},\"messages\":[{\"from\":\"%s\","
                   "\"id\":\"wamid.t0\",\"timestamp\":\"%lld\",\"type\":\"text\",\"text\":{"
                   "\"body\":\"START\"}}]}",
                   FIRST, (long long)(now_s - 600));
    apply("messages", old_start);
    assert_int_equal(COUNT("contact WHERE suppressed & 1"), 1);
    people_test_advance(&test, 60000);
    write_as(FIRST, "wamid.t2", "\"type\":\"text\",\"text\":{\"body\":\"START\"}");
    assert_int_equal(COUNT("contact WHERE suppressed & 1"), 0);
}

static void preferences_touch_marketing_only(void **state)
{
    (void)state;
    static char value[512];
    (void)snprintf(value, sizeof(value),
                   "{\"metadata\":{\"phone_number_id\":\"501\"},\"user_preferences\":[{\"wa_id\":"
                   "\"" FIRST "\",\"category\":\"marketing_messages\",\"value\":\"stop\","
                   "\"timestamp\":%lld}]}",
                   (long long)(people_test_now(&test) / 1000));
    apply("user_preferences", value);
    assert_int_equal(NUMBER("SELECT suppressed FROM contact WHERE phone = " FIRST), 2);
    assert_int_equal(COUNT("enrollment WHERE live = 1"), 3);
}

static void a_new_number_keeps_the_stop(void **state)
{
    (void)state;
    write_as(FIRST, "wamid.n0", "\"type\":\"text\",\"text\":{\"body\":\"STOP\"}");
    people_test_advance(&test, 60000);
    write_as(FIRST, "wamid.n1",
             "\"type\":\"system\",\"system\":{\"type\":\"user_changed_number\",\"wa_id\":"
             "\"919871111111\"}");
    assert_int_equal(COUNT("contact WHERE phone = 919871111111 AND suppressed & 1"), 1);
    assert_int_equal(COUNT("contact WHERE phone = " FIRST), 0);
    assert_int_equal(COUNT("suppression WHERE active = 1"), 2);
}

static void user_ids_are_learned_and_found_again(void **state)
{
    (void)state;
    apply("messages", "{\"metadata\":{\"phone_number_id\":\"501\"},\"messages\":[{\"from\":\"" FIRST
                      "\",\"from_user_id\":\"IN.77\",\"id\":\"wamid.u1\",\"type\":\"text\","
                      "\"text\":{\"body\":\"hi\"}}]}");
    assert_int_equal(COUNT("contact WHERE user_id = 'IN.77' AND phone = " FIRST), 1);
    apply("messages", "{\"metadata\":{\"phone_number_id\":\"501\"},\"messages\":[{"
                      "\"from_user_id\":\"IN.77\",\"id\":\"wamid.u2\",\"type\":\"text\",\"text\":{"
                      "\"body\":\"STOP\"}}]}");
    assert_int_equal(COUNT("contact WHERE suppressed & 1 AND phone = " FIRST), 1);
}

static void sequences_react_to_replies(void **state)
{
    (void)state;
    store_test_exec(&test.store, "UPDATE sequence SET on_reply = 1");
    write_as(FIRST, "wamid.p1", "\"type\":\"reaction\",\"reaction\":{\"emoji\":\"x\"}");
    assert_int_equal(COUNT("enrollment WHERE status = 1"), 0);
    write_as(FIRST, "wamid.p2", "\"type\":\"text\",\"text\":{\"body\":\"question\"}");
    assert_int_equal(COUNT("enrollment WHERE status = 1 AND status_reason = 'replied'"), 1);
    store_test_exec(&test.store, "UPDATE sequence SET on_reply = 2");
    write_as("919870000001", "wamid.p3", "\"type\":\"text\",\"text\":{\"body\":\"question\"}");
    assert_int_equal(COUNT("enrollment WHERE live = 1"), 2);
    people_test_sound(&test);
}

static void foreign_numbers_and_unknown_people_change_nothing(void **state)
{
    (void)state;
    apply("messages", "{\"metadata\":{\"phone_number_id\":\"999\"},\"messages\":[{\"from\":\"" FIRST
                      "\",\"id\":\"wamid.f\",\"type\":\"text\",\"text\":{\"body\":\"STOP\"}}]}");
    assert_int_equal(COUNT("inbound_message"), 0);
    assert_int_equal(COUNT("contact WHERE suppressed <> 0"), 0);
    write_as("4915112345678", "wamid.x", "\"type\":\"text\",\"text\":{\"body\":\"hello\"}");
    assert_int_equal(COUNT("inbound_message WHERE contact_id IS NULL"), 1);
    assert_int_equal(COUNT("contact"), 3);
}

static void templates_limits_and_restrictions(void **state)
{
    (void)state;
    static char value[256];
    store_test_exec(&test.store,
                    "INSERT INTO template (channel_id, name, language, status, category, "
                    "components, updated_at_ms) VALUES (1, 'day_3', 'pt_BR', 'APPROVED', "
                    "'MARKETING', '[]', 1)");
    apply("message_template_status_update",
          "{\"event\":\"PAUSED\",\"message_template_name\":\"day_3\",\"message_template_language\":"
          "\"pt-BR\"}");
    assert_int_equal(COUNT("template WHERE status = 'PAUSED'"), 1);
    apply("message_template_status_update",
          "{\"event\":\"REINSTATED\",\"message_template_name\":\"day_3\","
          "\"message_template_language\":\"pt_BR\"}");
    assert_int_equal(COUNT("template WHERE status = 'APPROVED'"), 1);
    apply("phone_number_quality_update", "{\"event\":\"DOWNGRADE\",\"current_limit\":\"TIER_2K\"}");
    assert_int_equal(NUMBER("SELECT tier_limit FROM channel"), 2000);
    apply("phone_number_quality_update", "{\"event\":\"UPGRADE\",\"current_limit\":\"TIER_10K\"}");
    assert_int_equal(NUMBER("SELECT tier_limit FROM channel"), 2000);
    (void)snprintf(value, sizeof(value),
                   "{\"event\":\"ACCOUNT_RESTRICTION\",\"restriction_info\":[{\"restriction_type\":"
                   "\"RESTRICTED_BIZ_INITIATED_MESSAGING\",\"expiration\":%lld}]}",
                   (long long)(people_test_now(&test) / 1000 + 3600));
    apply("account_update", value);
    assert_int_equal(COUNT("channel WHERE state = 2 AND state_reason = 'account'"), 1);
    apply("account_update", "{\"event\":\"ACCOUNT_RECONNECTED\"}");
    assert_int_equal(COUNT("channel WHERE state = 0"), 1);
}

static void a_rating_is_of_the_number_that_is_named(void **state)
{
    (void)state;
    const char *flagged = "{\"display_phone_number\":\"+1 555-012\",\"event\":\"FLAGGED\"}";
    const char *unflagged = "{\"display_phone_number\":\"1555012\",\"event\":\"UNFLAGGED\"}";
    apply("phone_number_quality_update", flagged);
    assert_int_equal(COUNT("channel WHERE quality = 'RED'"), 1); /* the only one it can be */
    assert_int_equal(COUNT("event WHERE type = 'channel.updated'"), 1);
    apply("phone_number_quality_update", "{\"event\":\"SOMETHING_NEW\"}");
    assert_int_equal(COUNT("channel WHERE quality = 'RED'"), 1);
    apply("phone_number_quality_update", unflagged);
    assert_int_equal(COUNT("channel WHERE quality = 'UNKNOWN'"), 1);
    store_test_exec(&test.store,
                    "INSERT INTO channel (id, provider, name, sender_id, account_id, is_default, "
                    "created_at_ms, updated_at_ms) VALUES (2, 'cloud', 'Other', '502', '601', 0, "
                    "1, 1)");
    apply("phone_number_quality_update", flagged); /* of which one is not known */
    assert_int_equal(COUNT("channel WHERE quality = 'RED'"), 0);
    store_test_exec(&test.store, "UPDATE channel SET phone = '1555011' WHERE id = 2");
    store_test_exec(&test.store, "UPDATE channel SET phone = '1555012' WHERE id = 1");
    apply("phone_number_quality_update", flagged);
    assert_int_equal(COUNT("channel WHERE quality = 'RED' AND id = 1"), 1);
    assert_int_equal(COUNT("channel WHERE quality = 'RED'"), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_is_stored_once_and_opens_the_window),
        TEST(stop_by_word_and_by_button),
        TEST(start_lifts_a_stop_but_an_older_start_does_not),
        TEST(preferences_touch_marketing_only),
        TEST(a_new_number_keeps_the_stop),
        TEST(user_ids_are_learned_and_found_again),
        TEST(sequences_react_to_replies),
        TEST(foreign_numbers_and_unknown_people_change_nothing),
        TEST(templates_limits_and_restrictions),
        TEST(a_rating_is_of_the_number_that_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
