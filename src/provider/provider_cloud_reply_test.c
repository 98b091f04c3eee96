/* Answers of the send call, and the two management answers: each way an answer can look has one
 * meaning, and nothing that may have been accepted is ever called safe to send again. */
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
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct provider_outcome decode(struct provider_reply reply)
{
    struct provider_outcome outcome;
    provider_find(PROVIDER_CLOUD)->decode_reply(&reply, arena, &outcome);
    return outcome;
}

static struct provider_outcome answer(int status, const char *body)
{
    return decode((struct provider_reply){.transport = PROVIDER_ANSWERED,
                                          .status = status,
                                          .body_complete = true,
                                          .body = text_from(body)});
}

static void assert_result(struct provider_outcome outcome, enum provider_result result,
                          enum provider_class class)
{
    assert_string_equal(provider_result_to_text(outcome.result), provider_result_to_text(result));
    assert_string_equal(provider_class_to_text(outcome.class), provider_class_to_text(class));
}

static void accepted_with_id(void **state)
{
    (void)state;
    struct provider_outcome outcome =
        answer(200, "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+5581900\","
                    "\"wa_id\":\"558190\"}],\"messages\":[{\"id\":\"wamid.QQ==\","
                    "\"message_status\":\"held_for_quality_assessment\"}]}");
    assert_result(outcome, PROVIDER_ACCEPTED, PROVIDER_CLASS_NONE);
    assert_true(text_equal(outcome.provider_id, TEXT("wamid.QQ==")));
    assert_true(text_equal(outcome.wa_id, TEXT("558190")));
    assert_int_equal(outcome.hold, PROVIDER_HOLD_QUALITY);
    outcome = answer(200, "{\"contacts\":[{\"input\":\"US.1\",\"user_id\":\"US.1\"}],"
                          "\"messages\":[{\"id\":\"wamid.1\"}]}");
    assert_true(text_equal(outcome.user_id, TEXT("US.1")));
    assert_int_equal(outcome.wa_id.size, 0);
    assert_int_equal(outcome.hold, PROVIDER_HOLD_NONE);
}

/* The commonest answer has a short way of its own; a space in front takes the long one. */
static void the_short_way_means_what_the_long_one_does(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"wamid.A+/9=\"}]}",
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"wamid.B\",\"message_status\":\"accepted\"}]}",
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"wamid.\\u0043\",\"message_status\":\"paused\"}]}",
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"\"}]}",
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"wamid.D\"}]}}",
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+4915\",\"wa_id\":\"4915\"}"
        "],"
        "\"messages\":[{\"id\":\"wamid.E",
    };
    for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++) {
        struct provider_outcome plain = answer(200, BODIES[i]);
        struct provider_outcome spaced = answer(200, arena_format(arena, " %s", BODIES[i]).data);
        assert_int_equal(plain.result, spaced.result);
        assert_int_equal(plain.hold, spaced.hold);
        assert_int_equal(plain.suspicious, spaced.suspicious);
        assert_true(text_equal(plain.provider_id, spaced.provider_id));
        assert_true(text_equal(plain.wa_id, spaced.wa_id));
    }
}

static void a_200_without_id_is_accepted_and_never_repeated(void **state)
{
    (void)state;
    static const char *const BODIES[] = {"", "{\"messages\":[{\"id\":\"wam", "[]", "{}", "<html>"};
    for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++) {
        struct provider_outcome outcome = answer(200, BODIES[i]);
        assert_result(outcome, PROVIDER_ACCEPTED, PROVIDER_CLASS_NONE);
        assert_int_equal(outcome.provider_id.size, 0);
        assert_true(outcome.suspicious);
    }
    struct provider_outcome cut = decode((struct provider_reply){
        .transport = PROVIDER_ANSWERED, .status = 200, .body = TEXT("{\"messages\"")});
    assert_result(cut, PROVIDER_ACCEPTED, PROVIDER_CLASS_NONE);
    assert_result(answer(200, "{\"error\":{\"code\":131000}}"), PROVIDER_UNKNOWN,
                  PROVIDER_CLASS_DOUBT_UNREADABLE);
    assert_result(answer(202, "{}"), PROVIDER_UNKNOWN, PROVIDER_CLASS_DOUBT_UNREADABLE);
}

