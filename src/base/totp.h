#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Codes of authenticator apps: RFC 6238 with SHA-1, steps of 30 seconds and six digits, which is
 * what every such app understands. Pure. */
enum {
    TOTP_SECRET_SIZE = 20,
    TOTP_STEP_MS = 30000,
    TOTP_DIGITS = 6,
    TOTP_SECRET_TEXT_MAX = 40, /* of TOTP_SECRET_SIZE bytes in base32, NUL included */
};

/* The code of one step, that is the number of steps since 1970. */
uint32_t totp_code(struct text secret, int64_t step);

/* True when `code` belongs to the step of `now_ms`, or to the one before or after it, since clocks
 * differ and people type slowly; and that step is after `last_step`, so that each code serves once.
 * Blanks inside `code` are passed over. */
bool totp_check(struct text secret, struct text code, int64_t now_ms, int64_t last_step,
                int64_t *ret_step);

/* Base32 without padding, as apps take it. At most TOTP_SECRET_SIZE bytes. */
void totp_secret_text(struct text secret, char out[TOTP_SECRET_TEXT_MAX]);
