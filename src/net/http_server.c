/* Listeners, libmicrohttpd daemons and their limits: starts and stops the server. What happens with
 * a request stands in http_exchange.c. */
#include "net/http_server_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LISTEN_BACKLOG = 1024,
    CONNECTION_MEMORY = 32 * 1024,
    TCP_THREADS = 2,
};

/* Splits "[::1]:8080", "127.0.0.1:8080" or ":8080". */
static bool split_address(const char *listen_address, char *host, size_t host_size, char *port,
                          size_t port_size)
{
    struct text all = text_from(listen_address);
    size_t colon = all.size;
    while (colon > 0 && all.data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    struct text host_part = text_head(all, colon - 1);
    struct text port_part = text_skip(all, colon);
    if (host_part.size >= 2 && host_part.data[0] == '[' &&
        host_part.data[host_part.size - 1] == ']') {
        host_part = text_head(text_skip(host_part, 1), host_part.size - 2);
    }
    int64_t number = 0;
    if (host_part.size >= host_size || port_part.size >= port_size ||
        !text_to_int64(port_part, &number) || number < 0 || number > 65535) {
        return false;
    }
    (void)snprintf(host, host_size, "%.*s", TEXT_ARGS(host_part));
    (void)snprintf(port, port_size, "%.*s", TEXT_ARGS(port_part));
    return true;
}

bool http_server_address_is_good(const char *listen_address)
{
    char host[256];
    char port[8];
    return split_address(listen_address, host, sizeof(host), port, sizeof(port));
}

/* A peer that went without a word is found within about a minute, also while a stream to it is
 * idle. Accepted sockets inherit this. */
static void find_dead_peers(int descriptor)
{
    int on = 1, idle_s = 30, every_s = 10, probes = 3;
    unsigned unacknowledged_ms = 60000;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                     sizeof(unacknowledged_ms));
}

static int listen_on(const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -1;
    }
    int on = 1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    find_dead_peers(descriptor);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(descriptor, LISTEN_BACKLOG) != 0) {
        int saved = errno;
        (void)close(descriptor);
        errno = saved;
        return -1;
    }
    return descriptor;
}

static enum error_code open_tcp(const char *listen_address, int *ret_descriptor, int *ret_port,
                                struct error *error)
{
    char host[256];
    char port[8];
    if (!split_address(listen_address, host, sizeof(host), port, sizeof(port))) {
        return error_set(error, ERROR_INVALID, "\"%s\" is no address to listen on; like 0.0.0.0:80",
                         listen_address);
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found);
    if (failed != 0) {
        return error_set(error, ERROR_INVALID, "\"%s\" is no address to listen on: %s",
                         listen_address, gai_strerror(failed));
    }
    int descriptor = -1;
    for (const struct addrinfo *at = found; at != NULL && descriptor < 0; at = at->ai_next) {
        descriptor = listen_on(at);
    }
    int reason = errno;
    freeaddrinfo(found);
    if (descriptor < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not listen on \"%s\": %s", listen_address,
                         strerror(reason));
    }
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    (void)getsockname(descriptor, (struct sockaddr *)&bound, &size);
    in_port_t bound_port = bound.ss_family == AF_INET6
                               ? ((const struct sockaddr_in6 *)(const void *)&bound)->sin6_port
                               : ((const struct sockaddr_in *)(const void *)&bound)->sin_port;
    *ret_port = ntohs(bound_port);
    *ret_descriptor = descriptor;
    return OK;
}

/* A socket file left by a dead server is removed. Whoever calls this holds the lock of the data
 * directory, so no living server listens there. */
static enum error_code open_unix(const char *path, int *ret_descriptor, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(error, ERROR_INVALID, "the path of the socket \"%s\" is too long", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    struct stat facts;
    if (lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode)) {
        (void)unlink(path);
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t before = umask(0077);
    bool bound = descriptor >= 0 &&
                 bind(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                 listen(descriptor, LISTEN_BACKLOG) == 0;
    int reason = errno;
    (void)umask(before);
    if (!bound) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return error_set(error, ERROR_UNAVAILABLE, "could not listen on \"%s\": %s", path,
                         strerror(reason));
    }
    *ret_descriptor = descriptor;
    return OK;
}

/* Targets stay as they came: each layer above decodes once, piece by piece. */
static size_t keep_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

static void drop_library_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static enum error_code start_daemon(struct http_server *server, int descriptor, unsigned threads,
                                    struct error *error)
{
    const struct http_server_settings *settings = &server->settings;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)drop_library_log, NULL},
        {MHD_OPTION_LISTEN_SOCKET, descriptor, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)settings->connection_limit, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)((settings->keep_alive_ms + 999) / 1000), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