static void silence_and_breaks(void **state)
{
    (void)state;
    assert_result(decode((struct provider_reply){.transport = PROVIDER_NOTHING_SENT,
                                                 .failure = TEXT("could not resolve")}),
                  PROVIDER_NOT_SENT, PROVIDER_CLASS_NETWORK);
    assert_result(decode((struct provider_reply){.transport = PROVIDER_TIMED_OUT}),
                  PROVIDER_UNKNOWN, PROVIDER_CLASS_DOUBT_TIMEOUT);
    assert_result(decode((struct provider_reply){.transport = PROVIDER_BROKEN}), PROVIDER_UNKNOWN,
                  PROVIDER_CLASS_DOUBT_RESET);
    assert_result(decode((struct provider_reply){.transport = PROVIDER_ANSWERED}), PROVIDER_UNKNOWN,
                  PROVIDER_CLASS_DOUBT_RESET);
}

static void statuses_without_an_envelope(void **state)
{
    (void)state;
    static const int DOUBTS[] = {500, 502, 503, 504, 408, 301, 302, 307};
    for (size_t i = 0; i < ARRAY_SIZE(DOUBTS); i++) {
        assert_result(answer(DOUBTS[i], "<html>oops</html>"), PROVIDER_UNKNOWN,
                      PROVIDER_CLASS_DOUBT_5XX_PLAIN);
    }
    static const int REFUSALS[] = {400, 401, 403, 404, 413, 429};
    for (size_t i = 0; i < ARRAY_SIZE(REFUSALS); i++) {
        struct provider_outcome outcome = answer(REFUSALS[i], "nope");
        assert_result(outcome, PROVIDER_RETRY_LATER, PROVIDER_CLASS_HTTP);
        assert_true(outcome.suspicious);
    }
}

static void the_code_decides_before_the_status(void **state)
{
    (void)state;
    assert_result(answer(500, "{\"error\":{\"code\":3}}"), PROVIDER_CHANNEL_TROUBLE,
                  PROVIDER_CLASS_AUTH);
    assert_result(answer(403, "{\"error\":{\"code\":131056}}"), PROVIDER_RETRY_LATER,
                  PROVIDER_CLASS_PAIR_LIMIT);
    assert_result(answer(500, "{\"error\":{\"code\":132000}}"), PROVIDER_REJECTED,
                  PROVIDER_CLASS_TEMPLATE_INVALID);
    assert_result(answer(500, "{\"error\":{\"code\":131000}}"), PROVIDER_UNKNOWN,
                  PROVIDER_CLASS_DOUBT_5XX_GRAPH);
    assert_result(answer(400, "{\"error\":{\"code\":131000}}"), PROVIDER_RETRY_LATER,
                  PROVIDER_CLASS_SERVER);
    assert_result(answer(400, "{\"error\":{\"code\":\"190\"}}"), PROVIDER_CHANNEL_TROUBLE,
                  PROVIDER_CLASS_AUTH);
    struct provider_outcome zero = answer(401, "{\"error\":{\"code\":0,\"message\":\"m\"}}");
    assert_result(zero, PROVIDER_CHANNEL_TROUBLE, PROVIDER_CLASS_AUTH);
    assert_true(zero.has_code);
}

static void unknown_codes_follow_the_status(void **state)
{
    (void)state;
    assert_result(answer(400, "{\"error\":{\"code\":999999}}"), PROVIDER_REJECTED,
                  PROVIDER_CLASS_UNKNOWN_CODE);
    assert_result(answer(503, "{\"error\":{\"code\":999999}}"), PROVIDER_UNKNOWN,
                  PROVIDER_CLASS_DOUBT_5XX_GRAPH);
    assert_result(answer(400, "{\"error\":{\"code\":999999,\"is_transient\":true}}"),
                  PROVIDER_RETRY_LATER, PROVIDER_CLASS_ACCOUNT_LIMIT);
    assert_result(answer(500, "{\"error\":{\"code\":999999,\"is_transient\":true}}"),
                  PROVIDER_UNKNOWN, PROVIDER_CLASS_DOUBT_5XX_GRAPH);
    assert_result(answer(400, "{\"error\":{}}"), PROVIDER_REJECTED, PROVIDER_CLASS_UNKNOWN_CODE);
}

