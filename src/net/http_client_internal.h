#pragma once

/* What http_client.c (calls from start to end) and http_client_setup.c (libcurl's options and its
 * callbacks) share. */

#include "net/http_client.h"

#include <curl/curl.h>

enum {
    ANSWER_HEAD_MAX = 16 * 1024,
    ANSWER_PART = 1024, /* read at once: what libcurl sets aside for each call; most fit */
    HEADERS_OUT_MAX = 64 * 1024,
    ANSWER_BODY_MAX = 64 * 1024,
    CONNECT_TIMEOUT_MS = 10000,
    TOTAL_TIMEOUT_MS = 120000,
    IDLE_REUSE_S = 4, /* libcurl compares whole seconds: idle for less than 5 s */
    CONNECTIONS_KEPT = 64,
    CALLS_KEPT = 256,
    EVENTS_AT_ONCE = 256,
    POLL_LONGEST_MS = 3600000,
};

/* What outlives a call and serves the next one: its handle and memory cost more than a request.
 * While the next call asks for the same, the handle's options stay as well. */
struct call_kept {
    struct http_client *client;
    CURL *easy;
    struct arena *arena;  /* answer's headers */
    struct buffer answer; /* its body */
    CURLU *address;
    char *url;
    bool posts_text; /* its options are those of a POST from memory, as stands here */
    bool plain;
    bool guarded; /* by address_allowed */
    int64_t connect_ms;
    int64_t total_ms;
    struct curl_slist *header_list;
    struct buffer header_text; /* the same, to see whether they changed */
};

struct call {
    struct call_kept kept;
    struct call *next, *previous; /* among the running, or next among the spare */
    char message[CURL_ERROR_SIZE];
    char *body;
    int64_t body_size;
    int64_t body_given; /* bytes libcurl took from us */
    int upload;         /* descriptor of `body_path`, or -1 */
    int save;           /* descriptor of `save_path`, or -1 */
    bool repeatable;    /* GET and HEAD */
    bool is_post;
    bool address_refused;
    int ready_count; /* how often libcurl was about to write a request */
    bool (*address_allowed)(void *context, const char *address);
    void *address_context;
    size_t answer_limit;
    size_t head_size;
    struct http_result result;
    http_done_fn *done;
    void *context;
    int64_t started_us;
};

struct http_client {
    CURLM *multi;
    int epoll;           /* sockets of libcurl, and `wake` */
    int wake;            /* an eventfd */
    int64_t timer_at_us; /* when libcurl wants its turn without an event; < 0 = not */
    struct call *running;
    size_t running_count;
    struct call *spare; /* ended calls, for their handles and memory */
    size_t spare_count;
    char *checked_url; /* the last address that was found good */
    bool checked_plain;
    struct buffer header_text; /* of the call being set up */
    char *ca_file;
    char *unix_path;
};

/* http_client_events.c: libcurl's sockets and its timer on one epoll. */
MUST_USE enum error_code client_events_open(struct http_client *client, struct error *error);
void client_events_close(struct http_client *client);
/* Lets libcurl run what is due, waits for at most `timeout_ms` and lets it run what came. */
void client_events_run_due(struct http_client *client);
void client_events_wait(struct http_client *client, int64_t timeout_ms);

/* Refuses URLs that the call must not reach. */
MUST_USE enum error_code call_check_url(const struct http_call *wanted, struct error *error);
/* Opens the files and sets every option of the call's handle that is not as it should be. */
MUST_USE enum error_code call_set_up(struct call *call, const struct http_call *wanted,
                                     struct error *error);
/* Forgets what the handle was set to. */
void call_forget(struct call *call);
