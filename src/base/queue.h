#pragma once

#include "base/compiler.h"

#include <stdbool.h>

/* The one way between threads: an intrusive first-in first-out queue, many pushers, one popper.
 * Pushing an item gives it away; the popper owns it from then on. The item embeds a queue_link and
 * QUEUE_ITEM() finds it again. No allocation, no lock held while callbacks run. */
struct queue_link {
    struct queue_link *next;
};

#define QUEUE_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

struct queue;

/* `wake` (may be NULL) is called after a push that found the queue empty, on the pusher's thread:
 * for poppers that wait in poll() rather than in queue_wait(). */
struct queue *queue_new(void (*wake)(void *context), void *context);
void queue_free(struct queue *queue); /* must be empty; NULL is fine */
DEFINE_CLEANUP(struct queue *, queue_free);

/* False when the queue is closed: the item stays the caller's. */
MUST_USE bool queue_push(struct queue *queue, struct queue_link *link);
struct queue_link *queue_pop(struct queue *queue);     /* NULL when empty */
struct queue_link *queue_pop_all(struct queue *queue); /* oldest first, chained by next */
/* Waits until an item is there, the queue is closed, or `timeout_ms` of real time passed (< 0: no
 * limit), then returns the oldest item or NULL. */
struct queue_link *queue_wait(struct queue *queue, int64_t timeout_ms);
struct queue_link *queue_wait_all(struct queue *queue, int64_t timeout_ms);
size_t queue_size(struct queue *queue);
/* Refuses pushes from now on and ends all waits; what is inside can still be popped. */
void queue_close(struct queue *queue);
bool queue_is_closed(struct queue *queue);
