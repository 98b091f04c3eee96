/* The server seen from raw sockets: framing, limits, deadlines, bodies in memory and in files,
 * streams, and a stop with connections open. */
#include "net/http_server.h"
#include "net/net_test_socket.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "Host: localhost\r\n"

struct fixture {
    struct http_server *server;
    int port;
    char directory[64];
    atomic_int requests;
    atomic_int asked;
    struct http_stream *_Atomic stream;
};

static void on_headers(void *context, struct http_request *request, struct http_body_plan *plan)
{
    struct fixture *fixture = context;
    if (text_equal(request->path, TEXT("/upload"))) {
        plan->spool_directory = fixture->directory;
        plan->body_limit = 64 << 20;
    } else if (text_equal(request->path, TEXT("/small"))) {
        plan->body_limit = 10;
    } else if (text_starts_with(request->path, TEXT("/ask/"))) {
        plan->body_limit = 1 << 20;
        plan->ask = true;
    } else if (text_equal(request->path, TEXT("/never"))) {
        plan->refuse_status = 405;
        plan->refuse_reason = "not here";
    }
}

static void on_ask(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->asked, 1);
    if (text_equal(request->path, TEXT("/ask/yes"))) {
        http_request_admit(request);
        return;
    }
    struct http_response response;
    http_response_init(&response, 0);
    response.status = 401;
    buffer_add_chars(&response.body, "who are you? end");
    http_request_respond(request, &response);
}

static void on_refusal(void *context, const struct http_request *request, int status,
                       const char *reason, struct http_response *response)
{
    (void)context;
    (void)request;
    buffer_add_format(&response->body, "our words for %d: %s\n", status, reason);
}

static void answer_upload(struct http_request *request, struct http_response *response)
{
    char *data = NULL;
    size_t size = 0;
    struct error error = {0};
    assert_non_null(request->body_path);
    assert_int_equal(file_read(request->body_path, 64 << 20, &data, &size, &error), OK);
    assert_int_equal(size, request->body_size);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = sum * 31 + (unsigned char)data[i];
    }
    buffer_add_format(&response->body, "stored %zu sum %u end", size, sum);
    mem_free(data);
}

static void on_request(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    struct http_response response;
    http_response_init(&response, 0);
    atomic_fetch_add(&fixture->requests, 1);
    if (text_equal(request->path, TEXT("/upload"))) {
        answer_upload(request, &response);
    } else if (text_equal(request->path, TEXT("/events"))) {
        struct http_stream *stream = http_stream_new(256 * 1024);
        http_response_set_header(&response, "Content-Type", TEXT("text/event-stream"));
        response.stream = stream;
        atomic_store(&fixture->stream, stream);
    } else if (text_equal(request->path, TEXT("/long"))) {
        http_response_set_header(&response, "Content-Type", TEXT("application/json"));
        for (int i = 0; i < 500; i++) {
            buffer_add_chars(&response.body, "{\"again\":true}");
        }
    } else {
        buffer_add_format(&response.body, "%.*s %.*s?%.*s [%.*s] end", TEXT_ARGS(request->method),
                          TEXT_ARGS(request->path), TEXT_ARGS(request->query),
                          TEXT_ARGS(request->body));
    }
    http_request_respond(request, &response);
}

static int setup(void **state)
{
    struct fixture *fixture = mem_zalloc(sizeof(*fixture));
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/http-test-XXXXXX");
    CHECK(mkdtemp(fixture->directory) != NULL);
    struct http_server_settings settings = {
        .listen = "127.0.0.1:0",
        .header_timeout_ms = 1000,
        .body_rate_grace_ms = 1000,
        .per_address_limit = 8,
        .callbacks = {.context = fixture,
                      .on_headers = on_headers,
                      .on_ask = on_ask,
                      .on_refusal = on_refusal,
                      .on_request = on_request},
    };
    struct error error = {0};
    CHECK(http_server_start(&settings, &fixture->server, &error) == OK);
    fixture->port = http_server_port(fixture->server);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    http_server_free(fixture->server);
    CHECK(rmdir(fixture->directory) == 0); /* every upload was removed */
    mem_free(fixture);
    return 0;
}

/* Sends `request` and reads until "end", a close or the limit in time. */
static bool exchange(int port, const char *request, char *answer, size_t capacity)
{
    bool closed = false;
    int descriptor = test_connect(port);
    test_send(descriptor, request, strlen(request));
    (void)test_receive(descriptor, " end", answer, capacity, &closed);
    (void)close(descriptor);
    return closed;
}

