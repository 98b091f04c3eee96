/* The writer thread: many jobs, one commit. Its invariants: a job's done() runs exactly once, after
 * its effect is durable or gone; the journal's lines of a commit are durable before any done() of
 * it; nobody but this thread checkpoints. */
#include "store/writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/counters.h"
#include "store/db.h"
#include "store/journal.h"

#include <stdatomic.h>
#include <unistd.h>

enum {
    COMMIT_JOBS_MAX = 512,
    COMMIT_WORK_US = 10000, /* jobs that came later wait for the next commit */
    COMMIT_ARENA_MAX = 64 * 1024 * 1024,
    LOG_PAGES_IDLE = 512,    /* 4 MiB: checkpoint at the next short pause */
    LOG_PAGES_NOW = 8192,    /* 64 MiB: checkpoint although work waits */
    LOG_PAGES_WAIT = 131072, /* 1 GiB: wait for readers, so that the log starts again */
    LOG_PAGES_AGAIN = 4096,  /* 32 MiB more before the next try while work waits */
    PAUSE_SHORT_MS = 50,
    PAUSE_LONG_MS = 5000,
    EXIT_IO_ERROR = 74, /* sysexits.h: EX_IOERR */
};

struct writer {
    struct db *db;
    struct journal *journal; /* NULL: claims are not allowed (tools, tests) */
    struct writer_settings settings;
    struct queue *queue;
    struct thread *thread;
    struct arena *arena;
    struct counters *counters;
    struct claims *claims;
    struct queue_link *next; /* a job that wants a commit of its own, taken from the queue */
    bool checkpoint_tried;   /* since the last commit */
    int64_t pages_tried;     /* pages of the log at the last try while work waited */
    bool rests;              /* since the last commit it gave back what it kept for speed */
    bool scrub;              /* the log holds what was erased: it has to be emptied */
    atomic_llong commits;
    atomic_llong jobs;
    atomic_llong failed_jobs;
    atomic_llong failed_commits;
    atomic_llong longest_commit_us;
    atomic_llong checkpoints;
};

/* Jobs that share one transaction. */
struct commit {
    struct queue_link *first;
    struct queue_link **last;
    size_t count;
    size_t succeeded;
    int64_t started_us;
    bool lost; /* the engine gave the transaction up */
    unsigned wakes;
    struct error error; /* why it failed as a whole */
};

static struct job *job_of(struct queue_link *link)
{
    return QUEUE_ITEM(link, struct job, link);
}

static void stop_process(struct writer *writer, const struct error *error)
{
    if (writer->settings.fatal != NULL) {
        writer->settings.fatal(writer->settings.wake_context, error);
    }
    log_error("store.broken", error);
    _exit(EXIT_IO_ERROR);
}

/* --- one job ---------------------------------------------------------------------------------- */

static struct work *make_work(struct writer *writer, const struct job *job)
{
    struct work *work = arena_alloc(writer->arena, sizeof(*work));
    work->arena = writer->arena;
    work->db = writer->db;
    work->now_ms = clock_now_ms(writer->settings.clock);
    work->actor = job->actor;
    work->request_id = job->request_id;
    work->counters = writer->counters;
    work->claims = writer->claims;
    return work;
}

static void run_job(struct writer *writer, struct commit *commit, struct job *job)
{
    job->work = make_work(writer, job);
    error_clear(&job->error);
    enum error_code code = db_savepoint(writer->db, &job->error);
    if (code == OK) {
        code = job->run(job->work, job, &job->error);
        if (code == OK) {
            db_finish_all(writer->db);
            code = db_release(writer->db, &job->error);
        }
    }
    job->result = code;
    if (code == OK) {
        counters_keep(writer->counters);
        claims_keep(writer->claims);
        commit->succeeded++;
        commit->wakes |= job->work->wakes;
        return;
    }
    counters_drop(writer->counters);
    claims_drop(writer->claims);
    if (!db_undo(writer->db) && !db_in_transaction(writer->db)) {
        commit->lost = true;
        commit->error = job->error;
    }
}

/* --- one commit ------------------------------------------------------------------------------- */

static void add_job(struct commit *commit, struct queue_link *link)
{
    link->next = NULL;
    *commit->last = link;
    commit->last = &link->next;
    commit->count++;
}

/* The next job of this commit, or NULL when it is full or the next one wants to be alone. */
static struct queue_link *next_job(struct writer *writer, const struct job *before)
{
    if (before->alone) {
        return NULL;
    }
    struct queue_link *link = queue_pop(writer->queue);
    if (link != NULL && job_of(link)->alone) {
        writer->next = link;
        return NULL;
    }
    return link;
}

static bool has_room(const struct writer *writer, const struct commit *commit)
{
    return !commit->lost && commit->count < COMMIT_JOBS_MAX &&
           clock_measure_us() - commit->started_us < COMMIT_WORK_US &&
           arena_used(writer->arena) < COMMIT_ARENA_MAX;
}

