#pragma once

#include "base/hash.h"
#include "base/queue.h"
#include "delivery/answers.h"
#include "delivery/channel_access.h"
#include "delivery/delivery.h"
#include "delivery/progress.h"
#include "store/store_lane.h"
#include "store/store_people.h"
#include "store/writer.h"

#include <pthread.h>

/* The parts of the send machine, shared by the files of delivery/ only.
 *
 *   delivery.c   life                                  lane.c     pacing and breaker of a channel
 *   delivery_loop.c, delivery_pass.c                   the loop on the delivery thread
 *   flight.c     one attempt on the wire               pass.c     the writer job, and in it:
 *   recover.c    what a dead process left              outcome.c, reconcile.c, planner.c, claim.c
 *
 * Lanes and flights belong to the delivery thread. A pass belongs to the writer thread from its
 * submission until it comes back through the inbox; meanwhile the delivery thread does not touch
 * what the pass points to (the people map of each lane). */

/* One attempt from its claim until its outcome is stored. */
struct flight {
    struct flight *next;
    struct delivery *delivery;
    struct pass *pass; /* its arena holds the texts; one reference */
    int64_t channel_id;
    int64_t message_id;
    int64_t n;
    int64_t enrollment_id;
    int64_t step_id;
    int64_t position;
    int64_t contact_id;
    int64_t category;
    int64_t claimed_at_ms;
    int64_t claimed_boot_ms;
    int64_t phone;
    struct text user_id;
    struct store_message message; /* as the claim left it */
    struct store_message_body body;
    bool use_template;
    bool probe; /* the one message that tries a held channel */
    int64_t started_us;
    enum http_bytes bytes;
    struct provider_outcome outcome;
    struct answer answer; /* as the delivery thread judged it for pacing */
    bool grown_old;       /* its claim, before anything was written */
    bool repeated;        /* test hook */
};

/* Pacing and health of one channel. */
enum { LANE_RECENT = 40 };
struct lane {
    int64_t id;
    bool seen;   /* in the last pass */
    bool usable; /* credentials could be opened */
    int64_t version;
    int64_t updated_at_ms;
    struct arena *arena; /* of `access` */
    struct channel_access access;
    enum channel_state state;
    int64_t probe_at_ms;
    int64_t next_at_ms; /* earliest pending message; 0: none */
    double rate;        /* per second, of the row */
    double rate_factor; /* 1, less after the provider said "too fast" */
    int64_t slowed_at_ms;
    double tokens;
    int64_t tokens_at_ms; /* boot time */
    int64_t in_flight;
    int64_t in_flight_row;
    double latency_ms;
    int64_t blocked_until_ms;
    struct map64 *people; /* contact → when its pair bucket is full again */
    bool recent[LANE_RECENT];
    int64_t recent_at_ms[LANE_RECENT];
    size_t recent_count;
    enum breaker_trip hold; /* to be stored by the next pass */
    int64_t hold_probe_at_ms;
    bool release; /* likewise */
    int64_t probe_wait_ms;
    int64_t accepted_buckets[10]; /* per second, for the shown rate */
    int64_t accepted_second;
};

void lane_init(struct lane *lane, int64_t id);
void lane_done(struct lane *lane);
/* Takes over what a pass read. */
void lane_update(struct lane *lane, const struct store_lane *row, int64_t next_at_ms,
                 struct text master_key);
int64_t lane_in_flight_max(const struct lane *lane);
/* How many may be claimed now, and when at least one may. */
size_t lane_capacity(struct lane *lane, struct clock *clock);
int64_t lane_ready_at(struct lane *lane, struct clock *clock);
void lane_claimed(struct lane *lane, size_t count);
/* Learns from an answer: latency, rate, breaker. */
void lane_learn(struct lane *lane, const struct flight *flight, int64_t now_ms, int64_t latency_ms);
double lane_sent_per_second(const struct lane *lane, int64_t now_ms);
/* The pair bucket: one message in six seconds, bursts up to 45. Returns when this person may get
 * the next one; `extra` counts those claimed already in this pass. */
int64_t lane_person_ready_at(const struct map64 *people, int64_t contact_id, int64_t extra,
                             int64_t now_ms);
void lane_person_claimed(struct lane *lane, int64_t contact_id, int64_t now_ms);
void lane_person_paused(struct lane *lane, int64_t contact_id, int64_t until_ms);

/* What a pass may do on one channel. */
struct lane_wish {
    int64_t channel_id;
    size_t limit;
    enum breaker_trip hold;
    int64_t hold_probe_at_ms;
    bool release;
    int64_t probe_wait_ms;
    const struct map64 *people;
};

