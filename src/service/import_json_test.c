/* import-json and export: what people write by hand is understood, what is not is told with its
 * place, nothing is half imported, and what was exported comes back the same. */
#include "service/export.h"
#include "service/import_json.h"
#include "service/json_records.h"
#include "service/tally.h"
#include "service/verify.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* 2026-01-05, 10:00 in India: the zone of the number's country wins over the sequence's. */
#define SEVENTH_AT_MS INT64_C(1767587400000)

struct fixture {
    struct store_test store;
    struct service service;
    char directory[128];
    struct import_json_report report;
};

static int setup(void **state)
{
    static struct fixture fixture;
    store_test_open(&fixture.store);
    fixture.service = (struct service){.store = fixture.store.store, .clock = fixture.store.clock};
    (void)snprintf(fixture.directory, sizeof(fixture.directory), "%s/files",
                   fixture.store.directory);
    fixture.report = (struct import_json_report){0};
    assert_int_equal(mkdir(fixture.directory, 0700), 0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    import_json_report_done(&fixture->report);
    store_test_close(&fixture->store);
    return 0;
}

static void write_file(struct fixture *fixture, const char *name, const char *text)
{
    struct error error = {0};
    CLEANUP(mem_free_char) char *path = file_join(fixture->directory, name);
    assert_ok(file_write_atomic(path, text_from(text), 0600, &error), &error);
}

static enum error_code import(struct fixture *fixture, struct error *error)
{
    import_json_report_done(&fixture->report);
    const struct import_json_options options = {.directory = fixture->directory};
    return import_json_run(&fixture->service, &options, &fixture->report, error);
}

static int64_t count(struct fixture *fixture, int file, enum import_verdict verdict)
{
    return fixture->report.counts[file][verdict];
}

static const struct import_line *find_line(struct fixture *fixture, int file, const char *path)
{
    for (size_t at = 0; at < fixture->report.line_count; at++) {
        const struct import_line *line = &fixture->report.lines[at];
        if (line->file == file && strcmp(line->path, path) == 0) {
            return line;
        }
    }
    fail_msg("no line for %s%s", EXPORT_FILES[file], path);
    return NULL;
}

/* Written by hand: comments, no counters, a number without quotes, trailing commas. */
static const char CAMPAIGNS[] =
    "// our drips\n"
    "[\n"
    "  { \"id\": \"seq_007\", \"name\": \"Welcome\", \"status\": \"active\", /* live */\n"
    "    \"created_at\": \"2025-12-01T09:00:00Z\", \"timezone\": \"UTC\", \"send_time\": "
    "\"10:00\",\n"
    "    \"messages\": [\n"
    "      { \"day\": 1, \"message\": \"Hello // no comment\", \"type\": \"text\" },\n"
    "      { \"day\": 3, \"message\": \"Three\", \"type\": \"text\" },\n"
    "      { \"day\": 7, \"message\": \"Seven\", \"type\": \"text\", }, // last\n    ] },\n"
    "]\n";
static const char ENROLLMENTS[] =
    "[\n"
    "  { \"id\": \"enroll_100\", \"sequence_id\": \"seq_007\", \"phone\": 919876543210,\n"
    "    \"name\": \"Asha\", \"enrolled_at\": \"2025-12-30T08:00:00Z\", \"current_day\": 3,\n"
    "    \"status\": \"active\", \"custom_fields\": {\"city\": \"Pune\"} },\n"
    "  { \"id\": \"enroll_101\", \"sequence_id\": \"seq_007\", \"phone\": \"+44 7400 123456\",\n"
    "    \"enrolled_at\": \"2025-12-31T08:00:00Z\", \"status\": \"active\" },\n"
    "  { \"id\": \"enroll_102\", \"sequence_id\": \"seq_007\", \"phone\": \"447400123457\",\n"
    "    \"enrolled_at\": \"2025-12-01T08:00:00Z\", \"current_day\": 7, \"status\": \"completed\" "
    "}\n"
    "]\n";
static const char QUEUE[] =
    "[\n"
    "  { \"id\": \"msg_500\", \"enrollment_id\": \"enroll_101\", \"day\": 1, \"message\": "
    "\"Hello\",\n"
    "    \"type\": \"text\", \"status\": \"delivered\", \"attempts\": 1,\n"
    "    \"scheduled_for\": \"2025-12-31T08:00:00Z\", \"sent_at\": \"2025-12-31T08:00:01Z\",\n"
    "    \"delivered_at\": \"2025-12-31T08:00:02Z\", \"provider_id\": \"wamid.A\" },\n"
    "  { \"id\": \"msg_501\", \"enrollment_id\": \"enroll_101\", \"day\": 3, \"message\": "
    "\"Three\",\n"
    "    \"type\": \"text\", \"status\": \"sending\", \"attempts\": 1,\n"
    "    \"scheduled_for\": \"2026-01-02T10:00:00Z\" },\n"
    "  { \"id\": \"msg_502\", \"enrollment_id\": \"enroll_100\", \"day\": 3, \"message\": "
    "\"Three\",\n"
    "    \"type\": \"text\", \"status\": \"pending\", \"scheduled_for\": \"2026-01-01T10:00:00Z\" "
    "}\n"
    "]\n";

static void write_all(struct fixture *fixture)
{
    write_file(fixture, "campaigns.json", CAMPAIGNS);
    write_file(fixture, "enrollments.json", ENROLLMENTS);
    write_file(fixture, "message_queue.json", QUEUE);
}

static enum error_code look(struct work *work, void *context, struct error *error)
{
    return verify_look(work, false, context, error);
}

static void assert_sound(struct fixture *fixture)
{
    struct verify_report report = {0};
    store_test_do(&fixture->store, look, &report);
    assert_int_equal(report.finding_count, 0);
    assert_true(report.sound);
}

static void files_by_hand_are_understood(void **state)
{
    struct fixture *fixture = *state;
    struct store_test *store = &fixture->store;
    struct error error = {0};
    write_all(fixture);
    assert_ok(import(fixture, &error), &error);
    assert_true(fixture->report.done);
    assert_int_equal(count(fixture, EXPORT_CAMPAIGNS, IMPORT_ADDED), 1);
    assert_int_equal(count(fixture, EXPORT_ENROLLMENTS, IMPORT_ADDED), 3);
    assert_int_equal(count(fixture, EXPORT_QUEUE, IMPORT_ADDED), 2);
    assert_int_equal(count(fixture, EXPORT_QUEUE, IMPORT_LEFT_OUT), 1);
    assert_non_null(strstr(find_line(fixture, EXPORT_QUEUE, "[2]")->message, "current_day"));
    assert_int_equal(store_test_int64(store, "SELECT id FROM sequence"), 7);
    assert_int_equal(store_test_int64(store, "SELECT created_at_ms FROM sequence"),
                     INT64_C(1764579600000));
    /* Day 1 and 3 were sent elsewhere: only Day 7 lies ahead of the first person. */
    assert_int_equal(
        store_test_int64(store, "SELECT next_due_at_ms FROM enrollment WHERE id = 100"),
        SEVENTH_AT_MS);
    assert_int_equal(store_test_int64(store, "SELECT messages_sent FROM enrollment WHERE id = 100"),
                     2);
    /* What was on its way elsewhere waits for a person, and nothing else is planned meanwhile. */
    assert_int_equal(store_test_int64(store, "SELECT state FROM message WHERE id = 501"), 4);
    assert_int_equal(store_test_int64(store, "SELECT rank FROM message WHERE id = 500"), 2);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM due"), 1);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM message_provider"), 1);
    assert_sound(fixture);
}

