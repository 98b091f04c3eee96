#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_factor.h"
#include "store/work.h"

/* The second factor at sign-in: six digits from an authenticator app, or one of ten recovery codes.
 * The seed is sealed with the master key and bound to its user; a database without the key opens
 * nothing. Time is wall clock time, as in the apps. All but access_factor_check() only touch rows;
 * everything runs on the writer, so that two requests cannot use one code. */
enum {
    FACTOR_CODE_MAX = 40,          /* characters that are looked at */
    FACTOR_RECOVERY_TEXT_MAX = 16, /* "abcde-fghij" with NUL */
    FACTOR_URI_MAX = 800,
};

struct factor_enrolment {
    struct text secret; /* base32 */
    struct text uri;    /* otpauth://…, for a QR code */
};
/* A new seed, asked for only after access_factor_confirm().
 * Errors     ERROR_CONFLICT: a confirmed one is in use */
MUST_USE enum error_code access_factor_begin(struct work *work, const struct service *service,
                                             int64_t user_id,
                                             struct factor_enrolment *ret_enrolment,
                                             struct error *error);
/* The first code proves that the app has the seed; ends the user's other sessions, as `keep_token`
 * is the one that asks. `codes` are shown once.
 * Errors     ERROR_INVALID: wrong code; ERROR_CONFLICT: nothing to confirm */
MUST_USE enum error_code access_factor_confirm(
    struct work *work, const struct service *service, int64_t user_id, struct text code,
    struct text keep_token, char codes[STORE_RECOVERY_CODES][FACTOR_RECOVERY_TEXT_MAX],
    struct error *error);
/* Takes a code of the app or a recovery code, each once.
 * Errors     ERROR_UNAUTHENTICATED with the reason "second_factor_required" when `code` is empty,
 *            "second_factor_wrong" otherwise */
MUST_USE enum error_code access_factor_check(struct work *work, const struct service *service,
                                             int64_t user_id, struct text code,
                                             struct error *error);
/* Seals a seed again with another master key. */
MUST_USE enum error_code access_factor_reseal(struct text old_key, struct text new_key,
                                              int64_t user_id, struct text sealed,
                                              struct buffer *out, struct error *error);
/* Errors     ERROR_NOT_FOUND: there was none */
MUST_USE enum error_code access_factor_remove(struct work *work, int64_t user_id,
                                              struct error *error);
