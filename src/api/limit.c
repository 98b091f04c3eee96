/* Token buckets in a table of fixed size: a caller's bucket holds one window's worth and refills
 * steadily. When the table is crowded, the bucket idle for longest makes room, which can only be
 * kind to somebody. Real time, also when the server's clock is moved by hand. */
#include "api/api_internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

enum { SLOTS = 4096, PROBES = 8 };

struct bucket {
    uint64_t caller; /* 0 = free */
    double tokens;
    int64_t at_us;
};

struct limiter {
    pthread_mutex_t lock;
    int64_t quota;
    int64_t window_us;
    uint64_t seed; /* nobody can choose names that push a certain bucket out */
    struct bucket buckets[SLOTS];
};

struct limiter *limiter_new(int64_t quota, int64_t window_s)
{
    struct limiter *limiter = mem_zalloc(sizeof(*limiter));
    pthread_mutex_init(&limiter->lock, NULL);
    limiter->seed = crypto_random_u64();
    limiter->quota = quota;
    limiter->window_us = window_s * INT64_C(1000000);
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter != NULL) {
        pthread_mutex_destroy(&limiter->lock);
        mem_free(limiter);
    }
}

static struct bucket *find_bucket(struct limiter *limiter, struct text caller, int64_t now_us)
{
    uint64_t hash = hash_bytes(caller.data, caller.size, limiter->seed) | 1;
    struct bucket *oldest = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct bucket *bucket = &limiter->buckets[(hash + i) % SLOTS];
        if (bucket->caller == hash) {
            return bucket;
        }
        if (oldest == NULL || bucket->at_us < oldest->at_us) {
            oldest = bucket;
        }
    }
    *oldest = (struct bucket){hash, (double)limiter->quota, now_us};
    return oldest;
}

static void refill(const struct limiter *limiter, struct bucket *bucket, int64_t now_us)
{
    double full = (double)limiter->quota;
    bucket->tokens += (double)(now_us - bucket->at_us) * full / (double)limiter->window_us;
    bucket->tokens = bucket->tokens > full ? full : bucket->tokens;
    bucket->at_us = now_us;
}

struct limit_state limiter_take(struct limiter *limiter, struct text caller)
{
    struct limit_state state = {.allowed = true, .window_s = limiter->window_us / INT64_C(1000000)};
    if (limiter->quota == 0) {
        return state;
    }
    int64_t now_us = clock_measure_us();
    pthread_mutex_lock(&limiter->lock);
    struct bucket *bucket = find_bucket(limiter, caller, now_us);
    refill(limiter, bucket, now_us);
    state.allowed = bucket->tokens >= 1.0;
    if (state.allowed) {
        bucket->tokens -= 1.0;
    }
    state.quota = limiter->quota;
    state.remaining = (int64_t)bucket->tokens;
    double missing = state.allowed ? (double)limiter->quota - bucket->tokens : 1.0 - bucket->tokens;
    state.reset_s =
        (int64_t)(missing * (double)limiter->window_us / 1e6 / (double)limiter->quota) + 1;
    pthread_mutex_unlock(&limiter->lock);
    return state;
}