#if MHD_VERSION >= 0x00097701 /* what older ones call strict, http_framing.c exceeds */
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2, NULL},
#endif
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, server},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_on_target, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_on_end, server},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_notify, server},
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
                                                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                                                 0, connection_accept, server, exchange_on_data,
                                                 server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (daemon == NULL) {
        (void)close(descriptor);
        return error_set(error, ERROR_UNAVAILABLE, "could not start the HTTP server");
    }
    server->daemons[server->daemon_count++] = daemon;
    return OK;
}

static void set_defaults(struct http_server_settings *settings)
{
    if (settings->connection_limit == 0) {
        settings->connection_limit = 4096;
    }
    if (settings->per_address_limit == 0) {
        settings->per_address_limit = 512;
    }
    if (settings->header_timeout_ms == 0) {
        settings->header_timeout_ms = 10000;
    }
    if (settings->keep_alive_ms == 0) {
        settings->keep_alive_ms = 60000;
    }
    if (settings->body_rate_grace_ms == 0) {
        settings->body_rate_grace_ms = 5000;
    }
    if (settings->body_rate_min_bytes == 0) {
        settings->body_rate_min_bytes = 1024;
    }
}

static enum error_code start(struct http_server *server, struct error *error)
{
    enum error_code code = spool_start(server, error);
    if (code != OK) {
        return code;
    }
    int descriptor = -1;
    if (server->settings.listen != NULL) {
        code = open_tcp(server->settings.listen, &descriptor, &server->port, error);
        if (code == OK) {
            code = start_daemon(server, descriptor, TCP_THREADS, error);
        }
    }
    if (code == OK && server->unix_path != NULL) {
        code = open_unix(server->unix_path, &descriptor, error);
        if (code == OK) {
            code = start_daemon(server, descriptor, 1, error);
        }
    }
    return code;
}

enum error_code http_server_start(const struct http_server_settings *settings,
                                  struct http_server **ret_server, struct error *error)
{
    CHECK(settings->callbacks.on_request != NULL);
    struct http_server *server = mem_zalloc(sizeof(*server));
    server->settings = *settings;
    server->unix_path = settings->unix_path == NULL ? NULL : mem_copy_text(settings->unix_path);
    set_defaults(&server->settings);
    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->handing_lock, NULL);
    pthread_cond_init(&server->all_answered, NULL);
    enum error_code code = start(server, error);
    if (code != OK) {
        http_server_free(server);
        return code;
    }
    *ret_server = server;
    return OK;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_quiesce(struct http_server *server)
{
    if (atomic_exchange(&server->quiesced, true)) {
        return;
    }
    /* connection_accept() takes nobody from now on. MHD_quiesce_daemon() is not for us: it and the
     * library's threads race to take the listener out of their epoll, and the one that comes second
     * ends the process (0.9.75; seen once in some hundred stops). */
    if (server->unix_path != NULL) {
        (void)unlink(server->unix_path);
    }
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    http_server_quiesce(server);
    pthread_mutex_lock(&server->handing_lock);
    server->stopping = true;
    while (server->handed > 0) {
        pthread_cond_wait(&server->all_answered, &server->handing_lock);
    }
    pthread_mutex_unlock(&server->handing_lock);
    if (server->spool_thread != NULL) {
        spool_flush(server); /* resumes the uploads that wait for the disk */
    }
    for (size_t i = 0; i < server->daemon_count; i++) {
        MHD_stop_daemon(server->daemons[i]); /* closes the listener, too */
    }
    spool_stop(server);
    pthread_cond_destroy(&server->all_answered);
    pthread_mutex_destroy(&server->handing_lock);
    pthread_mutex_destroy(&server->lock);
    mem_free(server->unix_path);
    mem_free(server);
}
