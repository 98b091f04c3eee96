/* `dripline serve`: wires the parts of the server, runs until SIGTERM, and takes them down in the
 * reverse order, so that nothing is answered before it is stored and nothing is sent after. */
#include "cli/cli.h"

#include "api/dispatch.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/serve_parts.h"
#include "config.h"
#include "net/http_server.h"
#include "pages/pages.h"
#include "service/access.h"
#include "service/alerts.h"
#include "service/email.h"
#include "service/idempotency.h"
#include "service/master_key.h"
#include "service/retention.h"
#include "service/transaction.h"
#include "service/verify.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HOUSEKEEPING_S = 600 };

struct serve {
    struct config config;
    struct clock *clock;
    struct store *store;
    struct access *access;
    struct serve_keys keys;
    struct service service;
    struct dispatch *dispatch;
    struct http_server *server;
    struct serve_parts parts;
    char *spool_directory;
    char *socket_path;
    pthread_mutex_t wake_lock; /* what the writer wakes may not go away meanwhile */
    bool awake;                /* everything that can be woken is there */
    bool house_dirty;          /* the last cleaning left something; only on the writer thread */
};

/* On the writer thread, after a commit. */
static void wake(void *context, unsigned wakes)
{
    struct serve *serve = context;
    pthread_mutex_lock(&serve->wake_lock);
    if (serve->awake) {
        serve_parts_wake(&serve->parts, wakes);
        if ((wakes & WORK_WAKE_EVENTS) != 0) {
            dispatch_wake_events(serve->dispatch);
        }
    }
    pthread_mutex_unlock(&serve->wake_lock);
}

static void set_awake(struct serve *serve, bool awake)
{
    pthread_mutex_lock(&serve->wake_lock);
    serve->awake = awake;
    pthread_mutex_unlock(&serve->wake_lock);
}

/* ---- up ---- */

static enum error_code open_store(struct serve *serve, struct error *error)
{
    struct store_settings settings = {
        .directory = serve->config.data,
        .create = true,
        .writer = {.clock = serve->clock, .wake = wake, .wake_context = serve},
    };
    enum error_code code = store_open(&settings, &serve->store, error);
    return code == OK ? verify_upgrade(serve->store, error) : code;
}

/* A clock moved by hand must not go back at a restart: what was planned would come twice. */
static enum error_code continue_clock(struct serve *serve, struct error *error)
{
    int64_t last_ms = 0;
    enum error_code code = serve_last_moment(serve->store, &last_ms, error);
    if (code == OK && clock_is_manual(serve->clock) && last_ms > clock_now_ms(serve->clock)) {
        CHECK(clock_advance(serve->clock, last_ms, NULL, NULL)); /* nobody has joined yet */
    }
    return code;
}

static enum error_code set_up_service(struct serve *serve, struct error *error)
{
    const struct config *config = &serve->config;
    enum error_code code =
        serve_keys_open(serve->store, config->data, config->master_key_file, &serve->keys, error);
    if (code == OK) {
        code = master_key_keep(serve->store, secret_text(serve->keys.master), error);
    }
    if (code == OK) {
        serve->spool_directory = file_join(config->data, "spool");
        code = serve_clean_spool(serve->spool_directory, error);
    }
    serve->socket_path = file_join(config->data, "dripline.sock");
    serve->access = access_new();
    serve->service = (struct service){
        .store = serve->store,
        .clock = serve->clock,
        .access = serve->access,
        .master_key = secret_text(serve->keys.master),
        .hash_key = secret_text(serve->keys.hash),
        .data_directory = config->data,
        .spool_directory = serve->spool_directory,
        .ca_file = config->ca_file[0] == '\0' ? NULL : config->ca_file,
        .public_url = config->public_url,
        .version = DRIPLINE_VERSION,
        .limits = {.import_bytes = config->import_max_mb * 1024 * 1024,
                   .import_rows = config->import_max_rows,
                   .idempotency_ms = INT64_C(24) * 60 * 60 * 1000,
                   .disk_warning_bytes = config->disk_warning_mb * 1024 * 1024},
        .manual_clock = clock_is_manual(serve->clock),
        .webhooks_allow_local = strcmp(config->webhooks_allow_local, "yes") == 0,
        .started_at_ms = clock_now_ms(serve->clock),
    };
    return code;
}

