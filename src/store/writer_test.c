/* The writer: many jobs in one commit, each undone alone, none half done when anything fails, and
 * nothing acknowledged that a kill could take back. */
#include "store/writer.h"

#include "base/clock.h"
#include "base/thread.h"
#include "domain/message.h"
#include "store/counters.h"
#include "store/journal.h"
#include "store/store_event.h"
#include "store/testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 300 };

DB_SQL(TEST_COUNTED, "SELECT coalesce(sum(count), 0) FROM counter");

struct small_job {
    struct job job;
    int64_t number;
    bool must_fail;
    bool committed;
    int64_t *left;
    struct gate *all_done;
};

static enum error_code run_small(struct work *work, struct job *job, struct error *error)
{
    struct small_job *small = QUEUE_ITEM(job, struct small_job, job);
    struct store_event event = {.type = TEXT("test"), .message_id = small->number};
    enum error_code code = store_event_add(work, &event, error);
    counters_add(work, &(struct counter_place){1, 2, STORE_TEST_START_MS}, OUTCOME_SENT, 0, 1);
    claims_add(work, &(struct claim_line){.message_id = small->number, .attempt = 1});
    if (code == OK && small->must_fail) {
        code = error_set(error, ERROR_INVALID, "this one is wrong");
    }
    return code;
}

static void note_commit(struct work *work, struct job *job)
{
    assert_int_equal(work->now_ms, STORE_TEST_START_MS);
    QUEUE_ITEM(job, struct small_job, job)->committed = true;
}

static void count_down(struct work *work, struct job *job)
{
    (void)work;
    struct small_job *small = QUEUE_ITEM(job, struct small_job, job);
    if (--*small->left == 0) {
        gate_open(small->all_done);
    }
}

static void submit_many(struct store_test *test, struct small_job *jobs, size_t count)
{
    CLEANUP(gate_free) struct gate *all_done = gate_new();
    int64_t left = (int64_t)count; /* touched by the writer thread only */
    for (size_t at = 0; at < count; at++) {
        jobs[at].number = (int64_t)at + 1;
        jobs[at].left = &left;
        jobs[at].all_done = all_done;
        jobs[at].job.run = run_small;
        jobs[at].job.after_commit = note_commit;
        jobs[at].job.done = count_down;
    }
    for (size_t at = 0; at < count; at++) {
        store_submit(test->store, &jobs[at].job);
    }
    gate_wait(all_done);
}

static bool count_line(void *context, const struct claim_line *line)
{
    (void)line;
    ++*(int64_t *)context;
    return true;
}

static void many_jobs_share_commits_and_fail_alone(void **state)
{
    struct store_test *test = *state;
    static struct small_job jobs[JOBS];
    memset(jobs, 0, sizeof(jobs));
    for (size_t at = 0; at < JOBS; at += 3) {
        jobs[at].must_fail = true;
    }
    submit_many(test, jobs, JOBS);
    for (size_t at = 0; at < JOBS; at++) {
        assert_int_equal(jobs[at].job.result, at % 3 == 0 ? ERROR_INVALID : OK);
        assert_int_equal(jobs[at].committed, at % 3 != 0);
    }
    int64_t good = JOBS - JOBS / 3;
    int64_t lines = 0;
    struct error error = {0};
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM event"), good);
    assert_int_equal(store_test_int64(test, "SELECT count FROM counter"), good);
    assert_ok(journal_read(test->directory, count_line, &lines, &error), &error);
    assert_int_equal(lines, good);
    struct writer_statistics statistics;
    writer_statistics(store_writer(test->store), &statistics);
    assert_int_equal(statistics.jobs, JOBS);
    assert_int_equal(statistics.failed_jobs, JOBS / 3);
    assert_true(statistics.commits < JOBS / 2);
}

/* A job that sets the hook, so that a later statement of the same commit fails: another job's, the
 * counters', or COMMIT itself. */
struct sabotage {
    struct job job;
    int64_t nth;
    bool happened;
};

static enum error_code set_hook(struct work *work, struct job *job, struct error *error)
{
    (void)error;
    db_inject_failure(work->db, QUEUE_ITEM(job, struct sabotage, job)->nth);
    return OK;
}

/* A job that keeps the writer busy, so that those behind it gather and share one commit. */
struct blocker {
    struct job job;
    struct gate *gate;
    int64_t *left;
    struct gate *all_done;
};

static enum error_code wait_for_gate(struct work *work, struct job *job, struct error *error)
{
    (void)work;
    (void)error;
    gate_wait(QUEUE_ITEM(job, struct blocker, job)->gate);
    return OK;
}

static void blocker_done(struct work *work, struct job *job)
{
    (void)work;
    struct blocker *blocker = QUEUE_ITEM(job, struct blocker, job);
    if (--*blocker->left == 0) {
        gate_open(blocker->all_done);
    }
}

