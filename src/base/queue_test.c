/* Many pushers, one popper: nothing lost, order per pusher kept; closing ends waits. */
#include "base/queue.h"

#include "base/mem.h"
#include "base/thread.h"

#include <stdatomic.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PUSHERS = 4, ITEMS = 5000 };

struct item {
    struct queue_link link;
    int pusher;
    int number;
};

struct pusher {
    struct queue *queue;
    int number;
};

static void push_items(void *context)
{
    struct pusher *pusher = context;
    for (int i = 0; i < ITEMS; i++) {
        struct item *item = mem_zalloc(sizeof(*item));
        item->pusher = pusher->number;
        item->number = i;
        CHECK(queue_push(pusher->queue, &item->link));
    }
}

static atomic_int wakes;

static void count_wake(void *context UNUSED)
{
    atomic_fetch_add(&wakes, 1);
}

static void nothing_is_lost_and_order_is_kept(void **state UNUSED)
{
    CLEANUP(queue_free) struct queue *queue = queue_new(count_wake, NULL);
    struct pusher pushers[PUSHERS];
    struct thread *threads[PUSHERS];
    for (int i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){.queue = queue, .number = i};
        assert_int_equal(thread_start("pusher", push_items, &pushers[i], &threads[i], NULL), OK);
    }
    int next[PUSHERS] = {0};
    int count = 0;
    while (count < PUSHERS * ITEMS) {
        struct queue_link *link =
            count % 2 == 0 ? queue_wait(queue, 60000) : queue_wait_all(queue, 60000);
        assert_non_null(link);
        while (link != NULL) {
            struct item *item = QUEUE_ITEM(link, struct item, link);
            link = link->next;
            assert_int_equal(item->number, next[item->pusher]);
            next[item->pusher]++;
            count++;
            mem_free(item);
        }
    }
    assert_int_equal(queue_size(queue), 0);
    assert_null(queue_pop(queue));
    assert_null(queue_wait(queue, 1));
    assert_true(atomic_load(&wakes) >= 1);
    for (int i = 0; i < PUSHERS; i++) {
        thread_join(threads[i]);
    }
}

static void wait_for_close(void *context)
{
    CHECK(queue_wait(context, -1) == NULL);
}

static void closing_ends_waits_and_refuses_items(void **state UNUSED)
{
    CLEANUP(queue_free) struct queue *queue = queue_new(NULL, NULL);
    struct thread *waiter = NULL;
    assert_int_equal(thread_start("waiter", wait_for_close, queue, &waiter, NULL), OK);
    queue_close(queue);
    thread_join(waiter);
    struct item item = {0};
    assert_false(queue_push(queue, &item.link));
    assert_true(queue_is_closed(queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_order_is_kept),
        cmocka_unit_test(closing_ends_waits_and_refuses_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
