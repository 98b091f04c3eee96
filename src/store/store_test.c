/* Opening a data directory: one holder, one schema, and the fence when the database is older than
 * what was sent. */
#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "domain/message.h"
#include "store/counters.h"
#include "store/journal.h"
#include "store/migrate.h"
#include "store/store_event.h"
#include "store/store_idempotency.h"
#include "store/store_instance.h"
#include "store/testing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void a_second_holder_is_told_who_holds_it(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    struct store *second = NULL;
    char pid[32];
    struct store_settings settings = {.directory = test->directory};
    settings.writer.clock = test->clock;
    assert_int_equal(store_open(&settings, &second, &error), ERROR_UNAVAILABLE);
    (void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    assert_non_null(strstr(error.message, pid));
    assert_int_equal(store_lock_holder(test->directory), getpid());
    store_close(test->store);
    test->store = NULL;
    assert_int_equal(store_lock_holder(test->directory), 0);
    assert_ok(store_open(&settings, &test->store, &error), &error);
}

static void no_database_is_not_made_unasked(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    struct store *store = NULL;
    CLEANUP(mem_free_char) char *path = file_join(test->directory, "elsewhere");
    struct store_settings settings = {.directory = path};
    settings.writer.clock = test->clock;
    assert_int_equal(store_open(&settings, &store, &error), ERROR_NOT_FOUND);
    assert_false(file_exists(path));
}

static void a_newer_schema_is_refused(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    int64_t version = store_test_int64(test, "PRAGMA user_version");
    store_test_exec(test, "PRAGMA user_version = 9999");
    store_close(test->store);
    test->store = NULL;
    struct store_settings settings = {.directory = test->directory};
    settings.writer.clock = test->clock;
    assert_int_equal(store_open(&settings, &test->store, &error), ERROR_CONFLICT);
    assert_non_null(strstr(error.message, "newer"));
    assert_int_equal(version, migrate_target());
}

static void the_identity_stays_and_instances_grow(void **state)
{
    struct store_test *test = *state;
    struct store_identity first = *store_identity(test->store);
    assert_int_equal(strlen(first.install_id), 16);
    assert_int_equal(first.epoch, 1);
    assert_false(first.fenced_at_start);
    store_test_reopen(test);
    struct store_identity second = *store_identity(test->store);
    assert_string_equal(first.install_id, second.install_id);
    assert_int_equal(second.epoch, 1);
    assert_int_equal(second.instance_id, first.instance_id + 1);
    assert_false(second.fenced_at_start);
    assert_int_equal(store_test_int64(test, "SELECT stopped_at_ms FROM instance WHERE id = 1"),
                     STORE_TEST_START_MS);
}

/* --- the fence -------------------------------------------------------------------------------- */

static const char TWO_PEOPLE[] =
    "INSERT INTO sequence (id, status, version, name, created_at_ms, updated_at_ms)"
    " VALUES (1, 1, 1, 's', 0, 0);"
    "INSERT INTO step (id, sequence_id, ordinal, day, type, created_at_ms)"
    " VALUES (5, 1, 0, 1, 0, 0);"
    "INSERT INTO contact (id, phone, created_at_ms, updated_at_ms)"
    " VALUES (1, 919876543210, 0, 0), (2, 919876543211, 0, 0);"
    "INSERT INTO enrollment (id, sequence_id, contact_id, status, live, enrolled_at_ms,"
    " next_due_at_ms, created_at_ms) VALUES (1, 1, 1, 0, 1, 0, NULL, 0), (2, 1, 2, 0, 1, 0, 50, 0);"
    "INSERT INTO due VALUES (50, 2);"
    "INSERT INTO counter VALUES (1, 5, 1, 0, 1), (1, 5, 0, 0, 1);"
    "INSERT INTO message (id, state, channel_id, contact_id, enrollment_id, step_id, sequence_id,"
    " position, due_at_ms, next_at_ms, created_at_ms) VALUES (1, 0, 3, 1, 1, 5, 1, 7, 40, 40, 0)";

