/* Bulk enrollment from the upload to the last row: verdicts in the order of the file, the same for
 * small and large uploads, going on after a restart, undoing, and sums that add up throughout. */
#include "service/import.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "service/batch.h"
#include "service/import_job.h"
#include "service/people_testing.h"
#include "service/runner.h"
#include "service/suppress.h"
#include "store/store_suppression.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

struct fixture {
    struct people_test people;
    struct service service;
    char path[128]; /* of the upload */
    struct import_request request;
    struct import_answer answer; /* texts in `arena` */
    struct arena *arena;
    enum error_code code;
    struct error error;
};

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.code = OK};
    people_test_open(&fixture->people, 3);
    fixture->arena = arena_new();
    fixture->service = (struct service){
        .store = fixture->people.store.store,
        .clock = fixture->people.store.clock,
        .hash_key = TEXT("0123456789abcdef0123456789abcdef"),
        .data_directory = fixture->people.store.directory,
        .spool_directory = fixture->people.store.directory,
        .limits = {.import_rows = 100000},
    };
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/upload",
                   fixture->people.store.directory);
    fixture->request = (struct import_request){
        .sequence_id = fixture->people.sequence.id,
        .path = fixture->path,
        .options = {.format = IMPORT_TABLE, .country = TEXT("IN"), .header = -1},
        .source = TEXT("csv"),
        .file_name = TEXT("people.csv"),
    };
}

static void close_fixture(struct fixture *fixture)
{
    arena_free(fixture->arena);
    people_test_close(&fixture->people);
}

static void write_upload(struct fixture *fixture, struct text data)
{
    struct error error = {.code = OK};
    assert_ok(file_write_atomic(fixture->path, data, 0600, &error), &error);
}

/* Prepares and carries out in one writer job; the answer is copied into the fixture's arena. */
static enum error_code carry_out(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct import_prepared *prepared = NULL;
    struct work own = *work;
    own.arena = fixture->arena;
    fixture->code =
        import_prepare(&own, &fixture->service, &fixture->request, &prepared, &fixture->error);
    if (fixture->code == OK) {
        fixture->code = import_carry_out(&own, &fixture->service, &fixture->request, prepared,
                                         &fixture->answer, error);
        return fixture->code;
    }
    return OK;
}

static void import(struct fixture *fixture, struct text data)
{
    error_clear(&fixture->error);
    write_upload(fixture, data);
    store_test_do(&fixture->people.store, carry_out, fixture);
}

static enum enroll_verdict verdict_at(const struct fixture *fixture, size_t index)
{
    assert_true(index < fixture->answer.row_count);
    return fixture->answer.rows[index].verdict;
}

static enum error_code opt_out(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct suppress_result result;
    const struct suppress_word word = {
        .phone = 919876500009, .kind = SUPPRESSION_ALL, .stop = true, .source = TEXT("operator")};
    return suppress_apply(work, &fixture->service, &word, &result, error);
}

static void test_one_verdict_per_row(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    store_test_do(&fixture.people.store, opt_out, &fixture);
    import(&fixture, TEXT("Name;Mobile No.;City;start_day\r\n"
                          "Asha;98765 00001;Pune;\r\n"
                          "Ravi;+91 98765-00002;;\r\n"
                          "Asha again;919876500001;;\r\n"
                          "Nobody;12345;;\r\n"
                          ";;;\r\n"
                          "Rounded;9.19877E+11;;\r\n"
                          "Late;9876500003;;soon\r\n"
                          "Quiet;9876500009;;\r\n"));
    assert_int_equal(fixture.code, OK);
    assert_false(fixture.answer.later);
    assert_int_equal(fixture.answer.total_rows, 7);
    static const enum enroll_verdict EXPECTED[] = {
        ENROLL_ENROLLED,      ENROLL_ENROLLED,    ENROLL_DUPLICATE_IN_FILE, ENROLL_INVALID_PHONE,
        ENROLL_INVALID_PHONE, ENROLL_INVALID_ROW, ENROLL_OPTED_OUT,
    };
    for (size_t i = 0; i < ARRAY_SIZE(EXPECTED); i++) {
        assert_int_equal(verdict_at(&fixture, i), EXPECTED[i]);
    }
    assert_int_equal(fixture.answer.rows[2].number, 4);
    assert_int_equal(fixture.answer.rows[4].number, 7);
    assert_true(text_equal(fixture.answer.rows[3].input, TEXT("12345")));
    assert_int_equal(store_test_int64(&fixture.people.store,
                                      "SELECT count(*) FROM contact WHERE fields = "
                                      "'{\"city\":\"Pune\"}' AND timezone = 'Asia/Kolkata' "
                                      "AND timezone_source = 1"),
                     1);
    import(&fixture, TEXT("phone\n9876500002\n9876500004\n"));
    assert_int_equal(verdict_at(&fixture, 0), ENROLL_ALREADY_ACTIVE);
    assert_int_equal(verdict_at(&fixture, 1), ENROLL_ENROLLED);
    assert_true(fixture.answer.rows[0].enrollment_id > 0);
    people_test_sound(&fixture.people);
    close_fixture(&fixture);
}

