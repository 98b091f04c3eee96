/* The driver: binding by number, rows, errors by kind, savepoints, read-only readers. */
#include "store/testing.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

DB_SQL(TEST_REPEATED, "SELECT $2, $1, $2, $3");
DB_SQL(TEST_SETTING_ADD, "INSERT INTO setting (key, value, updated_at_ms) VALUES ($1, $2, $3)");
DB_SQL(TEST_SETTING_KEYS, "SELECT key FROM setting ORDER BY key");
DB_SQL(TEST_STEP_ADD, "INSERT INTO step (sequence_id, ordinal, day, type, created_at_ms) "
                      "VALUES ($1, 0, 1, 0, 0)");
DB_SQL(TEST_ONE, "SELECT 41 + $1");
DB_SQL(TEST_NOTHING, "SELECT 1 WHERE $1 < 0");

static enum error_code add(struct work *work, const char *key, struct error *error)
{
    return db_run(work->db, &TEST_SETTING_ADD, DB_VALUES(DB_CHARS(key), DB_CHARS("1"), DB_INT(7)),
                  NULL, error);
}

static enum error_code bind_values(struct work *work, void *context, struct error *error)
{
    (void)context;
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    const char bytes[] = {'a', '\0', 'b'};
    enum error_code code = db_query(
        work->db, &TEST_REPEATED,
        DB_VALUES(DB_INT(INT64_MIN), DB_BLOB(text_make(bytes, sizeof(bytes))), DB_TEXT(TEXT(""))),
        &statement, error);
    assert_int_equal(code, OK);
    assert_int_equal(db_next(statement, &row, error), OK);
    assert_true(row);
    assert_int_equal(db_text(statement, 0).size, 3);
    assert_memory_equal(db_text(statement, 0).data, bytes, 3);
    assert_true(db_int64(statement, 1) == INT64_MIN);
    assert_true(text_equal(db_text(statement, 2), db_text(statement, 0)));
    assert_non_null(db_text(statement, 3).data); /* '' is not NULL */
    assert_int_equal(db_text(statement, 3).size, 0);
    assert_int_equal(db_next(statement, &row, error), OK);
    assert_false(row);
    code = db_query(work->db, &TEST_REPEATED,
                    DB_VALUES(DB_NULL, DB_TEXT(text_make(NULL, 0)), DB_INT_UNLESS(0, 0)),
                    &statement, error);
    assert_int_equal(code, OK);
    assert_int_equal(db_next(statement, &row, error), OK);
    assert_true(db_is_null(statement, 0));
    assert_true(db_is_null(statement, 1));
    assert_int_equal(db_int64_or(statement, 3, 99), 99);
    return OK;
}

static void values_are_bound_by_their_number(void **state)
{
    store_test_do(*state, bind_values, NULL);
}

static enum error_code misuse(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct db_statement *statement = NULL;
    struct db_statement *second = NULL;
    assert_int_equal(db_query(work->db, &TEST_SETTING_KEYS, DB_NO_VALUES, &statement, error), OK);
    assert_int_equal(db_query(work->db, &TEST_SETTING_KEYS, DB_NO_VALUES, &second, error),
                     ERROR_INTERNAL);
    assert_non_null(strstr(error->message, "TEST_SETTING_KEYS"));
    assert_int_equal(db_query(work->db, &TEST_ONE, DB_NO_VALUES, &second, error), ERROR_INTERNAL);
    assert_null(second);
    db_finish_all(work->db);
    assert_int_equal(db_query(work->db, &TEST_SETTING_KEYS, DB_NO_VALUES, &statement, error), OK);
    db_finish(statement);
    return OK;
}

static void misuse_is_told_and_not_undefined(void **state)
{
    store_test_do(*state, misuse, NULL);
}

static enum error_code find(struct work *work, void *context, struct error *error)
{
    (void)context;
    int64_t value = 5;
    bool found = true;
    assert_int_equal(db_find_int64(work->db, &TEST_ONE, DB_VALUES(DB_INT(1)), &value, NULL, error),
                     OK);
    assert_int_equal(value, 42);
    assert_int_equal(
        db_find_int64(work->db, &TEST_NOTHING, DB_VALUES(DB_INT(1)), &value, &found, error), OK);
    assert_false(found);
    assert_int_equal(value, 42);
    assert_int_equal(
        db_find_int64(work->db, &TEST_NOTHING, DB_VALUES(DB_INT(1)), &value, NULL, error),
        ERROR_NOT_FOUND);
    return OK;
}

