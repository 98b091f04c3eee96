/* The counters of the process, and where a duration or a code is counted. */
#include "base/metrics.h"

struct metrics METRICS;

static const int64_t BOUNDS_US[METRIC_BUCKETS] = {
    1000,   2500,   5000,    10000,   25000,    50000,     100000,
    250000, 500000, 1000000, 5000000, 30000000, INT64_MAX,
};

int64_t metric_bound_us(size_t bucket)
{
    CHECK(bucket < METRIC_BUCKETS);
    return BOUNDS_US[bucket];
}

void metric_observe_us(struct metric_histogram *histogram, int64_t us)
{
    size_t bucket = 0;
    while (us > BOUNDS_US[bucket]) {
        bucket++;
    }
    metric_add(&histogram->buckets[bucket], 1);
    metric_add(&histogram->sum_us, us);
}

void metric_count_code(struct metric_codes *codes, int64_t code)
{
    for (size_t i = 0; i < METRIC_CODES; i++) {
        int64_t key = atomic_load_explicit(&codes->keys[i], memory_order_relaxed);
        /* A free place is taken by whoever comes first; when that was another thread, `key`
         * becomes what it wrote. */
        if (key == 0 && atomic_compare_exchange_strong(&codes->keys[i], &key, code + 1)) {
            key = code + 1;
        }
        if (key == code + 1) {
            metric_add(&codes->counts[i], 1);
            return;
        }
    }
    metric_add(&codes->others, 1);
}