static void a_request_is_answered_as_it_came(void **state)
{
    const struct fixture *fixture = *state;
    char answer[4096];
    (void)exchange(fixture->port, "GET /a%2Fb?x=%20 HTTP/1.1\r\n" HOST "\r\n", answer,
                   sizeof(answer));
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, "GET /a%2Fb?x=%20 [] end"));
    (void)exchange(fixture->port,
                   "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                   answer, sizeof(answer));
    assert_non_null(strstr(answer, "POST /p? [abcde] end"));
}

static void ambiguous_framing_is_refused_and_closes(void **state)
{
    struct fixture *fixture = *state;
    static const char *const vectors[] = {
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3x\r\n\r\nabc",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Host: other\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-A : b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ":\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-A: b\r\n\tc\r\nX-B: d\r\n\r\n",
        "GET / HTTP/1.1\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-A: b\rX-B: c\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-\x01: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X-A: b\x01\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "G@T / HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        char request[1024];
        char answer[4096];
        (void)snprintf(request, sizeof(request), "%sGET /second HTTP/1.1\r\n" HOST "\r\n",
                       vectors[i]);
        int before = atomic_load(&fixture->requests);
        bool closed = exchange(fixture->port, request, answer, sizeof(answer));
        if (!closed || strstr(answer, "second") != NULL ||
            atomic_load(&fixture->requests) != before) {
            fail_msg("vector %zu was taken: %s", i, answer);
        }
        if (answer[0] != '\0' && (strncmp(answer, "HTTP/1.1 400", 12) != 0 ||
                                  strstr(answer, "our words for 400: ") == NULL)) {
            fail_msg("vector %zu: %s", i, answer);
        }
    }
}

/* Refusals that the HTTP library makes by itself, before or after our own code was called. */
static void every_refusal_is_in_our_words(void **state)
{
    struct fixture *fixture = *state;
    static const char *const vectors[] = {
        "nonsense\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        char answer[4096];
        bool closed = exchange(fixture->port, vectors[i], answer, sizeof(answer));
        if (!closed || strchr(answer, '<') != NULL ||
            (answer[0] != '\0' && strstr(answer, "our words for 4") == NULL)) {
            fail_msg("vector %zu: %s", i, answer);
        }
    }
}

/* Sends `size` bytes of body to `path` and reads the answer. */
static void send_body(const struct fixture *fixture, const char *path, size_t size, char *answer,
                      size_t capacity)
{
    struct buffer request;
    bool closed = false;
    buffer_init(&request, 2 << 20);
    buffer_add_format(&request, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", path,
                      size);
    for (size_t i = 0; i < size; i++) {
        buffer_add_byte(&request, 'x');
    }
    int descriptor = test_connect(fixture->port);
    test_send(descriptor, buffer_chars(&request), request.size);
    (void)test_receive(descriptor, " end", answer, capacity, &closed);
    (void)close(descriptor);
    buffer_done(&request);
}

static void a_large_body_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    enum { LARGE = 200 * 1024, ANSWER_MAX = LARGE + 4096 };
    char *answer = mem_alloc(ANSWER_MAX);
    send_body(fixture, "/ask/yes", LARGE, answer, ANSWER_MAX);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_int_equal(atomic_load(&fixture->asked), 1);
    assert_int_equal(atomic_load(&fixture->requests), 1);
    send_body(fixture, "/ask/no", LARGE, answer, ANSWER_MAX);
    assert_non_null(strstr(answer, "HTTP/1.1 401"));
    assert_int_equal(atomic_load(&fixture->asked), 2);
    send_body(fixture, "/ask/no", 100, answer, ANSWER_MAX);
    assert_non_null(strstr(answer, "HTTP/1.1 200")); /* a small body is read first */
    assert_int_equal(atomic_load(&fixture->asked), 2);
    assert_int_equal(atomic_load(&fixture->requests), 2);
    mem_free(answer);
}

static void bodies_over_the_limit_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    char answer[4096];
    (void)exchange(fixture->port,
                   "POST /small HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789", answer,
                   sizeof(answer));
    assert_non_null(strstr(answer, "[0123456789] end"));
    bool closed = exchange(fixture->port,
                           "POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n0123456789a",
                           answer, sizeof(answer));
    assert_true(closed);
    assert_non_null(strstr(answer, "HTTP/1.1 413"));
    closed = exchange(fixture->port,
                      "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                      "b\r\n0123456789a\r\n0\r\n\r\n",
                      answer, sizeof(answer));
    assert_true(closed);
    assert_non_null(strstr(answer, "HTTP/1.1 413"));
    closed =
        exchange(fixture->port, "POST /never HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n\r\n",
                 answer, sizeof(answer));
    assert_true(closed);
    assert_non_null(strstr(answer, "HTTP/1.1 405"));
}