static enum error_code clear_hook(struct work *work, void *context, struct error *error)
{
    (void)error;
    ((struct sabotage *)context)->happened = db_failure_injected(work->db);
    db_inject_failure(work->db, 0);
    return OK;
}

/* Lets the n-th statement of a commit of two jobs fail and checks that nothing is half done. */
static bool one_round(struct store_test *test, int64_t nth)
{
    struct error error = {0};
    CLEANUP(gate_free) struct gate *gate = gate_new();
    CLEANUP(gate_free) struct gate *all_done = gate_new();
    int64_t left = 3;
    struct blocker blocker = {.job = {.run = wait_for_gate, .done = blocker_done},
                              .gate = gate,
                              .left = &left,
                              .all_done = all_done};
    int64_t before = store_test_int64(test, "SELECT count(*) FROM event");
    int64_t counted_before = store_test_int64(test, "SELECT coalesce(sum(count), 0) FROM counter");
    struct sabotage sabotage = {.job = {.run = set_hook}, .nth = nth};
    struct small_job jobs[2] = {{.left = &left, .all_done = all_done, .number = 1},
                                {.left = &left, .all_done = all_done, .number = 2}};
    store_submit(test->store, &blocker.job);
    store_submit(test->store, &sabotage.job);
    for (size_t at = 0; at < 2; at++) {
        jobs[at].job = (struct job){.run = run_small, .done = count_down};
        store_submit(test->store, &jobs[at].job);
    }
    gate_open(gate);
    gate_wait(all_done);
    if (writer_do(store_writer(test->store), clear_hook, &sabotage, &error) != OK) {
        /* The failure came after the commit of interest: all its statements have had their turn. */
        assert_ok(writer_do(store_writer(test->store), clear_hook, &sabotage, &error), &error);
        sabotage.happened = false;
    }
    int64_t good = (jobs[0].job.result == OK) + (jobs[1].job.result == OK);
    for (size_t at = 0; at < 2; at++) {
        if (jobs[at].job.result != OK) {
            assert_int_equal(jobs[at].job.result, ERROR_UNAVAILABLE);
        }
    }
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM event"), before + good);
    assert_int_equal(store_test_int64(test, "SELECT coalesce(sum(count), 0) FROM counter"),
                     counted_before + good);
    return sabotage.happened;
}

static void whatever_statement_fails_nothing_is_half_done(void **state)
{
    struct store_test *test = *state;
    int64_t nth = 1;
    while (one_round(test, nth) && nth < 100) {
        nth++;
    }
    assert_true(nth > 8); /* savepoints, inserts, releases, the counter and the commit */
    assert_true(nth < 100);
}

/* Sees how many counters other jobs of the same commit have moved and not yet written. */
static enum error_code count_rows(struct work *work, struct job *job, struct error *error)
{
    struct small_job *small = QUEUE_ITEM(job, struct small_job, job);
    return db_find_int64(work->db, &TEST_COUNTED, DB_NO_VALUES, &small->number, NULL, error);
}

static void a_job_that_wants_to_be_alone_sees_all_counters_before_it(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    CLEANUP(gate_free) struct gate *gate = gate_new();
    CLEANUP(gate_free) struct gate *all_done = gate_new();
    int64_t left = 4;
    struct blocker blocker = {.job = {.run = wait_for_gate, .done = blocker_done},
                              .gate = gate,
                              .left = &left,
                              .all_done = all_done};
    struct small_job jobs[3] = {{.number = 1}, {.number = 0}, {.number = 3}};
    store_submit(test->store, &blocker.job);
    for (size_t at = 0; at < 3; at++) {
        jobs[at].left = &left;
        jobs[at].all_done = all_done;
        jobs[at].job = (struct job){
            .run = at == 1 ? count_rows : run_small, .alone = at == 1, .done = count_down};
        store_submit(test->store, &jobs[at].job);
    }
    gate_open(gate);
    gate_wait(all_done);
    assert_ok(jobs[1].job.result, &error);
    assert_int_equal(jobs[1].number, 1); /* the job before it is written, the one after is not */
    assert_int_equal(store_test_int64(test, "SELECT sum(count) FROM counter"), 2);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    struct store_test *test = *state;
    struct small_job job = {.number = 1};
    struct error error = {0};
    job.job = (struct job){.run = run_small};
    store_test_exec(test, "PRAGMA max_page_count = 1"); /* SQLite's own "disk full" */
    int64_t pages = store_test_int64(test, "PRAGMA page_count");
    enum error_code code = OK;
    for (int64_t at = 0; at < 20000 && code == OK; at++) {
        error_clear(&error);
        code = writer_call(store_writer(test->store), &job.job, &error);
    }
    assert_int_equal(code, ERROR_UNAVAILABLE);
    assert_int_equal(store_test_int64(test, "PRAGMA page_count"), pages);
    store_test_exec(test, "PRAGMA max_page_count = 1000000");
    assert_ok(writer_call(store_writer(test->store), &job.job, &error), &error);
}

