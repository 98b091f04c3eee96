/* The intent journal's file: lines survive, cut lines and holes do not count, full disks stop the
 * claim before the commit. */
#include "store/journal.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/testing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char directory[64];
    struct claims *claims;
    struct work work;
};

static int setup(void **state)
{
    static struct fixture fixture;
    crypto_setup();
    fixture = (struct fixture){.directory = "/tmp/dripline-journal-XXXXXX"};
    assert_non_null(mkdtemp(fixture.directory));
    fixture.claims = claims_new();
    fixture.work.claims = fixture.claims;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    claims_free(fixture->claims);
    store_test_remove_directory(fixture->directory);
    return 0;
}

static void append(struct fixture *fixture, struct journal *journal, int64_t first, int64_t count)
{
    struct error error = {0};
    claims_clear(fixture->claims);
    for (int64_t at = 0; at < count; at++) {
        claims_add(&fixture->work, &(struct claim_line){.message_id = first + at,
                                                        .attempt = 1,
                                                        .enrollment_id = 10 * (first + at),
                                                        .step_id = 5,
                                                        .position = 1474560,
                                                        .channel_id = 2,
                                                        .at_ms = 1000 + first + at});
    }
    claims_keep(fixture->claims);
    assert_ok(journal_reserve(journal, fixture->claims, &error), &error);
    assert_ok(journal_append(journal, fixture->claims, &error), &error);
}

struct seen {
    int64_t count;
    struct claim_line last;
};

static bool look(void *context, const struct claim_line *line)
{
    struct seen *seen = context;
    seen->count++;
    seen->last = *line;
    return true;
}

static struct seen read_all(const struct fixture *fixture)
{
    struct seen seen = {0};
    struct error error = {0};
    assert_ok(journal_read(fixture->directory, look, &seen, &error), &error);
    return seen;
}

static struct journal *open_journal(const struct fixture *fixture, int64_t epoch)
{
    struct journal *journal = NULL;
    struct error error = {0};
    assert_ok(journal_open(fixture->directory, epoch, &journal, &error), &error);
    return journal;
}

static void lines_come_back_in_order(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_all(fixture).count, 0);
    struct journal *journal = open_journal(fixture, 3);
    append(fixture, journal, 1, 4);
    append(fixture, journal, 5, 2);
    assert_int_equal(read_all(fixture).count, 6); /* with the reserved stretch behind them */
    journal_close(journal);
    journal = open_journal(fixture, 4);
    append(fixture, journal, 7, 1);
    journal_close(journal);
    struct seen seen = read_all(fixture);
    assert_int_equal(seen.count, 7);
    assert_int_equal(seen.last.message_id, 7);
    assert_int_equal(seen.last.enrollment_id, 70);
    assert_int_equal(seen.last.position, 1474560);
    assert_int_equal(seen.last.channel_id, 2);
    assert_int_equal(seen.last.at_ms, 1007);
    assert_int_equal(seen.last.epoch, 4);
}

static void a_dropped_job_leaves_no_line(void **state)
{
    struct fixture *fixture = *state;
    struct claim_line line = {.message_id = 1, .attempt = 1};
    claims_add(&fixture->work, &line);
    claims_keep(fixture->claims);
    claims_add(&fixture->work, &line);
    claims_drop(fixture->claims);
    assert_int_equal(claims_count(fixture->claims), 1);
}

static void write_tail(const struct fixture *fixture, int64_t cut, const char *tail)
{
    CLEANUP(mem_free_char) char *path = file_join(fixture->directory, "intent.journal");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - cut), 0);
    int descriptor = open(path, O_WRONLY | O_APPEND);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, tail, strlen(tail)), (ssize_t)strlen(tail));
    (void)close(descriptor);
}

static void a_cut_line_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture, 1);
    append(fixture, journal, 1, 3);
    journal_close(journal);
    write_tail(fixture, 4, ""); /* the third line lost its end */
    assert_int_equal(read_all(fixture).count, 2);
    write_tail(fixture, 0, "x y\n1 9 1 90 5 1 1 1\n"); /* what stands behind a torn place */
    assert_int_equal(read_all(fixture).count, 2);
    journal = open_journal(fixture, 1);
    append(fixture, journal, 4, 1);
    journal_close(journal);
    struct seen seen = read_all(fixture);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.last.message_id, 4);
}

static void the_last_line_is_found_in_a_long_file(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture, 1);
    struct claim_line line = {0};
    struct error error = {0};
    bool found = true;
    assert_ok(journal_last(fixture->directory, &line, &found, &error), &error);
    assert_false(found);
    for (int64_t at = 0; at < 24; at++) {
        append(fixture, journal, 1 + at * 10000, 10000);
    }
    assert_ok(journal_last(fixture->directory, &line, &found, &error), &error);
    assert_true(found);
    assert_int_equal(line.message_id, 240000);
    journal_close(journal);
    journal = open_journal(fixture, 1);
    append(fixture, journal, 240001, 1);
    journal_close(journal);
    struct seen seen = read_all(fixture);
    assert_int_equal(seen.count, 240001);
    assert_int_equal(seen.last.message_id, 240001);
}

static void the_epoch_file_is_replaced_whole(void **state)
{
    struct fixture *fixture = *state;
    struct epoch_file file = {0};
    struct error error = {0};
    bool found = true;
    assert_ok(epoch_file_read(fixture->directory, &file, &found, &error), &error);
    assert_false(found);
    file = (struct epoch_file){.install_id = "abcd", .epoch = 7, .highest_message_id = 99};
    assert_ok(epoch_file_write(fixture->directory, &file, &error), &error);
    file = (struct epoch_file){0};
    assert_ok(epoch_file_read(fixture->directory, &file, &found, &error), &error);
    assert_true(found);
    assert_string_equal(file.install_id, "abcd");
    assert_int_equal(file.epoch, 7);
    assert_int_equal(file.highest_message_id, 99);
    CLEANUP(mem_free_char) char *path = file_join(fixture->directory, "epoch");
    assert_ok(file_write_atomic(path, TEXT("garbage"), 0600, &error), &error);
    assert_int_equal(epoch_file_read(fixture->directory, &file, &found, &error), ERROR_INTERNAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_come_back_in_order),         TEST(a_dropped_job_leaves_no_line),
        TEST(a_cut_line_is_replaced),           TEST(the_last_line_is_found_in_a_long_file),
        TEST(the_epoch_file_is_replaced_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
