#pragma once

#include "base/error.h"
#include "store/work.h"

/* Removes what tells who a contact is, from every table that holds it: number, name, fields, ids
 * and consent; texts of messages and replies; the provider's message ids, which contain the number;
 * what quotes the number in uploads and kept answers. Rows, states and counters stay, and the
 * ledger of opt-outs, which holds a keyed hash alone. Sets WORK_SCRUB_LOG, so that the log of the
 * database loses it too. Call it after the live enrollments have ended. phone   E.164 digits, 0:
 * none is known */
MUST_USE enum error_code store_erase_contact(struct work *work, int64_t contact_id, int64_t phone,
                                             struct error *error);