/* --- kill -9 ---------------------------------------------------------------------------------- */

struct endless {
    struct job job;
    int64_t number;
    struct store *store;
};

static enum error_code run_endless(struct work *work, struct job *job, struct error *error)
{
    struct endless *endless = QUEUE_ITEM(job, struct endless, job);
    struct store_event event = {.type = TEXT("test"), .message_id = endless->number};
    claims_add(work, &(struct claim_line){.message_id = endless->number, .attempt = 1});
    return store_event_add(work, &event, error);
}

/* Tells the parent what is durable, then goes on with the next number of its residue class. */
static void tell_and_go_on(struct work *work, struct job *job)
{
    (void)work;
    struct endless *endless = QUEUE_ITEM(job, struct endless, job);
    if (job->result == OK) {
        ssize_t ignored = write(STDOUT_FILENO, &endless->number, sizeof(endless->number));
        (void)ignored;
        endless->number += 8;
    }
    store_submit(endless->store, &endless->job);
}

static void run_child(const char *directory)
{
    struct error error = {0};
    struct store *store = NULL;
    struct store_settings settings = {.directory = directory, .create = true};
    settings.writer.clock = clock_new_manual(STORE_TEST_START_MS);
    if (store_open(&settings, &store, &error) != OK) {
        _exit(1);
    }
    static struct endless jobs[8];
    for (int64_t at = 0; at < 8; at++) {
        jobs[at] = (struct endless){.number = at + 1, .store = store};
        jobs[at].job.run = run_endless;
        jobs[at].job.done = tell_and_go_on;
        store_submit(store, &jobs[at].job);
    }
    for (;;) {
        (void)pause();
    }
}

/* Reads acknowledgements until `enough` came, kills the child, then reads the rest. */
static int64_t kill_after(pid_t child, int descriptor, int64_t enough, int64_t highest[8])
{
    int64_t number = 0;
    int64_t count = 0;
    while (read(descriptor, &number, sizeof(number)) == (ssize_t)sizeof(number)) {
        highest[(number - 1) % 8] = number;
        if (++count == enough) {
            assert_int_equal(kill(child, SIGKILL), 0);
        }
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return count;
}

struct line_search {
    int64_t highest[8];
};

static bool note_highest(void *context, const struct claim_line *line)
{
    struct line_search *search = context;
    search->highest[(line->message_id - 1) % 8] = line->message_id;
    return true;
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    (void)state; /* no store here: the process must have one thread when it forks */
    CLEANUP(clock_free) struct clock *clock = clock_new_manual(STORE_TEST_START_MS);
    for (int64_t round = 0; round < 8; round++) {
        char directory[64] = "/tmp/dripline-kill-XXXXXX";
        int pipes[2];
        int64_t highest[8] = {0};
        struct line_search lines = {{0}};
        assert_non_null(mkdtemp(directory));
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)dup2(pipes[1], STDOUT_FILENO);
            run_child(directory);
        }
        (void)close(pipes[1]);
        int64_t count = kill_after(child, pipes[0], 1 + round * 97, highest);
        (void)close(pipes[0]);
        struct store_test again = {.clock = clock};
        (void)snprintf(again.directory, sizeof(again.directory), "%s", directory);
        store_test_reopen(&again);
        assert_true(store_test_int64(&again, "SELECT count(*) FROM event") >= count);
        struct error error = {0};
        assert_ok(journal_read(directory, note_highest, &lines, &error), &error);
        for (size_t at = 0; at < 8; at++) {
            char sql[128];
            (void)snprintf(sql, sizeof(sql),
                           "SELECT coalesce(max(message_id), 0) FROM event "
                           "WHERE (message_id - 1) %% 8 = %zu",
                           at);
            int64_t stored = store_test_int64(&again, sql);
            assert_true(stored == highest[at] || stored == highest[at] + 8 ||
                        (highest[at] == 0 && stored == (int64_t)at + 1));
            assert_true(lines.highest[at] >= highest[at]);
            assert_true(lines.highest[at] <= stored);
        }
        store_close(again.store);
        store_test_remove_directory(directory);
    }
}

static int setup(void **state)
{
    static struct store_test test;
    store_test_open(&test);
    *state = &test;
    return 0;
}

static int teardown(void **state)
{
    store_test_close(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_jobs_share_commits_and_fail_alone),
        TEST(whatever_statement_fails_nothing_is_half_done),
        TEST(a_job_that_wants_to_be_alone_sees_all_counters_before_it),
        TEST(a_full_disk_refuses_and_recovers),
        cmocka_unit_test(what_was_acknowledged_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
