#pragma once

#include "domain/sequence.h"
#include "service/tally.h"
#include "store/store_progress.h"
#include "store/testing.h"

/* For tests only: a sequence with people in it, in a temporary store at a fixed moment, and the
 * proof that all numbers still add up. */
struct people_test {
    struct store_test store;
    struct sequence sequence; /* as stored last; in `arena` */
    struct arena *arena;
};

/* Opens a store at STORE_TEST_START_MS with one active sequence: `days` steps, one a day from Day 1
 * on, each at 10:00, in UTC. */
void people_test_open(struct people_test *test, int days);
void people_test_close(struct people_test *test);
/* Enrolls `count` new people now. Their phones rise from 919870000000 + number of people before. */
void people_test_enroll(struct people_test *test, int64_t count);
/* The manual clock. */
void people_test_advance(struct people_test *test, int64_t ms);
int64_t people_test_now(struct people_test *test);

/* Plays the planner and the sender for everyone due until now: the step becomes a message, and
 * when `send`, an accepted one. Returns how many. */
int64_t people_test_run_due(struct people_test *test, bool send);

/* Fails the test unless every stored counter equals what the rows say, and unless exactly those
 * active people have a due row who have no message on its way. */
#define people_test_sound(test) people_test_sound_at((test), __FILE__, __LINE__)
void people_test_sound_at(struct people_test *test, const char *file, int line);

struct store_progress people_test_row(struct people_test *test, int64_t enrollment_id);
/* Reads through a fresh reader, like the API's read workers. */
void people_test_read(struct people_test *test,
                      enum error_code (*run)(struct work *work, void *context, struct error *error),
                      void *context);
