#pragma once

/* What the core of this folder shares: matching, the life of one request, its refusals, limits and
 * the live events. Endpoints (api_*.c) see only route.h. */

#include "api/dispatch.h"
#include "api/route.h"

#include "base/crypto.h"
#include "base/queue.h"
#include "base/thread.h"
#include "service/transaction.h"

#include <pthread.h>

/* ---- routes.c: which route a request means ---- */

struct route_match {
    const struct api_route *route;
    struct text params[API_PARAMS_MAX]; /* raw slices of the path */
    size_t param_count;
    size_t number;   /* of the route in all tables, from 1; 0: no route has this address */
    bool path_known; /* some route has this path, for another method */
    char allow[64];  /* methods of the path, for 405 */
};
void route_find(struct text method, struct text path, struct route_match *ret_match);

/* ---- limit.c: how often somebody may ask ---- */

struct limiter;
/* `quota` requests per window, spread out; 0: no limit. */
struct limiter *limiter_new(int64_t quota, int64_t window_s);
void limiter_free(struct limiter *limiter);
struct limit_state {
    const char *name; /* of the policy; NULL: by the actor */
    int64_t window_s;
    bool allowed;
    int64_t quota; /* 0: no limit */
    int64_t remaining;
    int64_t reset_s;
};
/* Takes one from the caller's bucket. */
struct limit_state limiter_take(struct limiter *limiter, struct text caller);

/* ---- login_limit.c: how often passwords and codes may be wrong ---- */

struct guess_limit;
struct login_limits {
    struct guess_limit *passwords; /* per account and address */
    struct guess_limit *by_address;
    struct guess_limit *codes; /* second factors per account */
};

/* ---- request.c: one request from match to answer ---- */

enum { REQUEST_ID_CHARS = 16, REQUEST_BODY_LARGE = 4 * 1024 * 1024 };

struct request {
    struct queue_link link;
    struct dispatch *dispatch;
    struct http_request *http;
    struct http_response response;
    struct route_match match;
    struct arena *arena;
    struct work work;
    struct api_call call;
    struct json *json;
    struct error error;
    enum error_code code;
    char request_id[REQUEST_ID_CHARS + 1];
    struct text address;       /* of the client, behind a trusted proxy too */
    struct text network;       /* what the limits of one address count: of IPv6 the /64 */
    bool too_late;             /* came while the server stops: refused, and no failure */
    bool asks;                 /* only the head is here: may the body come? */
    bool asked;                /* it may; the request is counted already */
    bool public_https;         /* it asks for the https address that the settings name */
    bool behind_proxy;         /* the peer is a trusted proxy: its X-Forwarded-… hold */
    struct text session_token; /* {NULL}: not by cookie */
    bool touch;                /* note that the key or session is in use */
    int problem_status;        /* not 0: this status in place of the error's own */
    const char *problem_code;
    struct limit_state limit;
    struct store_key *key;    /* the publishable key; NULL: none */
    struct text cross_origin; /* the page of another site that may read the answer; {NULL}: none */
    struct text idempotency_key; /* {NULL}: none */
    struct text idempotency_hash;
    int64_t started_us;
};

/* answer.c: names what a GET answers by an entity tag, and answers 304 to who has it already. */
void answer_entity_tag(const struct http_request *request, struct http_response *response);

/* On an HTTP thread: matches, and plans the body. */
struct request *request_new(struct dispatch *dispatch, struct http_request *http,
                            struct http_body_plan *plan);
void request_free(struct request *request);
/* On a read worker: runs it to its end, or to the hand-over to the writer. */
/* Reads `body` as the request's JSON. */
/* Reads the body by its Content-Type: sets request->json, or leaves a table to the handler. */
MUST_USE enum error_code request_read_body(struct request *request, struct error *error);
MUST_USE enum error_code request_parse_json(struct request *request, struct text body,
                                            struct error *error);
void request_process(struct request *request, struct service_reader *reader);
/* On a read worker or none: answers with `code` and request->error, and gives the request away. */
void request_answer(struct request *request, enum error_code code);

/* ---- auth.c ---- */
struct text auth_bearer(const struct request *request); /* {NULL}: none */
/* Whether the browser asked by https: what a trusted proxy says, else what our address says. */
bool auth_is_https(const struct request *request);
/* By https the name with which a browser takes a cookie from this host alone. */
const char *auth_cookie_name(const struct request *request);
MUST_USE enum error_code auth_identify(struct request *request, struct error *error);
MUST_USE enum error_code auth_allow(struct request *request, struct error *error);
/* Writes down, later and at most once a minute, that a key or session is in use. */
void auth_touch(struct request *request);

/* ---- idempotent.c: POSTs that may come twice ---- */
MUST_USE enum error_code idempotent_prepare(struct request *request, struct error *error);
/* On the writer: the stored answer when there is one (then *ret_replayed). */
MUST_USE enum error_code idempotent_begin(struct request *request, bool *ret_replayed,
                                          struct error *error);
MUST_USE enum error_code idempotent_end(struct request *request, struct error *error);

/* ---- public_key.c: publishable keys, and pages of other sites ---- */
/* After the body is read, since a form carries its key there. */
MUST_USE enum error_code public_key_identify(struct request *request, struct error *error);
void public_key_headers(struct request *request);
/* Counts against `limiter`; what is left stands in the answer. */
MUST_USE enum error_code request_limit(struct request *request, struct limiter *limiter,
                                       const char *name, struct text caller, struct error *error);
/* "a=1&b=2" as a JSON object of texts; "x[y]=1" stands inside the object x. */
MUST_USE enum error_code form_body_parse(struct request *request, struct error *error);

/* ---- problem.c ---- */
struct problem {
    int status;
    const char *code;   /* stable word */
    const char *detail; /* may be NULL */
    const char *request_id;
    const struct error *error; /* its fields; may be NULL */
};
void problem_write(struct http_response *response, const struct problem *problem);
int problem_status(enum error_code code);
const char *problem_code(enum error_code code);
/* The headers that every answer carries. */
void secure_headers(struct http_response *response, bool html, bool https);

/* ---- events.c ---- */
struct events;
MUST_USE enum error_code events_start(struct service *service, struct events **ret_events,
                                      struct error *error);
void events_stop(struct events *events); /* NULL is fine */
void events_wake(struct events *events); /* any thread */
struct events_filter {
    char types[4][32]; /* "message" or "message.updated"; none: all */
    size_t type_count;
    int64_t sequence_id;
    int64_t enrollment_id;
};
size_t events_listeners(const struct events *events); /* any thread */
/* Takes the stream over. after_id < 0: from now on. False when there are too many. */
struct store_event;
bool events_filter_takes(const struct events_filter *filter, const struct store_event *event);
MUST_USE bool events_subscribe(struct events *events, struct http_stream *stream, int64_t after_id,
                               const struct events_filter *filter);

/* ---- dispatch.c ---- */
struct dispatch {
    struct dispatch_settings settings;
    struct service *service;
    struct queue *fast;
    struct queue *slow;
    struct queue *tables;
    struct thread *fast_threads[8];
    struct thread *slow_thread;
    struct thread *tables_thread;
    struct limiter *callers;   /* per key, user or address */
    struct limiter *strangers; /* per address, for what needs no login */
    struct login_limits login_limits;
    struct limiter *public_keys; /* per publishable key */
    struct limiter *public_addresses;
    struct limiter *public_phones;
    struct events *events;
};
