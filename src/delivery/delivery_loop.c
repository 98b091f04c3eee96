/* The loop on the delivery thread: when a pass is wanted, when to wake again, why nothing leaves.
 */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/mem.h"

enum { BUSY_POLL_MS = 1000 };

/* --- when to do what -------------------------------------------------------------------------- */

int64_t delivery_next_wake_ms(struct delivery *delivery)
{
    int64_t next_ms = delivery->other_next_at_ms;
    bool manual = clock_is_manual(delivery->settings.clock);
    bool room = delivery->in_flight < delivery->settings.connection_limit;
    for (size_t i = 0; i < delivery->lane_count && room && delivery_may_claim(delivery); i++) {
        struct lane *lane = &delivery->lanes[i];
        if (lane->next_at_ms == 0) {
            continue;
        }
        int64_t ready_ms = lane_ready_at(lane, delivery->settings.clock);
        ready_ms = ready_ms > lane->next_at_ms ? ready_ms : lane->next_at_ms;
        next_ms = ready_ms < next_ms ? ready_ms : next_ms;
    }
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    if (clock_measure_us() < delivery->plan_again_at_us && next_ms <= now_ms) {
        next_ms = now_ms + MS_PER_SECOND; /* planning rests after a failure: do not spin */
    }
    if (delivery->clock_suspect || delivery->stopping) {
        next_ms = CLOCK_NEVER;
    }
    if (!manual && delivery->beat_at_ms < next_ms) {
        next_ms = delivery->beat_at_ms;
    }
    return next_ms;
}

bool delivery_has_breaker_change(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->lane_count; i++) {
        if (delivery->lanes[i].hold != TRIP_NONE || delivery->lanes[i].release) {
            return true;
        }
    }
    return false;
}

static bool wants_pass(struct delivery *delivery)
{
    if (delivery->pass != NULL ||
        (delivery->retry_pass_at_us != 0 && clock_measure_us() < delivery->retry_pass_at_us)) {
        return false;
    }
    return delivery->outcomes != NULL || delivery->wanted ||
           delivery_has_breaker_change(delivery) ||
           delivery_next_wake_ms(delivery) <= clock_now_ms(delivery->settings.clock);
}

bool delivery_is_at_rest(const struct delivery *delivery)
{
    return delivery->pass == NULL && delivery->in_flight == 0 && delivery->outcomes == NULL &&
           !delivery->wanted && delivery->retry_pass_at_us == 0;
}

/* The wall clock against the one that nobody sets: a step means that "due" cannot be trusted. */
static void watch_clock(struct delivery *delivery)
{
    const struct delivery_settings *settings = &delivery->settings;
    if (clock_is_manual(settings->clock)) {
        return;
    }
    int64_t wall_ms = clock_now_ms(settings->clock);
    int64_t boot_ms = clock_boot_ms(settings->clock);
    int64_t drift_ms = (wall_ms - delivery->clock_wall_ms) - (boot_ms - delivery->clock_boot_ms);
    delivery->clock_wall_ms = wall_ms;
    delivery->clock_boot_ms = boot_ms;
    if (drift_ms > settings->clock_jump_ms || drift_ms < -settings->clock_jump_ms) {
        delivery->clock_suspect = true;
        delivery->clock_step_at_boot_ms = boot_ms;
        log_event(LOG_WARNING, "clock.suspect", "jump_ms=%lld", (long long)drift_ms);
    } else if (delivery->clock_suspect &&
               boot_ms - delivery->clock_step_at_boot_ms >= settings->clock_settle_ms) {
        delivery->clock_suspect = false;
        delivery->wanted = true;
        log_event(LOG_INFO, "clock.trusted", "settled=true");
    }
}

static enum delivery_idle idle_reason(struct delivery *delivery)
{
    bool pending = false;
    bool open = false;
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    for (size_t i = 0; i < delivery->lane_count; i++) {
        const struct lane *lane = &delivery->lanes[i];
        bool due = lane->next_at_ms != 0 && lane->next_at_ms <= now_ms;
        pending = pending || due;
        open = open || (due && lane->usable && lane->state == CHANNEL_READY);
    }
    if (delivery->stopping) {
        return DELIVERY_STOPPED;
    }
    if (delivery->fenced) {
        return DELIVERY_FENCED;
    }
    if (delivery->paused) {
        return DELIVERY_PAUSED;
    }
    if (delivery->clock_suspect) {
        return DELIVERY_CLOCK;
    }
    if (delivery->pass_failures > 0) {
        return DELIVERY_STORE;
    }
    if (delivery->lane_count == 0 && delivery->passes > 0) {
        return DELIVERY_NO_CHANNEL;
    }
    if (pending && !open) {
        return DELIVERY_CHANNEL_PAUSED;
    }
    if (delivery->in_flight > 0) {
        return DELIVERY_BUSY;
    }
    return pending ? DELIVERY_RATE : DELIVERY_NOTHING_DUE;
}

