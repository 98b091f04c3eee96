#pragma once

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdint.h>

/* Numbers for monitoring: plain atomics that any thread adds to without a lock or an order, and
 * that /metrics reads at any moment. Never a phone number, an id or a text in a label. */
struct metric_counter {
    _Atomic int64_t value;
};
static inline void metric_add(struct metric_counter *counter, int64_t by)
{
    (void)atomic_fetch_add_explicit(&counter->value, by, memory_order_relaxed);
}
static inline int64_t metric_read(struct metric_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* Durations in buckets whose upper bounds metric_bound_us() tells; the last has none. */
enum { METRIC_BUCKETS = 13 };
struct metric_histogram {
    struct metric_counter buckets[METRIC_BUCKETS];
    struct metric_counter sum_us;
};
int64_t metric_bound_us(size_t bucket); /* 1 ms … 30 s; INT64_MAX for the last */
void metric_observe_us(struct metric_histogram *histogram, int64_t us);

/* Counts by a number that comes from outside (a provider's error code). Codes beyond the capacity
 * are counted together, so that nobody can make the table grow. */
enum { METRIC_CODES = 64 };
struct metric_codes {
    _Atomic int64_t keys[METRIC_CODES]; /* 0: free, else code + 1 */
    struct metric_counter counts[METRIC_CODES];
    struct metric_counter others;
};
void metric_count_code(struct metric_codes *codes, int64_t code); /* code >= 0 */

/* How the provider answered one attempt. */
enum metric_send {
    METRIC_SEND_ACCEPTED,
    METRIC_SEND_NOT_SENT,
    METRIC_SEND_REFUSED_FOR_NOW,
    METRIC_SEND_REJECTED,
    METRIC_SEND_CHANNEL_TROUBLE,
    METRIC_SEND_NO_ANSWER,
    METRIC_SEND_COUNT,
};

/* What the parts of the process count; one for all of it, zero at the start. */
struct metrics {
    struct metric_codes sends[METRIC_SEND_COUNT]; /* by provider code, 0 = none given */
    struct metric_histogram provider_latency;
    struct metric_counter webhooks_accepted;
    struct metric_counter webhooks_refused;
};
extern struct metrics METRICS;
