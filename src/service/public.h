#pragma once

#include "base/error.h"
#include "domain/import_row.h"
#include "service/service.h"
#include "store/work.h"

#include <stdbool.h>

/* What people outside may do without signing in: enroll themselves and opt out, through a
 * publishable key, a hosted form or a link.
 *
 * Whoever asks learns nothing about a number: known, unknown, opted out and enrolled people all get
 * the same answer, and every request is one durable commit of about the same size. */
enum { PUBLIC_VERSION_MAX = 100 };

struct public_consent {
    struct text version;  /* of the text that was agreed to */
    struct text text;     /* the text itself; may be empty */
    struct text language; /* may be empty */
    const char *source;   /* "api", "form" */
    struct text origin;   /* the page it came from, as its browser says; may be empty */
};

struct public_enroll {
    int64_t sequence_id;
    int64_t key_id;  /* 0: not through a key */
    int64_t form_id; /* 0: not through a form */
    const struct import_person *person;
    struct public_consent consent;
};
/* Writer only. A sequence whose form asks for a confirmation waits for it: see confirm.h. What is
 * known of a person is never changed from outside, only added to.
 * Errors   ERROR_NOT_FOUND, ERROR_CONFLICT: about the sequence */
MUST_USE enum error_code public_enroll(struct work *work, const struct service *service,
                                       const struct public_enroll *request, struct error *error);

/* The same for somebody who is known to want it; `consent` is what is kept with the contact. */
MUST_USE enum error_code public_enroll_now(struct work *work, const struct service *service,
                                           int64_t sequence_id, const struct import_person *person,
                                           const char *source, struct text consent,
                                           int64_t *ret_contact_id, struct error *error);

/* Opts a number out of everything, through a key. Writer only. */
MUST_USE enum error_code public_opt_out(struct work *work, const struct service *service,
                                        int64_t key_id, int64_t phone, struct error *error);

/* The contact an opt-out link names. Errors: ERROR_NOT_FOUND: not one of our links */
MUST_USE enum error_code public_link_read(const struct service *service, struct text token,
                                          int64_t *ret_contact_id, struct error *error);
/* Opts out the contact of a link. Writer only. */
MUST_USE enum error_code public_link_act(struct work *work, const struct service *service,
                                         int64_t contact_id, struct error *error);
