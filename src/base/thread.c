/* Threads and gates: see thread.h. */
#include "base/thread.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct thread {
    pthread_t id;
    char name[16]; /* the kernel's limit */
    void (*run)(void *context);
    void *context;
};

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), thread->name);
    thread->run(thread->context);
    return NULL;
}

enum error_code thread_start(const char *name, void (*run)(void *context), void *context,
                             struct thread **ret_thread, struct error *error)
{
    struct thread *thread = mem_zalloc(sizeof(*thread));
    (void)snprintf(thread->name, sizeof(thread->name), "%s", name);
    thread->run = run;
    thread->context = context;
    /* The new thread inherits the mask, so signals never reach it, not even at its start. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&thread->id, NULL, thread_main, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) {
        mem_free(thread);
        (void)error_set(error, ERROR_UNAVAILABLE, "could not start the %s thread", name);
        error_detail(error, "pthread_create: %s", strerrordesc_np(failure));
        return ERROR_UNAVAILABLE;
    }
    *ret_thread = thread;
    return OK;
}

void thread_join(struct thread *thread)
{
    if (thread == NULL) {
        return;
    }
    CHECK(pthread_join(thread->id, NULL) == 0);
    mem_free(thread);
}

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool open;
};

struct gate *gate_new(void)
{
    struct gate *gate = mem_zalloc(sizeof(*gate));
    CHECK(pthread_mutex_init(&gate->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&gate->opened, NULL) == 0);
    return gate;
}

void gate_free(struct gate *gate)
{
    if (gate == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&gate->mutex);
    (void)pthread_cond_destroy(&gate->opened);
    mem_free(gate);
}

void gate_open(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    (void)pthread_cond_broadcast(&gate->opened);
    (void)pthread_mutex_unlock(&gate->mutex);
}

void gate_wait(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->mutex);
    while (!gate->open) {
        (void)pthread_cond_wait(&gate->opened, &gate->mutex);
    }
    (void)pthread_mutex_unlock(&gate->mutex);
}