static void words_for_people(void **state)
{
    (void)state;
    struct provider_outcome outcome =
        answer(404, "{\"error\":{\"message\":\"(#132001) Template name does not exist\","
                    "\"type\":\"OAuthException\",\"code\":132001,\"error_data\":{"
                    "\"messaging_product\":\"whatsapp\",\"details\":\"day_3 (pt) is missing\"},"
                    "\"fbtrace_id\":\"Abc\"}}");
    assert_true(text_equal(outcome.detail, TEXT("day_3 (pt) is missing")));
    assert_true(text_equal(outcome.title, TEXT("Template or language does not exist")));
    assert_true(outcome.advice.size > 10);
    assert_true(text_equal(outcome.trace_id, TEXT("Abc")));
    outcome = answer(400, "{\"error\":{\"message\":\"(#100) The parameter to is required.\","
                          "\"code\":100,\"error_data\":\"plain words\"}}");
    assert_true(text_equal(outcome.detail, TEXT("plain words")));
    outcome = answer(400, "{\"error\":{\"message\":\"(#777) Something new\",\"code\":777}}");
    assert_true(text_equal(outcome.title, TEXT("Something new")));
}

static void pauses_that_were_asked_for(void **state)
{
    (void)state;
    struct provider_reply reply = {
        .transport = PROVIDER_ANSWERED,
        .status = 429,
        .body_complete = true,
        .body = TEXT("{\"error\":{\"code\":80007}}"),
    };
    assert_int_equal(decode(reply).retry_after_ms, 60000);
    reply.asked_pause_ms = 90000;
    assert_int_equal(decode(reply).retry_after_ms, 90000);
    reply.usage = TEXT("{\"601\":[{\"type\":\"whatsapp\",\"call_count\":100,"
                       "\"estimated_time_to_regain_access\":5}]}");
    assert_int_equal(decode(reply).retry_after_ms, 300000);
    reply.usage = TEXT("not json");
    assert_int_equal(decode(reply).retry_after_ms, 90000);
    struct http_result result = {
        .stage = HTTP_STAGE_DONE,
        .status = 429,
        .body = reply.body,
        .headers = {{TEXT("date"), TEXT("Wed, 21 Oct 2026 07:28:00 GMT")},
                    {TEXT("retry-after"), TEXT("Wed, 21 Oct 2026 07:48:00 GMT")}},
        .header_count = 2,
    };
    provider_reply_from_result(&result, &reply);
    assert_int_equal(decode(reply).retry_after_ms, 20 * 60 * 1000);
    result.headers[1].value = TEXT("9999999999");
    provider_reply_from_result(&result, &reply);
    assert_int_equal(decode(reply).retry_after_ms, 24 * 3600 * 1000);
}

static struct provider_reply good(const char *body)
{
    return (struct provider_reply){.transport = PROVIDER_ANSWERED,
                                   .status = 200,
                                   .body_complete = true,
                                   .body = text_from(body)};
}

