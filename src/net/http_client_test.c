/* The client against servers that misbehave on purpose, each a script on a thread of its own that
 * writes down what reached it. */
#include "net/http_client.h"
#include "net/net_test_socket.h"

#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

/* What the server does with the n-th request it has read completely. */
enum act { ANSWER, CLOSE_SILENTLY, ANSWER_PART, ANSWER_HUGE, REDIRECT, STAY_SILENT, END };

struct script {
    int listener;
    int port;
    const enum act *acts;
    const char *greeting; /* not NULL: sent at once instead, then the end */
    atomic_int seen;      /* complete requests */
    atomic_int connections;
    char bodies[8][16];
    struct thread *thread;
};

static void send_text(int descriptor, const char *text)
{
    test_send(descriptor, text, strlen(text));
}

static void send_huge(int descriptor)
{
    static char block[8192];
    memset(block, 'h', sizeof(block));
    send_text(descriptor, "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n");
    for (int i = 0; i < 40; i++) {
        test_send(descriptor, block, sizeof(block));
    }
}

/* Reads one request whose body has exactly 5 bytes; false at the peer's end. */
static bool read_request(int descriptor, struct script *script)
{
    char request[4096];
    bool closed = false;
    (void)test_receive(descriptor, "\r\n\r\n", request, sizeof(request), &closed);
    char *body = strstr(request, "\r\n\r\n");
    if (closed || body == NULL) {
        return false;
    }
    char late[16] = "";
    if (strlen(body + 4) < 5) {
        (void)test_receive(descriptor, "!", late, sizeof(late), &closed);
    }
    int seen = atomic_load(&script->seen);
    (void)snprintf(script->bodies[seen], sizeof(script->bodies[0]), "%.5s%s", body + 4, late);
    atomic_fetch_add(&script->seen, 1);
    return true;
}

static bool play(int descriptor, enum act act)
{
    switch (act) {
    case ANSWER:
        send_text(descriptor, "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nok");
        return true;
    case ANSWER_PART:
        send_text(descriptor, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok");
        return false;
    case ANSWER_HUGE:
        send_huge(descriptor);
        return false;
    case REDIRECT:
        send_text(descriptor, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                              "Content-Length: 0\r\n\r\n");
        return true;
    case STAY_SILENT:
        return true;
    case CLOSE_SILENTLY:
    case END:
        return false;
    }
    return false;
}

static void run_script(void *context)
{
    struct script *script = context;
    for (;;) {
        int descriptor = accept(script->listener, NULL, NULL);
        if (descriptor < 0) {
            return;
        }
        atomic_fetch_add(&script->connections, 1);
        bool open = script->greeting == NULL;
        if (!open) {
            char hello[4096];
            bool closed = false;
            (void)test_receive(descriptor, "", hello, sizeof(hello), &closed);
            send_text(descriptor, script->greeting);
        }
        while (open && read_request(descriptor, script)) {
            open = play(descriptor, script->acts[atomic_load(&script->seen) - 1]);
        }
        (void)close(descriptor);
    }
}

static void script_start(struct script *script, const enum act *acts)
{
    struct error error = {0};
    *script = (struct script){.acts = acts};
    script->listener = test_listen(&script->port);
    CHECK(thread_start("script", run_script, script, &script->thread, &error) == OK);
}

static void script_stop(struct script *script)
{
    (void)shutdown(script->listener, SHUT_RDWR);
    thread_join(script->thread);
    (void)close(script->listener);
}

struct seen {
    bool done;
    struct http_result result;
    char body[64];
    char message[200];
    int64_t retry_after;
};

static void keep(void *context, const struct http_result *result)
{
    struct seen *seen = context;
    seen->result = *result;
    seen->done = true;
    (void)snprintf(seen->body, sizeof(seen->body), "%.*s",
                   (int)(result->body.size < 60 ? result->body.size : 60),
                   result->body.size == 0 ? "" : result->body.data);
    (void)snprintf(seen->message, sizeof(seen->message), "%s", result->message);
    seen->retry_after = -1;
    (void)text_to_int64(http_result_header(result, "retry-after"), &seen->retry_after);
}

static void finish(struct http_client *client, struct seen *seen)
{
    int64_t end_us = clock_measure_us() + 20000000;
    while (!seen->done && clock_measure_us() < end_us) {
        http_client_poll(client, 50);
    }
    assert_true(seen->done);
}

static struct seen post(struct http_client *client, int port, const char *body)
{
    char url[64];
    struct seen seen = {0};
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/messages", port);
    struct http_call call = {.url = url,
                             .body = text_from(body),
                             .allow_plain = true,
                             .connect_timeout_ms = 2000,
                             .total_timeout_ms = 1500};
    assert_int_equal(http_client_start(client, &call, keep, &seen, &error), OK);
    finish(client, &seen);
    return seen;
}

static struct http_client *new_client(void)
{
    struct http_client *client = NULL;
    struct error error = {0};
    CHECK(http_client_new(NULL, &client, &error) == OK);
    return client;
}

static void an_answer_is_complete(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER, ANSWER, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    struct seen seen = post(client, script.port, "one-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_DONE);
    assert_int_equal(seen.result.status, 200);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_ALL);
    assert_string_equal(seen.body, "ok");
    assert_int_equal(seen.retry_after, 7);
    seen = post(client, script.port, "two-!");
    assert_true(seen.result.reused_connection);
    assert_int_equal(atomic_load(&script.connections), 1);
    http_client_free(client);
    script_stop(&script);
    assert_string_equal(script.bodies[1], "two-!");
}

/* libcurl alone would send the second request twice. */
/* A server cuts connections that it has no room for, and a request on one of those may or may not
 * have been seen. So the client never opens more than it was told. */
static void calls_beyond_the_limit_wait_for_a_connection(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER, ANSWER, ANSWER, ANSWER, END};
    static const char *const bodies[] = {"one-!", "two-!", "tri-!", "for-!"};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = NULL;
    struct error error = {0};
    const struct http_client_settings settings = {.connection_limit = 1};
    CHECK(http_client_new(&settings, &client, &error) == OK);
    struct seen seen[4] = {0};
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/messages", script.port);
    for (int i = 0; i < 4; i++) {
        const struct http_call call = {.url = url,
                                       .body = text_from(bodies[i]),
                                       .allow_plain = true,
                                       .total_timeout_ms = 10000};
        assert_int_equal(http_client_start(client, &call, keep, &seen[i], &error), OK);
    }
    for (int i = 0; i < 4; i++) {
        finish(client, &seen[i]);
        assert_int_equal(seen[i].result.stage, HTTP_STAGE_DONE);
    }
    assert_int_equal(atomic_load(&script.connections), 1);
    assert_int_equal(atomic_load(&script.seen), 4);
    http_client_free(client);
    script_stop(&script);
}

