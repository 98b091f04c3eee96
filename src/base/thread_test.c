/* Threads block signals; a gate opens for all who wait. */
#include "base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct shared {
    struct gate *gate;
    int blocked;
};

static void look(void *context)
{
    struct shared *shared = context;
    sigset_t mask;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    shared->blocked = sigismember(&mask, SIGTERM);
    gate_wait(shared->gate);
}

static void threads_block_signals_and_wait_at_the_gate(void **state UNUSED)
{
    CLEANUP(gate_free) struct gate *gate = gate_new();
    struct shared shared[2] = {{.gate = gate}, {.gate = gate}};
    struct thread *threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(thread_start("a name longer than 15", look, &shared[i], &threads[i], NULL),
                         OK);
    }
    gate_open(gate);
    for (int i = 0; i < 2; i++) {
        thread_join(threads[i]);
        assert_int_equal(shared[i].blocked, 1);
    }
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    thread_join(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_block_signals_and_wait_at_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
