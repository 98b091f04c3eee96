#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Hosted forms: one live form per sequence. Texts live in work->arena. */
struct store_form {
    int64_t id;
    int64_t sequence_id;
    struct text token;
    struct text title;        /* empty: the sequence's name */
    struct text intro;        /* may be empty */
    struct text consent_text; /* empty: the built-in one */
    int64_t consent_version;
    bool confirm; /* nobody is enrolled before they wrote: service/confirm.h */
    int64_t submissions;
    int64_t last_used_at_ms; /* 0: never */
    int64_t created_at_ms;
    int64_t updated_at_ms;
};
/* Only forms that are not revoked are found. */
MUST_USE enum error_code store_form_by_token(struct work *work, struct text token,
                                             struct store_form *ret_form, bool *ret_found,
                                             struct error *error);
MUST_USE enum error_code store_form_by_sequence(struct work *work, int64_t sequence_id,
                                                struct store_form *ret_form, bool *ret_found,
                                                struct error *error);
/* Sets form->id and the times. */
MUST_USE enum error_code store_form_insert(struct work *work, struct store_form *form,
                                           struct error *error);
/* Writes title, intro, consent_text, consent_version and confirm. */
MUST_USE enum error_code store_form_update(struct work *work, const struct store_form *form,
                                           struct error *error);
/* Counts one submission. */
MUST_USE enum error_code store_form_used(struct work *work, int64_t id, struct error *error);
MUST_USE enum error_code store_form_revoke(struct work *work, int64_t sequence_id, bool *ret_found,
                                           struct error *error);