struct pass {
    struct job job;
    struct delivery *delivery;
    struct arena *arena; /* of the flights' texts */
    size_t references;   /* delivery thread only */
    struct pass *next_alive;
    /* in */
    struct flight *outcomes;
    struct lane_wish wishes[DELIVERY_LANES_MAX];
    size_t wish_count;
    bool may_plan;
    bool may_claim;
    bool beat;
    int64_t started_us;
    /* out; reset at the beginning of every run */
    struct flight *flights;
    struct store_lane *rows; /* in `arena` */
    int64_t row_next_at_ms[DELIVERY_LANES_MAX];
    size_t row_count;
    int64_t other_next_at_ms; /* due people, doubts */
    bool fenced;
    bool paused; /* the setting "sending_paused" */
    int64_t failed;
    int64_t doubts;
};

/* A pass while it runs on the writer. */
struct pass_run {
    struct pass *pass;
    struct delivery *delivery; /* settings only */
    struct work *work;
    struct progress progress;
    struct flight **last_flight;
    int64_t default_channel_id;
    struct map64 *claimed_people; /* contact → claims in this pass */
    struct store_people people;   /* of the lane being claimed for */
    int64_t orphans_of;           /* the channel whose `has_orphans` is known; 0 = none */
    bool has_orphans;             /* webhooks that came before their message's provider id */
};

/* In the order of a pass. */
MUST_USE enum error_code outcome_apply(struct pass_run *run, const struct flight *flight,
                                       struct error *error);
MUST_USE enum error_code reconcile_doubts(struct pass_run *run, struct error *error);
MUST_USE enum error_code planner_run(struct pass_run *run, struct error *error);
MUST_USE enum error_code claim_lane(struct pass_run *run, const struct store_lane *row,
                                    const struct lane_wish *wish, struct error *error);

enum error_code pass_run_job(struct work *work, struct job *job, struct error *error);

/* Starts an attempt; its outcome comes back through flight_finished(). */
void flight_start(struct flight *flight, const struct lane *lane);
void flight_finished(struct flight *flight); /* in delivery_pass.c */

MUST_USE enum error_code recover_run(struct work *work, void *context, struct error *error);

/* What the inbox carries. */
enum inbox_kind { INBOX_PASS, INBOX_WAKE, INBOX_STOP, INBOX_CLOCK_CONFIRM };
struct inbox_item {
    struct queue_link link;
    enum inbox_kind kind;
    struct pass *pass;
};

struct delivery {
    struct delivery_settings settings;
    struct http_client *client; /* NULL when the wire is a test's */
    struct delivery_wire wire;
    const struct provider *(*find_provider)(enum provider_kind kind);
    struct arena *scratch; /* for building one request */
    struct queue *inbox;
    struct thread *thread;
    struct clock_participant *participant;
    struct lane lanes[DELIVERY_LANES_MAX];
    size_t lane_count;
    struct pass *pass;       /* on the writer */
    struct flight *outcomes; /* to be stored */
    struct flight **last_outcome;
    struct flight *claimed; /* counted as in flight, and about to be sent */
    size_t in_flight;
    bool wanted;
    bool stopping;
    int64_t stop_at_boot_ms;
    int64_t other_next_at_ms;
    struct pass *alive;       /* all passes whose arena is in use */
    struct error pass_error;  /* of the newest pass that failed */
    int pass_failures;        /* in a row */
    int64_t retry_pass_at_us; /* after a pass that failed; 0 = none failed */
    int64_t plan_again_at_us; /* after a failure that a retry does not help */
    int64_t beat_at_ms;
    bool fenced;
    bool paused;
    bool clock_suspect;
    int64_t clock_wall_ms;
    int64_t clock_boot_ms;
    int64_t clock_step_at_boot_ms;
    int64_t sent;
    int64_t failed;
    int64_t doubts;
    int64_t passes;
    int64_t last_pass_us;
    pthread_mutex_t stats_mutex; /* guards `stats` only: a snapshot for other threads */
    struct delivery_stats stats;
};

enum { DELIVERY_PASS_RETRY_MS = 200 };
#define DELIVERY_BEAT_MS (30 * MS_PER_SECOND)

/* delivery_pass.c */
void delivery_push_inbox(struct delivery *delivery, enum inbox_kind kind, struct pass *pass);
bool delivery_may_claim(const struct delivery *delivery);
void delivery_submit_pass(struct delivery *delivery);
void delivery_finish_pass(struct delivery *delivery, struct pass *pass);
/* Sends what the finished pass claimed. */
void delivery_start_flights(struct delivery *delivery);

/* delivery_loop.c */
int64_t delivery_next_wake_ms(struct delivery *delivery);
bool delivery_is_at_rest(const struct delivery *delivery);
bool delivery_has_breaker_change(const struct delivery *delivery);
void delivery_publish_stats(struct delivery *delivery);
void delivery_drain_inbox(struct delivery *delivery);
void delivery_turn(struct delivery *delivery);
void delivery_thread_run(void *context);

/* Deliberate faults for tests of the tests; all false without the build option test_hooks. */
struct mutants {
    bool no_intent;
    bool timeout_is_failure;
    bool client_retries;
};
const struct mutants *mutants(void);

struct answer_limits delivery_answer_limits(const struct delivery *delivery, uint32_t random);
int64_t delivery_grace_ms(const struct delivery *delivery, int64_t category);
