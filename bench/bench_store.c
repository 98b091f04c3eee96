/* How fast the writer makes small jobs durable, measured against two yardsticks on the same disk in
 * the same run: bare SQLite with one commit per row, and bare fdatasync of 4 KiB.
 *
 *   bench_store [DIRECTORY]     default: a new directory under /tmp, removed afterwards
 */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/counters.h"
#include "store/store.h"
#include "store/store_event.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUND_MS = 1500, IN_FLIGHT_MAX = 512 };

struct runner {
    struct store *store;
    int64_t end_us;
    int64_t jobs;
    int64_t waiting;
    int64_t *latency_us;
    size_t latency_count;
    size_t latency_capacity;
    struct gate *finished;
};

struct bench_job {
    struct job job;
    struct runner *runner;
    int64_t started_us;
};

static enum error_code run_job(struct work *work, struct job *job, struct error *error)
{
    (void)job;
    struct store_event event = {.type = TEXT("message.sent"),
                                .sequence_id = 1,
                                .enrollment_id = 2,
                                .message_id = 3,
                                .data = TEXT("{\"from\":\"pending\",\"to\":\"sent\"}")};
    counters_add(work, 1, 2, 2, 0, 1);
    return store_event_add(work, &event, error);
}

static void submit(struct bench_job *job)
{
    job->job.run = run_job;
    job->started_us = clock_measure_us();
    store_submit(job->runner->store, &job->job);
}

static void job_done(struct work *work, struct job *job)
{
    (void)work;
    struct bench_job *bench = QUEUE_ITEM(job, struct bench_job, job);
    struct runner *runner = bench->runner;
    int64_t now_us = clock_measure_us();
    if (job->result != OK) {
        (void)fprintf(stderr, "job failed: %s\n", job->error.message);
        exit(1);
    }
    runner->jobs++;
    if (runner->latency_count < runner->latency_capacity) {
        runner->latency_us[runner->latency_count++] = now_us - bench->started_us;
    }
    if (now_us < runner->end_us) {
        submit(bench);
    } else if (--runner->waiting == 0) {
        gate_open(runner->finished);
    }
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static double measure_writer(struct store *store, int64_t in_flight)
{
    static struct bench_job jobs[IN_FLIGHT_MAX];
    CLEANUP(gate_free) struct gate *finished = gate_new();
    struct runner runner = {
        .store = store, .waiting = in_flight, .latency_capacity = 4000000, .finished = finished};
    runner.latency_us = mem_array(runner.latency_capacity, sizeof(int64_t));
    memset(jobs, 0, sizeof(jobs));
    int64_t started_us = clock_measure_us();
    runner.end_us = started_us + ROUND_MS * 1000;
    for (int64_t at = 0; at < in_flight; at++) {
        jobs[at].runner = &runner;
        jobs[at].job.done = job_done;
        submit(&jobs[at]);
    }
    gate_wait(finished);
    double seconds = (double)(clock_measure_us() - started_us) / 1e6;
    qsort(runner.latency_us, runner.latency_count, sizeof(int64_t), compare);
    double rate = (double)runner.jobs / seconds;
    (void)printf("writer, %3lld in flight   %9.0f durable jobs/s   p50 %6lld µs   p99 %6lld µs\n",
                 (long long)in_flight, rate, (long long)runner.latency_us[runner.latency_count / 2],
                 (long long)runner.latency_us[runner.latency_count * 99 / 100]);
    mem_free(runner.latency_us);
    return rate;
}

static double measure_fdatasync(const char *directory)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, "yardstick");
    char page[4096];
    memset(page, 'x', sizeof(page));
    int descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int64_t count = 0;
    int64_t started_us = clock_measure_us();
    while (clock_measure_us() - started_us < ROUND_MS * 1000) {
        if (pwrite(descriptor, page, sizeof(page), (off_t)(count % 1024) * 4096) < 0 ||
            fdatasync(descriptor) < 0) {
            perror("yardstick");
            exit(1);
        }
        count++;
    }
    (void)close(descriptor);
    (void)unlink(path);
    return (double)count * 1000 / ROUND_MS;
}

DB_SQL(BENCH_INSERT,
       "INSERT INTO event (at_ms, type, sequence_id, enrollment_id, message_id, data) "
       "VALUES (1, 'message.sent', 1, 2, 3, '{\"from\":\"pending\",\"to\":\"sent\"}')");

/* One commit per row through the bare driver: what a server without group commit does. */
static double measure_single(const char *directory)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, "single.db");
    struct error error = {0};
    CLEANUP(db_close) struct db *db = NULL;
    int64_t count = 0;
    enum error_code code = db_open(path, DB_WRITER, true, &db, &error);
    if (code == OK) {
        code = db_exec(db,
                       "CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms, type, "
                       "sequence_id, enrollment_id, message_id, data)",
                       &error);
    }
    int64_t started_us = clock_measure_us();
    while (code == OK && clock_measure_us() - started_us < ROUND_MS * 1000) {
        code = db_run(db, &BENCH_INSERT, DB_NO_VALUES, NULL, &error);
        count++;
    }
    if (code != OK) {
        (void)fprintf(stderr, "yardstick failed: %s (%s)\n", error.message, error.detail);
        exit(1);
    }
    return (double)count * 1000 / ROUND_MS;
}

int main(int argument_count, char **arguments)
{
    char made[] = "/tmp/dripline-bench-XXXXXX";
    const char *directory = argument_count > 1 ? arguments[1] : mkdtemp(made);
    struct error error = {0};
    crypto_setup();
    CLEANUP(clock_free) struct clock *clock = clock_new_system();
    CLEANUP(store_close) struct store *store = NULL;
    struct store_settings settings = {.directory = directory, .create = true};
    settings.writer.clock = clock;
    if (store_open(&settings, &store, &error) != OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    double sync_rate = measure_fdatasync(directory);
    double single_rate = measure_single(directory);
    (void)printf("yardstick fdatasync       %9.0f syncs/s\n", sync_rate);
    (void)printf("yardstick bare SQLite     %9.0f rows/s, one commit each\n", single_rate);
    static const int64_t IN_FLIGHT[] = {1, 8, 64, 512};
    double rate = 0;
    for (size_t at = 0; at < ARRAY_SIZE(IN_FLIGHT); at++) {
        rate = measure_writer(store, IN_FLIGHT[at]);
    }
    struct writer_statistics statistics;
    writer_statistics(store_writer(store), &statistics);
    (void)printf("commits %lld for %lld jobs, longest %lld µs, %lld checkpoints\n",
                 (long long)statistics.commits, (long long)statistics.jobs,
                 (long long)statistics.longest_commit_us, (long long)statistics.checkpoints);
    (void)printf("at 512 in flight: %.1f × bare SQLite with one commit per row\n",
                 rate / single_rate);
    store_close(TAKE(store));
    if (argument_count <= 1) {
        static const char *const FILES[] = {"dripline.db",   "dripline.db-wal", "dripline.db-shm",
                                            "dripline.lock", "epoch",           "intent.journal",
                                            "single.db",     "single.db-wal",   "single.db-shm"};
        for (size_t at = 0; at < ARRAY_SIZE(FILES); at++) {
            CLEANUP(mem_free_char) char *path = file_join(directory, FILES[at]);
            (void)unlink(path);
        }
        (void)rmdir(directory);
    }
    return 0;
}