static enum error_code claim_both(struct work *work, void *context, struct error *error)
{
    (void)context;
    /* The first message is in the backup as planned; the second is planned after it. */
    enum error_code code = db_exec(
        work->db,
        "UPDATE message SET state = 2, attempts = 1 WHERE id = 1;"
        "INSERT INTO message (id, state, attempts, channel_id, contact_id, enrollment_id, step_id,"
        " sequence_id, position, due_at_ms, created_at_ms) VALUES (2, 2, 1, 3, 2, 2, 5, 1, 7, 50, "
        "0);"
        "INSERT INTO attempt (message_id, n, result, instance_id, started_at_ms, started_boot_ms)"
        " VALUES (1, 1, 0, 1, 60, 0), (2, 1, 0, 1, 60, 0);"
        "DELETE FROM due; UPDATE enrollment SET next_due_at_ms = NULL",
        error);
    for (int64_t at = 1; at <= 2 && code == OK; at++) {
        claims_add(work, &(struct claim_line){.message_id = at,
                                              .attempt = 1,
                                              .enrollment_id = at,
                                              .step_id = 5,
                                              .position = 7,
                                              .channel_id = 3,
                                              .at_ms = work->now_ms + 1});
    }
    return code;
}

static void put_back(struct store_test *test, const char *copy)
{
    static const char *const LOGS[] = {"dripline.db-wal", "dripline.db-shm"};
    CLEANUP(mem_free_char) char *path = store_database_path(test->directory);
    store_close(test->store);
    test->store = NULL;
    for (size_t at = 0; at < ARRAY_SIZE(LOGS); at++) {
        CLEANUP(mem_free_char) char *log = file_join(test->directory, LOGS[at]);
        (void)unlink(log);
    }
    assert_int_equal(rename(copy, path), 0);
}

static void an_older_database_is_fenced_and_learns_what_was_sent(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    CLEANUP(mem_free_char) char *copy = file_join(test->directory, "copy.db");
    CLEANUP(db_close) struct db *reader = NULL;
    store_test_exec(test, TWO_PEOPLE);
    assert_ok(store_reader_open(test->store, &reader, &error), &error);
    assert_ok(db_copy_to(reader, copy, &error), &error);
    db_close(TAKE(reader));
    store_test_do(test, claim_both, NULL);
    put_back(test, copy);
    struct store_settings settings = {.directory = test->directory};
    settings.writer.clock = test->clock;
    assert_ok(store_open(&settings, &test->store, &error), &error);
    assert_true(store_identity(test->store)->fenced_at_start);
    assert_int_equal(store_identity(test->store)->epoch, 2);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM message WHERE state = 4"), 2);
    assert_int_equal(store_test_int64(test, "SELECT sum(doubts) FROM message"), 2);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM attempt WHERE result = 3"), 2);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM due"), 0);
    assert_int_equal(
        store_test_int64(test, "SELECT count FROM counter WHERE outcome = 1 AND step_id = 5"), 2);
    assert_int_equal(
        store_test_int64(test, "SELECT count FROM counter WHERE outcome = 0 AND step_id = 5"), 0);
    store_test_reopen(test); /* closed until a person decides, and only fenced once */
    assert_true(store_identity(test->store)->fenced_at_start);
    assert_int_equal(store_identity(test->store)->epoch, 2);
}

static void a_missing_epoch_file_closes_the_fence(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    CLEANUP(mem_free_char) char *path = file_join(test->directory, "epoch");
    store_close(test->store);
    test->store = NULL;
    assert_int_equal(unlink(path), 0);
    struct store_settings settings = {.directory = test->directory};
    settings.writer.clock = test->clock;
    assert_ok(store_open(&settings, &test->store, &error), &error);
    assert_true(store_identity(test->store)->fenced_at_start);
    assert_true(file_exists(path));
}

static enum error_code lift(struct work *work, void *context, struct error *error)
{
    (void)context;
    return store_installation_unfence(work, error);
}

static void a_kill_after_claims_does_not_fence(void **state)
{
    struct store_test *test = *state;
    store_test_exec(test, TWO_PEOPLE);
    store_test_do(test, claim_both, NULL);
    store_test_reopen(test);
    assert_false(store_identity(test->store)->fenced_at_start);
    store_test_do(test, lift, NULL); /* fine when it is open */
}

/* --- tables ----------------------------------------------------------------------------------- */

static enum error_code use_event_log(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct store_event *events = NULL;
    size_t count = 0;
    int64_t id = 0;
    int64_t deleted = 0;
    for (int64_t at = 1; at <= 5; at++) {
        struct store_event event = {
            .type = TEXT("message.sent"), .at_ms = at * 10, .message_id = at};
        assert_int_equal(store_event_add(work, &event, error), OK);
    }
    assert_true(work->wakes & WORK_WAKE_EVENTS);
    assert_int_equal(store_event_list(work, 2, 2, &events, &count, error), OK);
    assert_int_equal(count, 2);
    assert_int_equal(events[0].id, 3);
    assert_int_equal(events[1].message_id, 4);
    assert_int_equal(store_event_prune(work, 30, 1, &deleted, error), OK);
    assert_int_equal(deleted, 1);
    assert_int_equal(store_event_prune(work, 30, 100, &deleted, error), OK);
    assert_int_equal(deleted, 1);
    assert_int_equal(store_event_list(work, 0, 10, &events, &count, error), OK);
    assert_int_equal(events[0].id, 3);
    return store_event_newest(work, &id, error) == OK && id == 5 ? OK : ERROR_INTERNAL;
}

