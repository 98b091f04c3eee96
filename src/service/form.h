#pragma once

#include "base/error.h"
#include "base/json.h"
#include "service/service.h"
#include "store/store_form.h"
#include "store/work.h"

/* The hosted form of a sequence: a page on which people enroll themselves, at an address that
 * nobody can guess but everybody may know. One per sequence. */
enum {
    FORM_TITLE_MAX = 200,
    FORM_INTRO_MAX = 1000,
    FORM_CONSENT_MAX = 1000,
    FORM_TOKEN_CHARS = 26
};

/* Makes the form, or changes the texts of the one there is. Writer only.
 * Errors   ERROR_INVALID; ERROR_NOT_FOUND: no such sequence */
MUST_USE enum error_code form_save(struct work *work, int64_t sequence_id, const struct json *json,
                                   struct store_form *ret_form, bool *ret_created,
                                   struct error *error);
/* The form of a sequence, if it has one.
 * Errors   ERROR_NOT_FOUND: no such sequence */
MUST_USE enum error_code form_get(struct work *work, int64_t sequence_id,
                                  struct store_form *ret_form, bool *ret_found,
                                  struct error *error);
/* Its address answers 404 from now on, for ever. Writer only. Errors: ERROR_NOT_FOUND */
MUST_USE enum error_code form_revoke(struct work *work, int64_t sequence_id, struct error *error);

/* A form as its visitors need it. */
struct form_open {
    struct store_form form;
    struct text title;  /* its own, or the sequence's name */
    struct text sender; /* the name in the settings */
};
/* Errors   ERROR_NOT_FOUND: unknown, revoked, or the sequence is gone or archived */
MUST_USE enum error_code form_open(struct work *work, struct text token, struct form_open *ret_open,
                                   struct error *error);
