/* Pacing and breaker of one channel, on the delivery thread: a token bucket for the rate, a cap for
 * what is in flight, a bucket per person, and a breaker that holds the channel on trouble and tries
 * it with single messages until it works again. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "base/log.h"

#include <math.h>

enum {
    PAIR_INTERVAL_MS = 6000,
    PAIR_BURST = 45,
    IN_FLIGHT_LEAST = 16,
    IN_FLIGHT_MOST = 1024, /* the pool of connections may be smaller: delivery_pass.c */
    FAILURES_LEAST = 20,   /* answers before the rate of failures means anything */
    FAILURES_WINDOW_MS = 60000,
    PEOPLE_PRUNE = 100000,
};
#define RATE_DEFAULT 80.0
#define RATE_SHARE 0.95 /* the rest of the allowed rate pays for the bucket's burst */

void lane_init(struct lane *lane, int64_t id)
{
    *lane = (struct lane){
        .id = id,
        .arena = arena_new(),
        .people = map64_new(64),
        .rate_factor = 1,
        .latency_ms = 200,
        .version = -1,
    };
}

void lane_done(struct lane *lane)
{
    arena_free(lane->arena);
    map64_free(lane->people);
}

static void open_access(struct lane *lane, const struct store_lane *row, struct text master_key)
{
    struct error error = {0};
    arena_reset(lane->arena);
    lane->usable =
        channel_access_open(master_key, row->id, row->provider, row->sender_id, row->account_id,
                            row->settings, row->secrets, lane->arena, &lane->access, &error) == OK;
    if (lane->usable) {
        provider_channel_prepare(&lane->access.channel, lane->arena);
    } else {
        log_error("channel.unusable", &error);
    }
    lane->version = row->version;
    lane->updated_at_ms = row->updated_at_ms;
}

void lane_update(struct lane *lane, const struct store_lane *row, int64_t next_at_ms,
                 struct text master_key)
{
    if (lane->version != row->version || lane->updated_at_ms != row->updated_at_ms) {
        open_access(lane, row, master_key);
    }
    lane->seen = true;
    lane->state = row->state;
    lane->probe_at_ms = row->probe_at_ms;
    lane->next_at_ms = next_at_ms;
    lane->rate = row->rate_per_second > 0 ? (double)row->rate_per_second : RATE_DEFAULT;
    lane->in_flight_row = row->in_flight_max;
    if (lane->state == CHANNEL_READY && lane->hold == TRIP_NONE) {
        lane->probe_wait_ms = 0;
    }
}

int64_t lane_in_flight_max(const struct lane *lane)
{
    if (lane->in_flight_row > 0) {
        return lane->in_flight_row;
    }
    double wanted = ceil(lane->rate * lane->rate_factor * lane->latency_ms / 1000.0 * 1.5);
    wanted = fmin(wanted, IN_FLIGHT_MOST);
    return (int64_t)fmax(wanted, IN_FLIGHT_LEAST);
}

static double rate_now(const struct lane *lane)
{
    return fmax(lane->rate * lane->rate_factor * RATE_SHARE, 0.1);
}

static double bucket_size(const struct lane *lane)
{
    double share = lane->rate <= 1000 ? 0.05 : 0.25;
    return fmax(lane->rate * lane->rate_factor * share, 1);
}

/* Until a pass is worth its commit: some tokens at a time. */
static int64_t wait_ms(const struct lane *lane)
{
    double wanted = fmin(fmax(lane->rate * 0.02, 1), bucket_size(lane));
    return lane->tokens >= wanted
               ? 0
               : 1 + (int64_t)((wanted - lane->tokens) / rate_now(lane) * 1000.0);
}

static void refill(struct lane *lane, struct clock *clock)
{
    int64_t boot_ms = clock_boot_ms(clock);
    if (lane->tokens_at_ms == 0) {
        lane->tokens = bucket_size(lane);
    } else if (boot_ms > lane->tokens_at_ms) {
        double gained = (double)(boot_ms - lane->tokens_at_ms) / 1000.0 * rate_now(lane);
        lane->tokens = fmin(lane->tokens + gained, bucket_size(lane));
    }
    lane->tokens_at_ms = boot_ms;
    int64_t now_ms = clock_now_ms(clock);
    if (clock_is_manual(clock) && wait_ms(lane) > 0 &&
        now_ms + wait_ms(lane) > clock_journey_end_ms(clock)) {
        lane->tokens = IN_FLIGHT_MOST; /* a clock that stands still cannot pace */
    }
    if (lane->rate_factor < 1 && now_ms - lane->slowed_at_ms >= 5 * MS_PER_SECOND) {
        lane->rate_factor = fmin(lane->rate_factor * 1.25, 1);
        lane->slowed_at_ms = now_ms;
    }
}

