#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "net/http.h"
#include "service/service.h"
#include "store/work.h"

/* How an endpoint is written: one row in a route table and one handler.
 *
 * A request is matched and read on a read worker. A READ route's handler runs right there, on a
 * read-only store connection. An API_WRITE route's handler runs on the writer thread inside a
 * savepoint of its own: when it returns an error all it wrote is undone; its answer leaves after
 * the commit. Slow work that needs no writing (password hashes, parsing) belongs in `prepare`,
 * which runs on the read worker first and leaves its result in `call->prepared`.
 *
 * A handler reads params, query and body, makes ONE service call, and encodes the result. */

/* Who may call. A bearer key or a session carries a set of scopes; admin includes all, write
 * includes enroll and read, enroll and read stand alone. */
enum api_scope {
    API_PUBLIC, /* no login: webhooks, health, login itself, public forms */
    API_READ,
    API_ENROLL,
    API_EDIT, /* the scope called "write" on the wire */
    API_ADMIN,
    API_LOGGED_IN, /* any key or session */
    API_LOCAL,     /* only over the Unix socket */
};

enum api_flag {
    API_WRITE = 1 << 0, /* handler runs on the writer */
    API_SPOOL = 1 << 1, /* the body goes to a file: request->body_path; up to the import limit */
    API_RAW = 1 << 2,   /* any media type, body not parsed; up to 4 MiB (webhooks) */
    API_LARGE = 1 << 3, /* JSON up to 4 MiB in place of 64 KiB, more members */
    API_TEXT = 1 << 4,  /* also takes text/plain and text/csv, not parsed here */
    API_NO_BODY_OK = 1 << 5, /* for readers: every field of the body is optional */
    API_SENSITIVE = 1 << 6, /* the answer is never compressed nor kept for Idempotency-Key replay */
    API_NO_IDEMPOTENCY = 1 << 7, /* repeats are harmless by themselves (webhooks, login) */
    API_FORM = 1 << 9,           /* also takes what an HTML form sends, as an object of texts */
    API_PUBLISHABLE = 1 << 10,   /* asked with a key pk_…, maybe by a page of another site */
    API_ANY_TYPE = 1 << 11,      /* a small body of any media type, not parsed */
    API_SLOW = 1 << 8,      /* prepare and handler may take long: off the common read workers */
    API_NO_LIMIT = 1 << 12, /* never refused for asking often: whoever watches the server */
};

enum { API_PARAMS_MAX = 4 };

struct dispatch;

struct api_call {
    struct work *work; /* arena, db, now_ms, actor, request id */
    const struct http_request *request;
    struct http_response *response;     /* status preset 200; body is a struct buffer */
    struct text params[API_PARAMS_MAX]; /* what :name parts matched, decoded, in order */
    const struct json *body;            /* parsed JSON body, or NULL */
    struct service *service;
    void *prepared; /* what `prepare` left, in work->arena */
    const struct api_route *route;
    struct dispatch *dispatch; /* private to the folder's core */
    struct text query;         /* raw; what api_query_open() reads */
    bool query_read;           /* the handler has looked at the query string */
    struct json_tap *tap;      /* takes the answer in place of its body; NULL: nobody */
};

typedef enum error_code api_handler(struct api_call *call, struct error *error);

struct api_route {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/api/sequences/:id/steps"; a last part "*rest" takes what is left */
    const char *operation_id; /* the one in the OpenAPI document */
    enum api_scope scope;
    unsigned flags;
    api_handler *handler;
    api_handler *prepare; /* may be NULL */
    const char *csv;      /* the same answer as a table: csv_table.h; NULL: JSON only */
};

/* ---- reading ---- */

/* The id in params[index]. Errors: ERROR_NOT_FOUND when it is no id of that kind. */
MUST_USE enum error_code api_param_id(const struct api_call *call, size_t index, enum id_kind kind,
                                      int64_t *ret_id, struct error *error);
/* The body, which must be JSON. Errors: ERROR_INVALID when there is none. */
MUST_USE enum error_code api_body(const struct api_call *call, const struct json **ret_body,
                                  struct error *error);

/* Strict reading of the query string, like json_reader: each getter returns true and sets *ret when
 * the parameter is there and good; what is bad is recorded; done() refuses unknown names. */
enum { API_QUERY_MAX = 32 };
struct api_query_pair {
    struct text name, value;
    bool asked;
};
struct api_query {
    struct api_call *call;
    struct error *error;
    struct api_query_pair pairs[API_QUERY_MAX];
    size_t count;
    bool failed;
    const char *asked[API_QUERY_MAX];
    size_t asked_count;
};
void api_query_open(struct api_query *query, struct api_call *call, struct error *error);
bool api_query_text(struct api_query *query, const char *name, size_t max, struct text *ret_text);
bool api_query_int(struct api_query *query, const char *name, int64_t min, int64_t max,
                   int64_t *ret_value);
bool api_query_bool(struct api_query *query, const char *name, bool *ret_value);
bool api_query_id(struct api_query *query, const char *name, enum id_kind kind, int64_t *ret_id);
/* RFC 3339, or a date, which is its first moment in UTC. */
bool api_query_time(struct api_query *query, const char *name, int64_t *ret_ms);
bool api_query_choice(struct api_query *query, const char *name, const struct json_choice *choices,
                      size_t count, int *ret_value);
/* Comma-separated choices as a set of bits (1 << value). */
bool api_query_choices(struct api_query *query, const char *name, const struct json_choice *choices,
                       size_t count, uint64_t *ret_bits);
MUST_USE enum error_code api_query_done(struct api_query *query);

/* Where a list goes on: up to three numbers and a text, opaque on the wire. */
enum { API_CURSOR_KEYS_MAX = 3 };
struct api_cursor {
    int64_t keys[API_CURSOR_KEYS_MAX];
    size_t count;     /* 0 = from the start */
    struct text text; /* may be empty; at most 200 bytes */
};
struct api_page {
    int64_t limit; /* 1–500 */
    struct api_cursor after;
};
/* Reads `limit` (preset in page->limit, 0 = 50) and `cursor`. */
void api_query_page(struct api_query *query, struct api_page *page);
struct text api_cursor_format(struct api_call *call, const struct api_cursor *cursor);

/* The publishable key of an API_PUBLISHABLE route; its id is also the actor's. */
struct store_key;
const struct store_key *api_public_key(struct api_call *call);
/* Counts the request against what one number may ask for. Errors: ERROR_TOO_MANY */
MUST_USE enum error_code api_limit_phone(struct api_call *call, int64_t phone, struct error *error);
/* The same against what one address may send in through pages for everybody. */
MUST_USE enum error_code api_limit_public(struct api_call *call, struct error *error);

/* ---- answering ---- */

/* A writer on the response's body; sets the content type. */
void api_json(struct api_call *call, struct json_writer *ret_writer);
/* {"data":[ … ],"next_cursor":…}: begin, write the items, end. `next` NULL: no more. */
void api_list_begin(struct api_call *call, struct json_writer *ret_writer);
void api_list_end(struct api_call *call, struct json_writer *writer, const struct api_cursor *next);
void api_created(struct api_call *call, const char *location_format, ...) PRINTF(2, 3); /* 201 */
void api_no_content(struct api_call *call);                                             /* 204 */
