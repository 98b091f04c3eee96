/* Bodies too big for memory: HTTP threads copy what arrives into items, this thread writes them to
 * a file. When more than SPOOL_WAITING_MAX bytes of one upload wait for the disk, its connection is
 * suspended until half of them are written, so a slow disk slows the client and fills no memory.
 * The same thread looks after the deadlines of connections in between. */
#include "net/http_server_internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct spool_item *item_new(enum spool_kind kind, struct exchange *exchange, size_t size)
{
    struct spool_item *item = mem_alloc(sizeof(*item) + size);
    item->link.next = NULL;
    item->kind = kind;
    item->exchange = exchange;
    item->size = size;
    item->flushed = NULL;
    if (exchange != NULL) {
        atomic_fetch_add(&exchange->references, 1);
    }
    return item;
}

/* Counts bytes as gone from the queue and lets the connection go on when it waited for that. */
static void bytes_left(struct exchange *exchange, size_t size)
{
    pthread_mutex_lock(&exchange->lock);
    exchange->spool_waiting -= size;
    bool resume = exchange->spool_suspended && exchange->spool_waiting <= SPOOL_WAITING_MAX / 2;
    if (resume) {
        exchange->spool_suspended = false;
    }
    pthread_mutex_unlock(&exchange->lock);
    if (resume) {
        connection_body(exchange->connection, true, 0, false);
        MHD_resume_connection(exchange->mhd);
    }
}

static void item_push(struct http_server *server, struct spool_item *item)
{
    if (queue_push(server->spool_queue, &item->link)) {
        return;
    }
    CHECK(item->exchange == NULL); /* the queue closes after the last connection */
    mem_free(item);
}

void spool_nudge(struct http_server *server)
{
    item_push(server, item_new(SPOOL_NUDGE, NULL, 0));
}

bool spool_chunk(struct exchange *exchange, const char *data, size_t size)
{
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->handing_lock);
    if (server->stopping) {
        pthread_mutex_unlock(&server->handing_lock);
        return false;
    }
    struct spool_item *item = item_new(SPOOL_CHUNK, exchange, size);
    memcpy(item->data, data, size);
    pthread_mutex_lock(&exchange->lock);
    exchange->spool_waiting += size;
    bool full = exchange->spool_waiting > SPOOL_WAITING_MAX;
    if (full) {
        exchange->spool_suspended = true;
        MHD_suspend_connection(exchange->mhd);
    }
    pthread_mutex_unlock(&exchange->lock);
    connection_body(exchange->connection, true, size, full);
    item_push(server, item);
    pthread_mutex_unlock(&server->handing_lock);
    return true;
}

void spool_flush(struct http_server *server)
{
    struct gate *flushed = gate_new();
    struct spool_item *item = item_new(SPOOL_FLUSH, NULL, 0);
    item->flushed = flushed;
    if (queue_push(server->spool_queue, &item->link)) {
        gate_wait(flushed);
    } else {
        mem_free(item);
    }
    gate_free(flushed);
}

void spool_finish(struct exchange *exchange)
{
    item_push(exchange->server, item_new(SPOOL_FINISH, exchange, 0));
}

void spool_end(struct exchange *exchange)
{
    item_push(exchange->server, item_new(SPOOL_END, exchange, 0));
}

static void open_file(struct exchange *exchange)
{
    char name[64];
    uint64_t number = atomic_fetch_add(&exchange->server->spool_number, 1);
    (void)snprintf(name, sizeof(name), "upload-%ld-%llu", (long)getpid(),
                   (unsigned long long)number);
    exchange->spool_path = file_join(exchange->plan.spool_directory, name);
    exchange->spool_descriptor =
        open(exchange->spool_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    exchange->spool_failed = exchange->spool_descriptor < 0;
}

static void write_chunk(struct exchange *exchange, const struct spool_item *item)
{
    if (exchange->spool_path == NULL) {
        open_file(exchange);
    }
    struct error error = {0};
    if (!exchange->spool_failed &&
        file_write_all(exchange->spool_descriptor, text_make(item->data, item->size), &error) !=
            OK) {
        exchange->spool_failed = true;
    }
    bytes_left(exchange, item->size);
}

static void close_file(struct exchange *exchange)
{
    if (exchange->spool_descriptor >= 0 && close(exchange->spool_descriptor) != 0) {
        exchange->spool_failed = true;
    }
    exchange->spool_descriptor = -1;
}

static void carry_out(struct spool_item *item)
{
    struct exchange *exchange = item->exchange;
    switch (item->kind) {
    case SPOOL_CHUNK:
        write_chunk(exchange, item);
        break;
    case SPOOL_FINISH:
        close_file(exchange);
        exchange->request.body_path = exchange->spool_path;
        exchange_hand_over(exchange);
        break;
    case SPOOL_END:
        close_file(exchange);
        if (exchange->spool_path != NULL && !exchange->keep_body) {
            (void)unlink(exchange->spool_path);
        }
        break;
    case SPOOL_FLUSH:
        gate_open(item->flushed);
        break;
    case SPOOL_NUDGE:
        break;
    }
    if (exchange != NULL) {
        exchange_unreference(exchange);
    }
    mem_free(item);
}

static void run(void *context)
{
    struct http_server *server = context;
    bool watching = false;
    for (;;) {
        struct queue_link *link =
            queue_wait(server->spool_queue, watching ? WATCH_INTERVAL_MS : -1);
        if (link != NULL) {
            carry_out(QUEUE_ITEM(link, struct spool_item, link));
        } else if (queue_is_closed(server->spool_queue)) {
            return;
        }
        watching = connections_watch(server);
    }
}

enum error_code spool_start(struct http_server *server, struct error *error)
{
    server->spool_queue = queue_new(NULL, NULL);
    return thread_start("http-spool", run, server, &server->spool_thread, error);
}

void spool_stop(struct http_server *server)
{
    if (server->spool_queue == NULL) {
        return;
    }
    queue_close(server->spool_queue);
    thread_join(server->spool_thread);
    queue_free(server->spool_queue);
}
