/* A server inside a command: see cli_local.h. */
#include "cli/cli_local.h"

#include "api/dispatch.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/serve_parts.h"
#include "net/http_server.h"
#include "service/access.h"
#include "service/erasures.h"
#include "service/runner.h"
#include "service/verify.h"
#include "store/store.h"

#include <pthread.h>

enum { IMPORT_BYTES_MAX_MB = 4096, IMPORT_ROWS_MAX = 100000000 };

struct cli_local {
    struct clock *clock;
    struct store *store;
    struct access *access;
    struct serve_keys keys;
    const char *key_path; /* "": in the data directory */
    struct service service;
    struct runner *runner;
    struct dispatch *dispatch;
    struct http_server *server;
    char *directory;
    char *spool_directory;
    char *socket_path;
    pthread_mutex_t wake_lock; /* what the writer wakes may not go away meanwhile */
    bool awake;
};

/* On the writer thread, after a commit. */
static void wake(void *context, unsigned wakes)
{
    struct cli_local *local = context;
    (void)pthread_mutex_lock(&local->wake_lock);
    if (local->awake && (wakes & WORK_WAKE_RUNNER) != 0) {
        runner_wake(local->runner);
    }
    (void)pthread_mutex_unlock(&local->wake_lock);
}

static void set_awake(struct cli_local *local, bool awake)
{
    (void)pthread_mutex_lock(&local->wake_lock);
    local->awake = awake;
    (void)pthread_mutex_unlock(&local->wake_lock);
}

static enum error_code set_up_service(struct cli_local *local, struct error *error)
{
    enum error_code code = serve_clean_spool(local->spool_directory, error);
    local->service = (struct service){
        .store = local->store,
        .clock = local->clock,
        .access = local->access,
        .data_directory = local->directory,
        .spool_directory = local->spool_directory,
        .public_url = "",
        .version = DRIPLINE_VERSION,
        .limits = {.import_bytes = (int64_t)IMPORT_BYTES_MAX_MB * 1024 * 1024,
                   .import_rows = IMPORT_ROWS_MAX,
                   .idempotency_ms = INT64_C(24) * 60 * 60 * 1000},
        .started_at_ms = clock_now_ms(local->clock),
    };
    return code;
}

enum error_code cli_local_open(const struct cli *cli, bool create, struct cli_local **ret_local,
                               struct error *error)
{
    CLEANUP(cli_local_close) struct cli_local *local = mem_zalloc(sizeof(*local));
    (void)pthread_mutex_init(&local->wake_lock, NULL);
    local->clock = clock_new_system();
    local->access = access_new();
    local->directory = mem_copy_text(cli->data);
    local->key_path = cli_master_key_path(cli);
    local->spool_directory = file_join(cli->data, "spool");
    local->socket_path = file_join(cli->data, "dripline.sock");
    struct store_settings settings = {
        .directory = cli->data,
        .create = create,
        .writer = {.clock = local->clock, .wake = wake, .wake_context = local},
    };
    enum error_code code = store_open(&settings, &local->store, error);
    if (code == OK) {
        code = verify_upgrade(local->store, error);
    }
    if (code == OK) {
        code = set_up_service(local, error);
    }
    if (code == OK) { /* this may be a restored backup */
        code = erasures_apply(&local->service, error);
    }
    if (code == OK) {
        *ret_local = TAKE(local);
    }
    return code;
}

enum error_code cli_local_unlock(struct cli_local *local, struct error *error)
{
    enum error_code code =
        serve_keys_open(local->store, local->directory, local->key_path, &local->keys, error);
    local->service.master_key = secret_text(local->keys.master);
    local->service.hash_key = secret_text(local->keys.hash);
    return code;
}

enum error_code cli_local_listen(struct cli_local *local, struct error *error)
{
    const struct dispatch_settings dispatch = {.service = &local->service, .read_threads = 1};
    enum error_code code = cli_local_unlock(local, error);
    if (code == OK) {
        code = runner_start(&local->service, &local->runner, error);
    }
    if (code != OK) {
        return code;
    }
    local->service.runner = local->runner;
    local->dispatch = dispatch_new(&dispatch);
    const struct http_server_settings server = {
        .unix_path = local->socket_path,
        .callbacks = dispatch_callbacks(local->dispatch),
    };
    code = http_server_start(&server, &local->server, error);
    if (code == OK) {
        set_awake(local, true);
        code = dispatch_start(local->dispatch, error);
    }
    return code;
}

void cli_local_close(struct cli_local *local)
{
    if (local == NULL) {
        return;
    }
    if (local->server != NULL) {
        http_server_quiesce(local->server);
    }
    set_awake(local, false);
    runner_stop(local->runner);
    if (local->dispatch != NULL) {
        dispatch_stop(local->dispatch);
    }
    http_server_free(local->server);
    dispatch_free(local->dispatch);
    store_close(local->store);
    access_free(local->access);
    clock_free(local->clock);
    serve_keys_done(&local->keys);
    mem_free(local->directory);
    mem_free(local->spool_directory);
    mem_free(local->socket_path);
    (void)pthread_mutex_destroy(&local->wake_lock);
    mem_free(local);
}

struct service *cli_local_service(struct cli_local *local)
{
    return &local->service;
}
