/* One request from its request line to the end of its answer, as libmicrohttpd's callbacks tell it.
 * These run on an HTTP thread and never wait. While the owner works on a request its connection is
 * suspended, so libmicrohttpd neither calls for it nor frees it: that is what makes it safe to
 * resume it from another thread. */
#include "net/http_server_internal.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

static void describe_peer(struct exchange *exchange)
{
    char *out = exchange->request.peer;
    (void)snprintf(out, HTTP_PEER_MAX, "unknown");
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) {
        return;
    }
    const struct sockaddr *address = info->client_addr;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, HTTP_PEER_MAX);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            (void)inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, out, HTTP_PEER_MAX);
        } else {
            (void)inet_ntop(AF_INET6, &v6.sin6_addr, out, HTTP_PEER_MAX);
        }
    } else if (address->sa_family == AF_UNIX) {
        exchange->request.is_local_socket = true;
        (void)snprintf(out, HTTP_PEER_MAX, "unix");
    }
}

void *exchange_on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = context;
    struct exchange *exchange = mem_zalloc(sizeof(*exchange));
    exchange->server = server;
    exchange->mhd = mhd;
    exchange->connection = connection_of(mhd);
    exchange->arena = arena_new();
    exchange->spool_descriptor = -1;
    exchange->references = 1;
    pthread_mutex_init(&exchange->lock, NULL);
    struct text rest = arena_text(exchange->arena, text_from(target));
    if (text_next(&rest, '?', &exchange->request.path) && rest.data != NULL) {
        exchange->request.query = rest;
    }
    if (exchange->connection != NULL) {
        exchange->connection->head_read = false;
        connection_set_deadline(exchange->connection, server->settings.header_timeout_ms);
    }
    return exchange;
}

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind;
    (void)name;
    (void)value;
    size_t *count = context;
    (*count)++;
    return MHD_YES;
}

/* Only blanks and tabs surround a value. Other space stays in it, so that the checks see what the
 * HTTP library saw: "\vchunked" is no "chunked". */
static struct text trim_blanks(struct text value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = text_skip(value, 1);
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

static enum MHD_Result copy_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct exchange *exchange = context;
    struct http_header *header = &exchange->headers[exchange->header_count++];
    framing_line(exchange, name, value);
    header->name = arena_text(exchange->arena, text_from(name));
    header->value = trim_blanks(arena_text(exchange->arena, text_from(value == NULL ? "" : value)));
    return MHD_YES;
}

static void read_head(struct exchange *exchange, const char *method, const char *version)
{
    exchange->line_end = version + strlen(version);
    size_t count = 0;
    (void)MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, count_header, &count);
    exchange->headers = arena_array(exchange->arena, count + 1, sizeof(struct http_header));
    (void)MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, copy_header, exchange);
    framing_head_end(exchange, method);
    exchange->request.method = arena_text(exchange->arena, text_from(method));
    describe_peer(exchange);
}

struct text http_request_header(const struct http_request *request, const char *name)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;
    struct text wanted = text_from(name);
    for (size_t i = 0; i < exchange->header_count; i++) {
        if (text_equal_ignore_case(exchange->headers[i].name, wanted)) {
            return exchange->headers[i].value;
        }
    }
    return (struct text){0};
}

struct text http_request_header_list(const struct http_request *request, struct arena *arena,
                                     const char *name)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;
    struct text wanted = text_from(name);
    struct text list = {0};
    for (size_t i = 0; i < exchange->header_count; i++) {
        if (text_equal_ignore_case(exchange->headers[i].name, wanted)) {
            struct text value = exchange->headers[i].value;
            list = list.data == NULL
                       ? value
                       : arena_format(arena, "%.*s,%.*s", TEXT_ARGS(list), TEXT_ARGS(value));
        }
    }
    return list;
}

static enum MHD_Result queue_answer(struct exchange *exchange)
{
    struct MHD_Response *built = exchange->built;
    exchange->built = NULL;
    exchange->phase = PHASE_QUEUED;
    if (built == NULL) {
        return MHD_NO;
    }
    enum MHD_Result queued = refusal_queue_answer(exchange->mhd, exchange->response.status, built);
    MHD_destroy_response(built);
    return queued;
}

static enum MHD_Result refuse(struct exchange *exchange, int status, const char *reason)
{
    struct http_response response;
    refusal_fill(exchange->server, &exchange->request, status, reason, &response);
    connection_set_deadline(exchange->connection, answer_patience_ms(&response));
    exchange->built = answer_build(exchange, &response);
    exchange->response = response;
    return queue_answer(exchange);
}

/* A refused body that is small is read to its end first: a socket closed over unread bytes resets
 * the connection, and the client may lose the answer with it. */
static bool is_read_before_refusal(const struct exchange *exchange)
{
    bool waits_for_go_ahead = http_request_header(&exchange->request, "expect").data != NULL;
    bool small = exchange->content_length >= 0 && exchange->content_length <= DISCARD_MAX;
    return exchange->has_body && !waits_for_go_ahead && small;
}

