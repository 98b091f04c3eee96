#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

/* Answers to repeated requests, per caller and Idempotency-Key. On the writer. */
struct idempotency_answer {
    int64_t status;
    struct text content_type;
    struct text body;
    struct text headers; /* "Name: value" lines */
};

/* Looks a key up; texts in work->arena.
 * Errors     ERROR_INVALID: the key was used for another request */
MUST_USE enum error_code idempotency_find(struct work *work, struct text caller, struct text key,
                                          struct text request_hash,
                                          struct idempotency_answer *ret_answer, bool *ret_found,
                                          struct error *error);
MUST_USE enum error_code idempotency_store(struct work *work, struct text caller, struct text key,
                                           struct text request_hash,
                                           const struct idempotency_answer *answer,
                                           struct error *error);
/* Forgets answers older than the limit, a few at a time. */
MUST_USE enum error_code idempotency_prune(struct work *work, int64_t kept_ms, struct error *error);
