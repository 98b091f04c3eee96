/* The list of open sockets and their deadlines. libmicrohttpd knows only "silent for too long"; a
 * client that sends one byte now and then would hold a connection for ever. So each connection
 * carries the moment by which its headers must be complete, and each body must keep a least rate.
 * The spool thread calls connections_watch() and shuts down the sockets that are late. */
#include "net/http_server_internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static int descriptor_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

/* With server->lock held: makes sure the watcher looks soon. */
static bool start_watching(struct http_server *server)
{
    bool nudge = !server->watching;
    server->watching = true;
    return nudge;
}

/* Who has one IPv6 address mostly has all of its /64. */
static void group_of(const struct sockaddr *address, uint8_t group[16])
{
    memset(group, 0, 16);
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        memset(group + 10, 0xff, 2);
        memcpy(group + 12, &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
        memcpy(group, &v6.sin6_addr, mapped ? 16 : 8);
    }
}

enum MHD_Result connection_accept(void *context, const struct sockaddr *address, socklen_t size)
{
    (void)size;
    struct http_server *server = context;
    if (atomic_load(&server->quiesced)) {
        return MHD_NO;
    }
    if (address == NULL || (address->sa_family != AF_INET && address->sa_family != AF_INET6)) {
        return MHD_YES; /* the Unix socket is the owner's own */
    }
    uint8_t group[16];
    size_t count = 0;
    group_of(address, group);
    pthread_mutex_lock(&server->lock);
    for (const struct connection *at = server->connections; at != NULL; at = at->next) {
        count += memcmp(at->group, group, sizeof(group)) == 0 ? 1 : 0;
    }
    pthread_mutex_unlock(&server->lock);
    return count < server->settings.per_address_limit ? MHD_YES : MHD_NO;
}

static void connection_open(struct http_server *server, struct MHD_Connection *mhd,
                            void **socket_context)
{
    struct connection *connection = mem_zalloc(sizeof(*connection));
    connection->server = server;
    connection->descriptor = descriptor_of(mhd);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL && info->client_addr != NULL) {
        group_of(info->client_addr, connection->group);
    }
    connection->deadline_us =
        clock_measure_us() + server->settings.header_timeout_ms * INT64_C(1000);
    pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    server->connection_count++;
    bool nudge = start_watching(server);
    pthread_mutex_unlock(&server->lock);
    if (nudge) {
        spool_nudge(server);
    }
    *socket_context = connection;
}

static void connection_close(struct http_server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->lock);
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    server->connection_count--;
    pthread_mutex_unlock(&server->lock);
    mem_free(connection);
}

/* Called by libmicrohttpd after accept() and, with the socket still open, before close(): between
 * the two the descriptor surely is this connection's. */
void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_open(server, mhd, socket_context);
    } else if (*socket_context != NULL) {
        connection_close(server, *socket_context);
        *socket_context = NULL;
    }
}

void connection_set_deadline(struct connection *connection, int64_t timeout_ms)
{
    struct http_server *server = connection->server;
    bool nudge = false;
    pthread_mutex_lock(&server->lock);
    connection->deadline_us = timeout_ms == 0 ? 0 : clock_measure_us() + timeout_ms * INT64_C(1000);
    if (timeout_ms != 0) {
        nudge = start_watching(server);
    }
    pthread_mutex_unlock(&server->lock);
    if (nudge) {
        spool_nudge(server);
    }
}

/* A body has its grace and then a second for each so many bytes. What came fast is no licence to
 * fall silent for hours: the credit ends after a few graces. */
static void put_off(struct connection *connection, size_t bytes)
{
    const struct http_server_settings *settings = &connection->server->settings;
    int64_t now_us = clock_measure_us();
    int64_t grace_us = settings->body_rate_grace_ms * INT64_C(1000);
    int64_t latest_us = now_us + BODY_SILENCE_GRACES * grace_us;
    int64_t earned_us = (int64_t)bytes * INT64_C(1000000) / settings->body_rate_min_bytes;
    bool first = connection->body_deadline_us == 0;
    bool waited = connection->body_waits && connection->body_deadline_us < now_us + grace_us;
    int64_t from_us = first || waited ? now_us + grace_us : connection->body_deadline_us;
    connection->body_deadline_us =
        from_us + earned_us < latest_us ? from_us + earned_us : latest_us;
}

void connection_body(struct connection *connection, bool coming, size_t bytes, bool waits)
{
    struct http_server *server = connection->server;
    bool nudge = false;
    pthread_mutex_lock(&server->lock);
    if (!coming) {
        connection->body_deadline_us = 0;
    } else {
        put_off(connection, bytes);
        nudge = start_watching(server);
    }
    connection->body_waits = waits;
    pthread_mutex_unlock(&server->lock);
    if (nudge) {
        spool_nudge(server);
    }
}

bool connections_watch(struct http_server *server)
{
    int64_t now_us = clock_measure_us();
    bool watching = false;
    pthread_mutex_lock(&server->lock);
    for (struct connection *at = server->connections; at != NULL; at = at->next) {
        bool late = at->deadline_us != 0 && at->deadline_us <= now_us;
        bool slow = at->body_deadline_us != 0 && at->body_deadline_us <= now_us && !at->body_waits;
        if (late || slow) {
            (void)shutdown(at->descriptor, SHUT_RDWR);
            at->deadline_us = 0;
            at->body_deadline_us = 0;
        }
        watching = watching || at->deadline_us != 0 || at->body_deadline_us != 0;
    }
    server->watching = watching;
    pthread_mutex_unlock(&server->lock);
    return watching;
}

/* The caller knows that the connection is open: it is called by a stream that is attached. */
void connection_cut(struct connection *connection)
{
    pthread_mutex_lock(&connection->server->lock);
    (void)shutdown(connection->descriptor, SHUT_RDWR);
    pthread_mutex_unlock(&connection->server->lock);
}
