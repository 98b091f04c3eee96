/* The server under test and a plain client for it. */
#include "api/testing.h"

#include "base/crypto.h"
#include "net/net_test_socket.h"
#include "service/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char test_key[CRYPTO_KEY_SIZE] = "a master key that is only a test";

void api_test_open(struct api_test *test)
{
    struct error error = {0};
    crypto_setup();
    store_test_open(&test->store);
    (void)snprintf(test->spool, sizeof(test->spool), "%s/spool", test->store.directory);
    assert_int_equal(mkdir(test->spool, 0700), 0);
    test->service = (struct service){
        .store = test->store.store,
        .clock = test->store.clock,
        .access = access_new(),
        .master_key = text_make(test_key, sizeof(test_key)),
        .hash_key = text_make(test_key, sizeof(test_key)),
        .data_directory = test->store.directory,
        .spool_directory = test->spool,
        .public_url = "",
        .version = "test",
        .limits = {.import_bytes = 1 << 20, .import_rows = 1000, .idempotency_ms = 86400000},
        .manual_clock = true,
    };
    struct dispatch_settings settings = {.service = &test->service, .read_threads = 2};
    test->dispatch = dispatch_new(&settings);
    struct http_server_settings server = {
        .listen = "127.0.0.1:0",
        .callbacks = dispatch_callbacks(test->dispatch),
    };
    assert_ok(http_server_start(&server, &test->server, &error), &error);
    assert_ok(dispatch_start(test->dispatch, &error), &error);
    test->port = http_server_port(test->server);
}

void api_test_close(struct api_test *test)
{
    http_server_quiesce(test->server);
    dispatch_stop(test->dispatch);
    http_server_free(test->server);
    dispatch_free(test->dispatch);
    access_free(test->service.access);
    store_test_close(&test->store);
}

struct new_key {
    unsigned scopes;
    char secret[ACCESS_TOKEN_MAX];
};

static enum error_code make_key(struct work *work, void *context, struct error *error)
{
    struct new_key *made = context;
    struct access_key_input input = {.name = TEXT("test"), .scopes = made->scopes};
    struct store_key key;
    return access_key_create(work, &input, &key, made->secret, error);
}

void api_test_key(struct api_test *test, unsigned scopes, char header[128])
{
    struct new_key key = {.scopes = scopes};
    store_test_do(&test->store, make_key, &key);
    (void)snprintf(header, 128, "Authorization: Bearer %s\r\n", key.secret);
}

void api_test_call(struct api_test *test, const char *method, const char *path, const char *headers,
                   const char *body, struct api_answer *ret_answer)
{
    static const char empty[] = "";
    char request[32 * 1024];
    char length[128] = "";
    bool closed = false;
    *ret_answer = (struct api_answer){0};
    if (body != NULL) {
        bool typed = strstr(headers, "Content-Type:") != NULL;
        (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n%s", strlen(body),
                       typed ? "" : "Content-Type: application/json\r\n");
    }
    int size = snprintf(request, sizeof(request),
                        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s\r\n%s",
                        method, path, headers, length, body == NULL ? empty : body);
    assert_in_range(size, 1, sizeof(request) - 1);
    int descriptor = test_connect(test->port);
    test_send(descriptor, request, (size_t)size);
    (void)test_receive(descriptor, NULL, ret_answer->bytes, sizeof(ret_answer->bytes), &closed);
    (void)close(descriptor);
    int64_t status = 0;
    if (strlen(ret_answer->bytes) > 12) {
        (void)text_to_int64(text_make(ret_answer->bytes + 9, 3), &status);
    }
    ret_answer->status = (int)status;
    ret_answer->head = ret_answer->bytes;
    ret_answer->body = strstr(ret_answer->bytes, "\r\n\r\n");
    if (ret_answer->body == NULL) {
        ret_answer->body = ret_answer->bytes + strlen(ret_answer->bytes);
    } else {
        ret_answer->body[2] = '\0';
        ret_answer->body += 4;
    }
}

void api_answer_field(const struct api_answer *answer, const char *name, char out[128])
{
    char wanted[96];
    (void)snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    const char *at = strstr(answer->body, wanted);
    size_t size = 0;
    out[0] = '\0';
    if (at == NULL) {
        return;
    }
    at += strlen(wanted);
    const char *ends = *at == '"' ? "\"" : ",}]";
    at += *at == '"';
    while (at[size] != '\0' && strchr(ends, at[size]) == NULL && size < 127) {
        out[size] = at[size];
        size++;
    }
    out[size] = '\0';
}
