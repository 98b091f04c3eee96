/* The thread behind runner.h. Each open batch is an item; an item has at most one job with the
 * writer. Completions and nudges come through one queue; when every item waits for the writer the
 * thread waits for the queue. */
#include "service/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"
#include "service/actions.h"
#include "service/batch.h"
#include "service/edit_effects.h"
#include "service/import_job.h"
#include "service/runner_files.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ITEMS_MAX = 8, RETRY_MS = 250, RETRY_MS_MAX = 30000 };

enum message_kind { MESSAGE_NUDGE, MESSAGE_STOP, MESSAGE_DONE };

struct message {
    struct queue_link link;
    enum message_kind kind;
};

typedef enum error_code chunk_function(struct work *work, int64_t batch_id, bool *ret_done,
                                       struct error *error);

struct item {
    struct runner *runner;
    int64_t batch_id;
    chunk_function *chunk_function; /* NULL: an import */
    struct import_job *import;
    struct import_chunk *ready; /* made, not yet with the writer */
    struct import_chunk *sent;  /* with the writer */
    bool in_flight;
    bool finished;  /* the batch is over, or failed and that is written down */
    bool failing;   /* it cannot go on: that is still to be written down */
    bool resend;    /* what was sent could not be carried out for now */
    bool job_fails; /* the job with the writer writes the failure down */
    char failure[256];
    char *path; /* of the import's file */
    /* the job with the writer */
    struct job job;
    struct message message;
    bool job_done; /* what the job's run found out: nothing is left */
};

struct runner {
    const struct service *service;
    struct queue *queue;
    struct thread *thread;
    struct clock_participant *participant;
    struct db *db;
    struct arena *arena;
    struct item *items[ITEMS_MAX];
    size_t item_count;
    bool stopping;
    bool once; /* ends when nothing is open, or nothing can be done for now */
    bool look; /* for new batches */
    bool full; /* more batches are open than items fit */
    bool retry_later;
    int64_t retry_ms; /* grows while it goes wrong */
};

/* ---- the queue ----------------------------------------------------------------------------- */

static void send(struct runner *runner, enum message_kind kind)
{
    struct message *message = mem_zalloc(sizeof *message);
    message->kind = kind;
    if (!queue_push(runner->queue, &message->link)) {
        mem_free(message);
    }
}

void runner_wake(struct runner *runner)
{
    if (runner != NULL) {
        clock_participant_busy(runner->participant);
        send(runner, MESSAGE_NUDGE);
    }
}

static void on_clock(void *context)
{
    send(context, MESSAGE_NUDGE);
}

static void on_job_done(struct work *work, struct job *job)
{
    (void)work;
    struct item *item = job->context;
    item->message.kind = MESSAGE_DONE;
    CHECK(queue_push(item->runner->queue, &item->message.link));
}

/* ---- items --------------------------------------------------------------------------------- */

static void item_free(struct item *item)
{
    import_job_free(item->import);
    mem_free(item->path);
    mem_free(item);
}

static enum error_code run_item(struct work *work, struct job *job, struct error *error)
{
    struct item *item = job->context;
    item->job_done = false;
    if (item->job_fails) {
        struct store_batch batch;
        enum error_code code = batch_get(work, item->batch_id, &batch, error);
        if (code == OK) {
            batch.state = BATCH_FAILED;
            batch.error = text_from(item->failure);
            batch.finished_at_ms = work->now_ms;
            batch.spool_path = text_make(NULL, 0);
            code = store_batch_update(work, &batch, error);
        }
        if (code == OK && text_equal(batch.kind, TEXT("edit"))) {
            code = edit_effects_release(work, &batch, error);
        }
        item->job_done = code == OK;
        return code == OK ? batch_tell(work, &batch, error) : code;
    }
    if (item->chunk_function != NULL) {
        return item->chunk_function(work, item->batch_id, &item->job_done, error);
    }
    bool stop = false;
    enum error_code code = import_chunk_run(work, item->sent, &stop, error);
    item->job_done = stop || import_chunk_is_last(item->sent);
    return code;
}

static void submit(struct item *item)
{
    item->in_flight = true;
    item->resend = false;
    item->job_fails = item->failing;
    item->job = (struct job){
        .run = run_item,
        .done = on_job_done,
        .context = item,
        .actor = {.kind = ACTOR_SYSTEM},
    };
    store_submit(item->runner->service->store, &item->job);
}

