#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Outgoing webhooks: tells receivers what the event log says.
 *
 * One thread owns sockets and everything in flight; what it changes in the database is one writer
 * job at a time: outcomes just collected, deliveries derived from new events with the cursor that
 * moves past them, and claims of what is due, in one commit. A request leaves only after its claim
 * is durable, so the log never knows of fewer attempts than a receiver saw; after a crash every
 * delivery that was on its way goes again. Each receiver has its own few requests in flight: one
 * that hangs holds nobody else. */
struct clock;
struct notifier;
struct store;

struct notifier_settings {
    struct store *store;
    struct clock *clock;
    struct text master_key; /* lives as long as the notifier */
    const char *ca_file;    /* NULL = the system's */
    const char *version;    /* of this program, for User-Agent */
    bool allow_local;       /* receivers on this machine, also by http */
};

/* Opens it and starts its thread; what a dead process left on its way is due again. */
MUST_USE enum error_code notifier_start(const struct notifier_settings *settings,
                                        struct notifier **ret_notifier, struct error *error);
/* After a commit with WORK_WAKE_WEBHOOKS; `changed`: webhooks were added or changed too
 * (WORK_WAKE_SETTINGS). Any thread; NULL is fine. */
void notifier_wake(struct notifier *notifier, bool changed);
/* Waits a few seconds for answers, stores them and ends the thread. */
void notifier_stop(struct notifier *notifier);
/* While the store is open, after its last wake. NULL is fine. */
void notifier_free(struct notifier *notifier);
DEFINE_CLEANUP(struct notifier *, notifier_free);

/* Tells receivers what is due now, and ends when nothing is, or after a minute: for a process that
 * lives shortly. */
MUST_USE enum error_code notifier_tick(const struct notifier_settings *settings,
                                       struct error *error);

/* When the n-th failed try (from 1) is followed by the next: milliseconds, without jitter; -1: it
 * is given up. */
int64_t notifier_retry_ms(int64_t tries);
