#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/queue.h"
#include "store/work.h"

/* The one thread that writes. It takes whatever jobs wait, runs each in a savepoint of its own,
 * commits once, makes the intent journal's lines durable, and only then hands the jobs back. A job
 * that fails is undone alone; when the commit fails every job of it ends with ERROR_UNAVAILABLE and
 * nothing of any of them is left.
 *
 * A job embeds struct job; pushing gives it away until done() is called, on the writer thread,
 * exactly once. done() must not block: it answers a request, pushes to a queue, opens a gate. */
struct clock;
struct gate;
struct job;
struct writer;
struct journal;

struct job {
    struct queue_link link;
    /* Does the work. `work` is valid until done() returns. Anything but OK undoes all of it. */
    enum error_code (*run)(struct work *work, struct job *job, struct error *error);
    /* May be NULL. Only after run() succeeded and the commit is durable, before any done(). */
    void (*after_commit)(struct work *work, struct job *job);
    /* `job->result` and `job->error` say how it went. The job belongs to the receiver again. */
    void (*done)(struct work *work, struct job *job); /* may be NULL for writer_call() */
    void *context;
    struct actor actor;     /* copied into work; its texts must live as long as the job */
    struct text request_id; /* likewise */
    bool alone;             /* gets a commit of its own: it rewrites what other jobs only add to */
    enum error_code result;
    struct error error;
    struct work *work;   /* private to the writer */
    struct gate *waiter; /* private to the writer */
};

struct writer_settings {
    struct clock *clock;
    /* Called on the writer thread after a commit with the OR of all wakes of its jobs. */
    void (*wake)(void *context, unsigned wakes);
    void *wake_context;
    /* The disk broke: what was committed is unknown. Must not return. NULL: log and exit(74). */
    void (*fatal)(void *context, const struct error *error);
};

/* Submits; when the writer is stopping the job is done with ERROR_UNAVAILABLE at once, on the
 * caller's thread and with `work` NULL. */
void writer_submit(struct writer *writer, struct job *job);
/* Submits and waits: for the command line, start-up and tests. Never from the writer thread. */
MUST_USE enum error_code writer_call(struct writer *writer, struct job *job, struct error *error);
/* A job that is only a function: runs `run(work, context, error)` and waits. */
MUST_USE enum error_code writer_do(struct writer *writer,
                                   enum error_code (*run)(struct work *work, void *context,
                                                          struct error *error),
                                   void *context, struct error *error);

/* The same with a commit of its own. */
MUST_USE enum error_code writer_do_alone(struct writer *writer,
                                         enum error_code (*run)(struct work *work, void *context,
                                                                struct error *error),
                                         void *context, struct error *error);

struct writer_statistics {
    int64_t commits;
    int64_t jobs;
    int64_t failed_jobs;
    int64_t failed_commits;
    int64_t longest_commit_us;
    int64_t queue_size;
    int64_t checkpoints;
};
/* A snapshot, from any thread. */
void writer_statistics(struct writer *writer, struct writer_statistics *ret_statistics);

/* Owns both from then on. */
struct writer *writer_new(struct db *owned_db, struct journal *owned_journal,
                          const struct writer_settings *settings);
MUST_USE enum error_code writer_start(struct writer *writer, struct error *error);
/* Refuses new jobs, finishes those that wait, checkpoints, joins the thread, closes the database.
 */
void writer_free(struct writer *writer);
DEFINE_CLEANUP(struct writer *, writer_free);