static enum error_code make_durable(struct writer *writer, struct commit *commit)
{
    struct error *error = &commit->error;
    if (commit->lost) {
        return error->code;
    }
    if (commit->succeeded == 0) {
        db_rollback(writer->db);
        return OK;
    }
    enum error_code code = counters_write(writer->counters, writer->db, error);
    if (code == OK && claims_count(writer->claims) > 0) {
        CHECK(writer->journal != NULL);
        code = journal_reserve(writer->journal, writer->claims, error);
    }
    if (code == OK) {
        code = db_commit(writer->db, error);
    }
    if (code == OK && claims_count(writer->claims) > 0) {
        code = journal_append(writer->journal, writer->claims, error);
        if (code != OK) { /* committed claims without their line: the next start sees doubt */
            stop_process(writer, error);
        }
    }
    return code;
}

/* Every job of a commit that failed ends the same way: nothing of it is left, and a retry may
 * help. A job that failed by itself keeps its own reason. */
static void fail_all(struct writer *writer, struct commit *commit)
{
    db_rollback(writer->db);
    atomic_fetch_add(&writer->failed_commits, 1);
    for (struct queue_link *at = commit->first; at != NULL; at = at->next) {
        struct job *job = job_of(at);
        if (job->result == OK) {
            job->result = error_set(&job->error, ERROR_UNAVAILABLE, "could not save: %s",
                                    commit->error.message);
            error_detail(&job->error, "%s", commit->error.detail);
        }
    }
}

static void finish_job(struct writer *writer, struct job *job)
{
    atomic_fetch_add(&writer->jobs, 1);
    if (job->result != OK) {
        atomic_fetch_add(&writer->failed_jobs, 1);
    }
    struct gate *waiter = job->waiter; /* the job is gone after done() */
    struct work *work = job->work;
    job->work = NULL;
    if (job->done != NULL) {
        job->done(work, job);
    }
    if (waiter != NULL) {
        gate_open(waiter);
    }
}

static void finish_all(struct writer *writer, struct commit *commit, enum error_code code)
{
    for (struct queue_link *at = commit->first; at != NULL && code == OK; at = at->next) {
        struct job *job = job_of(at);
        if (job->result == OK && job->after_commit != NULL) {
            job->after_commit(job->work, job);
        }
    }
    if (code == OK && commit->wakes != 0 && writer->settings.wake != NULL) {
        writer->settings.wake(writer->settings.wake_context, commit->wakes);
    }
    struct queue_link *at = commit->first;
    while (at != NULL) {
        struct queue_link *next = at->next;
        finish_job(writer, job_of(at));
        at = next;
    }
}

static void note_duration(struct writer *writer, int64_t started_us)
{
    long long duration = clock_measure_us() - started_us;
    if (duration > atomic_load(&writer->longest_commit_us)) {
        atomic_store(&writer->longest_commit_us, duration);
    }
}

