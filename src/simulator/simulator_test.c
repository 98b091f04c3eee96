/* The simulator as its clients see it: over HTTP, with a webhook receiver of our own and the ledger
 * on disk. */
#include "simulator/simulator.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/http_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { WEBHOOKS_MAX = 256, ROUNDS_MAX = 500, BODY_MAX = 1 << 16 };

static struct http_client *client;
static struct http_server *receiver;
static struct simulator *simulator;
static char ledger_path[64];
static char webhook_url[64];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *webhooks[WEBHOOKS_MAX];
static size_t webhook_count;
static int refuse_next; /* answers 503 to that many webhooks */
static bool bad_signature;

static void receive(void *context, struct http_request *request)
{
    (void)context;
    uint8_t digest[CRYPTO_SHA256_SIZE];
    char wanted[80] = "sha256=";
    struct http_response response;
    http_response_init(&response, 1024);
    crypto_hmac_sha256(TEXT("secret"), request->body, digest);
    crypto_hex(digest, sizeof(digest), wanted + 7);
    pthread_mutex_lock(&lock);
    bad_signature =
        bad_signature ||
        !text_equal(http_request_header(request, "X-Hub-Signature-256"), text_from(wanted));
    if (refuse_next > 0) {
        refuse_next--;
        response.status = 503;
    } else if (webhook_count < WEBHOOKS_MAX) {
        char *copy = mem_zalloc(request->body.size + 1);
        memcpy(copy, request->body.data, request->body.size);
        webhooks[webhook_count++] = copy;
    }
    pthread_mutex_unlock(&lock);
    http_request_respond(request, &response);
}

static void start(const char *faults)
{
    struct error error = {0};
    struct simulator_settings settings = {
        .listen = "127.0.0.1:0",
        .webhook_url = webhook_url,
        .app_secret = "secret",
        .ledger_path = ledger_path,
        .faults = faults,
        .seed = 3,
    };
    assert_int_equal(simulator_start(&settings, &simulator, &error), OK);
}

static int set_up(void **state)
{
    (void)state;
    struct error error = {0};
    crypto_setup();
    (void)snprintf(ledger_path, sizeof(ledger_path), "/tmp/simulator_test_XXXXXX");
    int descriptor = mkstemp(ledger_path);
    assert_true(descriptor >= 0);
    (void)close(descriptor);
    assert_int_equal(http_client_new(&(struct http_client_settings){0}, &client, &error), OK);
    struct http_server_settings settings = {.listen = "127.0.0.1:0",
                                            .callbacks = {.on_request = receive}};
    assert_int_equal(http_server_start(&settings, &receiver, &error), OK);
    (void)snprintf(webhook_url, sizeof(webhook_url), "http://127.0.0.1:%d/hook",
                   http_server_port(receiver));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    simulator_stop(simulator);
    simulator = NULL;
    http_server_free(receiver);
    http_client_free(client);
    for (size_t i = 0; i < webhook_count; i++) {
        mem_free(webhooks[i]);
    }
    webhook_count = 0;
    refuse_next = 0;
    assert_false(bad_signature);
    (void)unlink(ledger_path);
    return 0;
}

struct answer {
    bool done;
    int status;
    enum http_stage stage;
    enum http_bytes bytes;
    char body[BODY_MAX];
};

static void finished(void *context, const struct http_result *result)
{
    struct answer *answer = context;
    answer->done = true;
    answer->status = result->status;
    answer->stage = result->stage;
    answer->bytes = result->bytes;
    (void)snprintf(answer->body, sizeof(answer->body), "%.*s", TEXT_ARGS(result->body));
}

static struct answer answer;

static void call(const char *method, const char *path, const char *body, const char *token)
{
    char url[256];
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "%s%s", simulator_base_url(simulator), path);
    struct http_header headers[] = {{TEXT("Authorization"), text_from(token)}};
    struct http_call http_call = {
        .method = method,
        .url = url,
        .body = text_from(body),
        .headers = headers,
        .header_count = token == NULL ? 0 : 1,
        .allow_plain = true,
        .total_timeout_ms = 2000,
    };
    answer = (struct answer){0};
    assert_int_equal(http_client_start(client, &http_call, finished, &answer, &error), OK);
    for (int i = 0; i < ROUNDS_MAX && !answer.done; i++) {
        http_client_poll(client, 20);
    }
    assert_true(answer.done);
}

