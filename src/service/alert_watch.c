/* The thread behind alert_watch.h. Wakes that come while one waits are one; between two looks lies
 * a second, so that a busy server pays for one look per second and a quiet one for two a minute. */
#include "service/alert_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"
#include "service/alerts.h"
#include "service/digest.h"
#include "service/transaction.h"

#include <stdatomic.h>

enum { REST_MS = 1000, LOOK_MS = 30000, LOOK_MANUAL_MS = 1000, LOOK_STILL_MS = 5000 };

enum item_kind { ITEM_WAKE, ITEM_STOP };
struct item {
    struct queue_link link;
    enum item_kind kind;
};

struct alert_watch {
    struct service *service;
    struct queue *queue;
    struct thread *thread;
    struct arena *arena;
    struct service_reader *reader;
    atomic_bool wake_waits; /* a wake is queued already */
    bool stopping;
    bool wanted;
    int64_t checked_us; /* whether to look */
    int64_t looked_us;
    int64_t looked_at_ms; /* the server's clock then */
};

static void push(struct alert_watch *watch, enum item_kind kind)
{
    struct item *item = mem_zalloc(sizeof(*item));
    item->kind = kind;
    if (!queue_push(watch->queue, &item->link)) {
        mem_free(item);
    }
}

void alert_watch_wake(struct alert_watch *watch)
{
    if (watch != NULL && !atomic_exchange(&watch->wake_waits, true)) {
        push(watch, ITEM_WAKE);
    }
}

static enum error_code run_update(struct work *work, void *context, struct error *error)
{
    return alerts_update(work, context, error);
}

/* ---- the daily mail ---- */

struct digest_words {
    struct text subject;
    struct text body;
    bool due;
};

static enum error_code queue_digest(struct work *work, void *context, struct error *error)
{
    const struct digest_words *words = context;
    return digest_queue(work, words->subject, words->body, error);
}

static enum error_code write_digest(struct work *work, struct digest_words *words,
                                    struct error *error)
{
    enum error_code code = digest_due(work, &words->due, error);
    return code == OK && words->due ? digest_write(work, &words->subject, &words->body, error)
                                    : code;
}

/* ---- a look ---- */

static void look(struct alert_watch *watch)
{
    struct error error = {0};
    bool outdated = false;
    struct digest_words digest = {0};
    struct work work = {.arena = watch->arena};
    /* First, so that a commit during the look asks for the next one. */
    atomic_store(&watch->wake_waits, false);
    watch->wanted = false;
    watch->looked_us = clock_measure_us();
    watch->checked_us = watch->looked_us;
    watch->looked_at_ms = clock_now_ms(watch->service->clock);
    work.now_ms = watch->looked_at_ms;
    enum error_code code = service_reader_begin(watch->reader, &work, &error);
    if (code == OK) {
        code = alerts_outdated(&work, watch->service, &outdated, &error);
        if (code == OK) {
            code = write_digest(&work, &digest, &error);
        }
        service_reader_end(watch->reader);
    }
    if (code == OK && outdated) {
        code = service_call(watch->service, run_update, watch->service, &error);
    }
    if (code == OK && digest.due) {
        code = service_call(watch->service, queue_digest, &digest, &error);
    }
    if (code != OK) {
        log_error("alerts.check_failed", &error);
    }
    arena_reset(watch->arena);
}

static void take_items(struct alert_watch *watch, struct queue_link *link)
{
    while (link != NULL) {
        struct item *item = QUEUE_ITEM(link, struct item, link);
        link = link->next;
        watch->wanted = true;
        watch->stopping = watch->stopping || item->kind == ITEM_STOP;
        mem_free(item);
    }
}

static void run(void *context)
{
    struct alert_watch *watch = context;
    bool manual = watch->service->manual_clock;
    while (!watch->stopping) {
        int64_t rested_ms = (clock_measure_us() - watch->checked_us) / 1000;
        int64_t least_ms = watch->wanted ? REST_MS : manual ? LOOK_MANUAL_MS : LOOK_MS;
        if (rested_ms < least_ms) {
            take_items(watch, queue_wait_all(watch->queue, least_ms - rested_ms));
            continue;
        }
        bool stands = manual && clock_now_ms(watch->service->clock) == watch->looked_at_ms;
        if (!watch->wanted && stands &&
            clock_measure_us() - watch->looked_us < LOOK_STILL_MS * INT64_C(1000)) {
            watch->checked_us = clock_measure_us();
            continue;
        }
        look(watch);
    }
}

static void watch_free(struct alert_watch *watch)
{
    queue_close(watch->queue);
    take_items(watch, queue_pop_all(watch->queue));
    queue_free(watch->queue);
    service_reader_close(watch->reader);
    arena_free(watch->arena);
    mem_free(watch);
}

enum error_code alert_watch_start(struct service *service, struct alert_watch **ret_watch,
                                  struct error *error)
{
    struct alert_watch *watch = mem_zalloc(sizeof(*watch));
    watch->service = service;
    watch->arena = arena_new();
    watch->queue = queue_new(NULL, NULL);
    watch->wanted = true;
    enum error_code code = service_reader_open(service, &watch->reader, error);
    if (code == OK) {
        code = thread_start("alerts", run, watch, &watch->thread, error);
    }
    if (code != OK) {
        watch_free(watch);
        return code;
    }
    *ret_watch = watch;
    return OK;
}

void alert_watch_stop(struct alert_watch *watch)
{
    if (watch != NULL) {
        push(watch, ITEM_STOP);
        thread_join(watch->thread);
        watch_free(watch);
    }
}