void delivery_publish_stats(struct delivery *delivery)
{
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    struct delivery_stats stats = {
        .idle = idle_reason(delivery),
        .in_flight = (int64_t)delivery->in_flight,
        .passes = delivery->passes,
        .sent = delivery->sent,
        .failed = delivery->failed,
        .doubts = delivery->doubts,
        .last_pass_us = delivery->last_pass_us,
        .next_at_ms = delivery->other_next_at_ms,
        .lane_count = delivery->lane_count,
    };
    for (size_t i = 0; i < delivery->lane_count; i++) {
        const struct lane *lane = &delivery->lanes[i];
        stats.lanes[i] = (struct delivery_lane_stats){
            .channel_id = lane->id,
            .in_flight = lane->in_flight,
            .in_flight_max = lane_in_flight_max(lane),
            .rate_per_second = lane->rate * lane->rate_factor,
            .sent_per_second = lane_sent_per_second(lane, now_ms),
            .latency_ms = (int64_t)lane->latency_ms,
            .blocked_until_ms = lane->blocked_until_ms > now_ms ? lane->blocked_until_ms : 0,
        };
        stats.sent_per_second += stats.lanes[i].sent_per_second;
        if (lane->next_at_ms != 0 && lane->next_at_ms < stats.next_at_ms) {
            stats.next_at_ms = lane->next_at_ms;
        }
    }
    (void)pthread_mutex_lock(&delivery->stats_mutex);
    delivery->stats = stats;
    (void)pthread_mutex_unlock(&delivery->stats_mutex);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void handle_item(struct delivery *delivery, const struct inbox_item *item)
{
    switch (item->kind) {
    case INBOX_PASS:
        delivery_finish_pass(delivery, item->pass);
        return;
    case INBOX_WAKE:
        delivery->wanted = true;
        return;
    case INBOX_STOP:
        delivery->stopping = true;
        delivery->stop_at_boot_ms = clock_measure_us() / 1000 + delivery->settings.drain_ms;
        return;
    case INBOX_CLOCK_CONFIRM:
        delivery->clock_suspect = false;
        delivery->wanted = true;
        return;
    }
}

void delivery_drain_inbox(struct delivery *delivery)
{
    struct queue_link *link = queue_pop_all(delivery->inbox);
    while (link != NULL) {
        struct inbox_item *item = QUEUE_ITEM(link, struct inbox_item, link);
        link = link->next;
        handle_item(delivery, item);
        mem_free(item);
    }
}

static bool has_drained(const struct delivery *delivery)
{
    bool late = clock_measure_us() / 1000 >= delivery->stop_at_boot_ms;
    return delivery->stopping && delivery->pass == NULL &&
           (late || (delivery->in_flight == 0 && delivery->outcomes == NULL));
}

static int64_t poll_timeout_ms(struct delivery *delivery)
{
    if (has_drained(delivery)) {
        return 0;
    }
    if (!delivery_is_at_rest(delivery) || delivery->stopping) {
        return delivery->retry_pass_at_us != 0 ? DELIVERY_PASS_RETRY_MS : BUSY_POLL_MS;
    }
    if (clock_is_manual(delivery->settings.clock)) {
        return -1;
    }
    int64_t wait_ms = delivery_next_wake_ms(delivery) - clock_now_ms(delivery->settings.clock);
    return wait_ms < 0 ? 0 : wait_ms > DELIVERY_BEAT_MS ? DELIVERY_BEAT_MS : wait_ms;
}

/* One turn: what came in, a pass when one is wanted, and the network. */
void delivery_turn(struct delivery *delivery)
{
    uint64_t ticket =
        delivery->participant == NULL ? 0 : clock_participant_ticket(delivery->participant);
    delivery_drain_inbox(delivery);
    watch_clock(delivery);
    if (wants_pass(delivery)) {
        delivery_submit_pass(delivery);
    }
    delivery_start_flights(delivery); /* while the writer works on the next pass */
    delivery_publish_stats(delivery);
    if (delivery->participant != NULL && delivery_is_at_rest(delivery)) {
        clock_participant_idle(delivery->participant, ticket, delivery_next_wake_ms(delivery));
    }
    delivery->wire.poll(delivery->wire.context, poll_timeout_ms(delivery));
}

void delivery_thread_run(void *context)
{
    struct delivery *delivery = context;
    while (!has_drained(delivery)) {
        delivery_turn(delivery);
    }
    delivery_publish_stats(delivery);
}
