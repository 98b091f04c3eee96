#pragma once

#include "base/compiler.h"
#include "base/error.h"

/* Threads with a name and all signals blocked: signals belong to the main thread. */
struct thread;

MUST_USE enum error_code thread_start(const char *name, void (*run)(void *context), void *context,
                                      struct thread **ret_thread, struct error *error);
void thread_join(struct thread *thread); /* waits for the end and frees; NULL is fine */
DEFINE_CLEANUP(struct thread *, thread_join);

/* A one-shot gate for "ready" and "stop": waiters block until somebody opens it. */
struct gate;
struct gate *gate_new(void);
void gate_free(struct gate *gate);
DEFINE_CLEANUP(struct gate *, gate_free);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);
