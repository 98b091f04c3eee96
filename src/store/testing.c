/* Shared by the tests of store/ and of the folders above it: see testing.h. */
#include "store/testing.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/db_sqlite_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void store_test_assert_ok(enum error_code code, const struct error *error, const char *file,
                          int line)
{
    if (code != OK) {
        print_error("%s:%d: %s: %s (%s)\n", file, line, error_code_to_text(code), error->message,
                    error->detail);
        _fail(file, line);
    }
}

static void open_store(struct store_test *test)
{
    struct error error = {0};
    struct store_settings settings = {.directory = test->directory, .create = true};
    settings.writer.clock = test->clock;
    assert_ok(store_open(&settings, &test->store, &error), &error);
}

void store_test_open(struct store_test *test)
{
    crypto_setup();
    *test = (struct store_test){.directory = "/tmp/dripline-test-XXXXXX"};
    assert_non_null(mkdtemp(test->directory));
    test->clock = clock_new_manual(STORE_TEST_START_MS);
    open_store(test);
}

void store_test_reopen(struct store_test *test)
{
    store_close(test->store);
    test->store = NULL;
    open_store(test);
}

void store_test_remove_directory(const char *directory)
{
    DIR *open = opendir(directory);
    if (open == NULL) {
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            CLEANUP(mem_free_char) char *path = file_join(directory, entry->d_name);
            if (unlink(path) < 0) {
                store_test_remove_directory(path);
            }
        }
    }
    (void)closedir(open);
    (void)rmdir(directory);
}

void store_test_close(struct store_test *test)
{
    store_close(test->store);
    clock_free(test->clock);
    store_test_remove_directory(test->directory);
    *test = (struct store_test){0};
}

void store_test_do(struct store_test *test,
                   enum error_code (*run)(struct work *work, void *context, struct error *error),
                   void *context)
{
    struct error error = {0};
    assert_ok(writer_do(store_writer(test->store), run, context, &error), &error);
}

struct exec_text {
    const char *sql;
};

static enum error_code run_exec(struct work *work, void *context, struct error *error)
{
    return db_exec(work->db, ((struct exec_text *)context)->sql, error);
}

void store_test_exec(struct store_test *test, const char *sql)
{
    struct exec_text text = {sql};
    store_test_do(test, run_exec, &text);
}

int64_t store_test_int64(struct store_test *test, const char *sql)
{
    struct error error = {0};
    CLEANUP(db_close) struct db *db = NULL;
    assert_ok(store_reader_open(test->store, &db, &error), &error);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}