static void finding_one_value_says_when_there_is_none(void **state)
{
    store_test_do(*state, find, NULL);
}

static enum error_code break_keys(struct work *work, void *context, struct error *error)
{
    (void)context;
    assert_int_equal(add(work, "a", error), OK);
    assert_int_equal(add(work, "a", error), ERROR_CONFLICT);
    assert_int_equal(db_run(work->db, &TEST_STEP_ADD, DB_VALUES(DB_INT(77)), NULL, error),
                     ERROR_CONFLICT);
    return add(work, "b", error);
}

static void broken_keys_are_conflicts(void **state)
{
    store_test_do(*state, break_keys, NULL);
    assert_int_equal(store_test_int64(*state, "SELECT count(*) FROM setting"), 2);
}

static enum error_code undo_part(struct work *work, void *context, struct error *error)
{
    (void)context;
    assert_int_equal(add(work, "kept", error), OK);
    assert_int_equal(db_savepoint(work->db, error), OK);
    assert_int_equal(add(work, "undone", error), OK);
    assert_true(db_undo(work->db));
    return OK;
}

static void a_savepoint_undoes_its_part(void **state)
{
    store_test_do(*state, undo_part, NULL);
    assert_int_equal(store_test_int64(*state, "SELECT count(*) FROM setting WHERE key = 'kept'"),
                     1);
    assert_int_equal(store_test_int64(*state, "SELECT count(*) FROM setting"), 1);
}

static void readers_cannot_write(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    CLEANUP(db_close) struct db *db = NULL;
    assert_ok(store_reader_open(test->store, &db, &error), &error);
    assert_int_not_equal(db_run(db, &TEST_SETTING_ADD,
                                DB_VALUES(DB_CHARS("k"), DB_CHARS("v"), DB_INT(1)), NULL, &error),
                         OK);
    assert_int_equal(store_test_int64(test, "SELECT count(*) FROM setting"), 0);
}

static void the_database_is_durable_and_private(void **state)
{
    struct store_test *test = *state;
    struct stat status;
    CLEANUP(mem_free_char) char *path = store_database_path(test->directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(store_test_int64(test, "PRAGMA page_size"), 8192);
    CLEANUP(db_close) struct db *db = NULL;
    struct error error = {0};
    assert_ok(store_reader_open(test->store, &db, &error), &error);
    assert_ok(db_check_all(db, &error), &error);
}

static void a_copy_is_whole_and_private(void **state)
{
    struct store_test *test = *state;
    struct error error = {0};
    struct text findings = {0};
    struct stat status;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(mem_free_char) char *path = file_join(test->directory, "copy.db");
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(db_close) struct db *copy = NULL;
    store_test_exec(test, "INSERT INTO setting VALUES ('a', '1', 1)");
    assert_ok(store_reader_open(test->store, &db, &error), &error);
    assert_ok(db_copy_to(db, path, &error), &error);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_ok(db_open(path, DB_READER, false, &copy, &error), &error);
    assert_ok(db_integrity(copy, arena, &findings, &error), &error);
    assert_true(text_equal(findings, TEXT("ok")));
    int64_t count = 0;
    assert_ok(db_find_int64(copy, &TEST_ONE, DB_VALUES(DB_INT(0)), &count, NULL, &error), &error);
    struct db_statement *statement = NULL;
    bool row = false;
    assert_ok(db_query(copy, &TEST_SETTING_KEYS, DB_NO_VALUES, &statement, &error), &error);
    assert_ok(db_next(statement, &row, &error), &error);
    assert_true(row && text_equal(db_text(statement, 0), TEXT("a")));
    db_finish(statement);
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
        TEST(values_are_bound_by_their_number),
        TEST(misuse_is_told_and_not_undefined),
        TEST(finding_one_value_says_when_there_is_none),
        TEST(broken_keys_are_conflicts),
        TEST(a_savepoint_undoes_its_part),
        TEST(readers_cannot_write),
        TEST(the_database_is_durable_and_private),
        TEST(a_copy_is_whole_and_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
