#pragma once

#include "base/error.h"
#include "store/work.h"

/* The second factor of users: the sealed seed of their authenticator app, and the hashes of their
 * recovery codes. Sealing and hashing are the caller's. */
enum { STORE_RECOVERY_CODES = 10, STORE_RECOVERY_HASH_SIZE = 32 };

struct store_factor {
    struct text secret; /* sealed */
    int64_t last_step;
    int64_t confirmed_at_ms; /* 0: not confirmed, so not asked for */
};
MUST_USE enum error_code store_factor_get(struct work *work, int64_t user_id,
                                          struct store_factor *ret_factor, bool *ret_found,
                                          struct error *error);
/* Puts a new seed, not confirmed, in the place of what stood there. */
MUST_USE enum error_code store_factor_put(struct work *work, int64_t user_id, struct text secret,
                                          struct error *error);
/* Writes down that the code of `step` was taken; the first one confirms the seed. */
MUST_USE enum error_code store_factor_take(struct work *work, int64_t user_id, int64_t step,
                                           struct error *error);
/* Removes seed and recovery codes. */
MUST_USE enum error_code store_factor_remove(struct work *work, int64_t user_id, bool *ret_found,
                                             struct error *error);
/* Puts new recovery codes in the place of the old ones. */
MUST_USE enum error_code store_recovery_put(
    struct work *work, int64_t user_id,
    uint8_t hashes[STORE_RECOVERY_CODES][STORE_RECOVERY_HASH_SIZE], struct error *error);
/* Uses a recovery code up; *ret_used is false when there is no such unused one. */
MUST_USE enum error_code store_recovery_use(struct work *work, int64_t user_id, struct text hash,
                                            bool *ret_used, struct error *error);