static void fail_item(struct item *item, const struct error *error)
{
    item->failing = true;
    (void)snprintf(item->failure, sizeof item->failure, "%s",
                   error->field_count > 0 ? error->fields[0].message : error->message);
    log_event(LOG_WARNING, "batch.failed", "batch=%lld error=%s detail=%s",
              (long long)item->batch_id, item->failure, error->detail);
    if (!item->in_flight) {
        submit(item);
    }
}

/* Does what can be done without waiting; true when there may be more. */
static bool step_item(struct item *item)
{
    struct error error = {.code = OK};
    if (item->finished || (item->failing && !item->resend)) {
        return false;
    }
    if (item->resend && !item->in_flight) {
        submit(item);
        return true;
    }
    if (item->chunk_function != NULL) {
        if (item->in_flight) {
            return false;
        }
        submit(item);
        return true;
    }
    if (item->ready == NULL) {
        enum error_code code = import_job_step(item->import, &item->ready, &error);
        if (code != OK) {
            fail_item(item, &error);
        }
        return true;
    }
    if (item->in_flight) {
        return false;
    }
    item->sent = item->ready;
    item->ready = NULL;
    submit(item);
    return true;
}

static void item_ended(struct item *item)
{
    item->finished = true;
    if (item->path != NULL) {
        (void)unlink(item->path);
    }
    item->runner->look = true;
}

static void on_done(struct item *item)
{
    item->in_flight = false;
    if (item->job.result == OK) {
        item->runner->retry_ms = RETRY_MS;
        if (item->job_done) {
            item_ended(item);
        } else if (item->failing) {
            submit(item);
        }
        return;
    }
    if (item->runner->stopping) {
        return; /* the batch goes on at the next start */
    }
    if (item->job.result == ERROR_NOT_FOUND && item->job_fails) {
        item_ended(item);
    } else if (error_retry_may_help(item->job.result) || item->job_fails) {
        item->resend = true;
        item->runner->retry_later = true;
        item->runner->retry_ms =
            item->runner->retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : item->runner->retry_ms * 2;
        log_event(LOG_WARNING, "batch.retry", "batch=%lld error=%s detail=%s",
                  (long long)item->batch_id, item->job.error.message, item->job.error.detail);
    } else {
        fail_item(item, &item->job.error);
    }
}

/* ---- finding work -------------------------------------------------------------------------- */

static bool has_item(const struct runner *runner, int64_t batch_id)
{
    for (size_t i = 0; i < runner->item_count; i++) {
        if (runner->items[i]->batch_id == batch_id) {
            return true;
        }
    }
    return false;
}

static void add_item(struct runner *runner, const struct store_batch *batch)
{
    struct error error = {.code = OK};
    struct item *item = mem_zalloc(sizeof *item);
    item->runner = runner;
    item->batch_id = batch->id;
    runner->items[runner->item_count++] = item;
    if (batch->state == BATCH_UNDOING) {
        item->chunk_function = batch_undo_chunk;
    } else if (text_equal(batch->kind, TEXT("action"))) {
        item->chunk_function = actions_batch_chunk;
    } else if (text_equal(batch->kind, TEXT("edit"))) {
        item->chunk_function = edit_effects_batch_chunk;
    } else {
        item->path = mem_copy_text(arena_chars(runner->arena, batch->spool_path));
        if (import_job_open(runner->service, batch, &item->import, &error) != OK) {
            fail_item(item, &error);
        }
    }
}

/* Edits of one sequence follow each other: each comes to everybody before the next one begins. */
static bool follows_another(const struct store_batch *batches, size_t at)
{
    const struct store_batch *batch = &batches[at];
    for (size_t i = 0; i < at && text_equal(batch->kind, TEXT("edit")); i++) {
        if (batches[i].sequence_id == batch->sequence_id &&
            text_equal(batches[i].kind, batch->kind)) {
            return true;
        }
    }
    return false;
}

static void find_items(struct runner *runner)
{
    struct error error = {.code = OK};
    struct work work = {
        .arena = runner->arena, .db = runner->db, .now_ms = clock_now_ms(runner->service->clock)};
    struct store_batch *batches = NULL;
    size_t count = 0;
    runner->look = false;
    runner->full = false;
    if (store_batch_open_list(&work, 0, ITEMS_MAX * 2, &batches, &count, &error) != OK) {
        log_event(LOG_ERROR, "runner.list_failed", "error=%s detail=%s", error.message,
                  error.detail);
        runner->look = true;
        runner->retry_later = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (has_item(runner, batches[i].id) || follows_another(batches, i)) {
            continue;
        }
        if (runner->item_count == ITEMS_MAX) {
            runner->full = true;
            break;
        }
        add_item(runner, &batches[i]);
    }
    arena_reset(runner->arena);
}

