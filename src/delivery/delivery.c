/* The life of the send machine, and what other threads may say to it: see delivery.h. The loop is
 * delivery_loop.c; one pass is on the writer at a time, and while it commits, requests and answers
 * go on. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum { TICK_FAILURES = 3 };

static enum error_code client_start(void *context, const struct http_call *call, http_done_fn *done,
                                    void *done_context, struct error *error)
{
    return http_client_start(context, call, done, done_context, error);
}

static void client_poll(void *context, int64_t timeout_ms)
{
    http_client_poll(context, timeout_ms);
}

static void client_wake(void *context)
{
    http_client_wake(context);
}

static void wake_wire(void *context)
{
    struct delivery *delivery = context;
    delivery->wire.wake(delivery->wire.context);
}

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value != 0 ? value : fallback;
}

static void fill_defaults(struct delivery_settings *settings)
{
    settings->look_ahead_ms = or_default(settings->look_ahead_ms, 2 * MS_PER_MINUTE);
    settings->grace_ms = or_default(settings->grace_ms, 15 * MS_PER_MINUTE);
    settings->grace_marketing_ms = or_default(settings->grace_marketing_ms, 2 * MS_PER_HOUR);
    settings->grace_max_ms = or_default(settings->grace_max_ms, MS_PER_DAY);
    settings->connect_timeout_ms = or_default(settings->connect_timeout_ms, 10 * MS_PER_SECOND);
    settings->answer_timeout_ms = or_default(settings->answer_timeout_ms, 120 * MS_PER_SECOND);
    settings->drain_ms = or_default(settings->drain_ms, 30 * MS_PER_SECOND);
    settings->claim_age_max_ms = or_default(settings->claim_age_max_ms, 2 * MS_PER_SECOND);
    settings->retry_base_ms = or_default(settings->retry_base_ms, 5 * MS_PER_SECOND);
    settings->retry_max_ms = or_default(settings->retry_max_ms, MS_PER_HOUR);
    settings->clock_jump_ms = or_default(settings->clock_jump_ms, 5 * MS_PER_MINUTE);
    settings->clock_settle_ms = or_default(settings->clock_settle_ms, 10 * MS_PER_MINUTE);
    settings->tries_max = (int)or_default(settings->tries_max, 8);
    settings->connection_limit = (size_t)or_default((int64_t)settings->connection_limit, 256);
    if (!settings->policies_set) {
        settings->policies[CATEGORY_UTILITY] = DOUBT_RESEND;
        settings->policies[CATEGORY_AUTHENTICATION] = DOUBT_RESEND;
    }
}

static enum error_code open_wire(struct delivery *delivery, struct error *error)
{
    delivery->wire = delivery->settings.wire;
    if (delivery->wire.start != NULL) {
        return OK;
    }
    const struct http_client_settings client = {
        .ca_file = delivery->settings.ca_file,
        .connection_limit = delivery->settings.connection_limit,
    };
    enum error_code code = http_client_new(&client, &delivery->client, error);
    delivery->wire = (struct delivery_wire){.context = delivery->client,
                                            .start = client_start,
                                            .poll = client_poll,
                                            .wake = client_wake};
    return code;
}

enum error_code delivery_new(const struct delivery_settings *settings,
                             struct delivery **ret_delivery, struct error *error)
{
    CLEANUP(delivery_free) struct delivery *delivery = mem_zalloc(sizeof(*delivery));
    delivery->settings = *settings;
    fill_defaults(&delivery->settings);
    delivery->find_provider =
        settings->find_provider != NULL ? settings->find_provider : provider_find;
    delivery->other_next_at_ms = CLOCK_NEVER;
    delivery->wanted = true;
    delivery->clock_wall_ms = clock_now_ms(settings->clock);
    delivery->clock_boot_ms = clock_boot_ms(settings->clock);
    delivery->clock_step_at_boot_ms = delivery->clock_boot_ms;
    CHECK(pthread_mutex_init(&delivery->stats_mutex, NULL) == 0);
    delivery->last_outcome = &delivery->outcomes;
    delivery->scratch = arena_new();
    delivery->inbox = queue_new(wake_wire, delivery);
    enum error_code code = open_wire(delivery, error);
    if (code == OK) {
        code = writer_do(store_writer(settings->store), recover_run, delivery, error);
    }
    if (code == OK) {
        *ret_delivery = TAKE(delivery);
    }
    return code;
}

static enum error_code do_nothing(struct work *work UNUSED, void *context UNUSED,
                                  struct error *error UNUSED)
{
    return OK;
}

/* The writer may still be waking us for a pass whose item was taken already: once it has run
 * another job, it is done with that. */
