#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>
#include <stdint.h>

/* The different people a channel wrote to within 24 hours, kept only for channels with a limit.
 * A person takes a place from their message on until 24 hours after the newest one. Written in the
 * transaction of the claim, so that a kill or a restart forgets nobody. The cost of a claim does
 * not grow with the number of people. */
struct store_people {
    int64_t channel_id;
    int64_t limit;       /* at most so many people in 24 hours; 0: no limit */
    int64_t kept_limit;  /* the limit that messages were held for */
    int64_t count;       /* places taken */
    int64_t place_at_ms; /* see migration 0008 */
    int64_t place_id;
    int64_t place_days;
    bool stored;
    bool changed;
};
/* Reads the figures and brings them up to `limit` and to the time: places that became free are
 * given back, and when the limit grew or went, messages that waited for it become due again, some
 * at a time. `limit` 0 without figures costs one look. */
MUST_USE enum error_code store_people_open(struct work *work, int64_t channel_id, int64_t limit,
                                           struct store_people *ret_people, struct error *error);
/* For readers: the people of the last 24 hours, and when the first place gets free; 0: none is
 * taken. */
MUST_USE enum error_code store_people_used(struct work *work, int64_t channel_id,
                                           int64_t *ret_count, int64_t *ret_free_at_ms,
                                           struct error *error);
/* Takes a place for this person now, or renews theirs. *ret_taken is false when all are taken by
 * others; then *ret_free_at_ms says when the next place nobody waits for yet gets free. */
MUST_USE enum error_code store_people_take(struct work *work, struct store_people *people,
                                           int64_t contact_id, bool *ret_taken,
                                           int64_t *ret_free_at_ms, struct error *error);
/* This person wrote, and who wrote does not count against the limit: what waits for it goes now. */
MUST_USE enum error_code store_people_wake(struct work *work, int64_t channel_id,
                                           int64_t contact_id, struct error *error);
/* Writes the figures back when something changed. */
MUST_USE enum error_code store_people_close(struct work *work, struct store_people *people,
                                            struct error *error);
