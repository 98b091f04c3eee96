/* Manual clocks travel from event to event and wait for whoever is busy. */
#include "base/clock.h"

#include "base/instant.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void wake_queue(void *context)
{
    struct queue_link *link = mem_zalloc(sizeof(*link));
    if (!queue_push(context, link)) {
        mem_free(link);
    }
}

static void open_gate(void *context, int64_t now_ms UNUSED)
{
    gate_open(context);
}

/* A loop that wants to run every `period_ms` and notes when it did. */
struct loop {
    struct clock *clock;
    struct clock_participant *participant;
    struct queue *queue;
    struct thread *thread;
    int64_t period_ms;
    int64_t next_ms;
    int64_t seen[512];
    size_t seen_count;
};

static void loop_run(void *context)
{
    struct loop *loop = context;
    for (;;) {
        uint64_t ticket = clock_participant_ticket(loop->participant);
        int64_t now_ms = clock_now_ms(loop->clock);
        while (loop->next_ms <= now_ms) {
            if (loop->seen_count < ARRAY_SIZE(loop->seen)) {
                loop->seen[loop->seen_count++] = now_ms;
            }
            loop->next_ms += loop->period_ms;
        }
        clock_participant_idle(loop->participant, ticket, loop->next_ms);
        struct queue_link *link = queue_wait(loop->queue, -1);
        if (link == NULL) {
            return;
        }
        mem_free(link);
    }
}

static void loop_start(struct loop *loop, struct clock *clock, int64_t period_ms)
{
    *loop = (struct loop){.clock = clock, .period_ms = period_ms};
    loop->next_ms = clock_now_ms(clock) + period_ms;
    loop->queue = queue_new(NULL, NULL);
    loop->participant = clock_join(clock, "loop", wake_queue, loop->queue);
    assert_int_equal(thread_start("loop", loop_run, loop, &loop->thread, NULL), OK);
}

static void loop_stop(struct loop *loop)
{
    queue_close(loop->queue);
    thread_join(loop->thread);
    clock_leave(loop->participant);
    struct queue_link *link = NULL;
    while ((link = queue_pop(loop->queue)) != NULL) {
        mem_free(link);
    }
    queue_free(loop->queue);
}

static void each_event_sees_its_own_time(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_manual(1000000);
    struct loop hourly;
    struct loop daily;
    loop_start(&hourly, clock, MS_PER_HOUR);
    loop_start(&daily, clock, MS_PER_DAY);
    CLEANUP(gate_free) struct gate *arrived = gate_new();
    assert_true(clock_advance(clock, 1000000 + 7 * MS_PER_DAY, open_gate, arrived));
    gate_wait(arrived);
    assert_int_equal(clock_now_ms(clock), 1000000 + 7 * MS_PER_DAY);
    loop_stop(&hourly);
    loop_stop(&daily);
    assert_int_equal(hourly.seen_count, 7 * 24);
    assert_int_equal(daily.seen_count, 7);
    for (size_t i = 0; i < hourly.seen_count; i++) {
        assert_int_equal(hourly.seen[i], 1000000 + (int64_t)(i + 1) * MS_PER_HOUR);
    }
    for (size_t i = 0; i < daily.seen_count; i++) {
        assert_int_equal(daily.seen[i], 1000000 + (int64_t)(i + 1) * MS_PER_DAY);
    }
}

static void ignore_wake(void *context UNUSED)
{
}

static void note_arrival(void *context, int64_t now_ms)
{
    *(int64_t *)context = now_ms;
}