static void send_text(const char *phone, const char *text)
{
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "{\"messaging_product\":\"whatsapp\",\"to\":\"+%s\",\"type\":\"text\",\"text\":{"
                   "\"body\":\"%s\"},\"biz_opaque_callback_data\":\"tok-%s\"}",
                   phone, text, phone);
    call("POST", "/v25.0/1000000001/messages", body, "Bearer t");
}

/* The sending thread must see the webhook within ten seconds. */
static bool webhook_with(const char *words)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        bool found = false;
        pthread_mutex_lock(&lock);
        for (size_t n = 0; n < webhook_count; n++) {
            found = found || strstr(webhooks[n], words) != NULL;
        }
        pthread_mutex_unlock(&lock);
        if (found) {
            return true;
        }
        http_client_poll(client, 20);
    }
    return false;
}

static int count_webhooks_with(const char *words)
{
    int count = 0;
    pthread_mutex_lock(&lock);
    for (size_t n = 0; n < webhook_count; n++) {
        for (const char *at = webhooks[n]; (at = strstr(at, words)) != NULL; at++) {
            count++;
        }
    }
    pthread_mutex_unlock(&lock);
    return count;
}

static int ledger_lines_with(const char *words)
{
    char *data = NULL;
    size_t size = 0;
    int count = 0;
    struct error error = {0};
    assert_int_equal(file_read(ledger_path, 1 << 24, &data, &size, &error), OK);
    struct text rest = text_make(data, size);
    struct text line;
    size_t at;
    while (text_next(&rest, '\n', &line)) {
        count += line.size > 0 && text_find_text(line, text_from(words), &at);
    }
    mem_free(data);
    return count;
}

static void a_text_is_accepted_recorded_and_reported(void **state)
{
    (void)state;
    start("{\"webhook_delay_ms\":[1,5]}");
    send_text("4915112345678", "hi");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"wa_id\":\"4915112345678\""));
    assert_non_null(strstr(answer.body, "\"id\":\"wamid."));
    assert_int_equal(ledger_lines_with("\"accepted\":true"), 1);
    assert_int_equal(ledger_lines_with("\"token\":\"tok-4915112345678\""), 1);
    assert_true(webhook_with("\"status\":\"sent\""));
    assert_true(webhook_with("\"status\":\"read\""));
    assert_true(webhook_with("\"biz_opaque_callback_data\":\"tok-4915112345678\""));
}

