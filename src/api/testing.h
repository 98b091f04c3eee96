#pragma once

#include "api/dispatch.h"
#include "net/http_server.h"
#include "service/access.h"
#include "store/testing.h"

/* For tests only: a whole server on a free port of the loopback, over a store in a temporary
 * directory and a manual clock. */
struct api_test {
    struct store_test store;
    struct service service;
    struct dispatch *dispatch;
    struct http_server *server;
    char spool[96];
    int port;
};

void api_test_open(struct api_test *test);
void api_test_close(struct api_test *test);
/* A fresh key with these scopes, as the header line "Authorization: Bearer …\r\n". */
void api_test_key(struct api_test *test, unsigned scopes, char header[128]);

struct api_answer {
    int status;
    char *head; /* both end in NUL */
    char *body;
    char bytes[64 * 1024];
};
/* Sends one request on a connection of its own and reads the answer. `headers` are ready lines
 * ended by \r\n, or ""; a body gets Content-Length, and Content-Type: application/json unless
 * `headers` name a type. */
void api_test_call(struct api_test *test, const char *method, const char *path, const char *headers,
                   const char *body, struct api_answer *ret_answer);
/* The value of "name":"…" or "name":… in a flat look at the body; "" when absent. */
void api_answer_field(const struct api_answer *answer, const char *name, char out[128]);