static void a_busy_participant_holds_the_clock(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_manual(0);
    struct clock_participant *one = clock_join(clock, "one", ignore_wake, NULL);
    struct clock_participant *two = clock_join(clock, "two", ignore_wake, NULL);
    int64_t arrived_ms = 0;
    uint64_t ticket = clock_participant_ticket(one);
    assert_true(clock_advance(clock, 500, note_arrival, &arrived_ms));
    assert_false(clock_advance(clock, 600, note_arrival, &arrived_ms));
    clock_participant_idle(two, clock_participant_ticket(two), CLOCK_NEVER);
    assert_int_equal(arrived_ms, 0);
    /* Work handed over between looking and idling makes the old ticket void. */
    clock_participant_busy(one);
    clock_participant_idle(one, ticket, CLOCK_NEVER);
    assert_int_equal(arrived_ms, 0);
    clock_participant_idle(one, clock_participant_ticket(one), 200);
    assert_int_equal(clock_now_ms(clock), 200);
    assert_int_equal(arrived_ms, 0);
    clock_participant_idle(one, clock_participant_ticket(one), CLOCK_NEVER);
    assert_int_equal(arrived_ms, 500);
    assert_false(clock_advance(clock, 499, note_arrival, &arrived_ms));
    clock_leave(one);
    clock_leave(two);
}

static void leaving_lets_the_others_go_on(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_manual(0);
    struct clock_participant *stays = clock_join(clock, "stays", ignore_wake, NULL);
    struct clock_participant *leaves = clock_join(clock, "leaves", ignore_wake, NULL);
    int64_t arrived_ms = 0;
    assert_true(clock_advance(clock, 9, note_arrival, &arrived_ms));
    clock_participant_idle(stays, clock_participant_ticket(stays), CLOCK_NEVER);
    clock_leave(leaves);
    assert_int_equal(arrived_ms, 9);
    clock_leave(stays);
}

/* The first wake of `one` lasts until another thread has asked for its second, and wakes `two`
 * first. */
struct wakes {
    struct clock_participant *one;
    struct clock_participant *two;
    struct thread *thread;
    struct gate *two_is_waking;
    struct gate *one_was_woken;
    int one_count;
    int two_count;
};

static void idle_again(void *context)
{
    struct wakes *wakes = context;
    clock_participant_idle(wakes->one, clock_participant_ticket(wakes->one), 200);
}

static void wake_one(void *context)
{
    struct wakes *wakes = context;
    if (wakes->one_count++ == 0) {
        assert_int_equal(thread_start("other", idle_again, wakes, &wakes->thread, NULL), OK);
        gate_wait(wakes->two_is_waking);
    }
}

static void wake_two(void *context)
{
    struct wakes *wakes = context;
    if (wakes->two_count++ == 0) {
        gate_open(wakes->two_is_waking);
        gate_wait(wakes->one_was_woken);
    }
}

static void a_wake_asked_for_during_another_is_kept(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_manual(0);
    CLEANUP(gate_free) struct gate *two_is_waking = gate_new();
    CLEANUP(gate_free) struct gate *one_was_woken = gate_new();
    struct wakes wakes = {.two_is_waking = two_is_waking, .one_was_woken = one_was_woken};
    wakes.one = clock_join(clock, "one", wake_one, &wakes);
    wakes.two = clock_join(clock, "two", wake_two, &wakes);
    int64_t arrived_ms = 0;
    assert_true(clock_advance(clock, 1000, note_arrival, &arrived_ms));
    clock_participant_idle(wakes.two, clock_participant_ticket(wakes.two), 200);
    clock_participant_idle(wakes.one, clock_participant_ticket(wakes.one), 100);
    gate_open(one_was_woken);
    thread_join(wakes.thread);
    assert_int_equal(wakes.one_count, 2);
    assert_int_equal(wakes.two_count, 1);
    clock_leave(wakes.one);
    clock_leave(wakes.two);
    assert_int_equal(arrived_ms, 1000);
}

static void a_system_clock_moves_and_cannot_be_moved(void **state UNUSED)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_system();
    assert_true(clock_now_ms(clock) > INT64_C(1600000000000));
    assert_false(clock_is_manual(clock));
    assert_false(clock_advance(clock, INT64_MAX - 1, note_arrival, NULL));
    int64_t before = clock_boot_ms(clock);
    assert_true(clock_boot_ms(clock) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_sees_its_own_time),
        cmocka_unit_test(a_busy_participant_holds_the_clock),
        cmocka_unit_test(leaving_lets_the_others_go_on),
        cmocka_unit_test(a_wake_asked_for_during_another_is_kept),
        cmocka_unit_test(a_system_clock_moves_and_cannot_be_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