static void long_heads_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct buffer request;
    char answer[4096];
    buffer_init(&request, 1 << 20);
    buffer_add_chars(&request, "GET /");
    for (int i = 0; i < 8192; i++) {
        buffer_add_byte(&request, 'a');
    }
    buffer_add_chars(&request, " HTTP/1.1\r\n" HOST "\r\n");
    assert_true(exchange(fixture->port, buffer_chars(&request), answer, sizeof(answer)));
    assert_non_null(strstr(answer, "HTTP/1.1 414"));
    buffer_clear(&request);
    buffer_add_chars(&request, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 100; i++) {
        buffer_add_format(&request, "X-%d: y\r\n", i);
    }
    buffer_add_chars(&request, "\r\n");
    assert_true(exchange(fixture->port, buffer_chars(&request), answer, sizeof(answer)));
    assert_non_null(strstr(answer, "HTTP/1.1 431"));
    buffer_done(&request);
}

static void slow_clients_are_cut(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const starts[] = {
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\n" HOST "X-A: ",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\nabc",
        "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\nabc",
    };
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        char answer[1024];
        int64_t start_us = clock_measure_us();
        (void)exchange(fixture->port, starts[i], answer, sizeof(answer));
        int64_t took_us = clock_measure_us() - start_us;
        assert_in_range(took_us, 900000, 4500000);
        assert_string_equal(answer, "");
    }
}

static void one_address_has_few_connections(void **state)
{
    const struct fixture *fixture = *state;
    int descriptors[9];
    char answer[256];
    bool closed = false;
    for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
        descriptors[i] = test_connect(fixture->port);
        test_send(descriptors[i], "GET / HTTP/1.1\r\n" HOST "\r\n", 35);
        (void)test_receive(descriptors[i], " end", answer, sizeof(answer), &closed);
        assert_int_equal(closed, i == 8);
    }
    for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
        (void)close(descriptors[i]);
    }
}

static void a_large_body_goes_to_a_file(void **state)
{
    const struct fixture *fixture = *state;
    enum { UPLOAD_SIZE = 9 * 1024 * 1024 + 17 };
    char *data = mem_alloc(UPLOAD_SIZE);
    unsigned sum = 0;
    for (size_t i = 0; i < UPLOAD_SIZE; i++) {
        data[i] = (char)('a' + i % 23);
        sum = sum * 31 + (unsigned char)data[i];
    }
    char head[128];
    char answer[4096];
    char wanted[64];
    bool closed = false;
    int size = snprintf(head, sizeof(head),
                        "POST /upload HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", UPLOAD_SIZE);
    int descriptor = test_connect(fixture->port);
    test_send(descriptor, head, (size_t)size);
    test_send(descriptor, data, UPLOAD_SIZE);
    (void)test_receive(descriptor, " end", answer, sizeof(answer), &closed);
    (void)snprintf(wanted, sizeof(wanted), "stored %d sum %u end", UPLOAD_SIZE, sum);
    assert_non_null(strstr(answer, wanted));
    (void)close(descriptor);
    mem_free(data);
}

static void json_is_compressed_only_when_asked(void **state)
{
    const struct fixture *fixture = *state;
    char answer[16384];
    bool closed = exchange(fixture->port,
                           "GET /long HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n"
                           "Connection: close\r\n\r\n",
                           answer, sizeof(answer));
    assert_true(closed);
    assert_non_null(strstr(answer, "Content-Encoding: gzip"));
    assert_null(strstr(answer, "again"));
    (void)exchange(fixture->port,
                   "GET /long HTTP/1.1\r\n" HOST "Accept-Encoding: gzip;q=0\r\n"
                   "Connection: close\r\n\r\n",
                   answer, sizeof(answer));
    assert_null(strstr(answer, "Content-Encoding"));
    assert_non_null(strstr(answer, "again"));
}

static struct http_stream *open_stream(struct fixture *fixture, int *ret_descriptor)
{
    int descriptor = test_connect(fixture->port);
    char answer[1024];
    bool closed = false;
    test_send(descriptor, "GET /events HTTP/1.1\r\n" HOST "\r\n", 41);
    (void)test_receive(descriptor, "\r\n\r\n", answer, sizeof(answer), &closed);
    assert_non_null(strstr(answer, "text/event-stream"));
    *ret_descriptor = descriptor;
    return atomic_load(&fixture->stream);
}

static void a_stream_delivers_and_ends(void **state)
{
    struct fixture *fixture = *state;
    int descriptor = -1;
    char answer[1024];
    bool closed = false;
    struct http_stream *stream = open_stream(fixture, &descriptor);
    assert_true(http_stream_send(stream, TEXT("data: one\n\n")));
    (void)test_receive(descriptor, "data: one", answer, sizeof(answer), &closed);
    assert_non_null(strstr(answer, "data: one"));
    assert_true(http_stream_send(stream, TEXT("data: two\n\n")));
    http_stream_release(stream);
    (void)test_receive(descriptor, "\r\n0\r\n", answer, sizeof(answer), &closed);
    assert_non_null(strstr(answer, "data: two"));
    (void)close(descriptor);
}

