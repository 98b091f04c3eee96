#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_suppression.h"
#include "store/work.h"

#include <stdbool.h>

/* Opt-outs, from whatever source, in one ledger. A STOP ends the person's live enrollments and
 * cancels all that waits in the same transaction, and holds against later imports. Words are
 * ordered by the person's own time: a START lifts a STOP, but never an older START a newer STOP. */

struct suppress_word {
    int64_t phone;      /* E.164 digits; 0: known by contact_id only */
    int64_t contact_id; /* 0: found by phone, made when there is none and it is a STOP */
    int64_t channel_id; /* that it was written to; 0: none in particular */
    enum suppression_kind kind;
    bool stop;          /* true: no more messages; false: lifts it */
    int64_t at_ms;      /* when the person said so; 0 = now */
    struct text source; /* see suppress_source_known() */
    struct text reason; /* what was written, or why; at most SUPPRESS_REASON_MAX bytes are kept */
};
enum { SUPPRESS_REASON_MAX = 200 };

struct suppress_result {
    bool changed;       /* false: said before, or a newer word stands */
    int64_t contact_id; /* 0: a START of somebody unknown */
    int64_t ended;      /* enrollments that ended */
};

/* Writer only.
 * Errors   ERROR_INVALID for an unknown source */
MUST_USE enum error_code suppress_apply(struct work *work, const struct service *service,
                                        const struct suppress_word *word,
                                        struct suppress_result *ret_result, struct error *error);

/* "stop_word", "button", "user_preferences", "provider", "api", "link", "operator", "import" */
bool suppress_source_known(struct text source);

/* The bits that hold for a number that has no contact yet (an erased person may stand behind it);
 * for known people contact.suppressed says the same. Any connection. */
MUST_USE enum error_code suppress_bits(struct work *work, const struct service *service,
                                       int64_t phone, int64_t *ret_bits, struct error *error);

/* The key under which a number stands in the ledger. */
void suppress_hash(const struct service *service, int64_t phone,
                   uint8_t out[SUPPRESSION_HASH_SIZE]);

/* A person's number changed: what held for the old one holds for the new one. */
MUST_USE enum error_code suppress_carry_over(struct work *work, const struct service *service,
                                             int64_t old_phone, int64_t new_phone,
                                             int64_t contact_id, struct error *error);

/* The row that stands for a number, active or lifted. */
MUST_USE enum error_code suppress_find(struct work *work, const struct service *service,
                                       int64_t phone, enum suppression_kind kind,
                                       struct store_suppression *ret_row, bool *ret_found,
                                       struct error *error);
/* People who opted out, newest first. */
MUST_USE enum error_code suppress_list(struct work *work,
                                       const struct store_suppression_filter *filter, size_t limit,
                                       struct store_suppression **ret_rows, size_t *ret_count,
                                       struct error *error);

/* Writes down that somebody lifted an opt-out on their own word. */
MUST_USE enum error_code suppress_audit_lift(struct work *work, int64_t phone, struct text reason,
                                             struct error *error);

/* "all" or "marketing" for the bits of a contact; NULL when nothing is suppressed. */
const char *suppress_bits_to_text(int64_t bits);
const char *suppression_kind_to_text(enum suppression_kind kind);