static enum MHD_Result refuse_body(struct exchange *exchange, int status, const char *reason)
{
    if (!is_read_before_refusal(exchange)) {
        return refuse(exchange, status, reason);
    }
    connection_body(exchange->connection, true, 0, false);
    exchange->discard_status = status;
    exchange->discard_reason = reason;
    return MHD_YES;
}

static bool suspend_unless_stopping(struct exchange *exchange, enum exchange_phase phase)
{
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->handing_lock);
    bool open = !server->stopping;
    if (open) {
        server->handed++;
        exchange->phase = phase;
        MHD_suspend_connection(exchange->mhd);
    }
    pthread_mutex_unlock(&server->handing_lock);
    return open;
}

/* Who may not send a large body is told so before it fills memory or the disk. */
static enum MHD_Result ask_for_body(struct exchange *exchange)
{
    const struct http_server_callbacks *callbacks = &exchange->server->settings.callbacks;
    if (!suspend_unless_stopping(exchange, PHASE_ASKED)) {
        return refuse(exchange, 503, "the server is stopping");
    }
    callbacks->on_ask(callbacks->context, &exchange->request);
    return MHD_YES;
}

static enum MHD_Result begin_body(struct exchange *exchange)
{
    exchange->phase = PHASE_BODY;
    if (exchange->has_body) {
        connection_body(exchange->connection, true, 0, false);
    }
    return MHD_YES;
}

/* The owner answered without the body. */
static enum MHD_Result begin_dropping(struct exchange *exchange)
{
    if (!is_read_before_refusal(exchange)) {
        exchange->phase = PHASE_ANSWERED;
        return queue_answer(exchange);
    }
    connection_body(exchange->connection, true, 0, false);
    return MHD_YES;
}

static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *version)
{
    struct http_server *server = exchange->server;
    const struct http_server_callbacks *callbacks = &server->settings.callbacks;
    read_head(exchange, method, version);
    exchange->connection->head_read = true;
    connection_set_deadline(exchange->connection, 0);
    exchange->phase = PHASE_BODY;
    const char *reason = NULL;
    int status = framing_check(exchange, version, &reason);
    if (status != 0) {
        return refuse(exchange, status, reason);
    }
    exchange->plan.body_limit = BODY_DEFAULT_LIMIT;
    if (callbacks->on_headers != NULL) {
        callbacks->on_headers(callbacks->context, &exchange->request, &exchange->plan);
    }
    if (exchange->plan.refuse_status != 0) {
        return refuse_body(exchange, exchange->plan.refuse_status, exchange->plan.refuse_reason);
    }
    if (exchange->content_length > exchange->plan.body_limit) {
        return refuse_body(exchange, 413, "the body is larger than this address takes");
    }
    buffer_init(&exchange->body, (size_t)exchange->plan.body_limit);
    bool large = exchange->has_body &&
                 (exchange->content_length < 0 || exchange->content_length > BODY_DEFAULT_LIMIT);
    return exchange->plan.ask && large && callbacks->on_ask != NULL ? ask_for_body(exchange)
                                                                    : begin_body(exchange);
}

/* Counts what is in memory for all requests together. */
static bool keep_in_memory(struct exchange *exchange, const char *data, size_t size)
{
    atomic_size_t *all = &exchange->server->body_bytes;
    if (atomic_fetch_add(all, size) + size > BODIES_MAX) {
        atomic_fetch_sub(all, size);
        return false;
    }
    exchange->body_counted += size;
    buffer_add(&exchange->body, data, size);
    return true;
}

static void forget_body(struct exchange *exchange)
{
    buffer_done(&exchange->body);
    atomic_fetch_sub(&exchange->server->body_bytes, exchange->body_counted);
    exchange->body_counted = 0;
}

static enum MHD_Result take_data(struct exchange *exchange, const char *data, size_t *size)
{
    size_t taken = *size;
    *size = 0;
    exchange->request.body_size += (int64_t)taken;
    if (exchange->discard_status != 0 || exchange->phase == PHASE_DROPPING) {
        connection_body(exchange->connection, true, taken, false);
        return exchange->request.body_size > DISCARD_MAX ? MHD_NO : MHD_YES;
    }
    if (exchange->request.body_size > exchange->plan.body_limit) {
        exchange->overflowed = true;
        forget_body(exchange);
        connection_body(exchange->connection, true, taken, false);
        return exchange->request.body_size > exchange->plan.body_limit + DISCARD_MAX ? MHD_NO
                                                                                     : MHD_YES;
    }
    if (exchange->plan.spool_directory != NULL) {
        return spool_chunk(exchange, data, taken) ? MHD_YES : MHD_NO;
    }
    if (!keep_in_memory(exchange, data, taken)) {
        forget_body(exchange);
        exchange->discard_status = 503;
        exchange->discard_reason = "too many large requests at once; try again soon";
    }
    connection_body(exchange->connection, true, taken, false);
    return MHD_YES;
}