static void template_pages(void **state)
{
    (void)state;
    struct error error = {0};
    struct provider_template_page page;
    struct provider_reply reply = good(
        "{\"data\":[{\"name\":\"welcome\",\"language\":\"en-US\",\"status\":\"APPROVED\","
        "\"category\":\"MARKETING\",\"id\":\"77\",\"quality_score\":{\"score\":\"GREEN\"},"
        "\"components\":[{\"type\":\"HEADER\",\"format\":\"TEXT\",\"text\":\"Hi {{1}}\"},"
        "{\"type\":\"BODY\",\"text\":\"{{2}} and {{1}} and {{ 2 }} of {{10}}\"},"
        "{\"type\":\"BUTTONS\",\"buttons\":[{\"type\":\"URL\",\"url\":\"https://a.test/{{1}}\"},"
        "{\"type\":\"QUICK_REPLY\",\"text\":\"Stop\"}]}]},"
        "{\"name\":\"seats\",\"language\":\"en\",\"status\":\"PAUSED\",\"id\":78,"
        "\"parameter_format\":\"NAMED\",\"components\":[{\"type\":\"BODY\",\"text\":"
        "\"{{day}} at {{time}}, {{day}}\"}]},{\"language\":\"en\"}],"
        "\"paging\":{\"cursors\":{\"before\":\"b\",\"after\":\"zz\"},\"next\":\"https://x\"}}");
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    assert_int_equal(provider->decode_templates(&reply, arena, &page, &error), OK);
    assert_int_equal(page.count, 2);
    assert_true(text_equal(page.after, TEXT("zz")));
    const struct provider_template_info *first = &page.templates[0];
    assert_true(text_equal(first->language, TEXT("en_US")));
    assert_true(text_equal(first->quality, TEXT("GREEN")));
    assert_int_equal(first->body_parameter_count, 3);
    assert_true(text_equal(first->body_parameters[0], TEXT("1")));
    assert_true(text_equal(first->body_parameters[1], TEXT("2")));
    assert_true(text_equal(first->body_parameters[2], TEXT("10")));
    assert_int_equal(first->header_parameter_count, 1);
    assert_int_equal(first->button_parameter_count, 1);
    assert_int_equal(first->button_count, 2);
    assert_false(first->named);
    const struct provider_template_info *second = &page.templates[1];
    assert_true(second->named);
    assert_true(text_equal(second->id, TEXT("78")));
    assert_int_equal(second->body_parameter_count, 2);
    assert_true(text_equal(second->body_parameters[0], TEXT("day")));
    reply = good("{\"data\":[],\"paging\":{\"cursors\":{\"after\":\"zz\"}}}");
    assert_int_equal(provider->decode_templates(&reply, arena, &page, &error), OK);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.after.size, 0);
}

static void number_answers(void **state)
{
    (void)state;
    struct error error = {0};
    struct provider_number number;
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    struct provider_reply reply =
        good("{\"verified_name\":\"Test Shop\",\"display_phone_number\":\"+1 555 010\","
             "\"quality_rating\":\"GREEN\",\"throughput\":{\"level\":\"STANDARD\"},"
             "\"whatsapp_business_manager_messaging_limit\":\"TIER_2K\",\"id\":\"501\"}");
    assert_int_equal(provider->decode_number(&reply, arena, &number, &error), OK);
    assert_true(text_equal(number.verified_name, TEXT("Test Shop")));
    assert_true(text_equal(number.throughput, TEXT("STANDARD")));
    assert_true(text_equal(number.messaging_limit, TEXT("TIER_2K")));
    assert_int_equal(number.daily_limit, 2000);
    reply = good("{\"error\":{\"code\":190,\"message\":\"expired\"}}");
    reply.status = 401;
    assert_int_equal(provider->decode_number(&reply, arena, &number, &error), ERROR_CONFLICT);
    assert_non_null(strstr(error.message, "Access token expired"));
    reply = (struct provider_reply){.transport = PROVIDER_NOTHING_SENT, .failure = TEXT("dns")};
    assert_int_equal(provider->decode_number(&reply, arena, &number, &error), ERROR_UNAVAILABLE);
    reply = good("<html>");
    assert_int_equal(provider->decode_number(&reply, arena, &number, &error), ERROR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_with_id),
        cmocka_unit_test(the_short_way_means_what_the_long_one_does),
        cmocka_unit_test(a_200_without_id_is_accepted_and_never_repeated),
        cmocka_unit_test(silence_and_breaks),
        cmocka_unit_test(statuses_without_an_envelope),
        cmocka_unit_test(the_code_decides_before_the_status),
        cmocka_unit_test(unknown_codes_follow_the_status),
        cmocka_unit_test(words_for_people),
        cmocka_unit_test(pauses_that_were_asked_for),
        cmocka_unit_test(template_pages),
        cmocka_unit_test(number_answers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
