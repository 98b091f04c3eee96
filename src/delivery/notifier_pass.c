/* The one writer job of the notifier: outcomes, new events and claims in one commit. Safe to run
 * again from the start: everything it finds out is put into the pass anew each time. */
#include "delivery/notifier_internal.h"

#include "base/ids.h"
#include "base/instant.h"
#include "delivery/webhook_payload.h"
#include "store/store_event.h"

enum { EVENTS_AT_ONCE = 1000, GIVE_UP_DAYS = 5, JITTER_PER_MILLE = 200 };

/* Between tries, in seconds: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h. */
static const int64_t RETRY_S[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};

int64_t notifier_retry_ms(int64_t tries)
{
    return tries >= 1 && (size_t)tries <= ARRAY_SIZE(RETRY_S) ? RETRY_S[tries - 1] * 1000 : -1;
}

/* ---- outcomes ---- */

static int64_t next_try_ms(const struct notifier_outcome *outcome, int64_t now_ms)
{
    int64_t wait_ms = notifier_retry_ms(outcome->tries);
    wait_ms += wait_ms / 1000 * crypto_random_below(JITTER_PER_MILLE + 1);
    return now_ms + (wait_ms > outcome->retry_after_ms ? wait_ms : outcome->retry_after_ms);
}

static enum error_code switch_off(struct work *work, struct notifier_pass *pass, int64_t id,
                                  const char *reason, struct error *error)
{
    char wire_id[ID_TEXT_MAX];
    const struct store_event event = {
        .type = TEXT("webhook.disabled"),
        .data = arena_format(work->arena, "{\"webhook_id\":\"%s\",\"reason\":\"%s\"}",
                             id_format(ID_HOOK, id, wire_id), reason),
    };
    pass->disabled = id;
    enum error_code code =
        store_webhook_set_state(work, id, WEBHOOK_DISABLED, text_from(reason), error);
    return code == OK ? store_event_add(work, &event, error) : code;
}

/* A receiver that wants nothing any more, or has failed for days, is switched off. */
static enum error_code judge_webhook(struct work *work, struct notifier_pass *pass,
                                     const struct notifier_outcome *outcome, struct error *error)
{
    struct store_webhook webhook;
    bool found = false;
    enum error_code code = store_webhook_get(work, outcome->webhook_id, &webhook, &found, error);
    if (code != OK || !found || webhook.state != WEBHOOK_ACTIVE) {
        return code;
    }
    if (outcome->gone) {
        return switch_off(work, pass, webhook.id, "gone", error);
    }
    if (work->now_ms - webhook.failing_since_ms >= GIVE_UP_DAYS * MS_PER_DAY) {
        return switch_off(work, pass, webhook.id, "failures", error);
    }
    return OK;
}

static enum error_code store_outcome(struct work *work, struct notifier_pass *pass,
                                     const struct notifier_outcome *outcome, struct error *error)
{
    bool settled = false;
    bool give_up = !outcome->success && (outcome->final || notifier_retry_ms(outcome->tries) < 0);
    struct store_webhook_delivery delivery = {
        .id = outcome->delivery_id,
        .state = outcome->success ? WEBHOOK_DELIVERED
                 : give_up        ? WEBHOOK_FAILED
                                  : WEBHOOK_PENDING,
        .next_at_ms =
            outcome->success || give_up ? work->now_ms : next_try_ms(outcome, work->now_ms),
        .http_status = outcome->status,
        .duration_ms = outcome->duration_ms,
        .error = outcome->success ? (struct text){0} : text_from(outcome->words),
    };
    enum error_code code = store_webhook_delivery_settle(work, &delivery, &settled, error);
    if (code == OK && settled) {
        code = store_webhook_count(work, outcome->webhook_id, delivery.error, give_up, error);
    }
    if (code == OK && settled && !outcome->success) {
        code = judge_webhook(work, pass, outcome, error);
    }
    return code;
}

/* ---- new events ---- */

