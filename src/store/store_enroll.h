#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* The few statements that enrolling runs for each person, a million times in a row: ids are given
 * out by the caller, nothing is read back, one insert tells whether somebody is new. Everything
 * else about people is store_contact.h. */
struct store_enroll_contact {
    int64_t id;
    int64_t phone;
    int64_t suppressed;      /* bits: 1 everything, 2 marketing */
    int64_t timezone_source; /* enum contact_timezone_source */
    struct text timezone;    /* {NULL}: none */
    struct text name;
    struct text fields; /* JSON object */
};

/* The ids the next rows get, as long as nobody else inserts: within one writer job. */
MUST_USE enum error_code store_enroll_next_ids(struct work *work, int64_t *ret_contact_id,
                                               int64_t *ret_enrollment_id, int64_t *ret_row_id,
                                               struct error *error);

/* ret_new false: the phone has its row already, nothing was written. */
MUST_USE enum error_code store_enroll_contact_add(struct work *work,
                                                  const struct store_enroll_contact *contact,
                                                  bool *ret_new, struct error *error);
/* The same for STORE_ENROLL_GROUP contacts in one statement; ret_new says how many were new. */
enum { STORE_ENROLL_GROUP = 7 };
MUST_USE enum error_code store_enroll_contacts_add(
    struct work *work, const struct store_enroll_contact contacts[STORE_ENROLL_GROUP],
    int64_t *ret_new, struct error *error);
/* Texts live in work->arena. */
MUST_USE enum error_code store_enroll_contact_find(struct work *work, int64_t phone,
                                                   struct store_enroll_contact *ret_contact,
                                                   bool *ret_found, struct error *error);
/* Writes name, fields and zone; new fields are merged into the old ones. */
MUST_USE enum error_code store_enroll_contact_merge(struct work *work,
                                                    const struct store_enroll_contact *contact,
                                                    struct error *error);

/* Enrolls the contacts with ids from first_contact_id on, `count` of them, all alike: enrollment
 * and contact ids rise together. */
struct store_enroll_run {
    int64_t first_contact_id;
    int64_t first_enrollment_id;
    int64_t count;
    int64_t sequence_id;
    int64_t status; /* enum enrollment_status: active or completed */
    int64_t position;
    int64_t messages_sent;
    int64_t next_due_at_ms; /* 0: none */
    int64_t enrolled_at_ms;
    int64_t order_minute;
    int64_t ended_at_ms; /* 0: not */
    int64_t batch_id;    /* 0: none */
    struct text source;
};
MUST_USE enum error_code store_enroll_run(struct work *work, const struct store_enroll_run *run,
                                          struct error *error);