static void wait_for_writer(struct delivery *delivery)
{
    struct error ignored = {0};
    if (writer_do(store_writer(delivery->settings.store), do_nothing, NULL, &ignored) != OK) {
        log_error("delivery.stopping", &ignored);
    }
}

void delivery_free(struct delivery *delivery)
{
    if (delivery == NULL) {
        return;
    }
    delivery_stop(delivery);
    while (delivery->pass != NULL) { /* the writer still has it */
        struct queue_link *link = queue_wait(delivery->inbox, -1);
        struct inbox_item *item = QUEUE_ITEM(link, struct inbox_item, link);
        if (item->kind == INBOX_PASS) {
            delivery->pass = NULL;
        }
        mem_free(item);
    }
    wait_for_writer(delivery);
    http_client_free(delivery->client);
    struct queue_link *link = NULL;
    while ((link = queue_pop(delivery->inbox)) != NULL) {
        mem_free(QUEUE_ITEM(link, struct inbox_item, link));
    }
    queue_free(delivery->inbox);
    arena_free(delivery->scratch);
    while (delivery->alive != NULL) {
        struct pass *pass = delivery->alive;
        delivery->alive = pass->next_alive;
        arena_free(pass->arena);
        mem_free(pass);
    }
    for (size_t i = 0; i < delivery->lane_count; i++) {
        lane_done(&delivery->lanes[i]);
    }
    (void)pthread_mutex_destroy(&delivery->stats_mutex);
    mem_free(delivery);
}

enum error_code delivery_start(struct delivery *delivery, struct error *error)
{
    delivery->participant = clock_join(delivery->settings.clock, "delivery", wake_wire, delivery);
    enum error_code code =
        thread_start("delivery", delivery_thread_run, delivery, &delivery->thread, error);
    if (code != OK) {
        clock_leave(delivery->participant);
        delivery->participant = NULL;
    }
    return code;
}

void delivery_stop(struct delivery *delivery)
{
    if (delivery->thread == NULL) {
        return;
    }
    delivery_push_inbox(delivery, INBOX_STOP, NULL);
    thread_join(delivery->thread);
    delivery->thread = NULL;
    clock_leave(delivery->participant);
    delivery->participant = NULL;
}

static void tell(struct delivery *delivery, enum inbox_kind kind)
{
    if (delivery->participant != NULL) {
        clock_participant_busy(delivery->participant);
    }
    delivery_push_inbox(delivery, kind, NULL);
}

void delivery_wake(struct delivery *delivery)
{
    tell(delivery, INBOX_WAKE);
}

void delivery_clock_confirm(struct delivery *delivery)
{
    tell(delivery, INBOX_CLOCK_CONFIRM);
}

static bool tick_is_over(struct delivery *delivery)
{
    int64_t soon_ms = clock_is_manual(delivery->settings.clock) ? 0 : MS_PER_SECOND;
    int64_t beat_at_ms = delivery->beat_at_ms;
    delivery->beat_at_ms = CLOCK_NEVER;
    bool more = delivery_next_wake_ms(delivery) <= clock_now_ms(delivery->settings.clock) + soon_ms;
    delivery->beat_at_ms = beat_at_ms;
    return delivery_is_at_rest(delivery) && !more && !delivery_has_breaker_change(delivery);
}

enum error_code delivery_tick(struct delivery *delivery, int64_t *ret_sent, struct error *error)
{
    int64_t sent = delivery->sent;
    CHECK(delivery->thread == NULL);
    delivery->wanted = true;
    do {
        delivery_turn(delivery);
        delivery_drain_inbox(delivery);
    } while (!tick_is_over(delivery) && delivery->pass_failures < TICK_FAILURES);
    delivery_publish_stats(delivery);
    if (delivery->pass_failures >= TICK_FAILURES) {
        *error = delivery->pass_error;
        return delivery->pass_error.code;
    }
    if (ret_sent != NULL) {
        *ret_sent = delivery->sent - sent;
    }
    return OK;
}

void delivery_stats(struct delivery *delivery, struct delivery_stats *ret_stats)
{
    (void)pthread_mutex_lock(&delivery->stats_mutex);
    *ret_stats = delivery->stats;
    (void)pthread_mutex_unlock(&delivery->stats_mutex);
}

struct answer_limits delivery_answer_limits(const struct delivery *delivery, uint32_t random)
{
    return (struct answer_limits){
        .retry_base_ms = delivery->settings.retry_base_ms,
        .retry_max_ms = delivery->settings.retry_max_ms,
        .tries_max = delivery->settings.tries_max,
        .random = random,
    };
}

int64_t delivery_grace_ms(const struct delivery *delivery, int64_t category)
{
    return category == CATEGORY_MARKETING ? delivery->settings.grace_marketing_ms
                                          : delivery->settings.grace_ms;
}
