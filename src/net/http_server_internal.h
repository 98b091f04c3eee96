#pragma once

/* The parts of the HTTP server that its files share. One exchange is one request with its answer;
 * one connection entry is one socket. Lock order: server->lock before nothing else; an exchange's
 * and a stream's lock are taken alone, and libmicrohttpd is called only where it cannot call back.
 */

#include "base/queue.h"
#include "base/thread.h"
#include "net/http_server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    HEADER_BYTES_MAX = 16 * 1024,
    TARGET_BYTES_MAX = 8 * 1024,
    HEADERS_MAX = 100,
    BODY_DEFAULT_LIMIT = 64 * 1024,
    DISCARD_MAX = 8 * 1024 * 1024, /* of a refused body: read it so that the answer arrives */
    SPOOL_WAITING_MAX = 1 << 20,   /* bytes of one upload that may wait for the disk */
    WATCH_INTERVAL_MS = 500,
    COMPRESS_LEAST = 1024,
    BODIES_MAX = 128 * 1024 * 1024, /* bytes of all bodies that are in memory together */
    BODY_SILENCE_GRACES = 4,        /* of a body's grace: the longest it may pause */
    ANSWER_GRACE_MS = 30000,        /* a client may take so long for any answer, and ... */
    ANSWER_MIN_BYTES = 4096,        /* ... a second more for so many bytes */
};

struct connection {
    struct http_server *server;
    struct connection *next, *previous;
    int descriptor;
    uint8_t group[16];        /* the address, or of IPv6 the network that one customer has */
    int64_t deadline_us;      /* 0 = none: headers complete, next request, or answer taken */
    int64_t body_deadline_us; /* 0 = no body is coming in; each byte that comes puts it off */
    bool body_waits;          /* for our disk, not for the client */
    bool head_read;           /* of the request that is under way */
};

enum exchange_phase {
    PHASE_HEADERS,  /* request line seen */
    PHASE_ASKED,    /* the owner is asked whether it takes the body */
    PHASE_ADMITTED, /* it does */
    PHASE_REFUSED,  /* it answered instead */
    PHASE_BODY,     /* collecting */
    PHASE_HANDED,   /* with the owner */
    PHASE_DROPPING, /* the answer is here, but the client still sends its body */
    PHASE_ANSWERED, /* the answer is here, the HTTP thread must queue it */
    PHASE_QUEUED,   /* libmicrohttpd sends it */
};

struct exchange {
    struct http_request request; /* first: the two convert into each other */
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    struct arena *arena;
    struct http_header *headers;
    size_t header_count;
    struct http_body_plan plan;
    struct buffer body;
    const char *line_end;   /* in libmicrohttpd's memory: where the last line's text ended */
    bool loose_lines;       /* a line did not end with CR LF, or was folded */
    int64_t content_length; /* -1 = none stated */
    bool has_body;
    bool overflowed;
    size_t body_counted; /* bytes of `body` in the server's count */
    int discard_status;  /* not 0: read and drop the body, then answer this */
    const char *discard_reason;
    enum exchange_phase phase;
    struct http_response response;
    struct MHD_Response *built;

    /* spooling */
    pthread_mutex_t lock;
    atomic_int references; /* connection, and each item in the spool queue */
    size_t spool_waiting;
    bool spool_suspended;
    bool keep_body;
    int spool_descriptor; /* -1 = not open; the spool thread's */
    char *spool_path;
    bool spool_failed;
};

enum spool_kind { SPOOL_CHUNK, SPOOL_FINISH, SPOOL_END, SPOOL_NUDGE, SPOOL_FLUSH };

struct spool_item {
    struct queue_link link;
    enum spool_kind kind;
    struct exchange *exchange; /* holds a reference; NULL for a nudge */
    struct gate *flushed;      /* opened when a flush is reached */
    size_t size;
    char data[];
};

struct http_server {
    struct http_server_settings settings;
    char *unix_path;
    struct MHD_Daemon *daemons[2];
    size_t daemon_count;
    int port;
    pthread_mutex_t lock; /* the list of connections and `watching` */
    struct connection *connections;
    size_t connection_count;
    bool watching;
    atomic_bool quiesced;
    /* Connections are suspended only under this lock and only while not stopping, so that a stop
     * knows when the last of them will be resumed. */
    pthread_mutex_t handing_lock;
    pthread_cond_t all_answered;
    size_t handed;
    bool stopping;
    atomic_size_t body_bytes; /* of all bodies in memory */
    struct queue *spool_queue;
    struct thread *spool_thread;
    atomic_uint_fast64_t spool_number;
};

/* http_connection.c: sockets and their deadlines */
void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);
struct connection *connection_of(struct MHD_Connection *mhd);
void connection_set_deadline(struct connection *connection, int64_t timeout_ms); /* 0 = none */
void connection_body(struct connection *connection, bool coming, size_t bytes, bool waits);
/* libmicrohttpd asks before it takes a connection: not while stopping, and not one too many of one
 * address. */
enum MHD_Result connection_accept(void *context, const struct sockaddr *address, socklen_t size);
/* Cuts sockets whose time is up; false when nothing is left to watch. */
bool connections_watch(struct http_server *server);
void connection_cut(struct connection *connection);

/* http_framing.c: notes how a header's line ended, while the headers are visited in order. */
void framing_line(struct exchange *exchange, const char *name, const char *value);
void framing_head_end(struct exchange *exchange, const char *method);
/* What must be refused before anybody sees it. 0, or a status with a reason. */
int framing_check(struct exchange *exchange, const char *version, const char **ret_reason);

/* http_exchange.c: one request from its first line to its answer */
void *exchange_on_target(void *context, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_on_data(void *context, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **exchange_at);
void exchange_on_end(void *context, struct MHD_Connection *mhd, void **exchange_at,
                     enum MHD_RequestTerminationCode code);
void exchange_unreference(struct exchange *exchange);
/* Lets the HTTP thread go on with an answered request, which may be freed before this returns. */
void exchange_resume(struct http_server *server, struct MHD_Connection *mhd);
/* Hands the complete request to the owner; the connection is suspended already. */
void exchange_hand_over(struct exchange *exchange);

/* http_refusal.c */
enum MHD_Result refusal_queue_answer(struct MHD_Connection *mhd, int status,
                                     struct MHD_Response *response);
/* Lets the server's owner write a refusal; `request` may be one of which nothing is known. */
void refusal_fill(struct http_server *server, const struct http_request *request, int status,
                  const char *reason, struct http_response *response);

/* http_spool.c: bodies to files */
MUST_USE enum error_code spool_start(struct http_server *server, struct error *error);
void spool_stop(struct http_server *server);
void spool_nudge(struct http_server *server);
MUST_USE bool spool_chunk(struct exchange *exchange, const char *data, size_t size);
void spool_flush(struct http_server *server); /* waits until all that is queued was carried out */
void spool_finish(struct exchange *exchange);
void spool_end(struct exchange *exchange);

/* http_answer.c: struct http_response to libmicrohttpd's */
void answer_compress(const struct exchange *exchange, struct http_response *response);
/* `exchange` is needed for a stream only. */
struct MHD_Response *answer_build(struct exchange *exchange, struct http_response *response);
/* How long a client may take to read it; 0 = for ever (a stream). */
int64_t answer_patience_ms(const struct http_response *response);

/* http_stream.c */
struct MHD_Response *stream_attach(struct http_stream *stream, struct exchange *exchange);