static bool may_send(const struct lane *lane, int64_t now_ms)
{
    if (!lane->usable || lane->hold != TRIP_NONE || lane->blocked_until_ms > now_ms) {
        return false;
    }
    switch (lane->state) {
    case CHANNEL_READY:
        return true;
    case CHANNEL_HELD:
        return lane->probe_at_ms <= now_ms && lane->in_flight == 0;
    case CHANNEL_PAUSED:
        return false;
    }
    return false;
}

size_t lane_capacity(struct lane *lane, struct clock *clock)
{
    if (!may_send(lane, clock_now_ms(clock))) {
        return 0;
    }
    refill(lane, clock);
    int64_t room = lane_in_flight_max(lane) - lane->in_flight;
    int64_t tokens = (int64_t)lane->tokens;
    int64_t capacity = room < tokens ? room : tokens;
    if (capacity <= 0) {
        return 0;
    }
    return lane->state == CHANNEL_HELD ? 1 : (size_t)capacity;
}

int64_t lane_ready_at(struct lane *lane, struct clock *clock)
{
    int64_t now_ms = clock_now_ms(clock);
    if (!lane->usable || lane->state == CHANNEL_PAUSED ||
        lane->in_flight >= lane_in_flight_max(lane)) {
        return CLOCK_NEVER; /* an answer or a change of the channel brings the next pass */
    }
    if (lane->blocked_until_ms > now_ms) {
        return lane->blocked_until_ms;
    }
    if (lane->state == CHANNEL_HELD) {
        return lane->in_flight > 0 ? CLOCK_NEVER : lane->probe_at_ms;
    }
    refill(lane, clock);
    return now_ms + wait_ms(lane);
}

void lane_claimed(struct lane *lane, size_t count)
{
    lane->in_flight += (int64_t)count;
    lane->tokens -= (double)count;
}

/* --- people ----------------------------------------------------------------------------------- */

int64_t lane_person_ready_at(const struct map64 *people, int64_t contact_id, int64_t extra,
                             int64_t now_ms)
{
    int64_t full_at_ms = 0;
    if (!map64_get(people, contact_id, &full_at_ms) || full_at_ms < now_ms) {
        full_at_ms = now_ms;
    }
    full_at_ms += extra * PAIR_INTERVAL_MS;
    int64_t ready_ms = full_at_ms - (PAIR_BURST - 1) * (int64_t)PAIR_INTERVAL_MS;
    return ready_ms > now_ms ? ready_ms : now_ms;
}

static void prune_people(struct lane *lane, int64_t now_ms)
{
    struct map64 *kept = map64_new(64);
    size_t at = 0;
    int64_t contact_id = 0;
    int64_t full_at_ms = 0;
    while (map64_next(lane->people, &at, &contact_id, &full_at_ms)) {
        if (full_at_ms > now_ms) {
            (void)map64_put(kept, contact_id, full_at_ms);
        }
    }
    map64_free(lane->people);
    lane->people = kept;
}

void lane_person_claimed(struct lane *lane, int64_t contact_id, int64_t now_ms)
{
    int64_t full_at_ms = 0;
    if (map64_count(lane->people) >= PEOPLE_PRUNE) {
        prune_people(lane, now_ms);
    }
    if (!map64_get(lane->people, contact_id, &full_at_ms) || full_at_ms < now_ms) {
        full_at_ms = now_ms;
    }
    (void)map64_put(lane->people, contact_id, full_at_ms + PAIR_INTERVAL_MS);
}

void lane_person_paused(struct lane *lane, int64_t contact_id, int64_t until_ms)
{
    (void)map64_put(lane->people, contact_id,
                    until_ms + (PAIR_BURST - 1) * (int64_t)PAIR_INTERVAL_MS);
}

/* --- learning from answers -------------------------------------------------------------------- */

