#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* The ledger of opt-outs, by keyed hash of the phone, so that it outlives the person's erasure.
 * One row per phone, kind and scope; the person's newest word decides. */
enum suppression_kind {
    SUPPRESSION_ALL = 1,       /* contact.suppressed bit 1 */
    SUPPRESSION_MARKETING = 2, /* bit 2 */
};
enum { SUPPRESSION_HASH_SIZE = 32 };

struct store_suppression {
    uint8_t phone_hash[SUPPRESSION_HASH_SIZE];
    enum suppression_kind kind;
    bool active;        /* false: lifted by a later START */
    int64_t at_ms;      /* time of the person's own word */
    int64_t contact_id; /* 0: unknown or erased */
    struct text source; /* "stop_word", "button", "user_preferences", "provider", "api", "link",
                         * "operator", "import" */
    struct text reason;
    int64_t updated_at_ms;
    /* Of the contact, for lists: */
    int64_t phone; /* 0: unknown or erased */
    struct text name;
};

MUST_USE enum error_code store_suppression_get(struct work *work,
                                               const uint8_t phone_hash[SUPPRESSION_HASH_SIZE],
                                               enum suppression_kind kind,
                                               struct store_suppression *ret_row, bool *ret_found,
                                               struct error *error);
/* Inserts or replaces. */
MUST_USE enum error_code store_suppression_put(struct work *work,
                                               const struct store_suppression *row,
                                               struct error *error);
/* The bits that hold for a phone: what an import must know of each row. */
MUST_USE enum error_code store_suppression_bits(struct work *work,
                                                const uint8_t phone_hash[SUPPRESSION_HASH_SIZE],
                                                int64_t *ret_bits, struct error *error);
/* True when no opt-out is active at all, so that imports need not hash. */
MUST_USE enum error_code store_suppression_none(struct work *work, bool *ret_none,
                                                struct error *error);

struct store_suppression_filter {
    struct text text; /* part of the name, or the beginning of the digits */
    const struct text *sources;
    size_t source_count;
    int64_t before_ms; /* cursor: (updated_at_ms, contact_id) of the last row; 0 = from the start */
    int64_t before_id;
};
/* Active ones, newest first. */
MUST_USE enum error_code store_suppression_list(struct work *work,
                                                const struct store_suppression_filter *filter,
                                                size_t limit, struct store_suppression **ret_rows,
                                                size_t *ret_count, struct error *error);
/* Forgets who it was: contact_id becomes NULL, and what was said about the reason goes. */
MUST_USE enum error_code store_suppression_detach(struct work *work, int64_t contact_id,
                                                  struct error *error);