/* By its words, by its date, and because it is what the person waits for. */
static const char QUEUE_WITHOUT_DAYS[] =
    "[\n"
    "  { \"id\": \"msg_500\", \"enrollment_id\": \"enroll_101\", \"message\": "
    "\"Hello // no comment\", \"media_url\": \"\", \"status\": \"sent\" },\n"
    "  { \"id\": \"msg_501\", \"enrollment_id\": \"enroll_101\", \"message\": \"Three, Asha\",\n"
    "    \"media_url\": null, \"status\": \"pending\", \"scheduled_for\": "
    "\"2026-01-02T10:00:00Z\" },\n"
    "  { \"id\": \"msg_502\", \"enrollment_id\": \"enroll_100\", \"message\": \"Something\", "
    "\"status\": \"pending\" }\n"
    "]\n";

static void messages_without_day_find_their_step(void **state)
{
    struct fixture *fixture = *state;
    struct store_test *store = &fixture->store;
    struct error error = {0};
    write_all(fixture);
    write_file(fixture, "message_queue.json", QUEUE_WITHOUT_DAYS);
    for (int round = 0; round < 2; round++) {
        assert_ok(import(fixture, &error), &error);
        assert_int_equal(count(fixture, EXPORT_QUEUE, round == 0 ? IMPORT_ADDED : IMPORT_PRESENT),
                         3);
        assert_int_equal(store_test_int64(store, "SELECT count(*) FROM message"), 3);
        assert_int_equal(store_test_int64(store, "SELECT s.day FROM message m JOIN step s "
                                                 "ON s.id = m.step_id WHERE m.id = 500"),
                         1);
        assert_int_equal(store_test_int64(store, "SELECT s.day FROM message m JOIN step s "
                                                 "ON s.id = m.step_id WHERE m.id = 501"),
                         3);
        assert_int_equal(store_test_int64(store, "SELECT s.day FROM message m JOIN step s "
                                                 "ON s.id = m.step_id WHERE m.id = 502"),
                         7);
        assert_sound(fixture);
    }
    write_file(fixture, "message_queue.json",
               "[{\"id\": \"msg_600\", \"enrollment_id\": \"enroll_101\", \"message\": \"What?\", "
               "\"status\": \"sent\", \"scheduled_for\": \"2025-06-01T10:00:00Z\"}]");
    assert_int_equal(import(fixture, &error), ERROR_INVALID);
    assert_non_null(strstr(find_line(fixture, EXPORT_QUEUE, "[0].day")->message, "say its day"));
}

