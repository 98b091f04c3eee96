#pragma once

#include "base/error.h"
#include "net/http_server.h"
#include "service/service.h"

/* Between the HTTP server and the endpoints: queues each request, runs it on a read worker or the
 * writer, and answers. Give its callbacks to http_server_start(). */
struct dispatch;

struct dispatch_settings {
    struct service *service;
    size_t read_threads;          /* 0 = 3 */
    int64_t requests_per_minute;  /* of one key or user; 0 = no limit */
    int64_t anonymous_per_minute; /* of one address without login; 0 = no limit */
    const char *trusted_proxies;  /* comma-separated addresses; NULL or "" = none */
};

/* Requests may come from now on; they wait until dispatch_start(). */
struct dispatch *dispatch_new(const struct dispatch_settings *settings);
MUST_USE enum error_code dispatch_start(struct dispatch *dispatch, struct error *error);
struct http_server_callbacks dispatch_callbacks(struct dispatch *dispatch);
/* New events were committed. Any thread. */
void dispatch_wake_events(struct dispatch *dispatch);
/* Ends live streams and the workers; requests that come later get 503. The server may then be
 * freed, and after it the dispatch. */
void dispatch_stop(struct dispatch *dispatch);
void dispatch_free(struct dispatch *dispatch); /* NULL is fine */
/* For handlers that take long: whether the answer should end soon. */
bool dispatch_is_stopping(struct dispatch *dispatch);
