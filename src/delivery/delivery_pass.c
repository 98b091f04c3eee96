/* Passes on the side of the delivery thread: what goes into one, and what follows when it comes
 * back. Outcomes of a pass that failed stay here and go first into the next one, and no new claim
 * is made before they are stored. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

enum { PASS_RETRY_US = DELIVERY_PASS_RETRY_MS * 1000, PLAN_RETRY_US = 10000000 };

static void release_pass(struct delivery *delivery, struct pass *pass)
{
    CHECK(pass->references > 0);
    if (--pass->references > 0) {
        return;
    }
    struct pass **at = &delivery->alive;
    while (*at != pass) {
        at = &(*at)->next_alive;
    }
    *at = pass->next_alive;
    arena_free(pass->arena);
    mem_free(pass);
}

void delivery_push_inbox(struct delivery *delivery, enum inbox_kind kind, struct pass *pass)
{
    struct inbox_item *item = mem_zalloc(sizeof(*item));
    item->kind = kind;
    item->pass = pass;
    if (!queue_push(delivery->inbox, &item->link)) {
        mem_free(item);
    }
}

static void pass_done(struct work *work UNUSED, struct job *job)
{
    struct pass *pass = job->context;
    delivery_push_inbox(pass->delivery, INBOX_PASS, pass);
}

bool delivery_may_claim(const struct delivery *delivery)
{
    return !delivery->stopping && !delivery->clock_suspect && !delivery->fenced &&
           !delivery->paused;
}

/* What is claimed must find a connection: a claim that waits for one grows old. `room` is what the
 * pool has left for this lane. */
static void fill_wish(struct delivery *delivery, struct lane *lane, size_t room,
                      struct lane_wish *wish)
{
    size_t capacity =
        delivery_may_claim(delivery) ? lane_capacity(lane, delivery->settings.clock) : 0;
    *wish = (struct lane_wish){
        .channel_id = lane->id,
        .limit = capacity < room ? capacity : room,
        .hold = lane->hold,
        .hold_probe_at_ms = lane->hold_probe_at_ms,
        .release = lane->release,
        .probe_wait_ms = lane->probe_wait_ms,
        .people = lane->people,
    };
}

static struct lane *find_lane(struct delivery *delivery, int64_t channel_id)
{
    for (size_t i = 0; i < delivery->lane_count; i++) {
        if (delivery->lanes[i].id == channel_id) {
            return &delivery->lanes[i];
        }
    }
    return NULL;
}

/* The people map belongs to the pass while it runs, so pauses of people wait until here. */
static void note_person_pauses(struct delivery *delivery, const struct flight *flights)
{
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    for (const struct flight *flight = flights; flight != NULL; flight = flight->next) {
        struct lane *lane = find_lane(delivery, flight->channel_id);
        if (flight->answer.pause_person && lane != NULL) {
            lane_person_paused(lane, flight->contact_id, now_ms + flight->answer.wait_ms);
        }
    }
}

/* The pool is shared out from another lane on in every pass, each lane leaving their part to those
 * after it: one busy channel cannot shut the others out. */
static void fill_wishes(struct delivery *delivery, struct pass *pass)
{
    size_t limit = delivery->settings.connection_limit;
    size_t room = limit > delivery->in_flight ? limit - delivery->in_flight : 0;
    size_t count = delivery->lane_count;
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = &delivery->lanes[((size_t)delivery->passes + i) % count];
        struct lane_wish *wish = &pass->wishes[pass->wish_count++];
        size_t share = (room + count - i - 1) / (count - i);
        fill_wish(delivery, lane, share, wish);
        room -= wish->limit;
    }
}