static enum error_code open_doors(struct serve *serve, struct error *error)
{
    const struct config *config = &serve->config;
    struct dispatch_settings dispatch = {
        .service = &serve->service,
        .read_threads = (size_t)config->read_threads,
        .requests_per_minute = config->rate_limit,
        .anonymous_per_minute = config->anonymous_rate_limit,
        .trusted_proxies = config->trusted_proxies,
    };
    serve->dispatch = dispatch_new(&dispatch);
    struct http_server_settings server = {
        .listen = config->listen,
        .unix_path = serve->socket_path,
        .connection_limit = serve_allow_connections((size_t)config->connections),
        .per_address_limit = (size_t)config->connections_per_address,
        .callbacks = dispatch_callbacks(serve->dispatch),
    };
    return http_server_start(&server, &serve->server, error);
}

/* The address under which this machine reaches its own server. */
static void local_host(const struct serve *serve, char *out, size_t size)
{
    const char *listen = serve->config.listen;
    const char *colon = strrchr(listen, ':');
    bool any = colon == NULL || colon == listen || strncmp(listen, "0.0.0.0:", 8) == 0 ||
               strncmp(listen, "[::]:", 5) == 0;
    (void)snprintf(out, size, "%.*s", any ? 9 : (int)(colon - listen), any ? "127.0.0.1" : listen);
}

static enum error_code start(struct serve *serve, struct error *error)
{
    serve_give_up_rights();
    serve->clock = strcmp(serve->config.clock, "manual") == 0 ? clock_new_manual(serve_wall_ms())
                                                              : clock_new_system();
    enum error_code code = open_store(serve, error);
    if (code == OK) {
        code = continue_clock(serve, error);
    }
    if (code == OK) {
        code = set_up_service(serve, error);
    }
    if (code == OK) {
        code = open_doors(serve, error);
    }
    if (code == OK) {
        char host[256];
        local_host(serve, host, sizeof(host));
        struct serve_parts_settings settings = {
            .service = &serve->service,
            .host = host,
            .port = http_server_port(serve->server),
            .ca_file = serve->config.ca_file[0] == '\0' ? NULL : serve->config.ca_file,
        };
        code = serve_parts_start(&serve->parts, &settings, error);
    }
    if (code == OK) {
        set_awake(serve, true);
        code = dispatch_start(serve->dispatch, error);
    }
    return code;
}

/* ---- down ---- */

static void stop(struct serve *serve)
{
    if (serve->server != NULL) {
        http_server_quiesce(serve->server);
    }
    serve_parts_stop(&serve->parts); /* waits for answers from WhatsApp, and stores them */
    set_awake(serve, false);
    if (serve->dispatch != NULL) {
        dispatch_stop(serve->dispatch);
    }
    http_server_free(serve->server);
    dispatch_free(serve->dispatch);
    serve_parts_free(&serve->parts);
    store_close(serve->store);
    access_free(serve->access);
    clock_free(serve->clock);
    serve_keys_done(&serve->keys);
    mem_free(serve->spool_directory);
    mem_free(serve->socket_path);
    config_done(&serve->config);
    pthread_mutex_destroy(&serve->wake_lock);
}

/* ---- what people see ---- */

static void base_url(const struct serve *serve, char *out, size_t size)
{
    const char *listen = serve->config.listen;
    const char *colon = strrchr(listen, ':');
    size_t host_size = colon == NULL ? 0 : (size_t)(colon - listen);
    if (serve->config.public_url[0] != '\0') {
        (void)snprintf(out, size, "%s", serve->config.public_url);
        return;
    }
    bool any =
        host_size == 0 || strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
    (void)snprintf(out, size, "http://%.*s:%d", any ? 9 : (int)host_size,
                   any ? "localhost" : listen, http_server_port(serve->server));
}

static enum error_code find_setup_needed(struct work *work, void *context, struct error *error)
{
    return access_setup_needed(work, context, error);
}

/* The service manager, if one started us, waits for this word. */
static void notify_manager(const char *words)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof(to.sun_path)) {
        return;
    }
    memcpy(to.sun_path, path, strlen(path));
    if (to.sun_path[0] == '@') {
        to.sun_path[0] = '\0';
    }
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0) {
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
        (void)sendto(descriptor, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
        (void)close(descriptor);
    }
}

