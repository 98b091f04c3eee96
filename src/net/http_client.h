#pragma once

#include "base/error.h"
#include "net/http.h"

/* The HTTP/1.1 client: many calls at once on one thread, over pooled connections.
 *
 * What it promises to those who send messages: a request with a body reaches the wire at most once
 * (no silent repeat on a dead connection, no redirect, no proxy), and the result tells exactly how
 * far it came, so that "surely not sent" and "maybe sent" never mix. A connection is used again
 * only within 5 s of its last use. TLS is verified always.
 *
 * Thread: one thread owns a client and calls everything but http_client_wake(). */
struct http_client;

struct http_client_settings {
    const char *ca_file;     /* PEM bundle in place of the system's; NULL = system */
    size_t connection_limit; /* open at once; more calls wait; 0 = 64 */
    const char *unix_path;   /* all calls go to this Unix socket; NULL = by URL */
};

/* How far a call came. */
enum http_stage {
    HTTP_STAGE_RESOLVE, /* the name */
    HTTP_STAGE_CONNECT, /* TCP, or an address that was not allowed */
    HTTP_STAGE_TLS,     /* handshake or certificate */
    HTTP_STAGE_WRITE,   /* some of the request was handed over */
    HTTP_STAGE_READ,    /* all was handed over, the answer is missing, cut or too big */
    HTTP_STAGE_DONE,    /* a complete answer */
};
const char *http_stage_to_text(enum http_stage stage);

/* Request bytes handed to the connection. NONE is a promise; SOME and ALL both mean "maybe seen".
 */
enum http_bytes { HTTP_BYTES_NONE, HTTP_BYTES_SOME, HTTP_BYTES_ALL };

struct http_call {
    const char *method; /* NULL = POST with a body, else GET */
    const char *url;
    struct text body;
    const char *body_path; /* a file to upload in place of `body`; NULL = `body` */
    const struct http_header *headers;
    size_t header_count;
    bool allow_plain;           /* http:// too; else only https:// */
    int64_t connect_timeout_ms; /* 0 = 10,000 */
    int64_t total_timeout_ms;   /* 0 = 120,000 */
    size_t response_limit;      /* 0 = 64 KiB; more ends the call in stage READ */
    const char *save_path;      /* not NULL: the answer's body goes to this new file, no limit */
    /* Asked for each address before connecting and once more for the connected peer; NULL = all.
     * `address` is numeric. */
    bool (*address_allowed)(void *context, const char *address);
    void *address_context;
};

enum { HTTP_RESULT_HEADERS_MAX = 48 };

struct http_result {
    enum http_stage stage;
    enum http_bytes bytes;
    bool timed_out;
    bool too_big;     /* the answer went over the limit; status and headers are good */
    int status;       /* 0 when no status line came */
    struct text body; /* what came, capped */
    struct http_header headers[HTTP_RESULT_HEADERS_MAX];
    size_t header_count;
    bool reused_connection;
    int64_t duration_us;
    char message[200]; /* for people and the log: why it failed; "" when DONE */
};
struct text http_result_header(const struct http_result *result, const char *name);

/* `result` lives until the function returns. New calls may be started from inside it. */
typedef void http_done_fn(void *context, const struct http_result *result);

MUST_USE enum error_code http_client_new(const struct http_client_settings *settings,
                                         struct http_client **ret_client, struct error *error);
void http_client_free(struct http_client *client); /* open calls end without `done` */
DEFINE_CLEANUP(struct http_client *, http_client_free);

/* Starts a call; everything in `call` is copied. `done` comes later from http_client_poll(), once.
 * Errors     ERROR_INVALID for a URL that is not allowed; then `done` never comes */
MUST_USE enum error_code http_client_start(struct http_client *client, const struct http_call *call,
                                           http_done_fn *done, void *context, struct error *error);
/* Moves bytes and calls `done` of finished calls; waits at most `timeout_ms` (< 0: until something
 * happens) when nothing is ready. */
void http_client_poll(struct http_client *client, int64_t timeout_ms);
void http_client_wake(struct http_client *client); /* ends a waiting poll; any thread */
size_t http_client_call_count(const struct http_client *client); /* started, not done */
