#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* People. Absent numbers and times are 0; texts live in work->arena. */
enum contact_zone_source {
    CONTACT_ZONE_NONE = 0,
    CONTACT_ZONE_GUESSED = 1,
    CONTACT_ZONE_GIVEN = 2
};

struct store_contact {
    int64_t id;
    int64_t phone;      /* 0: erased, or known by user id only */
    int64_t suppressed; /* bits: 1 everything, 2 marketing */
    int64_t erased;
    int64_t timezone_source; /* enum contact_zone_source */
    struct text timezone;
    struct text name;
    struct text fields; /* JSON object */
    int64_t wa_id;
    struct text user_id;
    struct text consent; /* JSON, or empty */
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

MUST_USE enum error_code store_contact_get(struct work *work, int64_t id,
                                           struct store_contact *ret_contact, bool *ret_found,
                                           struct error *error);
MUST_USE enum error_code store_contact_by_phone(struct work *work, int64_t phone,
                                                struct store_contact *ret_contact, bool *ret_found,
                                                struct error *error);
/* By the digits WhatsApp reports where they differ from the phone, or by its user id. */
MUST_USE enum error_code store_contact_by_wa_id(struct work *work, int64_t wa_id,
                                                struct store_contact *ret_contact, bool *ret_found,
                                                struct error *error);
MUST_USE enum error_code store_contact_by_user_id(struct work *work, struct text user_id,
                                                  struct store_contact *ret_contact,
                                                  bool *ret_found, struct error *error);

/* Inserts; contact->id 0 takes the next one and is set. ret_new false: somebody has this phone
 * already and nothing was written. Sets both times to now. */
MUST_USE enum error_code store_contact_insert(struct work *work, struct store_contact *contact,
                                              bool *ret_new, struct error *error);
/* Writes everything but id and created_at; sets updated_at. */
MUST_USE enum error_code store_contact_update(struct work *work, struct store_contact *contact,
                                              struct error *error);
/* The id the next insert would get, for bulk work that gives out ids itself. */
MUST_USE enum error_code store_contact_next_id(struct work *work, int64_t *ret_id,
                                               struct error *error);
