#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* What an HTTP message is, for those who answer requests (api/, pages/, simulator/) and for those
 * who make them (delivery/, cli/). Bytes and sockets stay in http_server.c and http_client.c. */

struct http_header {
    struct text name;
    struct text value;
};

/* ---- requests that reach our server ---- */

enum { HTTP_PEER_MAX = 64 };

/* One request, complete with its body. It belongs to whoever holds it, one thread at a time, until
 * http_request_respond() gives it away. All text in it lives as long as the request. */
struct http_request {
    struct text method;    /* "GET" */
    struct text path;      /* raw, still percent-encoded, starts with '/', without the query */
    struct text query;     /* raw, without '?'; empty when there is none */
    struct text body;      /* {NULL} when there is none, or when it was spooled */
    const char *body_path; /* a spooled body's file, deleted with the request; else NULL */
    int64_t body_size;
    char peer[HTTP_PEER_MAX]; /* the peer's address without port; "unix" for the local socket */
    bool is_local_socket;     /* came over the Unix socket, whose file only the owner can open */
    void *context;            /* free for the callbacks of the server's owner */
};

/* First header of that name (any case); {NULL, 0} when absent, data != NULL when present. */
struct text http_request_header(const struct http_request *request, const char *name);
/* All headers of that name as one comma-separated list, as they would mean if they were one. */
struct text http_request_header_list(const struct http_request *request, struct arena *arena,
                                     const char *name);
/* Cookie of that exact name; {NULL, 0} when absent. */
struct text http_request_cookie(const struct http_request *request, const char *name);

/* "%41+b" → "Ab" ("+" is a space only with `form`). False for broken escapes, a NUL, or bytes that
 * are no UTF-8. The result lives in `arena`. */
MUST_USE bool http_percent_decode(struct arena *arena, struct text encoded, bool form,
                                  struct text *ret_plain);
/* Visits "a=1&b=2" (a query, or a form's body) with both sides decoded:
 *     struct text rest = request->query;
 *     while (http_form_next(arena, &rest, &name, &value, &valid)) …
 * `valid` is false for a pair that cannot be decoded. */
bool http_form_next(struct arena *arena, struct text *rest, struct text *ret_name,
                    struct text *ret_value, bool *ret_valid);
/* Percent-encodes all but letters, digits and "-._~". */
void http_percent_encode(struct buffer *buffer, struct text plain);
/* True when an Accept-like list names `wanted` ("gzip", "text/html") with a weight above 0. A
 * `*` or `type/` followed by a star counts only with `wildcard`. */
bool http_list_accepts(struct text list, struct text wanted, bool wildcard);
/* The media type of a Content-Type value without its parameters, trimmed. */
struct text http_media_type(struct text content_type);
/* Its parameter `charset` without quotes; {NULL, 0} when it has none. */
struct text http_media_charset(struct text content_type);

/* The pause that `retry_after` asks for: whole seconds, or a moment, which is counted from the
 * answer's own `date` (its clock need not be ours). 0 for neither, or for what has passed. */
int64_t http_retry_after_ms(struct text retry_after, struct text date, int64_t limit_ms);

/* ---- responses our server gives ---- */

enum { HTTP_RESPONSE_HEADERS_MAX = 32 };

struct http_stream;

/* Filled in by a handler. Exactly one source of bytes is used: `stream`, else `file_path`, else
 * `fixed`, else `body`. */
struct http_response {
    int status;                 /* 200 at first */
    struct buffer body;         /* up to `http_response_init`'s limit */
    struct text fixed;          /* bytes that live as long as the program (embedded assets) */
    char *file_path;            /* owned; sent as it is when the answer leaves */
    bool file_temporary;        /* remove the file once it is open */
    struct http_stream *stream; /* an open end; see http_server.h */
    bool no_compression;        /* body is compressed already, or secret beside chosen text */
    bool close;                 /* close the connection after this answer */
    size_t header_count;
    struct http_header headers[HTTP_RESPONSE_HEADERS_MAX];
    struct arena *arena; /* owns the headers' bytes */
};

void http_response_init(struct http_response *response, size_t body_limit);
void http_response_done(struct http_response *response); /* frees what it owns */
/* Back to status 200 without headers and bytes, for an error in place of a half-written answer. */
void http_response_clear(struct http_response *response);
/* Sets or replaces a header. Control characters in `value` are dropped. Use add for Set-Cookie. */
void http_response_set_header(struct http_response *response, const char *name, struct text value);
void http_response_add_header(struct http_response *response, const char *name, struct text value);
PRINTF(3, 4)
void http_response_set_header_format(struct http_response *response, const char *name,
                                     const char *format, ...);
struct text http_response_header(const struct http_response *response, const char *name);
/* Answers the bytes of a file; takes ownership of nothing, copies `path`. */
void http_response_set_file(struct http_response *response, const char *path, bool temporary);

const char *http_status_text(int status); /* "Not Found"; "" when unknown */
