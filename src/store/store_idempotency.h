#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Answers to requests with an Idempotency-Key, written in the transaction of their effect: so a
 * repeat after any crash either finds the answer or runs for the first time. Because all writes run
 * one after the other, "still running" never shows here. */
struct store_idempotency {
    struct text caller;       /* "key:3", "user:1" */
    struct text key;          /* as the client sent it */
    struct text request_hash; /* of method, path and body */
    int64_t status;           /* HTTP status of the answer */
    struct text content_type;
    struct text headers; /* "Name: value" lines */
    struct text answer;
    int64_t created_at_ms; /* set by the store */
};

/* Looks a key up; texts in work->arena. The caller compares request_hash. */
MUST_USE enum error_code store_idempotency_find(struct work *work, struct text caller,
                                                struct text key, struct store_idempotency *ret_row,
                                                bool *ret_found, struct error *error);
/* ERROR_CONFLICT when the key exists. */
MUST_USE enum error_code store_idempotency_add(struct work *work,
                                               const struct store_idempotency *row,
                                               struct error *error);
MUST_USE enum error_code store_idempotency_prune(struct work *work, int64_t before_ms, size_t limit,
                                                 int64_t *ret_deleted, struct error *error);
