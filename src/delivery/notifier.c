/* Life and loop of the notifier: when a pass is wanted, what follows from it, when to wake again.
 * Outcomes of a pass that failed stay and go first into the next one. */
#include "delivery/notifier_internal.h"

#include "base/log.h"
#include "base/mem.h"

enum {
    POLL_MS = 1000,
    REST_MS = 60000,
    PASS_RETRY_MS = 250,
    DRAIN_US = 5000000,
    TICK_US = 60000000
};

/* ---- the inbox ---- */

static void wake_client(void *context)
{
    struct notifier *notifier = context;
    http_client_wake(notifier->client);
}

static void push(struct notifier *notifier, enum notifier_item_kind kind)
{
    struct notifier_item *item = mem_zalloc(sizeof(*item));
    item->kind = kind;
    CHECK(queue_push(notifier->inbox, &item->link));
}

static void on_clock(void *context)
{
    push(context, NOTIFIER_WAKE);
}

void notifier_wake(struct notifier *notifier, bool changed)
{
    if (notifier != NULL && (changed || notifier->listens)) {
        clock_participant_busy(notifier->participant);
        push(notifier, NOTIFIER_WAKE);
    }
}

/* ---- passes ---- */

void notifier_add_outcome(struct notifier *notifier, const struct notifier_outcome *outcome)
{
    struct notifier_outcome *copy = mem_copy(outcome, sizeof(*outcome));
    copy->next = NULL;
    *notifier->last_outcome = copy;
    notifier->last_outcome = &copy->next;
}

static void free_outcomes(struct notifier_outcome *outcomes)
{
    while (outcomes != NULL) {
        struct notifier_outcome *next = outcomes->next;
        mem_free(outcomes);
        outcomes = next;
    }
}

static void free_pass(struct notifier_pass *pass)
{
    free_outcomes(pass->outcomes);
    arena_free(pass->arena);
    mem_free(pass);
}

static void pass_done(struct work *work UNUSED, struct job *job)
{
    struct notifier_pass *pass = job->context;
    push(pass->notifier, NOTIFIER_PASS);
}

static void submit_pass(struct notifier *notifier)
{
    struct notifier_pass *pass = mem_zalloc(sizeof(*pass));
    pass->notifier = notifier;
    pass->arena = arena_new();
    pass->outcomes = notifier->outcomes;
    notifier->outcomes = NULL;
    notifier->last_outcome = &notifier->outcomes;
    pass->recover = !notifier->recovered;
    pass->may_claim = notifier->stop_at_us == 0;
    for (const struct notifier_call *call = notifier->calls; call != NULL; call = call->next) {
        CHECK(pass->busy_count < NOTIFIER_CALLS_MAX);
        pass->busy[pass->busy_count++] = call->webhook_id;
    }
    pass->job = (struct job){.run = notifier_pass_run, .done = pass_done, .context = pass};
    notifier->pass = pass;
    notifier->wanted = false;
    notifier->retry_at_us = 0;
    store_submit(notifier->settings.store, &pass->job);
}

/* The outcomes go back in front of those that came meanwhile. */
static void keep_outcomes(struct notifier *notifier, struct notifier_pass *pass)
{
    struct notifier_outcome **end = &pass->outcomes;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    if (notifier->outcomes == NULL) {
        notifier->last_outcome = end == &pass->outcomes ? &notifier->outcomes : end;
    }
    *end = notifier->outcomes;
    notifier->outcomes = pass->outcomes;
    pass->outcomes = NULL;
}

static void start_calls(struct notifier *notifier, const struct notifier_pass *pass)
{
    for (size_t i = 0; i < pass->webhook_count; i++) {
        for (size_t n = 0; n < pass->claim_counts[i]; n++) {
            notifier_call_start(notifier, &pass->webhooks[i], &pass->claims[i][n]);
            arena_reset(notifier->arena);
        }
    }
}

static void finish_pass(struct notifier *notifier)
{
    struct notifier_pass *pass = notifier->pass;
    notifier->pass = NULL;
    if (pass->job.result != OK) {
        log_error("webhooks.pass_failed", &pass->job.error);
        keep_outcomes(notifier, pass);
        notifier->retry_at_us = clock_measure_us() + PASS_RETRY_MS * 1000;
        free_pass(pass);
        return;
    }
    notifier->recovered = true;
    notifier->listens = pass->webhook_count > 0;
    notifier->next_at_ms = pass->next_at_ms;
    notifier->wanted = notifier->wanted || pass->more;
    if (pass->disabled != 0) {
        log_event(LOG_WARNING, "webhook.disabled", "webhook=%lld", (long long)pass->disabled);
    }
    start_calls(notifier, pass);
    free_pass(pass);
}

/* ---- the loop ---- */

static void drain_inbox(struct notifier *notifier)
{
    struct queue_link *link = queue_pop_all(notifier->inbox);
    while (link != NULL) {
        struct notifier_item *item = QUEUE_ITEM(link, struct notifier_item, link);
        link = link->next;
        switch (item->kind) {
        case NOTIFIER_WAKE:
            notifier->wanted = true;
            break;
        case NOTIFIER_STOP:
            notifier->stop_at_us = clock_measure_us() + DRAIN_US;
            break;
        case NOTIFIER_PASS:
            finish_pass(notifier);
            break;
        }
        mem_free(item);
    }
}

static bool wants_pass(struct notifier *notifier)
{
    if (notifier->pass != NULL ||
        (notifier->retry_at_us != 0 && clock_measure_us() < notifier->retry_at_us)) {
        return false;
    }
    bool due = notifier->next_at_ms <= clock_now_ms(notifier->settings.clock);
    return notifier->outcomes != NULL ||
           (notifier->stop_at_us == 0 && (notifier->wanted || notifier->retry_at_us != 0 || due));
}

