/* Wrong guesses by caller, in a table of fixed size. When the table is crowded, the caller who has
 * not guessed for longest makes room, which can only be kind to somebody. */
#include "api/guess_limit.h"

#include "base/crypto.h"
#include "base/hash.h"
#include "base/mem.h"

#include <pthread.h>

enum { SLOTS = 4096, PROBES = 8 };
static const int64_t SECOND_US = 1000000;

struct guesses {
    uint64_t caller; /* 0 = free */
    int64_t wrong;
    int64_t forgiven_us; /* until when wrong guesses were forgiven */
    int64_t last_us;     /* of the newest guess */
    int64_t next_us;     /* no guess is heard before */
};

struct guess_limit {
    pthread_mutex_t lock;
    struct guess_rules rules;
    uint64_t seed; /* nobody can choose names that push certain guesses out */
    struct guesses table[SLOTS];
};

struct guess_limit *guess_limit_new(struct guess_rules rules)
{
    struct guess_limit *limit = mem_zalloc(sizeof(*limit));
    pthread_mutex_init(&limit->lock, NULL);
    limit->rules = rules;
    limit->seed = crypto_random_u64();
    return limit;
}

void guess_limit_free(struct guess_limit *limit)
{
    if (limit != NULL) {
        pthread_mutex_destroy(&limit->lock);
        mem_free(limit);
    }
}

/* The caller's own place, or the one to use for them: free, else the longest unused. */
static struct guesses *place_of(struct guess_limit *limit, uint64_t caller)
{
    struct guesses *unused = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct guesses *guesses = &limit->table[(caller + i) % SLOTS];
        if (guesses->caller == caller) {
            return guesses;
        }
        if (unused == NULL || guesses->last_us < unused->last_us) {
            unused = guesses;
        }
    }
    return unused;
}

static uint64_t hash_of(const struct guess_limit *limit, struct text caller)
{
    return hash_bytes(caller.data, caller.size, limit->seed) | 1;
}

static void forgive(const struct guess_rules *rules, struct guesses *guesses, int64_t now_us)
{
    int64_t count = (now_us - guesses->forgiven_us) / (rules->forgive_s * SECOND_US);
    if (count >= guesses->wrong) {
        guesses->wrong = 0;
        guesses->forgiven_us = now_us;
    } else if (count > 0) {
        guesses->wrong -= count;
        guesses->forgiven_us += count * rules->forgive_s * SECOND_US;
    }
}

/* The wait after so many wrong guesses. More than lead to the longest wait are not counted: they
 * would only make the way back longer. */
static int64_t wait_after(const struct guess_rules *rules, int64_t *wrong)
{
    int64_t wait_s = *wrong < rules->free_guesses ? 0 : rules->first_wait_s;
    for (int64_t count = rules->free_guesses; count < *wrong; count++) {
        wait_s *= 2;
        if (wait_s >= rules->longest_wait_s) {
            *wrong = count + 1;
            return rules->longest_wait_s;
        }
    }
    return wait_s;
}

bool guess_limit_take(struct guess_limit *limit, struct text caller, int64_t now_us,
                      int64_t *ret_wait_s)
{
    uint64_t hash = hash_of(limit, caller);
    pthread_mutex_lock(&limit->lock);
    struct guesses *guesses = place_of(limit, hash);
    if (guesses->caller != hash) {
        *guesses = (struct guesses){.caller = hash, .forgiven_us = now_us, .next_us = now_us};
    }
    bool allowed = now_us >= guesses->next_us;
    if (allowed) {
        forgive(&limit->rules, guesses, now_us);
        guesses->wrong++;
        guesses->last_us = now_us;
        guesses->next_us = now_us + wait_after(&limit->rules, &guesses->wrong) * SECOND_US;
    }
    *ret_wait_s = allowed ? 0 : (guesses->next_us - now_us + SECOND_US - 1) / SECOND_US;
    pthread_mutex_unlock(&limit->lock);
    return allowed;
}

void guess_limit_give_back(struct guess_limit *limit, struct text caller, int64_t now_us)
{
    uint64_t hash = hash_of(limit, caller);
    pthread_mutex_lock(&limit->lock);
    struct guesses *guesses = place_of(limit, hash);
    if (guesses->caller == hash && guesses->wrong > 0) {
        guesses->wrong--;
        guesses->next_us = now_us < guesses->next_us ? now_us : guesses->next_us;
    }
    pthread_mutex_unlock(&limit->lock);
}

void guess_limit_forget(struct guess_limit *limit, struct text caller)
{
    uint64_t hash = hash_of(limit, caller);
    pthread_mutex_lock(&limit->lock);
    struct guesses *guesses = place_of(limit, hash);
    if (guesses->caller == hash) {
        *guesses = (struct guesses){0};
    }
    pthread_mutex_unlock(&limit->lock);
}
