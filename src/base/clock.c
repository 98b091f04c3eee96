/* System and manual clocks: see clock.h. One mutex guards a manual clock and its participants;
 * callbacks run after it is released, and clock_leave() waits for a wake that is under way. */
#include "base/clock.h"

#include "base/mem.h"

#include <pthread.h>
#include <time.h>

struct clock_participant {
    struct clock *clock;
    const char *name;
    void (*wake)(void *context);
    void *context;
    uint64_t ticket;
    int64_t next_wake_ms;
    bool idle;
    bool to_wake;    /* a mover still has to call `wake` */
    unsigned waking; /* calls of `wake` under way; one may be asked for while another runs */
    struct clock_participant *next;
};

struct clock {
    bool manual;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    int64_t now_ms;
    bool travelling;
    int64_t target_ms;
    void (*done)(void *context, int64_t now_ms);
    void *done_context;
    struct clock_participant *participants;
};

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    CHECK(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct clock *clock_new(bool manual, int64_t start_ms)
{
    struct clock *clock = mem_zalloc(sizeof(*clock));
    clock->manual = manual;
    clock->now_ms = start_ms;
    CHECK(pthread_mutex_init(&clock->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&clock->woken, NULL) == 0);
    return clock;
}

struct clock *clock_new_system(void)
{
    return clock_new(false, 0);
}

struct clock *clock_new_manual(int64_t start_ms)
{
    return clock_new(true, start_ms);
}

void clock_free(struct clock *clock)
{
    if (clock == NULL) {
        return;
    }
    CHECK(clock->participants == NULL);
    (void)pthread_mutex_destroy(&clock->mutex);
    (void)pthread_cond_destroy(&clock->woken);
    mem_free(clock);
}

bool clock_is_manual(const struct clock *clock)
{
    return clock->manual;
}

int64_t clock_now_ms(struct clock *clock)
{
    if (!clock->manual) {
        return read_ms(CLOCK_REALTIME);
    }
    (void)pthread_mutex_lock(&clock->mutex);
    int64_t now_ms = clock->now_ms;
    (void)pthread_mutex_unlock(&clock->mutex);
    return now_ms;
}

int64_t clock_boot_ms(struct clock *clock)
{
    return clock->manual ? clock_now_ms(clock) : read_ms(CLOCK_BOOTTIME);
}

int64_t clock_measure_us(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What a step of the journey leaves to do once the mutex is released. */
struct arrival {
    void (*done)(void *context, int64_t now_ms);
    void *context;
    int64_t now_ms;
    bool wakes;
};

/* With the mutex held: when all are idle, moves to the next wanted moment or to the target. */
static void travel(struct clock *clock, struct arrival *ret_arrival)
{
    if (!clock->travelling) {
        return;
    }
    int64_t next_ms = CLOCK_NEVER;
    for (struct clock_participant *p = clock->participants; p != NULL; p = p->next) {
        if (!p->idle) {
            return;
        }
        next_ms = p->next_wake_ms < next_ms ? p->next_wake_ms : next_ms;
    }
    if (next_ms > clock->target_ms) {
        clock->now_ms = clock->target_ms;
        clock->travelling = false;
        *ret_arrival = (struct arrival){
            .done = clock->done, .context = clock->done_context, .now_ms = clock->target_ms};
        return;
    }
    clock->now_ms = next_ms > clock->now_ms ? next_ms : clock->now_ms;
    for (struct clock_participant *p = clock->participants; p != NULL; p = p->next) {
        if (p->next_wake_ms <= clock->now_ms) {
            p->idle = false;
            p->ticket++;
            p->to_wake = true;
            ret_arrival->wakes = true;
        }
    }
}

static struct clock_participant *next_to_wake(struct clock *clock)
{
    for (struct clock_participant *p = clock->participants; p != NULL; p = p->next) {
        if (p->to_wake) {
            return p;
        }
    }
    return NULL;
}

/* Takes the mutex over from the caller and releases it; calls what `arrival` left to do. */
static void finish(struct clock *clock, const struct arrival *arrival)
{
    struct clock_participant *participant = NULL;
    while (arrival->wakes && (participant = next_to_wake(clock)) != NULL) {
        void (*wake)(void *) = participant->wake;
        void *context = participant->context;
        participant->to_wake = false;
        participant->waking++;
        (void)pthread_mutex_unlock(&clock->mutex);
        wake(context);
        (void)pthread_mutex_lock(&clock->mutex);
        participant->waking--;
        (void)pthread_cond_broadcast(&clock->woken);
    }
    (void)pthread_mutex_unlock(&clock->mutex);
    if (arrival->done != NULL) {
        arrival->done(arrival->context, arrival->now_ms);
    }
}

struct clock_participant *clock_join(struct clock *clock, const char *name,
                                     void (*wake)(void *context), void *context)
{
    struct clock_participant *participant = mem_zalloc(sizeof(*participant));
    participant->clock = clock;
    participant->name = name;
    participant->wake = wake;
    participant->context = context;
    (void)pthread_mutex_lock(&clock->mutex);
    participant->next = clock->participants;
    clock->participants = participant;
    (void)pthread_mutex_unlock(&clock->mutex);
    return participant;
}

void clock_leave(struct clock_participant *participant)
{
    if (participant == NULL) {
        return;
    }
    struct clock *clock = participant->clock;
    (void)pthread_mutex_lock(&clock->mutex);
    while (participant->to_wake || participant->waking > 0) {
        (void)pthread_cond_wait(&clock->woken, &clock->mutex);
    }
    struct clock_participant **at = &clock->participants;
    while (*at != participant) {
        at = &(*at)->next;
    }
    *at = participant->next;
    struct arrival arrival = {0};
    travel(clock, &arrival);
    finish(clock, &arrival);
    mem_free(participant);
}

void clock_participant_busy(struct clock_participant *participant)
{
    struct clock *clock = participant->clock;
    if (!clock->manual) {
        return;
    }
    (void)pthread_mutex_lock(&clock->mutex);
    participant->ticket++;
    participant->idle = false;
    (void)pthread_mutex_unlock(&clock->mutex);
}

uint64_t clock_participant_ticket(struct clock_participant *participant)
{
    struct clock *clock = participant->clock;
    if (!clock->manual) {
        return 0;
    }
    (void)pthread_mutex_lock(&clock->mutex);
    uint64_t ticket = participant->ticket;
    (void)pthread_mutex_unlock(&clock->mutex);
    return ticket;
}

void clock_participant_idle(struct clock_participant *participant, uint64_t ticket,
                            int64_t next_wake_ms)
{
    struct clock *clock = participant->clock;
    if (!clock->manual) {
        return;
    }
    (void)pthread_mutex_lock(&clock->mutex);
    struct arrival arrival = {0};
    if (participant->ticket == ticket) {
        participant->idle = true;
        participant->next_wake_ms = next_wake_ms;
        travel(clock, &arrival);
    }
    finish(clock, &arrival);
}

int64_t clock_journey_end_ms(struct clock *clock)
{
    (void)pthread_mutex_lock(&clock->mutex);
    int64_t end_ms = clock->travelling ? clock->target_ms : clock->now_ms;
    (void)pthread_mutex_unlock(&clock->mutex);
    return end_ms;
}

bool clock_advance(struct clock *clock, int64_t target_ms,
                   void (*done)(void *context, int64_t now_ms), void *context)
{
    if (!clock->manual) {
        return false;
    }
    (void)pthread_mutex_lock(&clock->mutex);
    if (clock->travelling || target_ms < clock->now_ms) {
        (void)pthread_mutex_unlock(&clock->mutex);
        return false;
    }
    clock->travelling = true;
    clock->target_ms = target_ms;
    clock->done = done;
    clock->done_context = context;
    struct arrival arrival = {0};
    travel(clock, &arrival);
    finish(clock, &arrival);
    return true;
}
