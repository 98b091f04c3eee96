#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* Every column that holds something sealed with the master key, for the change of that key. The
 * bytes are opaque here; who seals them knows what they are bound to. A new such column gets a row
 * here (and a value in the settings is treated beside them, see service/master_key.c). */
enum store_sealed_kind {
    STORE_SEALED_CHANNEL,
    STORE_SEALED_WEBHOOK,
    STORE_SEALED_SECOND_FACTOR, /* by user */
};
enum { STORE_SEALED_KINDS = 3 };

struct store_sealed {
    int64_t id; /* of the channel, webhook or user */
    struct text bytes;
};
/* All that are set, in work->arena. */
MUST_USE enum error_code store_sealed_list(struct work *work, enum store_sealed_kind kind,
                                           struct store_sealed **ret_rows, size_t *ret_count,
                                           struct error *error);
/* Puts other bytes in the place of the old ones; nothing else of the row changes. */
MUST_USE enum error_code store_sealed_put(struct work *work, enum store_sealed_kind kind,
                                          int64_t id, struct text bytes, struct error *error);
