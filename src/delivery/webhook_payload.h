#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/store_event.h"
#include "store/work.h"

#include <stdbool.h>

/* What receivers are told: the types they know, the JSON of one event, and the secrets that sign
 * it. */

/* The n-th type that can be subscribed to ("message.sent"), or NULL behind the last. */
const char *webhook_type_at(size_t index);
/* The type under which an event of the log is told; false when it is not told at all. */
bool webhook_type_of(struct text event_type, const char **ret_type);
/* Whether `types` (comma-separated, "" = all) takes `type`. */
bool webhook_types_take(struct text types, const char *type);

#define WEBHOOK_TEST_TYPE "webhook.test" /* asked for by a person, sent to that webhook alone */

enum { WEBHOOK_PAYLOAD_MAX = 64 * 1024 };
/* {"type", "timestamp", "data": {…}} of one event. Reads who and what it concerns now.
 * Errors     ERROR_NOT_FOUND: the event is not kept any more; ERROR_TOO_BIG: not for `out` */
MUST_USE enum error_code webhook_payload(struct work *work, int64_t event_id, struct text type,
                                         struct buffer *out, struct error *error);

struct webhook_secrets {
    struct secret *current;
    struct secret *previous; /* NULL: none */
};
void webhook_secrets_done(struct webhook_secrets *secrets);
void webhook_secrets_seal(struct text master_key, int64_t webhook_id, struct text current,
                          struct text previous, struct buffer *out);
/* Seals them again with another key. */
MUST_USE enum error_code webhook_secrets_reseal(struct text old_key, struct text new_key,
                                                int64_t webhook_id, struct text sealed,
                                                struct buffer *out, struct error *error);
/* Errors     ERROR_DENIED: sealed with another key */
MUST_USE enum error_code webhook_secrets_open(struct text master_key, int64_t webhook_id,
                                              struct text sealed,
                                              struct webhook_secrets *ret_secrets,
                                              struct error *error);