static void run_commit(struct writer *writer, struct queue_link *link)
{
    struct commit commit = {.started_us = clock_measure_us()};
    commit.last = &commit.first;
    enum error_code code = db_begin(writer->db, &commit.error);
    while (link != NULL) {
        add_job(&commit, link);
        struct job *job = job_of(link);
        if (code == OK) {
            run_job(writer, &commit, job);
        } else {
            job->work = make_work(writer, job);
            error_clear(&job->error);
            job->result = OK; /* so that it gets the commit's error */
        }
        link = has_room(writer, &commit) || code != OK ? next_job(writer, job) : NULL;
    }
    if (code == OK) {
        code = make_durable(writer, &commit);
    }
    if (db_is_broken(writer->db)) {
        stop_process(writer,
                     commit.error.code != OK ? &commit.error : &job_of(commit.first)->error);
    }
    if (code != OK) {
        fail_all(writer, &commit);
    } else {
        atomic_fetch_add(&writer->commits, 1);
        writer->scrub = writer->scrub || (commit.wakes & WORK_SCRUB_LOG) != 0;
    }
    note_duration(writer, commit.started_us);
    finish_all(writer, &commit, code);
    counters_clear(writer->counters);
    claims_clear(writer->claims);
    arena_reset(writer->arena);
    writer->checkpoint_tried = false;
    writer->rests = false;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void checkpoint(struct writer *writer, bool wait_for_readers)
{
    struct error error = {0};
    enum error_code code = db_checkpoint(writer->db, wait_for_readers, &error);
    if (db_is_broken(writer->db)) {
        stop_process(writer, &error);
    }
    if (wait_for_readers && code == OK) {
        writer->scrub = false;
    } /* else busy or full: the log only stays longer */
    writer->checkpoint_tried = true;
    atomic_fetch_add(&writer->checkpoints, 1);
}

/* While work waits. A reader that stays long keeps the log from shrinking: then a try after every
 * commit would only cost, and one that waits for readers would hold everybody up each time. */
static void checkpoint_between(struct writer *writer)
{
    int64_t pages = db_log_pages(writer->db);
    if (pages < writer->pages_tried) {
        writer->pages_tried = 0; /* the log has started again */
    }
    if (pages >= LOG_PAGES_NOW && pages >= writer->pages_tried + LOG_PAGES_AGAIN) {
        checkpoint(writer, pages >= LOG_PAGES_WAIT);
        writer->pages_tried = pages;
    }
}

static bool wants_checkpoint(const struct writer *writer)
{
    return writer->scrub || (!writer->checkpoint_tried && db_log_pages(writer->db) > 0);
}

static int64_t idle_ms(const struct writer *writer)
{
    if (writer->scrub) {
        return PAUSE_SHORT_MS;
    }
    if (!wants_checkpoint(writer)) {
        return writer->rests ? -1 : PAUSE_LONG_MS;
    }
    return db_log_pages(writer->db) >= LOG_PAGES_IDLE ? PAUSE_SHORT_MS : PAUSE_LONG_MS;
}

static void rest(struct writer *writer)
{
    db_drop_cache(writer->db);
    mem_trim();
    writer->rests = true;
}

static void run_thread(void *context)
{
    struct writer *writer = context;
    while (true) {
        struct queue_link *link = TAKE(writer->next);
        if (link == NULL) {
            link = queue_wait(writer->queue, idle_ms(writer));
        }
        if (link != NULL) {
            run_commit(writer, link);
            checkpoint_between(writer);
        } else if (queue_is_closed(writer->queue)) {
            if (queue_size(writer->queue) == 0) {
                return;
            }
        } else if (wants_checkpoint(writer)) {
            checkpoint(writer, writer->scrub);
        } else {
            rest(writer);
        }
    }
}

struct writer *writer_new(struct db *owned_db, struct journal *owned_journal,
                          const struct writer_settings *settings)
{
    struct writer *writer = mem_zalloc(sizeof(*writer));
    writer->db = owned_db;
    writer->journal = owned_journal;
    writer->settings = *settings;
    writer->queue = queue_new(NULL, NULL);
    writer->arena = arena_new();
    writer->counters = counters_new();
    writer->claims = claims_new();
    return writer;
}

enum error_code writer_start(struct writer *writer, struct error *error)
{
    return thread_start("writer", run_thread, writer, &writer->thread, error);
}

void writer_free(struct writer *writer)
{
    if (writer == NULL) {
        return;
    }
    queue_close(writer->queue);
    thread_join(writer->thread);
    if (!db_is_broken(writer->db)) {
        enum error_code ignored = db_checkpoint(writer->db, true, NULL);
        (void)ignored; /* the log is read again at the next start */
    }
    queue_free(writer->queue);
    claims_free(writer->claims);
    counters_free(writer->counters);
    arena_free(writer->arena);
    journal_close(writer->journal);
    db_close(writer->db);
    mem_free(writer);
}

/* --- submitting ------------------------------------------------------------------------------- */

void writer_submit(struct writer *writer, struct job *job)
{
    job->work = NULL;
    if (!queue_push(writer->queue, &job->link)) {
        job->result =
            error_set(&job->error, ERROR_UNAVAILABLE, "could not save: the program is stopping");
        finish_job(writer, job);
    }
}

enum error_code writer_call(struct writer *writer, struct job *job, struct error *error)
{
    CLEANUP(gate_free) struct gate *gate = gate_new();
    job->waiter = gate;
    writer_submit(writer, job);
    gate_wait(gate);
    job->waiter = NULL;
    if (job->result != OK && error != NULL) {
        *error = job->error;
    }
    return job->result;
}

struct function_job {
    struct job job;
    enum error_code (*run)(struct work *work, void *context, struct error *error);
    void *context;
};

static enum error_code run_function(struct work *work, struct job *job, struct error *error)
{
    struct function_job *function = QUEUE_ITEM(job, struct function_job, job);
    return function->run(work, function->context, error);
}

static enum error_code call_function(struct writer *writer, struct function_job *function,
                                     bool alone, struct error *error)
{
    function->job.run = run_function;
    function->job.alone = alone;
    function->job.actor = (struct actor){.kind = ACTOR_SYSTEM, .scopes = SCOPE_ALL};
    return writer_call(writer, &function->job, error);
}

enum error_code writer_do(struct writer *writer,
                          enum error_code (*run)(struct work *work, void *context,
                                                 struct error *error),
                          void *context, struct error *error)
{
    struct function_job function = {.run = run, .context = context};
    return call_function(writer, &function, false, error);
}

enum error_code writer_do_alone(struct writer *writer,
                                enum error_code (*run)(struct work *work, void *context,
                                                       struct error *error),
                                void *context, struct error *error)
{
    struct function_job function = {.run = run, .context = context};
    return call_function(writer, &function, true, error);
}

void writer_statistics(struct writer *writer, struct writer_statistics *ret_statistics)
{
    *ret_statistics = (struct writer_statistics){
        .commits = atomic_load(&writer->commits),
        .jobs = atomic_load(&writer->jobs),
        .failed_jobs = atomic_load(&writer->failed_jobs),
        .failed_commits = atomic_load(&writer->failed_commits),
        .longest_commit_us = atomic_load(&writer->longest_commit_us),
        .checkpoints = atomic_load(&writer->checkpoints),
        .queue_size = (int64_t)queue_size(writer->queue),
    };
}
