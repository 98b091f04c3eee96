#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Signing by the Standard Webhooks specification: receivers check with any of its libraries. A
 * request carries the headers webhook-id (the same for every attempt), webhook-timestamp (seconds,
 * of the attempt) and webhook-signature ("v1,…", several parted by spaces while a secret is being
 * replaced). Signed is "id.timestamp.body", the very bytes that are sent. Pure; any thread. */
enum {
    STANDARD_WEBHOOK_KEY_SIZE = 32,
    STANDARD_WEBHOOK_SECRET_MAX = 64,    /* "whsec_" + base64, with the ending NUL */
    STANDARD_WEBHOOK_SIGNATURE_MAX = 64, /* "v1," + base64, with the ending NUL */
};

void standard_webhook_secret_new(char out[STANDARD_WEBHOOK_SECRET_MAX]);
/* False when `secret` is no whsec_ secret of 24 to 64 bytes, or signing is not possible. */
MUST_USE bool standard_webhook_sign(struct text secret, struct text id, int64_t timestamp_s,
                                    struct text body, char out[STANDARD_WEBHOOK_SIGNATURE_MAX]);