static void events_are_read_by_cursor_and_pruned_from_their_old_end(void **state)
{
    store_test_do(*state, use_event_log, NULL);
}

static enum error_code use_idempotency(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct store_idempotency row = {.caller = TEXT("key:1"),
                                    .key = TEXT("abc"),
                                    .request_hash = TEXT("hash"),
                                    .status = 201,
                                    .content_type = TEXT("application/json"),
                                    .answer = TEXT("{}")};
    struct store_idempotency found_row = {0};
    bool found = true;
    int64_t deleted = 0;
    enum error_code code =
        store_idempotency_find(work, row.caller, row.key, &found_row, &found, error);
    assert_false(found);
    assert_int_equal(store_idempotency_add(work, &row, error), OK);
    assert_int_equal(store_idempotency_add(work, &row, error), ERROR_CONFLICT);
    assert_int_equal(store_idempotency_find(work, row.caller, row.key, &found_row, &found, error),
                     OK);
    assert_true(found);
    assert_int_equal(found_row.status, 201);
    assert_true(text_equal(found_row.answer, row.answer));
    assert_int_equal(store_idempotency_prune(work, STORE_TEST_START_MS, 10, &deleted, error), OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(store_idempotency_prune(work, STORE_TEST_START_MS + 1, 10, &deleted, error),
                     OK);
    assert_int_equal(deleted, 1);
    return code;
}

static void an_idempotency_key_keeps_its_answer(void **state)
{
    store_test_do(*state, use_idempotency, NULL);
}

static enum error_code use_counters(struct work *work, void *context, struct error *error)
{
    (void)error;
    const struct counter_place place = {1, 5, STORE_TEST_START_MS + 1};
    counters_add(work, &place, OUTCOME_SENT, 0, 2);
    counters_add(work, &place, OUTCOME_FAILED, counters_provider_reason(131026), 1);
    counters_add(work, &place, OUTCOME_SENT, 0, -1);
    counters_add_time(work, 1, OUTCOME_SENT, 1);
    return context == NULL ? OK : ERROR_INVALID;
}

static void counters_add_up_and_forget_failed_jobs(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    store_test_do(test, use_counters, NULL);
    assert_int_equal(writer_do(store_writer(test->store), use_counters, test, &error),
                     ERROR_INVALID);
    store_test_do(test, use_counters, NULL);
    assert_int_equal(store_test_int64(test, "SELECT count FROM counter WHERE outcome = 2"), 2);
    assert_int_equal(store_test_int64(test, "SELECT count FROM counter WHERE reason = 1131026"), 2);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM counter_cohort WHERE sent = 2"),
                     COUNTER_WIDTHS);
    assert_int_equal(store_test_int64(test, "SELECT sum(failed) FROM counter_cohort"), 6);
    assert_true(store_test_int64(test, "SELECT cohort_at_ms FROM counter_cohort WHERE width = 2") ==
                counters_start(COUNTER_DAY, STORE_TEST_START_MS + 1));
    assert_int_equal(store_test_int64(test, "SELECT sum(sent) FROM counter_time"), 12);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM counter_time WHERE sent = 2"), 6);
    assert_true(store_test_int64(test, "SELECT at_ms FROM counter_time WHERE width = 0 AND "
                                       "sequence_id = 1") == STORE_TEST_START_MS);
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
        TEST(a_second_holder_is_told_who_holds_it),
        TEST(no_database_is_not_made_unasked),
        TEST(a_newer_schema_is_refused),
        TEST(the_identity_stays_and_instances_grow),
        TEST(an_older_database_is_fenced_and_learns_what_was_sent),
        TEST(a_missing_epoch_file_closes_the_fence),
        TEST(a_kill_after_claims_does_not_fence),
        TEST(events_are_read_by_cursor_and_pruned_from_their_old_end),
        TEST(an_idempotency_key_keeps_its_answer),
        TEST(counters_add_up_and_forget_failed_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
