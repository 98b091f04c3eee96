#pragma once

#include "base/clock.h"
#include "base/queue.h"
#include "base/thread.h"
#include "delivery/notifier.h"
#include "net/http_client.h"
#include "net/target.h"
#include "store/store.h"
#include "store/store_webhook.h"

/* Shared by the files of the notifier.
 *
 *   notifier.c       life and loop      notifier_pass.c   the writer job
 *   notifier_call.c  one request */

enum {
    NOTIFIER_PARALLEL = 4, /* requests of one receiver in flight; 1 while it fails */
    NOTIFIER_CALLS_MAX = NOTIFIER_PARALLEL * STORE_WEBHOOKS_MAX + NOTIFIER_PARALLEL,
    NOTIFIER_WORDS_MAX = 160,
};

/* What came of one request. */
struct notifier_outcome {
    struct notifier_outcome *next;
    int64_t webhook_id;
    int64_t delivery_id;
    int64_t tries;
    int64_t duration_ms;
    int64_t retry_after_ms; /* what the receiver asked for; 0 = nothing */
    int status;             /* of the answer; 0: none came */
    bool success;
    bool final; /* no use to try again */
    bool gone;  /* 410: the receiver wants nothing any more */
    char words[NOTIFIER_WORDS_MAX];
};

/* One request in flight. */
struct notifier_call {
    struct notifier_call *next;
    struct notifier *notifier;
    int64_t webhook_id;
    int64_t delivery_id;
    int64_t tries;
    struct target target;
};

enum notifier_item_kind { NOTIFIER_WAKE, NOTIFIER_STOP, NOTIFIER_PASS };
struct notifier_item {
    struct queue_link link;
    enum notifier_item_kind kind;
};

/* The writer job. It belongs to the writer from its submission until it comes back. */
struct notifier_pass {
    struct job job;
    struct notifier *notifier;
    struct arena *arena; /* of what it found out */
    struct notifier_outcome *outcomes;
    bool recover;   /* the first one */
    bool may_claim; /* false while stopping */
    int64_t busy[NOTIFIER_CALLS_MAX];
    size_t busy_count;
    /* found out: */
    struct store_webhook *webhooks; /* that are active */
    size_t webhook_count;
    struct store_webhook_delivery *claims[STORE_WEBHOOKS_MAX]; /* per webhook */
    size_t claim_counts[STORE_WEBHOOKS_MAX];
    bool more;          /* events wait to be looked at */
    int64_t next_at_ms; /* the next delivery that is due; CLOCK_NEVER: none */
    int64_t disabled;   /* a webhook that this pass switched off; 0: none */
};
enum error_code notifier_pass_run(struct work *work, struct job *job, struct error *error);

struct notifier {
    struct notifier_settings settings;
    struct http_client *client;
    struct db *db; /* reads what requests tell */
    struct arena *arena;
    struct queue *inbox;
    struct thread *thread;
    struct clock_participant *participant;
    struct notifier_call *calls;
    size_t call_count;
    struct notifier_outcome *outcomes; /* not stored yet */
    struct notifier_outcome **last_outcome;
    struct notifier_pass *pass; /* with the writer */
    int64_t next_at_ms;
    int64_t retry_at_us;   /* after a pass that failed */
    int64_t stop_at_us;    /* 0: not stopping */
    int64_t tick_until_us; /* not 0: ends when nothing is due, at the latest then */
    bool wanted;           /* a pass is */
    bool recovered;        /* the first pass is done */
    _Atomic bool listens;  /* some webhook is active: events matter */
};

/* Builds and starts the request of a claim; what cannot be sent is an outcome at once. */
void notifier_call_start(struct notifier *notifier, const struct store_webhook *webhook,
                         const struct store_webhook_delivery *delivery);
void notifier_add_outcome(struct notifier *notifier, const struct notifier_outcome *outcome);
