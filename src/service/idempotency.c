/* Repeats of requests: finds the stored answer, refuses a key that was used for something else. */
#include "service/idempotency.h"

#include "base/crypto.h"
#include "store/store_idempotency.h"

enum { PRUNED_AT_ONCE = 1000 };

enum error_code idempotency_find(struct work *work, struct text caller, struct text key,
                                 struct text request_hash, struct idempotency_answer *ret_answer,
                                 bool *ret_found, struct error *error)
{
    struct store_idempotency row = {0};
    bool found = false;
    enum error_code code = store_idempotency_find(work, caller, key, &row, &found, error);
    if (code != OK) {
        return code;
    }
    if (found && !crypto_equal_text(row.request_hash, request_hash)) {
        return error_field(error, "Idempotency-Key", "reused",
                           "was used for another request; take a new key");
    }
    *ret_found = found;
    *ret_answer =
        (struct idempotency_answer){row.status, row.content_type, row.answer, row.headers};
    return OK;
}

enum error_code idempotency_store(struct work *work, struct text caller, struct text key,
                                  struct text request_hash, const struct idempotency_answer *answer,
                                  struct error *error)
{
    struct store_idempotency row = {
        .caller = caller,
        .key = key,
        .request_hash = request_hash,
        .status = answer->status,
        .content_type = answer->content_type,
        .answer = answer->body,
        .headers = answer->headers,
    };
    return store_idempotency_add(work, &row, error);
}

enum error_code idempotency_prune(struct work *work, int64_t kept_ms, struct error *error)
{
    int64_t deleted = 0;
    return store_idempotency_prune(work, work->now_ms - kept_ms, PRUNED_AT_ONCE, &deleted, error);
}