static void what_meta_refuses_is_refused(void **state)
{
    (void)state;
    start("{\"templates\":\"strict\",\"webhooks\":\"none\"}");
    static const struct {
        const char *path, *body, *token, *wanted;
    } ROWS[] = {
        {"/v25.0/1000000001/messages", "{}", NULL, "\"code\":104"},
        {"/v25.0/1000000001/messages?appsecret_proof=00", "{}", "Bearer t",
         "Invalid appsecret_proof"},
        {"/v25.0/1000000001/messages?appsecret_proof="
         "55a1708ccb9b43137fd11076cc94c5d2a937767f407eb3d05f7a6135a31f1a15",
         "{\"messaging_product\":\"whatsapp\"}", "Bearer t", "The parameter to is required."},
        {"/v25.0/no-number/messages", "{}", "Bearer t", "\"error_subcode\":33"},
        {"/v25.0/1000000001/messages", "{", "Bearer t", "\"code\":100"},
        {"/v25.0/1000000001/messages", "{\"messaging_product\":\"whatsapp\"}", "Bearer t",
         "The parameter to is required."},
        {"/v25.0/1000000001/messages",
         "{\"messaging_product\":\"whatsapp\",\"to\":\"+49abc\",\"text\":{\"body\":\"x\"}}",
         "Bearer t", "\"code\":131009"},
        {"/v25.0/1000000001/messages",
         "{\"messaging_product\":\"whatsapp\",\"to\":\"+4915112\",\"type\":\"hologram\"}",
         "Bearer t", "\"code\":131051"},
        {"/v25.0/1000000001/messages",
         "{\"messaging_product\":\"whatsapp\",\"to\":\"+4915112\",\"type\":\"template\","
         "\"template\":{\"name\":\"nope\",\"language\":{\"code\":\"en\"}}}",
         "Bearer t", "\"code\":132001"},
        {"/1000000001/messages",
         "{\"messaging_product\":\"whatsapp\",\"to\":\"+4915112\",\"type\":\"template\","
         "\"template\":{\"name\":\"hello\",\"language\":{\"code\":\"en\"}}}",
         "Bearer t", "\"code\":132000"},
        {"/1000000001/messages",
         "{\"messaging_product\":\"whatsapp\",\"to\":\"+4915112\",\"type\":\"template\","
         "\"template\":{\"name\":\"hello\",\"language\":{\"code\":\"en\"},\"components\":[{"
         "\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"a\\nb\"}]}]}}",
         "Bearer t", "\"code\":132018"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        call("POST", ROWS[i].path, ROWS[i].body, ROWS[i].token);
        assert_true(answer.status >= 400);
        assert_non_null(strstr(answer.body, ROWS[i].wanted));
    }
    assert_int_equal(ledger_lines_with("\"accepted\":true"), 0);
}

static void one_person_cannot_be_flooded(void **state)
{
    (void)state;
    start("{\"webhooks\":\"none\"}");
    for (int i = 0; i < 45; i++) {
        send_text("4915112345678", "again");
        assert_int_equal(answer.status, 200);
    }
    send_text("4915112345678", "again");
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "\"code\":131056"));
    send_text("4915112345679", "other");
    assert_int_equal(answer.status, 200);
}

