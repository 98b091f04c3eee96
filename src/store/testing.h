#pragma once

#include "store/store.h"

#include <setjmp.h> /* cmocka.h needs these before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* For tests only: a store in a temporary directory on a manual clock, and short ways to run SQL. */
struct store_test {
    char directory[64];
    struct clock *clock;
    struct store *store;
};

#define STORE_TEST_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

/* Makes a new directory and opens it; fails the running test when it cannot. */
void store_test_open(struct store_test *test);
/* Closes and opens the same directory again. */
void store_test_reopen(struct store_test *test);
/* Closes and removes everything. */
void store_test_close(struct store_test *test);
void store_test_remove_directory(const char *directory);

/* Runs `run` as a writer job and fails the test unless it ends with OK. */
void store_test_do(struct store_test *test,
                   enum error_code (*run)(struct work *work, void *context, struct error *error),
                   void *context);
/* Runs SQL text on the writer; for setting up rows. */
void store_test_exec(struct store_test *test, const char *sql);
/* The first column of the first row, read by a fresh reader; fails the test when there is none. */
int64_t store_test_int64(struct store_test *test, const char *sql);
#define assert_ok(code, error) store_test_assert_ok((code), (error), __FILE__, __LINE__)
void store_test_assert_ok(enum error_code code, const struct error *error, const char *file,
                          int line);