static int64_t first_probe_wait(enum breaker_trip trip)
{
    switch (trip) {
    case TRIP_AUTH:
        return MS_PER_MINUTE;
    case TRIP_BILLING:
    case TRIP_ACCOUNT:
        return 15 * MS_PER_MINUTE;
    case TRIP_QUALITY:
        return 4 * MS_PER_HOUR;
    case TRIP_FAILURES:
    case TRIP_NONE:
        return 30 * MS_PER_SECOND;
    }
    return MS_PER_MINUTE;
}

static void trip(struct lane *lane, enum breaker_trip why, int64_t least_ms, int64_t now_ms)
{
    lane->release = false;
    lane->recent_count = 0;
    if (lane->hold != TRIP_NONE) {
        return; /* others of the same burst say it again */
    }
    int64_t wait_ms = lane->probe_wait_ms * 2;
    int64_t first_ms = first_probe_wait(why);
    wait_ms = wait_ms < first_ms ? first_ms : wait_ms;
    wait_ms = wait_ms < least_ms ? least_ms : wait_ms;
    lane->probe_wait_ms = wait_ms < 6 * MS_PER_HOUR ? wait_ms : 6 * MS_PER_HOUR;
    lane->hold = why;
    lane->hold_probe_at_ms = now_ms + lane->probe_wait_ms;
    log_event(LOG_WARNING, "channel.held", "channel=%lld reason=%s", (long long)lane->id,
              breaker_trip_to_text(why));
}

static bool fails_too_often(const struct lane *lane, int64_t now_ms)
{
    size_t answers = 0;
    size_t failures = 0;
    size_t count = lane->recent_count < LANE_RECENT ? lane->recent_count : LANE_RECENT;
    for (size_t i = 0; i < count; i++) {
        if (now_ms - lane->recent_at_ms[i] <= FAILURES_WINDOW_MS) {
            answers++;
            failures += lane->recent[i];
        }
    }
    return answers >= FAILURES_LEAST && failures * 2 >= answers;
}

static void note_accepted(struct lane *lane, int64_t now_ms)
{
    int64_t second = now_ms / 1000;
    for (int64_t i = lane->accepted_second + 1; i <= second && i <= lane->accepted_second + 10;
         i++) {
        lane->accepted_buckets[i % 10] = 0;
    }
    lane->accepted_second = second;
    lane->accepted_buckets[second % 10]++;
}

double lane_sent_per_second(const struct lane *lane, int64_t now_ms)
{
    int64_t second = now_ms / 1000;
    int64_t sum = 0;
    for (int64_t i = second - 9; i <= lane->accepted_second; i++) {
        sum += i > lane->accepted_second - 10 ? lane->accepted_buckets[i % 10] : 0;
    }
    return (double)sum / 10.0;
}

void lane_learn(struct lane *lane, const struct flight *flight, int64_t now_ms, int64_t latency_ms)
{
    const struct answer *answer = &flight->answer;
    lane->in_flight--;
    lane->recent[lane->recent_count % LANE_RECENT] = answer->is_failure;
    lane->recent_at_ms[lane->recent_count % LANE_RECENT] = now_ms;
    lane->recent_count++;
    if (answer->event == EVENT_ACCEPTED) {
        lane->latency_ms += ((double)latency_ms - lane->latency_ms) / 16.0;
        note_accepted(lane, now_ms);
    }
    if (answer->slow_channel && now_ms - lane->slowed_at_ms >= MS_PER_SECOND) {
        lane->rate_factor = fmax(lane->rate_factor / 2, 0.02);
        lane->slowed_at_ms = now_ms;
    }
    int64_t until_ms = now_ms + answer->pause_ms;
    if (answer->pause_ms > 0 && until_ms > lane->blocked_until_ms) {
        lane->blocked_until_ms = until_ms;
    }
    if (answer->trip != TRIP_NONE && (flight->probe || lane->state == CHANNEL_READY)) {
        trip(lane, answer->trip, answer->trip_ms, now_ms);
    } else if (flight->probe && answer->is_failure) {
        trip(lane, TRIP_FAILURES, 0, now_ms);
    } else if (flight->probe) {
        lane->release = true;
        lane->recent_count = 0;
    } else if (lane->state == CHANNEL_READY && lane->hold == TRIP_NONE &&
               fails_too_often(lane, now_ms)) {
        trip(lane, TRIP_FAILURES, 0, now_ms);
    }
}