static void faults_break_the_connection_before_or_after_acceptance(void **state)
{
    (void)state;
    start("{\"webhooks\":\"none\",\"rules\":[{\"fault\":\"reset_before\",\"phone_suffix\":\"01\"},"
          "{\"fault\":\"reset_after\",\"phone_suffix\":\"02\"},{\"fault\":\"cut\","
          "\"phone_suffix\":\"03\"},{\"fault\":\"status_after\",\"phone_suffix\":\"04\","
          "\"status\":502},{\"fault\":\"empty_body\",\"phone_suffix\":\"05\"},{\"fault\":"
          "\"error\",\"phone_suffix\":\"06\",\"code\":190},{\"fault\":\"hang\","
          "\"phone_suffix\":\"07\",\"ms\":50},{\"fault\":\"redirect\",\"phone_suffix\":\"08\"}]}");
    static const struct {
        const char *phone;
        int status;
        bool accepted;
    } ROWS[] = {
        {"491511234501", 0, false},  {"491511234502", 0, true},    {"491511234503", 200, true},
        {"491511234504", 502, true}, {"491511234505", 200, true},  {"491511234506", 401, false},
        {"491511234507", 0, true},   {"491511234508", 302, false}, {"491511234509", 200, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        char words[64];
        send_text(ROWS[i].phone, "x");
        assert_int_equal(answer.status, ROWS[i].status);
        assert_int_equal(answer.bytes, HTTP_BYTES_ALL);
        (void)snprintf(words, sizeof(words), "\"phone\":\"%s\"", ROWS[i].phone);
        assert_int_equal(ledger_lines_with(words), 1);
        assert_int_equal(answer.stage == HTTP_STAGE_DONE, ROWS[i].status != 0 && i != 2);
    }
    assert_int_equal(ledger_lines_with("\"accepted\":true"), 6);
}

static void a_webhook_is_repeated_until_it_is_taken(void **state)
{
    (void)state;
    refuse_next = 1;
    start("{\"webhook_delay_ms\":0,\"read_per_mille\":0,\"delivered_per_mille\":0}");
    send_text("4915112345678", "hi");
    assert_true(webhook_with("\"status\":\"sent\""));
    assert_int_equal(count_webhooks_with("\"status\":\"sent\""), 1);
}

static void people_write_and_change_their_number(void **state)
{
    (void)state;
    start("{\"webhook_delay_ms\":0}");
    send_text("4915112345678", "hi");
    call("POST", "/control/reply", "{\"phone\":\"4915112345678\",\"text\":\"STOP \\u00e9\"}", NULL);
    assert_int_equal(answer.status, 200);
    assert_true(webhook_with("\"body\":\"STOP \\u00e9\""));
    assert_true(webhook_with("\"context\":{\"from\":"));
    call("POST", "/control/change-number",
         "{\"phone\":\"4915112345678\",\"new_phone\":\"4915187654321\"}", NULL);
    assert_true(webhook_with("\"wa_id\":\"4915187654321\""));
    call("POST", "/control/preference", "{\"phone\":4915187654321,\"value\":\"stop\"}", NULL);
    assert_true(webhook_with("\"value\":\"stop\""));
    send_text("4915112345678", "old number");
    assert_true(webhook_with("\"code\":131026"));
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    assert_int_equal(simulator_control(simulator, "GET", TEXT("/control/state"), (struct text){0},
                                       (struct text){0}, &buffer),
                     200);
    assert_non_null(strstr(buffer_chars(&buffer), "\"accepted\":2"));
    buffer_done(&buffer);
}

static void a_closed_window_fails_later(void **state)
{
    (void)state;
    start("{\"webhook_delay_ms\":0,\"window\":\"strict\"}");
    send_text("4915112345678", "hi");
    assert_int_equal(answer.status, 200);
    assert_true(webhook_with("\"code\":131047"));
    call("POST", "/control/reply", "{\"phone\":\"4915112345678\",\"text\":\"hello\"}", NULL);
    assert_true(webhook_with("\"body\":\"hello\""));
    send_text("4915112345678", "now it goes");
    assert_true(webhook_with("\"status\":\"sent\""));
}

static void the_same_seed_gives_the_same_fates(void **state)
{
    (void)state;
    int fates[2][60];
    for (int run = 0; run < 2; run++) {
        start("{\"webhooks\":\"none\",\"refuse_per_mille\":300,\"broken_body_per_mille\":200}");
        for (int i = 0; i < 60; i++) {
            char phone[24];
            int number = run == 0 ? i : 59 - i; /* order must not matter */
            (void)snprintf(phone, sizeof(phone), "4915112345%03d", number);
            send_text(phone, "x");
            fates[run][number] = answer.status * 1000 + (int)(strlen(answer.body) > 60);
        }
        simulator_stop(simulator);
        simulator = NULL;
    }
    assert_memory_equal(fates[0], fates[1], sizeof(fates[0]));
    assert_true(ledger_lines_with("\"fault\":\"error\"") > 0);
}

static void numbers_and_templates_can_be_read(void **state)
{
    (void)state;
    start(NULL);
    call("GET", "/v25.0/1000000001?fields=verified_name", NULL, "Bearer t");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"verified_name\""));
    call("GET", "/v25.0/2000000001/message_templates?limit=2", NULL, "Bearer t");
    assert_non_null(strstr(answer.body, "\"next\""));
    call("GET", "/v25.0/2000000001/message_templates?limit=100&after=2", NULL, "Bearer t");
    assert_null(strstr(answer.body, "\"next\""));
    assert_non_null(strstr(answer.body, "\"parameter_format\":\"NAMED\""));
    call("GET", "/", NULL, NULL);
    assert_int_equal(answer.status, 200);
    call("POST", "/control/template-status",
         "{\"name\":\"hello\",\"language\":\"en\",\"status\":\"PAUSED\"}", NULL);
    assert_true(webhook_with("message_template_status_update"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_accepted_recorded_and_reported),
        TEST(what_meta_refuses_is_refused),
        TEST(one_person_cannot_be_flooded),
        TEST(faults_break_the_connection_before_or_after_acceptance),
        TEST(a_webhook_is_repeated_until_it_is_taken),
        TEST(people_write_and_change_their_number),
        TEST(a_closed_window_fails_later),
        TEST(the_same_seed_gives_the_same_fates),
        TEST(numbers_and_templates_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