static void drop_finished(struct runner *runner)
{
    size_t kept = 0;
    for (size_t i = 0; i < runner->item_count; i++) {
        struct item *item = runner->items[i];
        if (item->finished && !item->in_flight) {
            item_free(item);
        } else {
            runner->items[kept++] = item;
        }
    }
    runner->item_count = kept;
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void take_messages(struct runner *runner, struct queue_link *link)
{
    while (link != NULL) {
        struct message *message = QUEUE_ITEM(link, struct message, link);
        link = link->next;
        switch (message->kind) {
        case MESSAGE_NUDGE:
            runner->look = true;
            mem_free(message);
            break;
        case MESSAGE_STOP:
            runner->stopping = true;
            mem_free(message);
            break;
        case MESSAGE_DONE:
            on_done(QUEUE_ITEM(message, struct item, message));
            break;
        }
    }
}

static bool any_in_flight(const struct runner *runner)
{
    for (size_t i = 0; i < runner->item_count; i++) {
        if (runner->items[i]->in_flight) {
            return true;
        }
    }
    return false;
}

static bool step_items(struct runner *runner)
{
    bool more = false;
    for (size_t i = 0; i < runner->item_count && !runner->retry_later; i++) {
        more = step_item(runner->items[i]) || more;
    }
    return more;
}

static void run(void *context)
{
    struct runner *runner = context;
    while (!runner->stopping || any_in_flight(runner)) {
        uint64_t ticket = clock_participant_ticket(runner->participant);
        if (runner->look && !runner->stopping) {
            find_items(runner);
        }
        bool more = !runner->stopping && step_items(runner);
        drop_finished(runner);
        struct queue_link *messages = queue_pop_all(runner->queue);
        if (messages == NULL && !more && !(runner->look && !runner->retry_later)) {
            if (runner->item_count == 0 && !runner->look) {
                clock_participant_idle(runner->participant, ticket, CLOCK_NEVER);
                runner->stopping = runner->stopping || runner->once;
            }
            runner->stopping = runner->stopping || (runner->once && runner->retry_later);
            if (runner->stopping && !any_in_flight(runner)) {
                continue;
            }
            messages = queue_wait_all(runner->queue, runner->retry_later ? runner->retry_ms : -1);
            runner->retry_later = false;
        }
        take_messages(runner, messages);
    }
}

/* ---- start and stop ------------------------------------------------------------------------ */

static void runner_free(struct runner *runner)
{
    for (size_t i = 0; i < runner->item_count; i++) {
        item_free(runner->items[i]);
    }
    for (struct queue_link *link = queue_pop_all(runner->queue); link != NULL;) {
        struct message *message = QUEUE_ITEM(link, struct message, link);
        link = link->next;
        mem_free(message);
    }
    clock_leave(runner->participant);
    queue_free(runner->queue);
    db_close(runner->db);
    arena_free(runner->arena);
    mem_free(runner);
}

static enum error_code runner_new(const struct service *service, struct runner **ret_runner,
                                  struct error *error)
{
    char directory[1024];
    struct runner *runner = mem_zalloc(sizeof *runner);
    runner->service = service;
    runner->arena = arena_new();
    runner->queue = queue_new(NULL, NULL);
    runner->look = true;
    runner->retry_ms = RETRY_MS;
    runner->participant = clock_join(service->clock, "runner", on_clock, runner);
    enum error_code code = runner_import_directory(service, directory, sizeof directory, error);
    if (code == OK) {
        code = store_reader_open(service->store, &runner->db, error);
    }
    if (code != OK) {
        runner_free(runner);
        return code;
    }
    runner_remove_leftovers(directory, runner->db, runner->arena);
    *ret_runner = runner;
    return OK;
}

enum error_code runner_start(const struct service *service, struct runner **ret_runner,
                             struct error *error)
{
    struct runner *runner = NULL;
    enum error_code code = runner_new(service, &runner, error);
    if (code == OK) {
        code = thread_start("runner", run, runner, &runner->thread, error);
        if (code != OK) {
            runner_free(runner);
            return code;
        }
        *ret_runner = runner;
    }
    return code;
}

enum error_code runner_run_once(const struct service *service, struct error *error)
{
    struct runner *runner = NULL;
    enum error_code code = runner_new(service, &runner, error);
    if (code == OK) {
        runner->once = true;
        run(runner);
        queue_close(runner->queue);
        runner_free(runner);
    }
    return code;
}

void runner_stop(struct runner *runner)
{
    if (runner != NULL) {
        send(runner, MESSAGE_STOP);
        thread_join(runner->thread);
        queue_close(runner->queue);
        runner_free(runner);
    }
}
