/* Letting sending go on: see release.h. Held messages are worked through in chunks, so that other
 * writes go in between; the fence opens first, and every message is decided by itself, so an
 * interruption leaves only fewer of them held. */
#include "service/release.h"

#include "delivery/delivery.h"
#include "delivery/progress.h"
#include "store/store.h"
#include "store/store_access.h"
#include "store/store_fence.h"
#include "store/store_instance.h"

enum { CHUNK_SIZE = 500 };

bool release_held_from_text(struct text text, enum release_held *ret_held)
{
    static const char *const WORDS[] = {"keep", "send_unsent", "give_up"};
    for (size_t at = 0; at < ARRAY_SIZE(WORDS); at++) {
        if (text_equal(text, text_from(WORDS[at]))) {
            *ret_held = (enum release_held)at;
            return true;
        }
    }
    return false;
}

struct release_run {
    enum release_held held;
    struct release_result result;
    int64_t after_id;
    bool more;
};

static enum error_code open_fence(struct work *work, void *context, struct error *error)
{
    struct release_run *run = context;
    struct store_installation installation = {0};
    bool found = false;
    enum error_code code = store_installation_get(work, &installation, &found, error);
    if (code == OK) {
        run->result.was_fenced = installation.fenced;
        code = store_installation_unfence(work, error);
    }
    if (code == OK) {
        code = store_audit_add(work, "sending.release", (struct text){0}, (struct text){0}, error);
    }
    return code;
}

static enum error_code decide(struct release_run *run, struct progress *progress,
                              const struct store_fence_held *message, struct error *error)
{
    if (run->held == RELEASE_SEND_UNSENT && message->doubts == 0) {
        run->result.sent++;
        return progress_operate(progress, message->message_id, PROGRESS_SEND_AGAIN, error);
    }
    if (run->held == RELEASE_GIVE_UP) {
        run->result.given_up++;
        return progress_operate(progress, message->message_id, PROGRESS_GIVE_UP, error);
    }
    run->result.kept++;
    return OK;
}

static enum error_code decide_chunk(struct work *work, void *context, struct error *error)
{
    struct release_run *run = context;
    struct store_fence_held *messages = NULL;
    size_t count = 0;
    struct progress progress;
    progress_init(&progress, work);
    enum error_code code =
        store_fence_held_list(work, run->after_id, CHUNK_SIZE, &messages, &count, error);
    for (size_t at = 0; at < count && code == OK; at++) {
        run->after_id = messages[at].message_id;
        code = decide(run, &progress, &messages[at], error);
    }
    run->more = count == CHUNK_SIZE;
    work->wakes |= WORK_WAKE_DELIVERY;
    return code;
}

const char *release_scheduler_word(const struct service *service)
{
    struct delivery_stats stats;
    if (service->delivery == NULL) {
        return "off";
    }
    delivery_stats(service->delivery, &stats);
    bool halted = stats.idle == DELIVERY_CLOCK || stats.idle == DELIVERY_FENCED ||
                  stats.idle == DELIVERY_STORE;
    return halted ? delivery_idle_to_text(stats.idle) : "ok";
}

enum error_code release_sending(struct service *service, enum release_held held,
                                struct release_result *ret_result, struct error *error)
{
    struct release_run run = {.held = held, .more = true};
    enum error_code code = writer_do(store_writer(service->store), open_fence, &run, error);
    while (code == OK && run.more) {
        code = writer_do(store_writer(service->store), decide_chunk, &run, error);
    }
    if (service->delivery != NULL) {
        delivery_clock_confirm(service->delivery);
    }
    if (code == OK) {
        *ret_result = run.result;
    }
    return code;
}