static enum MHD_Result finish(struct exchange *exchange)
{
    connection_body(exchange->connection, false, 0, false);
    if (exchange->phase == PHASE_DROPPING) {
        exchange->phase = PHASE_ANSWERED;
        connection_set_deadline(exchange->connection, ANSWER_GRACE_MS);
        return queue_answer(exchange);
    }
    if (exchange->discard_status != 0) {
        return refuse(exchange, exchange->discard_status, exchange->discard_reason);
    }
    if (exchange->overflowed) {
        return refuse(exchange, 413, "the body is larger than this address takes");
    }
    if (!suspend_unless_stopping(exchange, PHASE_HANDED)) {
        return refuse(exchange, 503, "the server is stopping");
    }
    if (exchange->plan.spool_directory != NULL && exchange->has_body) {
        spool_finish(exchange);
        return MHD_YES;
    }
    if (exchange->request.body_size > 0) {
        exchange->request.body = buffer_text(&exchange->body);
    }
    exchange_hand_over(exchange);
    return MHD_YES;
}

void exchange_hand_over(struct exchange *exchange)
{
    const struct http_server_callbacks *callbacks = &exchange->server->settings.callbacks;
    if (exchange->spool_failed) {
        struct http_response response;
        refusal_fill(exchange->server, &exchange->request, 503, "the upload could not be stored",
                     &response);
        http_request_respond(&exchange->request, &response);
        return;
    }
    callbacks->on_request(callbacks->context, &exchange->request);
}

enum MHD_Result exchange_on_data(void *context, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **exchange_at)
{
    (void)context;
    (void)mhd;
    (void)url;
    struct exchange *exchange = *exchange_at;
    if (exchange == NULL || exchange->connection == NULL) {
        return MHD_NO;
    }
    switch (exchange->phase) {
    case PHASE_HEADERS:
        return begin(exchange, method, version);
    case PHASE_ADMITTED:
        return begin_body(exchange);
    case PHASE_REFUSED:
        exchange->phase = PHASE_DROPPING;
        return begin_dropping(exchange);
    case PHASE_BODY:
    case PHASE_DROPPING:
        return *size > 0 ? take_data(exchange, data, size) : finish(exchange);
    case PHASE_ANSWERED:
        return queue_answer(exchange);
    case PHASE_ASKED:
    case PHASE_HANDED:
    case PHASE_QUEUED:
        return MHD_YES;
    }
    return MHD_NO;
}

void http_request_admit(struct http_request *request)
{
    struct exchange *exchange = (struct exchange *)(void *)request;
    CHECK(exchange->phase == PHASE_ASKED);
    exchange->phase = PHASE_ADMITTED;
    exchange_resume(exchange->server, exchange->mhd);
}

void http_request_respond(struct http_request *request, struct http_response *response)
{
    struct exchange *exchange = (struct exchange *)(void *)request;
    struct http_server *server = exchange->server;
    struct MHD_Connection *mhd = exchange->mhd;
    bool asked = exchange->phase == PHASE_ASKED;
    CHECK(asked || exchange->phase == PHASE_HANDED);
    response->close = response->close || asked || atomic_load(&server->quiesced);
    answer_compress(exchange, response);
    int64_t patience_ms = answer_patience_ms(response);
    exchange->built = answer_build(exchange, response);
    exchange->response = *response;
    *response = (struct http_response){0};
    exchange->phase = asked ? PHASE_REFUSED : PHASE_ANSWERED;
    connection_set_deadline(exchange->connection, patience_ms);
    /* From here on the HTTP thread may free the exchange at any moment. */
    exchange_resume(server, mhd);
}

void exchange_resume(struct http_server *server, struct MHD_Connection *mhd)
{
    MHD_resume_connection(mhd);
    pthread_mutex_lock(&server->handing_lock);
    if (--server->handed == 0) {
        pthread_cond_broadcast(&server->all_answered);
    }
    pthread_mutex_unlock(&server->handing_lock);
}

void exchange_unreference(struct exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->references, 1) != 1) {
        return;
    }
    const struct http_server_callbacks *callbacks = &exchange->server->settings.callbacks;
    if (callbacks->on_end != NULL) {
        callbacks->on_end(callbacks->context, &exchange->request);
    }
    http_response_done(&exchange->response);
    forget_body(exchange);
    arena_free(exchange->arena);
    mem_free(exchange->spool_path);
    pthread_mutex_destroy(&exchange->lock);
    mem_free(exchange);
}

void exchange_on_end(void *context, struct MHD_Connection *mhd, void **exchange_at,
                     enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)mhd;
    struct exchange *exchange = *exchange_at;
    if (exchange == NULL) {
        return;
    }
    *exchange_at = NULL;
    if (exchange->connection != NULL) {
        connection_body(exchange->connection, false, 0, false);
        if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
            connection_set_deadline(exchange->connection, exchange->server->settings.keep_alive_ms);
        }
    }
    if (exchange->plan.spool_directory != NULL) {
        spool_end(exchange);
    }
    exchange_unreference(exchange);
}
