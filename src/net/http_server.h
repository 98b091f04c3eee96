#pragma once

#include "base/error.h"
#include "net/http.h"

/* The HTTP/1.1 server: sockets and bytes on one side, struct http_request on the other.
 *
 * Its own threads (two per TCP listener) never wait for disk or database: they collect a request,
 * hand it to `on_request`, set the connection aside, and send what http_request_respond() brings.
 * A thread of its own writes large bodies to files. Refused before any callback: both
 * Content-Length and Transfer-Encoding, two of either, no Host or two, names with spaces, targets
 * that are no path. Every limit below is a refusal at the door. */
struct http_server;

/* What the owner wants done with a request's body, asked when its headers are complete. */
struct http_body_plan {
    int64_t body_limit;          /* bytes; more is answered 413 */
    bool ask;                    /* call on_ask before a body of more than 64 KiB is read */
    const char *spool_directory; /* not NULL: the body goes to a file in here */
    int refuse_status;           /* not 0: answer that and read no body */
    const char *refuse_reason;   /* for the problem text; static */
};

struct http_server_callbacks {
    void *context;
    /* Headers are complete, body not yet read. On an HTTP thread: decide, do not wait. NULL: 64 KiB
     * for everyone. */
    void (*on_headers)(void *context, struct http_request *request, struct http_body_plan *plan);
    /* Headers of a request whose plan says `ask` are complete. On an HTTP thread: queue it and
     * return; later call http_request_admit(), or answer and so take no body. NULL: all are
     * admitted. */
    void (*on_ask)(void *context, struct http_request *request);
    /* The request is complete. On an HTTP or spool thread: queue it and return. */
    void (*on_request)(void *context, struct http_request *request);
    /* Writes the body and headers of a refusal (framing, limits, plan). `request` may be empty,
     * without context. NULL: a plain line. */
    void (*on_refusal)(void *context, const struct http_request *request, int status,
                       const char *reason, struct http_response *response);
    /* The request is about to be freed: answered, or its client went away. May be NULL. */
    void (*on_end)(void *context, struct http_request *request);
};

struct http_server_settings {
    const char *listen;         /* "127.0.0.1:8080", "[::1]:8080", ":8080", port 0 = any; or NULL */
    const char *unix_path;      /* also, or instead, a Unix socket with mode 0600; or NULL */
    size_t connection_limit;    /* 0 = 4,096 */
    size_t per_address_limit;   /* connections of one address, or one /64 of IPv6; 0 = 512 */
    int64_t header_timeout_ms;  /* 0 = 10,000 */
    int64_t keep_alive_ms;      /* 0 = 60,000; idle between requests, and any silence */
    int64_t body_rate_grace_ms; /* 0 = 5,000; after it a body must keep ... */
    int64_t body_rate_min_bytes; /* 0 = 1,024 bytes per second; no pause over four graces */
    struct http_server_callbacks callbacks;
};

/* "0.0.0.0:80", "[::1]:8080" or ":8080": spelled like something to listen on. */
bool http_server_address_is_good(const char *listen_address);
MUST_USE enum error_code http_server_start(const struct http_server_settings *settings,
                                           struct http_server **ret_server, struct error *error);
/* Port of the TCP listener (useful with port 0); 0 without one. */
int http_server_port(const struct http_server *server);
/* Serves no new connections: each is closed at once, without a byte, until http_server_free()
 * closes the listener. Each answer from now on closes its connection. */
void http_server_quiesce(struct http_server *server);
/* Waits until every request that was handed out is answered, then closes all connections. The
 * owner must have released its streams, and its callbacks must still answer. NULL is fine. */
void http_server_free(struct http_server *server);

/* Gives the request and the answer away; any thread, exactly once per request. The response's
 * contents move out; the struct itself stays the caller's and is empty afterwards. */
void http_request_respond(struct http_request *request, struct http_response *response);

/* Takes the body of a request that on_ask() brought; on_request() follows when all of it is here.
 * The request may be gone before this returns. Any thread, exactly once. */
void http_request_admit(struct http_request *request);

/* In place of an answer: puts `raw` on the wire as it is and ends the connection, with a TCP reset
 * when `reset`. For the fake provider, which misbehaves on purpose. Any thread. */
void http_request_break(struct http_request *request, struct text raw, bool reset);

/* ---- streams (server-sent events) ---- */

/* An answer without end. The producer keeps one reference, the connection the other; bytes wait in
 * a queue of `limit` bytes, and a client too slow for it is cut. Thread: any. */
struct http_stream *http_stream_new(size_t limit);
/* False once the client is gone, too slow, or the stream ended: release it then. */
bool http_stream_send(struct http_stream *stream, struct text data);
bool http_stream_is_open(struct http_stream *stream);
/* Ends the stream after what is queued, and drops the producer's reference. NULL is fine. */
void http_stream_release(struct http_stream *stream);