static void a_slow_reader_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    int descriptor = -1;
    struct http_stream *stream = open_stream(fixture, &descriptor);
    char block[8192];
    memset(block, 'x', sizeof(block));
    int sent = 0;
    while (sent < 20000 && http_stream_send(stream, text_make(block, sizeof(block)))) {
        sent++;
    }
    assert_in_range(sent, 1, 19999);
    assert_false(http_stream_is_open(stream));
    http_stream_release(stream);
    char answer[8192];
    bool closed = false;
    for (int i = 0; i < 20000 && !closed; i++) {
        (void)test_receive(descriptor, "x", answer, sizeof(answer), &closed);
    }
    assert_true(closed);
    (void)close(descriptor);
}

static void a_gone_reader_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    int descriptor = -1;
    struct http_stream *stream = open_stream(fixture, &descriptor);
    (void)close(descriptor);
    int64_t end_us = clock_measure_us() + 5000000;
    bool open = true;
    while (open && clock_measure_us() < end_us) {
        open = http_stream_send(stream, TEXT(": still here\n\n"));
    }
    assert_false(open);
    http_stream_release(stream);
}

static void a_stop_ends_open_connections(void **state)
{
    struct fixture *fixture = *state;
    int idle = test_connect(fixture->port);
    int upload = test_connect(fixture->port);
    static const char start[] = "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\nabc";
    test_send(upload, start, strlen(start));
    http_server_free(fixture->server);
    char answer[1024];
    bool closed = false;
    (void)test_receive(idle, NULL, answer, sizeof(answer), &closed);
    assert_true(closed);
    (void)close(idle);
    (void)close(upload);
    fixture->server = NULL;
}

static void a_stopping_server_serves_nobody_new(void **state)
{
    struct fixture *fixture = *state;
    char answer[1024];
    bool closed = false;
    int before = test_connect(fixture->port);
    static const char request[] = "GET /one HTTP/1.1\r\n" HOST "\r\n";
    test_send(before, request, strlen(request));
    (void)test_receive(before, " end", answer, sizeof(answer), &closed);
    assert_false(closed);
    http_server_quiesce(fixture->server);
    int after = test_connect(fixture->port);
    assert_int_equal(test_receive(after, NULL, answer, sizeof(answer), &closed), 0);
    assert_true(closed);
    test_send(before, request, strlen(request));
    assert_true(test_receive(before, NULL, answer, sizeof(answer), &closed) > 0);
    assert_true(closed);
    assert_non_null(strstr(answer, "Connection: close"));
    (void)close(before);
    (void)close(after);
}

/* Some stop in hundreds ended the process: threads of libmicrohttpd raced for its listener. Seen
 * here only now and then; what caused it is banned by the source check. */
static void every_stop_ends_well(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 500; i++) {
        struct http_server_settings settings = {
            .listen = "127.0.0.1:0",
            .callbacks = {.context = fixture, .on_request = on_request},
        };
        struct error error = {0};
        struct http_server *server = NULL;
        assert_int_equal(http_server_start(&settings, &server, &error), OK);
        char answer[1024];
        (void)exchange(http_server_port(server), "GET /one HTTP/1.1\r\n" HOST "\r\n", answer,
                       sizeof(answer)); /* its end wakes the threads while they are stopped */
        http_server_quiesce(server);
        http_server_free(server);
    }
}

int main(void)
{
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SERVER_TEST(a_request_is_answered_as_it_came),
        SERVER_TEST(ambiguous_framing_is_refused_and_closes),
        SERVER_TEST(every_refusal_is_in_our_words),
        SERVER_TEST(a_large_body_is_asked_for),
        SERVER_TEST(bodies_over_the_limit_are_refused),
        SERVER_TEST(long_heads_are_refused),
        SERVER_TEST(slow_clients_are_cut),
        SERVER_TEST(one_address_has_few_connections),
        SERVER_TEST(a_large_body_goes_to_a_file),
        SERVER_TEST(json_is_compressed_only_when_asked),
        SERVER_TEST(a_stream_delivers_and_ends),
        SERVER_TEST(a_slow_reader_is_dropped),
        SERVER_TEST(a_gone_reader_is_noticed),
        SERVER_TEST(a_stop_ends_open_connections),
        SERVER_TEST(a_stopping_server_serves_nobody_new),
        SERVER_TEST(every_stop_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