static void test_starting_in_the_middle_adds_up(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    import(&fixture, TEXT("phone,current_day,start_day\n"
                          "9876500001,1,\n9876500002,,3\n9876500003,2,\n9876500004,,\n"
                          "9876500005,3,\n"));
    assert_int_equal(fixture.answer.counts[ENROLL_ENROLLED], 5);
    struct store_test *store = &fixture.people.store;
    assert_int_equal(store_test_int64(store, "SELECT sum(messages_sent) FROM enrollment"), 6);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM enrollment WHERE status = 2"),
                     1);
    people_test_sound(&fixture.people);
    close_fixture(&fixture);
}

static void test_a_dry_run_writes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    import(&fixture, TEXT("phone\n9876500001\n"));
    fixture.request.dry_run = true;
    import(&fixture, TEXT("phone\n9876500001\n9876500002\n+919876500002\nx\n"));
    static const enum enroll_verdict EXPECTED[] = {ENROLL_ALREADY_ACTIVE, ENROLL_ENROLLED,
                                                   ENROLL_DUPLICATE_IN_FILE, ENROLL_INVALID_PHONE};
    for (size_t i = 0; i < ARRAY_SIZE(EXPECTED); i++) {
        assert_int_equal(verdict_at(&fixture, i), EXPECTED[i]);
    }
    assert_int_equal(store_test_int64(&fixture.people.store, "SELECT count(*) FROM contact"), 1);
    assert_int_equal(store_test_int64(&fixture.people.store, "SELECT count(*) FROM batch"), 1);
    close_fixture(&fixture);
}

static void test_json_and_pasted_lists(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    fixture.request.options.format = IMPORT_JSON;
    import(&fixture, TEXT("{\"enrollments\":[{\"phone\":\"+919876500001\",\"name\":\"Asha\","
                          "\"custom_fields\":{\"city\":\"Pune\",\"age\":7}},"
                          "{\"phone\":9876500002},{\"phone\":\"9876500003\",\"nam\":\"x\"},"
                          "{\"name\":\"y\"},7]}"));
    assert_int_equal(fixture.code, OK);
    static const enum enroll_verdict EXPECTED[] = {ENROLL_ENROLLED, ENROLL_ENROLLED,
                                                   ENROLL_INVALID_ROW, ENROLL_INVALID_ROW,
                                                   ENROLL_INVALID_ROW};
    for (size_t i = 0; i < ARRAY_SIZE(EXPECTED); i++) {
        assert_int_equal(verdict_at(&fixture, i), EXPECTED[i]);
    }
    import(&fixture, TEXT("{\"enrolments\":[]}"));
    assert_int_equal(fixture.code, ERROR_INVALID);
    fixture.request.options.format = IMPORT_LINES;
    import(&fixture, TEXT("9876500005 Asha Rao\nRavi; 98765 00006\n\n9876500005\n"));
    assert_int_equal(verdict_at(&fixture, 0), ENROLL_ENROLLED);
    assert_int_equal(verdict_at(&fixture, 1), ENROLL_ENROLLED);
    assert_int_equal(verdict_at(&fixture, 2), ENROLL_DUPLICATE_IN_FILE);
    assert_true(text_equal(fixture.answer.rows[1].name, TEXT("Ravi")));
    people_test_sound(&fixture.people);
    close_fixture(&fixture);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    import(&fixture, TEXT(""));
    assert_int_equal(fixture.code, ERROR_INVALID);
    import(&fixture, TEXT("name,email\na,b\n"));
    assert_int_equal(fixture.code, ERROR_INVALID);
    assert_string_equal(fixture.error.fields[0].code, "no_phone_column");
    error_clear(&fixture.error);
    fixture.request.options.columns = TEXT("-,phone,field:City Name");
    import(&fixture, TEXT("x,9876500001,Pune\n"));
    assert_int_equal(fixture.code, OK);
    assert_int_equal(store_test_int64(&fixture.people.store,
                                      "SELECT count(*) FROM contact WHERE fields = "
                                      "'{\"city_name\":\"Pune\"}'"),
                     1);
    close_fixture(&fixture);
}

/* ---- large uploads ------------------------------------------------------------------------- */

enum { LARGE_ROWS = 12000 };