static bool is_at_rest(const struct notifier *notifier)
{
    return notifier->pass == NULL && notifier->call_count == 0 && notifier->outcomes == NULL &&
           !notifier->wanted && notifier->retry_at_us == 0;
}

static bool has_ticked(const struct notifier *notifier)
{
    return notifier->tick_until_us != 0 && notifier->recovered && is_at_rest(notifier) &&
           notifier->next_at_ms > clock_now_ms(notifier->settings.clock);
}

/* Answers that do not come in time are asked for again after the next start. */
static bool has_ended(const struct notifier *notifier)
{
    if (has_ticked(notifier)) {
        return true;
    }
    bool late = clock_measure_us() >= notifier->stop_at_us;
    return notifier->stop_at_us != 0 && notifier->pass == NULL &&
           (late || (notifier->call_count == 0 && notifier->outcomes == NULL));
}

static int64_t poll_timeout_ms(struct notifier *notifier)
{
    if (!is_at_rest(notifier) || notifier->stop_at_us != 0) {
        return notifier->retry_at_us != 0 ? PASS_RETRY_MS : POLL_MS;
    }
    if (clock_is_manual(notifier->settings.clock) || notifier->next_at_ms == CLOCK_NEVER) {
        return -1;
    }
    int64_t wait_ms = notifier->next_at_ms - clock_now_ms(notifier->settings.clock);
    return wait_ms < 0 ? 0 : wait_ms > REST_MS ? REST_MS : wait_ms;
}

static void run(void *context)
{
    struct notifier *notifier = context;
    while (!has_ended(notifier)) {
        if (notifier->tick_until_us != 0 && notifier->stop_at_us == 0 &&
            clock_measure_us() >= notifier->tick_until_us) {
            notifier->stop_at_us = clock_measure_us() + DRAIN_US;
        }
        uint64_t ticket = clock_participant_ticket(notifier->participant);
        drain_inbox(notifier);
        if (wants_pass(notifier)) {
            submit_pass(notifier);
        }
        if (is_at_rest(notifier)) {
            clock_participant_idle(notifier->participant, ticket, notifier->next_at_ms);
        }
        if (!has_ended(notifier)) {
            http_client_poll(notifier->client, poll_timeout_ms(notifier));
        }
    }
}

/* ---- life ---- */

static enum error_code start(const struct notifier_settings *settings, int64_t tick_until_us,
                             struct notifier **ret_notifier, struct error *error)
{
    CLEANUP(notifier_free) struct notifier *notifier = mem_zalloc(sizeof(*notifier));
    const struct http_client_settings client = {
        .ca_file = settings->ca_file,
        .connection_limit = NOTIFIER_CALLS_MAX,
    };
    notifier->settings = *settings;
    notifier->tick_until_us = tick_until_us;
    notifier->next_at_ms = CLOCK_NEVER;
    notifier->wanted = true;
    notifier->last_outcome = &notifier->outcomes;
    notifier->arena = arena_new();
    notifier->inbox = queue_new(wake_client, notifier);
    enum error_code code = http_client_new(&client, &notifier->client, error);
    if (code == OK) {
        code = store_reader_open(settings->store, &notifier->db, error);
    }
    if (code == OK) {
        notifier->participant = clock_join(settings->clock, "webhooks", on_clock, notifier);
        code = thread_start("webhooks", run, notifier, &notifier->thread, error);
    }
    if (code == OK) {
        *ret_notifier = TAKE(notifier);
    }
    return code;
}

enum error_code notifier_start(const struct notifier_settings *settings,
                               struct notifier **ret_notifier, struct error *error)
{
    return start(settings, 0, ret_notifier, error);
}

enum error_code notifier_tick(const struct notifier_settings *settings, struct error *error)
{
    CLEANUP(notifier_free) struct notifier *notifier = NULL;
    enum error_code code = start(settings, clock_measure_us() + TICK_US, &notifier, error);
    if (code == OK) {
        thread_join(notifier->thread);
        notifier->thread = NULL;
    }
    return code;
}

void notifier_stop(struct notifier *notifier)
{
    if (notifier != NULL && notifier->thread != NULL) {
        push(notifier, NOTIFIER_STOP);
        thread_join(notifier->thread);
        notifier->thread = NULL;
    }
}

static enum error_code do_nothing(struct work *work UNUSED, void *context UNUSED,
                                  struct error *error UNUSED)
{
    return OK;
}

void notifier_free(struct notifier *notifier)
{
    struct error ignored = {0};
    if (notifier == NULL) {
        return;
    }
    notifier_stop(notifier);
    clock_leave(notifier->participant);
    /* The writer may still be inside a wake of ours: once it ran another job it is not. */
    if (writer_do(store_writer(notifier->settings.store), do_nothing, NULL, &ignored) != OK) {
        log_error("webhooks.stopping", &ignored);
    }
    http_client_free(notifier->client);
    while (notifier->calls != NULL) {
        struct notifier_call *call = notifier->calls;
        notifier->calls = call->next;
        mem_free(call);
    }
    struct queue_link *link = NULL;
    while ((link = queue_pop(notifier->inbox)) != NULL) {
        mem_free(QUEUE_ITEM(link, struct notifier_item, link));
    }
    queue_free(notifier->inbox);
    free_outcomes(notifier->outcomes);
    db_close(notifier->db);
    arena_free(notifier->arena);
    mem_free(notifier);
}
