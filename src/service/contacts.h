#pragma once

#include "base/error.h"
#include "base/json.h"
#include "service/message_view.h"
#include "service/service.h"
#include "store/store_contact.h"
#include "store/store_enrollment.h"
#include "store/store_person.h"
#include "store/store_suppression.h"
#include "store/work.h"

/* People: find, list, change, forget, hand out. Results live in work->arena. */

/* The number a user typed, as digits, read with the default country of the settings.
 * Errors   ERROR_INVALID on `field` */
MUST_USE enum error_code contacts_phone(struct work *work, const char *field, struct text text,
                                        int64_t *ret_phone, struct error *error);
/* By number in any spelling, or by contact id.
 * Errors   ERROR_NOT_FOUND: nobody has it */
MUST_USE enum error_code contacts_find(struct work *work, struct text who,
                                       struct store_contact *ret_contact, struct error *error);

/* Splits what was typed into a search into digits or a part of a name. */
void contacts_search(struct text typed, struct store_contact_filter *ret_filter);

/* Newest first, or by number when the search is for digits. */
MUST_USE enum error_code contacts_list(struct work *work, const struct store_contact_filter *filter,
                                       size_t limit, struct store_contact **ret_contacts,
                                       size_t *ret_count, struct error *error);

struct contacts_detail {
    struct store_contact contact;
    struct store_enrollment_view *enrollments; /* newest first */
    size_t enrollment_count;
    struct store_contact_inbound *inbound; /* newest first */
    size_t inbound_count;
};
MUST_USE enum error_code contacts_detail(struct work *work, struct text who, size_t inbound_limit,
                                         struct contacts_detail *ret_detail, struct error *error);

/* Changes the fields given: name, timezone, custom_fields (null removes one).
 * Errors   ERROR_INVALID, ERROR_NOT_FOUND */
MUST_USE enum error_code contacts_update(struct work *work, struct text who,
                                         const struct json *json, struct store_contact *ret_contact,
                                         struct error *error);

/* Forgets a person: ends what runs, removes what tells who it was, keeps the numbers of the
 * statistics, and keeps the phone from being written to again, by its keyed hash alone. */
MUST_USE enum error_code contacts_erase(struct work *work, const struct service *service,
                                        struct text who, struct error *error);
/* The same for a contact whose erasure is written down already; nothing when it was carried out. */
MUST_USE enum error_code contacts_forget(struct work *work, const struct service *service,
                                         int64_t id, struct error *error);

/* Everything stored about a person. */
struct contacts_export {
    struct contacts_detail detail;
    struct message_view *messages;
    size_t message_count;
    struct store_suppression *opt_outs;
    size_t opt_out_count;
};
MUST_USE enum error_code contacts_export(struct work *work, const struct service *service,
                                         struct text who, struct contacts_export *ret_export,
                                         struct error *error);

/* The rest of it, kind by kind and row by row as JSON objects: see store/store_person.h. */
enum { CONTACTS_ROWS_COUNT = PERSON_ROWS_COUNT };
const char *contacts_rows_to_text(int rows);
MUST_USE enum error_code contacts_rows(struct work *work, int rows,
                                       const struct store_contact *contact, person_on_row *on_row,
                                       void *context, struct error *error);