void delivery_submit_pass(struct delivery *delivery)
{
    struct pass *pass = mem_zalloc(sizeof(*pass));
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    pass->delivery = delivery;
    pass->arena = arena_new();
    pass->references = 1;
    pass->next_alive = delivery->alive;
    delivery->alive = pass;
    pass->outcomes = delivery->outcomes;
    note_person_pauses(delivery, pass->outcomes);
    delivery->outcomes = NULL;
    delivery->last_outcome = &delivery->outcomes;
    fill_wishes(delivery, pass);
    pass->may_claim = delivery_may_claim(delivery);
    pass->may_plan = !delivery->stopping && !delivery->clock_suspect &&
                     clock_measure_us() >= delivery->plan_again_at_us;
    pass->beat = !clock_is_manual(delivery->settings.clock) && now_ms >= delivery->beat_at_ms;
    if (pass->beat) {
        delivery->beat_at_ms = now_ms + DELIVERY_BEAT_MS;
    }
    pass->started_us = clock_measure_us();
    pass->job = (struct job){.run = pass_run_job, .done = pass_done, .context = pass};
    delivery->pass = pass;
    delivery->wanted = false;
    store_submit(delivery->settings.store, &pass->job);
}

static void free_outcomes(struct delivery *delivery, struct flight *flights)
{
    while (flights != NULL) {
        struct flight *next = flights->next;
        release_pass(delivery, flights->pass);
        flights = next;
    }
}

static void append_outcomes(struct delivery *delivery, struct flight *flights)
{
    *delivery->last_outcome = flights;
    while (*delivery->last_outcome != NULL) {
        delivery->last_outcome = &(*delivery->last_outcome)->next;
    }
}

static void pass_failed(struct delivery *delivery, struct pass *pass)
{
    struct flight *newer = delivery->outcomes;
    delivery->outcomes = NULL;
    delivery->last_outcome = &delivery->outcomes;
    append_outcomes(delivery, pass->outcomes);
    append_outcomes(delivery, newer);
    delivery->pass_error = pass->job.error;
    delivery->pass_failures++;
    delivery->retry_pass_at_us = clock_measure_us() + PASS_RETRY_US;
    delivery->wanted = true;
    if (!error_retry_may_help(pass->job.result)) {
        /* What cannot be planned must not keep the rest from being sent. */
        delivery->plan_again_at_us = clock_measure_us() + PLAN_RETRY_US;
    }
    log_error("delivery.pass_failed", &pass->job.error);
}

static void update_lanes(struct delivery *delivery, const struct pass *pass)
{
    for (size_t i = 0; i < delivery->lane_count; i++) {
        delivery->lanes[i].seen = false;
    }
    for (size_t i = 0; i < pass->row_count; i++) {
        struct lane *lane = find_lane(delivery, pass->rows[i].id);
        if (lane == NULL && delivery->lane_count < DELIVERY_LANES_MAX) {
            lane = &delivery->lanes[delivery->lane_count++];
            lane_init(lane, pass->rows[i].id);
            delivery->wanted = true; /* now that it is known, it may claim */
        }
        if (lane != NULL) {
            lane_update(lane, &pass->rows[i], pass->row_next_at_ms[i],
                        delivery->settings.master_key);
        }
    }
    for (size_t i = 0; i < delivery->lane_count; i++) {
        struct lane *lane = &delivery->lanes[i];
        lane->usable = lane->usable && lane->seen;
        lane->next_at_ms = lane->seen ? lane->next_at_ms : 0;
    }
}

/* The pass stored the holds and releases it was given; what came meanwhile stays. */
static void forget_stored_breakers(struct delivery *delivery, const struct pass *pass)
{
    for (size_t i = 0; i < pass->wish_count; i++) {
        const struct lane_wish *wish = &pass->wishes[i];
        struct lane *lane = find_lane(delivery, wish->channel_id);
        CHECK(lane != NULL);
        if (lane->hold == wish->hold && lane->hold_probe_at_ms == wish->hold_probe_at_ms) {
            lane->hold = TRIP_NONE;
        }
        if (wish->release) {
            lane->release = false;
        }
    }
}

