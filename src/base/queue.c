/* The queue between threads: see queue.h. */
#include "base/queue.h"

#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct queue_link *first;
    struct queue_link **last; /* where the next item's address goes */
    size_t size;
    bool closed;
    void (*wake)(void *context);
    void *context;
};

struct queue *queue_new(void (*wake)(void *context), void *context)
{
    struct queue *queue = mem_zalloc(sizeof(*queue));
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&queue->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&queue->filled, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    queue->last = &queue->first;
    queue->wake = wake;
    queue->context = context;
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL) {
        return;
    }
    CHECK(queue->first == NULL);
    (void)pthread_mutex_destroy(&queue->mutex);
    (void)pthread_cond_destroy(&queue->filled);
    mem_free(queue);
}

bool queue_push(struct queue *queue, struct queue_link *link)
{
    (void)pthread_mutex_lock(&queue->mutex);
    if (queue->closed) {
        (void)pthread_mutex_unlock(&queue->mutex);
        return false;
    }
    bool was_empty = queue->first == NULL;
    link->next = NULL;
    *queue->last = link;
    queue->last = &link->next;
    queue->size++;
    (void)pthread_cond_signal(&queue->filled);
    void (*wake)(void *) = queue->wake;
    void *context = queue->context;
    (void)pthread_mutex_unlock(&queue->mutex);
    if (was_empty && wake != NULL) {
        wake(context);
    }
    return true;
}

static struct queue_link *take_one(struct queue *queue)
{
    struct queue_link *link = queue->first;
    if (link != NULL) {
        queue->first = link->next;
        if (queue->first == NULL) {
            queue->last = &queue->first;
        }
        queue->size--;
        link->next = NULL;
    }
    return link;
}

static struct queue_link *take_all(struct queue *queue)
{
    struct queue_link *link = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    queue->size = 0;
    return link;
}

struct queue_link *queue_pop(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    struct queue_link *link = take_one(queue);
    (void)pthread_mutex_unlock(&queue->mutex);
    return link;
}

struct queue_link *queue_pop_all(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    struct queue_link *link = take_all(queue);
    (void)pthread_mutex_unlock(&queue->mutex);
    return link;
}

/* With the mutex held. */
static void wait_filled(struct queue *queue, int64_t timeout_ms)
{
    struct timespec until;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    if (timeout_ms >= 0) {
        int64_t nanoseconds = until.tv_nsec + timeout_ms % 1000 * 1000000;
        until.tv_sec += (time_t)(timeout_ms / 1000 + nanoseconds / 1000000000);
        until.tv_nsec = (long)(nanoseconds % 1000000000);
    }
    while (queue->first == NULL && !queue->closed) {
        if (timeout_ms < 0) {
            (void)pthread_cond_wait(&queue->filled, &queue->mutex);
        } else if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) == ETIMEDOUT) {
            return;
        }
    }
}

struct queue_link *queue_wait(struct queue *queue, int64_t timeout_ms)
{
    (void)pthread_mutex_lock(&queue->mutex);
    wait_filled(queue, timeout_ms);
    struct queue_link *link = take_one(queue);
    (void)pthread_mutex_unlock(&queue->mutex);
    return link;
}

struct queue_link *queue_wait_all(struct queue *queue, int64_t timeout_ms)
{
    (void)pthread_mutex_lock(&queue->mutex);
    wait_filled(queue, timeout_ms);
    struct queue_link *link = take_all(queue);
    (void)pthread_mutex_unlock(&queue->mutex);
    return link;
}

size_t queue_size(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    size_t size = queue->size;
    (void)pthread_mutex_unlock(&queue->mutex);
    return size;
}

void queue_close(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    (void)pthread_cond_broadcast(&queue->filled);
    (void)pthread_mutex_unlock(&queue->mutex);
}

bool queue_is_closed(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    bool closed = queue->closed;
    (void)pthread_mutex_unlock(&queue->mutex);
    return closed;
}
