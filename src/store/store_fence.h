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

/* Messages that a restore holds, by rising id. `doubts` 0: surely never sent. */
struct store_fence_held {
    int64_t message_id;
    int64_t doubts;
};
MUST_USE enum error_code store_fence_held_list(struct work *work, int64_t after_id, size_t limit,
                                               struct store_fence_held **ret_messages,
                                               size_t *ret_count, struct error *error);

/* Whether the journal holds an attempt that the database does not know. */
MUST_USE enum error_code store_fence_journal_is_ahead(struct work *work, const char *directory,
                                                      bool *ret_ahead, struct error *error);