static enum error_code read_webhooks(struct work *work, struct notifier_pass *pass,
                                     struct error *error)
{
    struct store_webhook *webhooks = NULL;
    size_t count = 0;
    enum error_code code = store_webhook_list(work, &webhooks, &count, error);
    pass->webhooks = webhooks;
    pass->webhook_count = 0;
    for (size_t i = 0; code == OK && i < count; i++) {
        if (webhooks[i].state == WEBHOOK_ACTIVE) {
            pass->webhooks[pass->webhook_count++] = webhooks[i];
        }
    }
    return code;
}

static enum error_code derive_one(struct work *work, const struct store_webhook *webhook,
                                  const struct store_event *events, size_t count,
                                  struct error *error)
{
    enum error_code code = OK;
    const char *type = NULL;
    if (webhook->cursor >= events[count - 1].id) {
        return OK;
    }
    for (size_t i = 0; i < count && code == OK; i++) {
        if (events[i].id > webhook->cursor && webhook_type_of(events[i].type, &type) &&
            webhook_types_take(webhook->types, type)) {
            code =
                store_webhook_delivery_add(work, webhook->id, events[i].id, text_from(type), error);
        }
    }
    return code == OK ? store_webhook_set_cursor(work, webhook->id, events[count - 1].id, error)
                      : code;
}

/* Reads from the cursor that is farthest behind; the others take their part of that page. */
static enum error_code derive(struct work *work, struct notifier_pass *pass, struct error *error)
{
    struct store_event *events = NULL;
    size_t count = 0;
    int64_t after_id = INT64_MAX;
    for (size_t i = 0; i < pass->webhook_count; i++) {
        int64_t cursor = pass->webhooks[i].cursor;
        after_id = cursor < after_id ? cursor : after_id;
    }
    if (pass->webhook_count == 0) {
        return OK;
    }
    enum error_code code = store_event_list(work, after_id, EVENTS_AT_ONCE, &events, &count, error);
    pass->more = count == EVENTS_AT_ONCE;
    for (size_t i = 0; i < pass->webhook_count && count > 0 && code == OK; i++) {
        code = derive_one(work, &pass->webhooks[i], events, count, error);
    }
    return code;
}

/* ---- claims ---- */

static size_t room_of(const struct notifier_pass *pass, const struct store_webhook *webhook)
{
    size_t room = webhook->failing_since_ms != 0 ? 1 : NOTIFIER_PARALLEL;
    size_t busy = 0;
    for (size_t i = 0; i < pass->busy_count; i++) {
        busy += pass->busy[i] == webhook->id;
    }
    return pass->may_claim && room > busy ? room - busy : 0;
}

static enum error_code claim(struct work *work, struct notifier_pass *pass, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; i < pass->webhook_count && code == OK; i++) {
        int64_t id = pass->webhooks[i].id;
        size_t room = room_of(pass, &pass->webhooks[i]);
        int64_t next_at_ms = 0;
        pass->claim_counts[i] = 0;
        if (room == 0) {
            continue; /* the end of a request asks again */
        }
        code = store_webhook_delivery_claim(work, id, room, &pass->claims[i],
                                            &pass->claim_counts[i], error);
        if (code == OK && pass->claim_counts[i] < room) {
            code = store_webhook_delivery_pending(work, id, NULL, &next_at_ms, error);
        }
        if (code == OK && next_at_ms != 0 && next_at_ms < pass->next_at_ms) {
            pass->next_at_ms = next_at_ms;
        }
    }
    return code;
}

enum error_code notifier_pass_run(struct work *work, struct job *job, struct error *error)
{
    struct notifier_pass *pass = job->context;
    struct arena *work_arena = work->arena;
    arena_reset(pass->arena);
    work->arena = pass->arena;
    pass->next_at_ms = CLOCK_NEVER;
    pass->more = false;
    pass->disabled = 0;
    enum error_code code = pass->recover ? store_webhook_delivery_recover(work, error) : OK;
    for (const struct notifier_outcome *outcome = pass->outcomes; outcome != NULL && code == OK;
         outcome = outcome->next) {
        code = store_outcome(work, pass, outcome, error);
    }
    if (code == OK) {
        code = read_webhooks(work, pass, error);
    }
    if (code == OK && pass->may_claim) {
        code = derive(work, pass, error);
    }
    if (code == OK) {
        code = claim(work, pass, error);
    }
    work->arena = work_arena;
    return code;
}
