#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* People: one row per phone number. NULL columns are 0 or {NULL, 0} here. Texts live in
 * work->arena. Bulk enrollment has its own statements; this is one person at a time. */
enum contact_timezone_source {
    CONTACT_ZONE_NONE = 0,
    CONTACT_ZONE_GUESSED = 1, /* from the phone's country */
    CONTACT_ZONE_GIVEN = 2,
};
struct store_contact {
    int64_t id;
    int64_t phone;      /* E.164 digits; 0: erased, or only a user id is known */
    int64_t suppressed; /* bits: 1 everything, 2 marketing */
    bool erased;
    enum contact_timezone_source timezone_source;
    struct text timezone;
    struct text name;
    struct text fields; /* JSON object */
    int64_t wa_id;
    struct text user_id;
    struct text consent; /* JSON */
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t last_inbound_at_ms; /* on any channel */
};
MUST_USE enum error_code store_contact_get(struct work *work, int64_t id,
                                           struct store_contact *ret_contact, bool *ret_found,
                                           struct error *error);
MUST_USE enum error_code store_contact_find_phone(struct work *work, int64_t phone,
                                                  struct store_contact *ret_contact,
                                                  bool *ret_found, struct error *error);
/* Sets contact->id and the times. ERROR_CONFLICT when the phone has its row. */
MUST_USE enum error_code store_contact_insert(struct work *work, struct store_contact *contact,
                                              struct error *error);
/* Writes everything but phone, wa_id and user_id. */
MUST_USE enum error_code store_contact_update(struct work *work,
                                              const struct store_contact *contact,
                                              struct error *error);
MUST_USE enum error_code store_contact_set_suppressed(struct work *work, int64_t id, int64_t bits,
                                                      struct error *error);

/* Notes that the answer to HELP goes out now, unless it went after `before_ms`: then *ret_noted is
 * false. */
MUST_USE enum error_code store_contact_note_help(struct work *work, int64_t id, int64_t before_ms,
                                                 bool *ret_noted, struct error *error);

struct store_contact_filter {
    struct text text;     /* part of the name; empty = any */
    int64_t digits;       /* the phone begins with these; 0 = any. Not together with `text` */
    bool opted_out;       /* only people who opted out */
    bool opted_in;        /* only people who did not */
    int64_t before_id;    /* cursor, 0 = from the newest; with `digits` see below */
    int64_t digits_after; /* with `digits`: only phones after this one; 0 = from the first */
};
/* Newest first; with `digits` by phone. At most `limit`, without the erased. */
MUST_USE enum error_code store_contact_list(struct work *work,
                                            const struct store_contact_filter *filter, size_t limit,
                                            struct store_contact **ret_contacts, size_t *ret_count,
                                            struct error *error);

struct store_contact_enrollment {
    int64_t id;
    int64_t sequence_id;
    int64_t status; /* enum enrollment_status */
};
/* Newest first. */
MUST_USE enum error_code store_contact_enrollments(struct work *work, int64_t contact_id,
                                                   bool live_only,
                                                   struct store_contact_enrollment **ret_rows,
                                                   size_t *ret_count, struct error *error);

struct store_contact_inbound {
    int64_t id;
    int64_t channel_id;
    int64_t enrollment_id;
    int64_t at_ms;
    struct text type;
    struct text text;
};
/* Newest first. */
MUST_USE enum error_code store_contact_inbound(struct work *work, int64_t contact_id, size_t limit,
                                               struct store_contact_inbound **ret_rows,
                                               size_t *ret_count, struct error *error);
/* Ids of all messages that ever went or were to go to this person, newest first. */
MUST_USE enum error_code store_contact_messages(struct work *work, int64_t contact_id,
                                                int64_t **ret_ids, size_t *ret_count,
                                                struct error *error);

/* Up to `limit` names of custom fields that recently seen people have, for hints. */
MUST_USE enum error_code store_contact_field_names(struct work *work, size_t limit,
                                                   struct text **ret_names, size_t *ret_count,
                                                   struct error *error);
/* Live people of a sequence whose custom field is missing or blank, of at most `limit` looked at;
 * ret_seen says how many were. */
MUST_USE enum error_code store_contact_without_field(struct work *work, int64_t sequence_id,
                                                     struct text field, size_t limit,
                                                     int64_t *ret_without, int64_t *ret_seen,
                                                     struct error *error);