static void a_request_on_a_broken_connection_is_sent_once(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER, CLOSE_SILENTLY, ANSWER, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    assert_int_equal(post(client, script.port, "one-!").result.stage, HTTP_STAGE_DONE);
    struct seen seen = post(client, script.port, "two-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_READ);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_ALL);
    assert_int_equal(seen.result.status, 0);
    assert_int_equal(atomic_load(&script.seen), 2);
    assert_int_equal(post(client, script.port, "new-!").result.stage, HTTP_STAGE_DONE);
    http_client_free(client);
    script_stop(&script);
    assert_int_equal(atomic_load(&script.seen), 3);
    assert_string_equal(script.bodies[1], "two-!");
    assert_string_equal(script.bodies[2], "new-!");
}

static void a_post_without_body_is_sent_once_too(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER, CLOSE_SILENTLY, ANSWER, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    assert_int_equal(post(client, script.port, "one-!").result.stage, HTTP_STAGE_DONE);
    char url[64];
    struct seen seen = {0};
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/register?12345", script.port);
    struct http_header end = {TEXT_INIT("X-End"), TEXT_INIT("!")};
    struct http_call call = {.method = "POST",
                             .url = url,
                             .headers = &end,
                             .header_count = 1,
                             .allow_plain = true,
                             .total_timeout_ms = 1500};
    assert_int_equal(http_client_start(client, &call, keep, &seen, &error), OK);
    finish(client, &seen);
    assert_int_not_equal(seen.result.stage, HTTP_STAGE_DONE);
    assert_int_not_equal(seen.result.bytes, HTTP_BYTES_NONE);
    http_client_free(client);
    script_stop(&script);
    assert_int_equal(atomic_load(&script.connections), 1);
}

static void a_cut_or_silent_answer_says_that_all_was_sent(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER_PART, STAY_SILENT, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    struct seen seen = post(client, script.port, "one-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_READ);
    assert_int_equal(seen.result.status, 200);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_ALL);
    seen = post(client, script.port, "two-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_READ);
    assert_true(seen.result.timed_out);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_ALL);
    http_client_free(client);
    script_stop(&script);
}

static void an_answer_over_the_limit_is_cut(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER_HUGE, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    struct seen seen = post(client, script.port, "one-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_READ);
    assert_true(seen.result.too_big);
    assert_int_equal(seen.result.status, 200);
    assert_int_equal(seen.result.body.size, 65536);
    http_client_free(client);
    script_stop(&script);
}

static void a_redirect_is_an_answer(void **state)
{
    (void)state;
    static const enum act acts[] = {REDIRECT, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    struct seen seen = post(client, script.port, "one-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_DONE);
    assert_int_equal(seen.result.status, 302);
    http_client_free(client);
    script_stop(&script);
}

static void a_closed_port_gets_nothing(void **state)
{
    (void)state;
    int port = 0;
    int listener = test_listen(&port);
    (void)close(listener);
    struct http_client *client = new_client();
    struct seen seen = post(client, port, "one-!");
    assert_int_equal(seen.result.stage, HTTP_STAGE_CONNECT);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_NONE);
    assert_string_not_equal(seen.message, "");
    http_client_free(client);
}

static void an_unknown_name_gets_nothing(void **state)
{
    (void)state;
    struct http_client *client = new_client();
    struct seen seen = {0};
    struct error error = {0};
    struct http_call call = {
        .url = "https://no-such-host.invalid/x", .body = TEXT_INIT("{}"), .total_timeout_ms = 3000};
    assert_int_equal(http_client_start(client, &call, keep, &seen, &error), OK);
    finish(client, &seen);
    assert_int_equal(seen.result.stage, HTTP_STAGE_RESOLVE);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_NONE);
    http_client_free(client);
}

static void a_server_without_tls_fails_in_the_handshake(void **state)
{
    (void)state;
    static const enum act acts[] = {END};
    struct script script;
    script_start(&script, acts);
    script.greeting = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    struct http_client *client = new_client();
    char url[64];
    struct seen seen = {0};
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/x", script.port);
    struct http_call call = {.url = url, .body = TEXT_INIT("secret"), .total_timeout_ms = 5000};
    assert_int_equal(http_client_start(client, &call, keep, &seen, &error), OK);
    finish(client, &seen);
    assert_int_equal(seen.result.stage, HTTP_STAGE_TLS);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_NONE);
    http_client_free(client);
    script_stop(&script);
}

static bool refuse_loopback(void *context, const char *address)
{
    int *asked = context;
    (*asked)++;
    return strncmp(address, "127.", 4) != 0;
}

static void a_forbidden_address_sees_no_connection(void **state)
{
    (void)state;
    static const enum act acts[] = {ANSWER, END};
    struct script script;
    script_start(&script, acts);
    struct http_client *client = new_client();
    char url[64];
    int asked = 0;
    struct seen seen = {0};
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", script.port);
    struct http_call call = {.url = url,
                             .body = TEXT_INIT("{}"),
                             .allow_plain = true,
                             .address_allowed = refuse_loopback,
                             .address_context = &asked};
    assert_int_equal(http_client_start(client, &call, keep, &seen, &error), OK);
    finish(client, &seen);
    assert_true(asked > 0);
    assert_int_equal(seen.result.stage, HTTP_STAGE_CONNECT);
    assert_int_equal(seen.result.bytes, HTTP_BYTES_NONE);
    http_client_free(client);
    script_stop(&script);
    assert_int_equal(atomic_load(&script.connections), 0);
}

static void bad_addresses_are_refused_at_once(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://example.org/", "ftp://example.org/", "no url at all",
                                       "https://user:pass@example.org/", "file:///etc/passwd"};
    struct http_client *client = new_client();
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        struct error error = {0};
        struct http_call call = {.url = urls[i]};
        assert_int_equal(http_client_start(client, &call, keep, NULL, &error), ERROR_INVALID);
    }
    assert_int_equal(http_client_call_count(client), 0);
    http_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_complete),
        cmocka_unit_test(calls_beyond_the_limit_wait_for_a_connection),
        cmocka_unit_test(a_request_on_a_broken_connection_is_sent_once),
        cmocka_unit_test(a_post_without_body_is_sent_once_too),
        cmocka_unit_test(a_cut_or_silent_answer_says_that_all_was_sent),
        cmocka_unit_test(an_answer_over_the_limit_is_cut),
        cmocka_unit_test(a_redirect_is_an_answer),
        cmocka_unit_test(a_closed_port_gets_nothing),
        cmocka_unit_test(an_unknown_name_gets_nothing),
        cmocka_unit_test(a_server_without_tls_fails_in_the_handshake),
        cmocka_unit_test(a_forbidden_address_sees_no_connection),
        cmocka_unit_test(bad_addresses_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
