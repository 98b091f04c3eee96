#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* What happens to messages when the database turns out older than what was sent: everything that
 * has not ended is held for a person, and every attempt that only the intent journal knows comes
 * back as an attempt in doubt, so that nothing is sent a second time unasked. */
struct store_fence_report {
    int64_t held;     /* messages that waited or were on their way in the older database */
    int64_t replayed; /* attempts the journal knew and the database did not */
    int64_t unknown;  /* of those, attempts for people the older database does not know */
};

MUST_USE enum error_code store_fence_hold(struct work *work, const char *directory,
                                          struct store_fence_report *ret_report,
                                          struct error *error);

/* Whether the journal holds an attempt that the database does not know. */
MUST_USE enum error_code store_fence_journal_is_ahead(struct work *work, const char *directory,
                                                      bool *ret_ahead, struct error *error);