static void a_second_run_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_test *store = &fixture->store;
    struct error error = {0};
    write_all(fixture);
    assert_ok(import(fixture, &error), &error);
    assert_ok(import(fixture, &error), &error);
    assert_int_equal(count(fixture, EXPORT_CAMPAIGNS, IMPORT_PRESENT), 1);
    assert_int_equal(count(fixture, EXPORT_ENROLLMENTS, IMPORT_PRESENT), 3);
    assert_int_equal(count(fixture, EXPORT_QUEUE, IMPORT_PRESENT), 2);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM sequence"), 1);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM enrollment"), 3);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM message"), 2);
    assert_sound(fixture);
}

static void taken_ids_are_replaced_and_still_tied_together(void **state)
{
    struct fixture *fixture = *state;
    struct store_test *store = &fixture->store;
    struct error error = {0};
    write_all(fixture);
    store_test_exec(store, "INSERT INTO sequence (id, status, version, name, created_at_ms, "
                           "updated_at_ms) VALUES (7, 0, 1, 'other', 0, 0);"
                           "INSERT INTO contact (id, phone, created_at_ms, updated_at_ms) "
                           "VALUES (1, 15550001111, 0, 0);"
                           "INSERT INTO enrollment (id, sequence_id, contact_id, status, "
                           "enrolled_at_ms, created_at_ms) VALUES (101, 7, 1, 3, 0, 0);"
                           "INSERT INTO counter VALUES (7, 0, 3, 0, 1);"
                           "INSERT INTO counter_cohort VALUES "
                           "(7, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "
                           "(7, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "
                           "(7, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)");
    assert_ok(import(fixture, &error), &error);
    assert_int_equal(count(fixture, EXPORT_CAMPAIGNS, IMPORT_RENAMED), 1);
    assert_int_equal(count(fixture, EXPORT_ENROLLMENTS, IMPORT_RENAMED), 1);
    assert_int_equal(count(fixture, EXPORT_ENROLLMENTS, IMPORT_ADDED), 2);
    assert_string_equal(find_line(fixture, EXPORT_ENROLLMENTS, "[1]")->new_id, "enroll_103");
    assert_int_equal(store_test_int64(store, "SELECT enrollment_id FROM message WHERE id = 500"),
                     103);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM enrollment e JOIN sequence s "
                                             "ON s.id = e.sequence_id WHERE s.name = 'Welcome'"),
                     3);
    assert_sound(fixture);
}

static void what_is_not_understood_is_told_with_its_place_and_nothing_is_imported(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    write_file(fixture, "campaigns.json",
               "[{\"id\":\"seq_001\",\"name\":\"A\",\"messages\":[{\"day\":1,\"message\":\"Hi\","
               "\"type\":\"text\"}]}]");
    write_file(fixture, "enrollments.json",
               "[{\"id\":\"enroll_001\",\"sequence_id\":\"seq_001\",\"phone\":\"12\"},\n"
               " {\"id\":\"enroll_002\",\"sequence_id\":\"seq_009\",\"phone\":\"919876543210\"},\n"
               " {\"id\":\"enroll_003\",\"sequence_id\":\"seq_001\",\"phone\":\"919876543211\","
               "\"curent_day\":2},\n"
               " {\"id\":\"enroll_004\",\"sequence_id\":\"seq_001\",\"phone\":\"919876543212\"}]");
    assert_int_equal(import(fixture, &error), ERROR_INVALID);
    assert_false(fixture->report.done);
    assert_int_equal(count(fixture, EXPORT_ENROLLMENTS, IMPORT_REFUSED), 3);
    assert_int_equal(find_line(fixture, EXPORT_ENROLLMENTS, "[0].phone")->line, 1);
    assert_non_null(
        strstr(find_line(fixture, EXPORT_ENROLLMENTS, "[1].sequence_id")->message, "seq_009"));
    assert_non_null(
        strstr(find_line(fixture, EXPORT_ENROLLMENTS, "[2].curent_day")->message, "current_day"));
    assert_int_equal(store_test_int64(&fixture->store, "SELECT count(*) FROM sequence"), 0);
    assert_int_equal(store_test_int64(&fixture->store, "SELECT count(*) FROM contact"), 0);
}