static void count_flights(struct delivery *delivery, struct pass *pass)
{
    int64_t now_ms = clock_now_ms(delivery->settings.clock);
    CHECK(delivery->claimed == NULL);
    delivery->claimed = pass->flights;
    for (struct flight *flight = pass->flights; flight != NULL; flight = flight->next) {
        struct lane *lane = find_lane(delivery, flight->channel_id);
        CHECK(lane != NULL);
        pass->references++;
        delivery->in_flight++;
        lane_claimed(lane, 1);
        lane_person_claimed(lane, flight->contact_id, now_ms);
    }
    pass->flights = NULL;
}

void delivery_start_flights(struct delivery *delivery)
{
    struct flight *flight = TAKE(delivery->claimed);
    while (flight != NULL) {
        struct flight *next = flight->next;
        flight->next = NULL;
        flight_start(flight, find_lane(delivery, flight->channel_id));
        flight = next;
    }
}

static void pass_succeeded(struct delivery *delivery, struct pass *pass)
{
    delivery->pass_failures = 0;
    delivery->retry_pass_at_us = 0;
    delivery->fenced = pass->fenced;
    delivery->paused = pass->paused;
    delivery->failed += pass->failed;
    delivery->doubts += pass->doubts;
    delivery->other_next_at_ms = pass->other_next_at_ms;
    free_outcomes(delivery, pass->outcomes);
    forget_stored_breakers(delivery, pass);
    update_lanes(delivery, pass);
    count_flights(delivery, pass);
}

void delivery_finish_pass(struct delivery *delivery, struct pass *pass)
{
    CHECK(delivery->pass == pass);
    delivery->pass = NULL;
    delivery->passes++;
    delivery->last_pass_us = clock_measure_us() - pass->started_us;
    if (pass->job.result == OK) {
        pass_succeeded(delivery, pass);
    } else {
        pass_failed(delivery, pass);
    }
    pass->outcomes = NULL;
    release_pass(delivery, pass);
}

static void count_answer(const struct provider_outcome *outcome, int64_t latency_us)
{
    static const enum metric_send RESULTS[] = {
        [PROVIDER_ACCEPTED] = METRIC_SEND_ACCEPTED,
        [PROVIDER_NOT_SENT] = METRIC_SEND_NOT_SENT,
        [PROVIDER_RETRY_LATER] = METRIC_SEND_REFUSED_FOR_NOW,
        [PROVIDER_REJECTED] = METRIC_SEND_REJECTED,
        [PROVIDER_CHANNEL_TROUBLE] = METRIC_SEND_CHANNEL_TROUBLE,
        [PROVIDER_UNKNOWN] = METRIC_SEND_NO_ANSWER,
    };
    metric_count_code(&METRICS.sends[RESULTS[outcome->result]],
                      outcome->code < 0 ? 0 : outcome->code);
    metric_observe_us(&METRICS.provider_latency, latency_us);
}

void flight_finished(struct flight *flight)
{
    struct delivery *delivery = flight->delivery;
    struct lane *lane = find_lane(delivery, flight->channel_id);
    CHECK(lane != NULL);
    if (mutants()->timeout_is_failure && flight->outcome.result == PROVIDER_UNKNOWN) {
        flight->outcome.result = PROVIDER_RETRY_LATER;
        flight->outcome.class = PROVIDER_CLASS_SERVER;
    }
    struct answer_limits limits = delivery_answer_limits(delivery, UINT32_MAX / 2);
    flight->answer = answer_decide(&flight->outcome, flight->n, flight->n, &limits);
    if (flight->grown_old) {
        flight->answer.is_failure = false; /* our own slowness says nothing about the channel */
    }
    int64_t latency_us = clock_measure_us() - flight->started_us;
    int64_t latency_ms = latency_us / 1000;
    count_answer(&flight->outcome, latency_us);
    lane_learn(lane, flight, clock_now_ms(delivery->settings.clock), latency_ms);
    delivery->in_flight--;
    delivery->sent += flight->answer.event == EVENT_ACCEPTED;
    flight->next = NULL;
    append_outcomes(delivery, flight);
}