static enum error_code announce(struct serve *serve, struct error *error)
{
    char url[300];
    bool needed = false;
    base_url(serve, url, sizeof(url));
    enum error_code code = service_call(&serve->service, find_setup_needed, &needed, error);
    if (code != OK) {
        return code;
    }
    if (needed && !pages_have_ui()) {
        (void)printf("First start, and this program has no web UI. Make a key or a user:\n"
                     "  dripline key create --name first --scope admin --data %s\n"
                     "  dripline user add EMAIL --role admin --data %s\n",
                     serve->config.data, serve->config.data);
    } else if (needed) {
        char token[ACCESS_TOKEN_MAX];
        access_setup_open(serve->access, token);
        (void)printf("First start. Make the administrator here, within 15 minutes:\n"
                     "  %s/setup#token=%s\n",
                     url, token);
    }
    (void)printf("dripline ready on %s\n", url);
    (void)fflush(stdout);
    notify_manager("READY=1\n");
    return OK;
}

/* ---- the command ---- */

static int exit_code(enum error_code code)
{
    if (code == ERROR_INVALID) {
        return CLI_USAGE;
    }
    return error_retry_may_help(code) || code == ERROR_CONFLICT ? CLI_UNAVAILABLE : CLI_FAILED;
}

static void print_error(const struct error *error)
{
    size_t count = error->field_count < ERROR_FIELDS_MAX ? error->field_count : ERROR_FIELDS_MAX;
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stderr, "dripline: %s: %s\n", error->fields[i].field,
                      error->fields[i].message);
    }
    if (count == 0) {
        (void)fprintf(stderr, "dripline: %s%s%s\n", error->message,
                      error->detail[0] == '\0' ? "" : ": ", error->detail);
    }
}

static enum error_code keep_house(struct work *work, void *context, struct error *error)
{
    struct serve *serve = context;
    serve->house_dirty = false;
    enum error_code code = idempotency_prune(work, serve->service.limits.idempotency_ms, error);
    if (code == OK) {
        code = alerts_prune(work, error);
    }
    if (code == OK) {
        code = email_prune(work, error);
    }
    if (code == OK) {
        code = access_prune(work, serve->service.access, error);
    }
    return code == OK ? retention_prune(work, &serve->house_dirty, error) : code;
}

static void clean_up(struct serve *serve);

/* Each piece is short, so that sending goes on in between. */
static void house_kept(void *context, enum error_code code, const struct error *error)
{
    struct serve *serve = context;
    if (code != OK) {
        log_error("server.housekeeping", error);
    } else if (serve->house_dirty) {
        clean_up(serve);
    }
}

static void clean_up(struct serve *serve)
{
    struct service_write write = {.run = keep_house, .done = house_kept, .context = serve};
    service_submit(&serve->service, &write);
}

/* Waits for the signal to stop, and cleans up now and then. */
static void wait_for_end(struct serve *serve)
{
    const struct timespec interval = {.tv_sec = HOUSEKEEPING_S};
    sigset_t ends;
    int received = -1;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    clean_up(serve);
    while ((received = sigtimedwait(&ends, NULL, &interval)) < 0) {
        if (errno == EAGAIN) {
            clean_up(serve);
        }
    }
    log_event(LOG_INFO, "server.stopping", "signal=%d", received);
    notify_manager("STOPPING=1\n");
}

static void block_signals(void)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

int cli_serve(int count, char **arguments)
{
    struct serve serve = {0};
    struct error error = {0};
    pthread_mutex_init(&serve.wake_lock, NULL);
    enum error_code code = config_read(count, arguments, &serve.config, &error);
    if (code == OK && serve.config.help) {
        (void)printf("usage: dripline serve [settings]\n\n");
        config_print_help();
        stop(&serve);
        return CLI_OK;
    }
    if (code == OK) {
        enum log_level level = LOG_INFO;
        (void)log_level_from_text(text_from(serve.config.log_level), &level);
        log_setup(level, strcmp(serve.config.log_format, "json") == 0);
        block_signals();
        code = start(&serve, &error);
    }
    if (code == OK) {
        code = announce(&serve, &error);
    }
    if (code == OK) {
        wait_for_end(&serve);
    } else {
        print_error(&error);
    }
    stop(&serve);
    return code == OK ? CLI_OK : exit_code(code);
}