static void broken_json_is_told_with_its_line(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    write_file(fixture, "campaigns.json", "[\n {\"name\": \"A\"},\n {\"name\": oops},\n ");
    assert_int_equal(import(fixture, &error), ERROR_INVALID);
    assert_int_equal(count(fixture, EXPORT_CAMPAIGNS, IMPORT_REFUSED), 2);
    assert_int_equal(find_line(fixture, EXPORT_CAMPAIGNS, "[1]")->line, 3);
    assert_int_equal(store_test_int64(&fixture->store, "SELECT count(*) FROM sequence"), 0);
    CLEANUP(mem_free_char) char *path = file_join(fixture->directory, "campaigns.json");
    assert_int_equal(remove(path), 0);
    error_clear(&error);
    assert_int_equal(import(fixture, &error), ERROR_NOT_FOUND);
}

static enum error_code export(struct work *work, void *context, struct error *error) {
    struct export_result result; return export_write(work, context, NULL, NULL, &result, error);
}

static char *read_file(const char *directory, const char *name)
{
    struct error error = {0};
    char *data = NULL;
    size_t size = 0;
    CLEANUP(mem_free_char) char *path = file_join(directory, name);
    assert_ok(file_read(path, 1 << 20, &data, &size, &error), &error);
    return data;
}

static void what_was_exported_comes_back_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char first[160];
    char second[160];
    struct store_test other;
    struct import_json_report report = {0};
    write_all(fixture);
    assert_ok(import(fixture, &error), &error);
    (void)snprintf(first, sizeof(first), "%s/first", fixture->store.directory);
    store_test_do(&fixture->store, export, first);
    store_test_open(&other);
    struct service service = {.store = other.store, .clock = other.clock};
    assert_ok(import_json_run(&service, &(struct import_json_options){.directory = first}, &report,
                              &error),
              &error);
    import_json_report_done(&report);
    (void)snprintf(second, sizeof(second), "%s/second", other.directory);
    store_test_do(&other, export, second);
    for (size_t at = 0; at < ARRAY_SIZE(EXPORT_FILES); at++) {
        CLEANUP(mem_free_char) char *left = read_file(first, EXPORT_FILES[at]);
        CLEANUP(mem_free_char) char *right = read_file(second, EXPORT_FILES[at]);
        assert_string_equal(left, right);
    }
    store_test_close(&other);
}

static enum error_code repair(struct work *work, void *context, struct error *error)
{
    return verify_repair(work, context, error);
}

static void verify_finds_and_repairs_days_that_are_not_the_sum_of_their_quarters(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct verify_report report = {0};
    write_all(fixture);
    assert_ok(import(fixture, &error), &error);
    store_test_exec(&fixture->store, "UPDATE counter_cohort SET sent = sent + 1 WHERE width = 2 "
                                     "AND step_id = (SELECT max(step_id) FROM counter_cohort)");
    store_test_do(&fixture->store, look, &report);
    assert_false(report.sound);
    assert_ok(writer_do_alone(store_writer(fixture->store.store), repair, &report, &error), &error);
    assert_sound(fixture);
}

static void verify_finds_and_repairs_what_was_broken(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct verify_report report = {0};
    write_all(fixture);
    assert_ok(import(fixture, &error), &error);
    store_test_exec(&fixture->store,
                    "UPDATE counter SET count = count + 5 WHERE step_id <> 0 AND outcome = 0;"
                    "DELETE FROM due;"
                    "INSERT INTO due VALUES (1, 999999);"
                    "UPDATE enrollment SET next_due_at_ms = NULL WHERE id = 100");
    store_test_do(&fixture->store, look, &report);
    assert_false(report.sound);
    assert_true(report.finding_count >= 3);
    report = (struct verify_report){0};
    assert_ok(writer_do_alone(store_writer(fixture->store.store), repair, &report, &error), &error);
    assert_true(report.sound);
    assert_int_equal(
        store_test_int64(&fixture->store, "SELECT next_due_at_ms FROM enrollment WHERE id = 100"),
        SEVENTH_AT_MS);
    assert_sound(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_by_hand_are_understood),
        TEST(messages_without_day_find_their_step),
        TEST(a_second_run_changes_nothing),
        TEST(taken_ids_are_replaced_and_still_tied_together),
        TEST(what_is_not_understood_is_told_with_its_place_and_nothing_is_imported),
        TEST(broken_json_is_told_with_its_line),
        TEST(what_was_exported_comes_back_the_same),
        TEST(verify_finds_and_repairs_what_was_broken),
        TEST(verify_finds_and_repairs_days_that_are_not_the_sum_of_their_quarters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
