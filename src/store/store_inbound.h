#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* What people write to us, and who they are by the ids a webhook brings. NULL columns are 0 or
 * {NULL, 0}; texts live in work->arena. */

struct store_inbound {
    struct text provider_id; /* wamid: only its hash is kept */
    int64_t channel_id;
    int64_t contact_id;    /* 0: nobody we know */
    int64_t enrollment_id; /* 0: counted for none */
    int64_t at_ms;
    struct text type;
    struct text text;
};
/* `ret_new` is false when this message was stored before. */
MUST_USE enum error_code store_inbound_add(struct work *work, const struct store_inbound *inbound,
                                           int64_t *ret_id, bool *ret_new, struct error *error);
MUST_USE enum error_code store_inbound_set_enrollment(struct work *work, int64_t id,
                                                      int64_t enrollment_id, struct error *error);

struct store_inbound_person {
    int64_t contact_id;
    int64_t phone;
    int64_t suppressed;
    int64_t wa_id;
    struct text user_id;
    struct text name;
};
/* By business-scoped id first, then by WhatsApp's digits, then by phone. 0 and {NULL} are skipped.
 */
MUST_USE enum error_code store_inbound_find_person(struct work *work, struct text user_id,
                                                   int64_t wa_id, int64_t phone,
                                                   struct store_inbound_person *ret_person,
                                                   bool *ret_found, struct error *error);
/* Notes WhatsApp's own ids of a person; 0 and {NULL} leave the column. An id that another row holds
 * is taken from that row: the newest webhook is right. */
MUST_USE enum error_code store_inbound_learn_ids(struct work *work, int64_t contact_id,
                                                 int64_t wa_id, struct text user_id,
                                                 struct error *error);
/* Gives the person a new number. `ret_other_id` is the contact that already has it (then nothing
 * changes), else 0. */
MUST_USE enum error_code store_inbound_change_phone(struct work *work, int64_t contact_id,
                                                    int64_t new_phone, int64_t *ret_other_id,
                                                    struct error *error);
/* Opens or prolongs the 24-hour window; an older message changes nothing. */
MUST_USE enum error_code store_inbound_window(struct work *work, int64_t contact_id,
                                              int64_t channel_id, int64_t at_ms,
                                              struct error *error);

/* What a reply or an opt-out followed: the newest message that was accepted for this person, by
 * this channel (0: by any), before `at_ms`; or message `message_id` when it is theirs. People's
 * times count whole seconds: the second of `at_ms` is before it. */
struct store_inbound_origin {
    int64_t message_id;
    int64_t enrollment_id;
    int64_t sequence_id;
    int64_t step_id;
    int64_t enrolled_at_ms;
};
MUST_USE enum error_code store_inbound_origin(struct work *work, int64_t contact_id,
                                              int64_t channel_id, int64_t message_id, int64_t at_ms,
                                              struct store_inbound_origin *ret_origin,
                                              bool *ret_found, struct error *error);
/* Notes on that message that the person replied, or opted out. `ret_new` is false when the message
 * has had that mark before: it counts once. */
enum store_inbound_mark { INBOUND_REPLIED, INBOUND_OPTED_OUT };
MUST_USE enum error_code store_inbound_mark(struct work *work, int64_t message_id,
                                            enum store_inbound_mark mark, int64_t at_ms,
                                            bool *ret_new, struct error *error);

/* Live enrollments of a person whose sequence reacts to replies. */
struct store_inbound_reaction {
    int64_t enrollment_id;
    int64_t on_reply; /* enum sequence_on_reply */
    int64_t status;   /* enum enrollment_status */
};
MUST_USE enum error_code store_inbound_reactions(struct work *work, int64_t contact_id,
                                                 struct store_inbound_reaction **ret_rows,
                                                 size_t *ret_count, struct error *error);