/* Every 100th row repeats the one before it, every 250th has a broken number. */
static void make_large(struct buffer *out)
{
    buffer_init(out, 8 << 20);
    buffer_add_chars(out, "phone,name\n");
    for (int64_t i = 0; i < LARGE_ROWS; i++) {
        int64_t shuffled = (i % 100 == 99 ? i - 1 : i) * 7919 % LARGE_ROWS;
        if (i % 250 == 0) {
            buffer_add_format(out, "12%lld,Person\n", (long long)i % 10);
        } else {
            buffer_add_format(out, "+9198765%05lld,Person %lld\n", (long long)shuffled,
                              (long long)i);
        }
    }
}

static void wait_for_state(struct fixture *fixture, int state)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT state FROM batch WHERE id = %lld",
                   (long long)fixture->answer.batch.id);
    for (int i = 0; i < 20000; i++) {
        if (store_test_int64(&fixture->people.store, sql) == state) {
            return;
        }
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("the batch never reached state %d", state);
}

static void check_large(struct fixture *fixture)
{
    struct store_test *store = &fixture->people.store;
    assert_int_equal(store_test_int64(store, "SELECT invalid_phone FROM batch"), 48);
    assert_int_equal(store_test_int64(store, "SELECT duplicate_in_file FROM batch"), 120);
    assert_int_equal(store_test_int64(store, "SELECT enrolled FROM batch"), LARGE_ROWS - 48 - 120);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM enrollment"),
                     LARGE_ROWS - 48 - 120);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM batch_row"), 48 + 120);
    assert_int_equal(store_test_int64(store, "SELECT count(DISTINCT row_number) FROM batch_row"),
                     48 + 120);
    /* Row 100 of the people is line 101 and repeats line 100. */
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM batch_row WHERE row_number = "
                                             "101 AND message LIKE '%row 100' AND cells LIKE "
                                             "'+9198765%,Person 99'"),
                     1);
    people_test_sound(&fixture->people);
}

static enum error_code undo(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct batch_undo undo;
    struct store_batch batch;
    enum error_code code = batch_undo(work, fixture->answer.batch.id, true, &undo, &batch, error);
    if (code == OK) {
        assert_int_equal(undo.removed, LARGE_ROWS - 48 - 120);
        code = batch_undo(work, fixture->answer.batch.id, false, &undo, &batch, error);
    }
    return code;
}

static void test_a_large_file_is_carried_out_and_undone(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error = {.code = OK};
    CLEANUP_IN_PLACE(buffer_done) struct buffer file;
    open_fixture(&fixture);
    make_large(&file);
    import(&fixture, buffer_text(&file));
    assert_true(fixture.answer.later);
    assert_false(file_exists(fixture.path));
    struct runner *runner = NULL;
    assert_ok(runner_start(&fixture.service, &runner, &error), &error);
    wait_for_state(&fixture, BATCH_DONE);
    check_large(&fixture);
    store_test_do(&fixture.people.store, undo, &fixture);
    runner_wake(runner);
    wait_for_state(&fixture, BATCH_UNDONE);
    assert_int_equal(store_test_int64(&fixture.people.store, "SELECT count(*) FROM enrollment"), 0);
    assert_int_equal(store_test_int64(&fixture.people.store, "SELECT count(*) FROM due"), 0);
    people_test_sound(&fixture.people);
    runner_stop(runner);
    close_fixture(&fixture);
}

/* Carries out one chunk of the batch, reading the file anew as a start of the process does. */
static enum error_code one_chunk(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct store_batch batch;
    CLEANUP(import_job_free) struct import_job *job = NULL;
    struct import_chunk *chunk = NULL;
    bool stop = false;
    enum error_code code = batch_get(work, fixture->answer.batch.id, &batch, error);
    if (code == OK) {
        code = import_job_open(&fixture->service, &batch, &job, error);
    }
    while (code == OK && chunk == NULL) {
        code = import_job_step(job, &chunk, error);
    }
    return code == OK ? import_chunk_run(work, chunk, &stop, error) : code;
}

static void test_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct fixture fixture;
    CLEANUP_IN_PLACE(buffer_done) struct buffer file;
    open_fixture(&fixture);
    make_large(&file);
    import(&fixture, buffer_text(&file));
    for (int i = 0; i < 3; i++) {
        store_test_do(&fixture.people.store, one_chunk, &fixture);
        people_test_sound(&fixture.people);
    }
    wait_for_state(&fixture, BATCH_DONE);
    check_large(&fixture);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_verdict_per_row),
        cmocka_unit_test(test_starting_in_the_middle_adds_up),
        cmocka_unit_test(test_a_dry_run_writes_nothing),
        cmocka_unit_test(test_json_and_pasted_lists),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_a_large_file_is_carried_out_and_undone),
        cmocka_unit_test(test_goes_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
