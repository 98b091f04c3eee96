#pragma once

#include "base/error.h"
#include "domain/import_row.h"
#include "service/actions.h"
#include "service/service.h"
#include "store/store_enrollment.h"
#include "store/work.h"

#include <stdbool.h>

/* One enrollment at a time: made, read, listed, changed. Functions that write run inside the
 * caller's transaction on the writer; the others on any connection. */
struct json;

/* Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code enrollments_get(struct work *work, int64_t id,
                                         struct store_enrollment_view *ret_view,
                                         struct error *error);
/* Errors   ERROR_NOT_FOUND: no such sequence */
MUST_USE enum error_code enrollments_list(struct work *work,
                                          const struct store_enrollment_filter *filter,
                                          size_t limit, struct store_enrollment_view **ret_views,
                                          size_t *ret_count, struct error *error);
MUST_USE enum error_code enrollments_count(struct work *work,
                                           const struct store_enrollment_filter *filter,
                                           int64_t *ret_count, struct error *error);

struct enrollments_one {
    enum enroll_verdict verdict;
    const char *message;
    int64_t phone;
    int64_t enrollment_id;             /* also that of a person who is in already; 0: none */
    bool has_view;                     /* enrolled or restarted, and no dry run */
    struct store_enrollment_view view; /* then the new enrollment */
};
/* Enrolls the person `json` describes.
 * source   "api", "form" …
 * Errors   ERROR_INVALID: fields that cannot be taken, the phone among them; ERROR_NOT_FOUND;
 *          ERROR_CONFLICT: the sequence is archived */
MUST_USE enum error_code enrollments_enroll(struct work *work, const struct service *service,
                                            int64_t sequence_id, const struct json *json,
                                            struct text source, bool dry_run,
                                            struct enrollments_one *ret_one, struct error *error);

struct enrollments_change {
    bool acted; /* a pause, resume or stop was asked for: `action` and `result` tell of it */
    struct action action;
    struct action_result result;
    struct store_enrollment_view view; /* after the change */
};
/* Changes what `json` says: status, name, custom fields, time zone.
 * Errors   ERROR_INVALID; ERROR_NOT_FOUND; ERROR_CONFLICT: the status does not allow it */
MUST_USE enum error_code enrollments_update(struct work *work, int64_t id, const struct json *json,
                                            bool dry_run, struct enrollments_change *ret_change,
                                            struct error *error);
