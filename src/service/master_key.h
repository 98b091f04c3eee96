#pragma once

#include "base/crypto.h"
#include "base/error.h"
#include "store/store.h"
#include "store/work.h"

/* Two keys guard an installation.
 *
 * The master key seals credentials: tokens of channels, secrets of webhooks, the password for
 * mails, the seeds of second factors. It can be changed.
 *
 * The hash key knows people by their phone when nothing else is left of them, knows recovery codes,
 * and signs opt-out links that stand in messages long sent. It must never change, because what was
 * hashed cannot be hashed again. It is the first master key; from the first change on it stands in
 * the database, sealed with the master key of the day.
 *
 * A word sealed with the master key tells whether a key is the right one, so that a server with
 * another key stops at once, and does not run without its channels and seal what comes next so that
 * nobody can open all of it. */
enum master_key_verdict {
    MASTER_KEY_FITS,
    MASTER_KEY_WRONG,
    MASTER_KEY_FIRST, /* nothing was sealed yet: any key will do */
};
/* `key` {NULL}: only tells whether there is something that needs a key, FIRST or WRONG. */
MUST_USE enum error_code master_key_try(struct store *store, struct text key,
                                        enum master_key_verdict *ret_verdict, struct error *error);
/* From now on this key is the one; it was tried before. */
MUST_USE enum error_code master_key_keep(struct store *store, struct text key, struct error *error);
MUST_USE enum error_code master_key_hash_key(struct store *store, struct text key,
                                             struct secret **ret_hash_key, struct error *error);

/* Seals everything with another key, in one transaction with a line in the audit trail. What the
 * old key does not open stays as it is and is counted as `left`. */
struct master_key_change {
    struct text old_key;
    struct text new_key;
    int64_t ret_sealed;
    int64_t ret_left;
};
MUST_USE enum error_code master_key_change(struct work *work, struct master_key_change *change,
                                           struct error *error);
