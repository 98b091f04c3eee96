#pragma once

#include "base/error.h"
#include "service/public.h"
#include "store/store_form.h"

/* Double opt-in: a number typed into a form proves nothing about who typed it. A form can ask that
 * the person writes first, from that number, a message with the form's code. Nothing is sent to
 * anybody who did not write, and who wrote may be answered with free text for a day. */
enum { CONFIRM_DAYS = 7, CONFIRM_CODE_MAX = 8 };

/* "#K3J2H5": stands in the message that confirms; the same for everybody, so it tells nothing. */
const char *confirm_code(struct text form_token, char out[CONFIRM_CODE_MAX]);

/* What the visitor is asked to do. Texts in work->arena. */
struct confirm_way {
    struct text message; /* to be sent as it is: "Welcome tips #K3J2H5" */
    struct text url;     /* opens WhatsApp with it; empty: the channel's number is not known */
};
MUST_USE enum error_code confirm_way(struct work *work, const struct store_form *form,
                                     struct confirm_way *ret_way, struct error *error);

/* Whether the form of a sequence asks for it; `ret_way` is set only then. */
MUST_USE enum error_code confirm_asked(struct work *work, int64_t sequence_id, bool *ret_asked,
                                       struct confirm_way *ret_way, struct error *error);

/* Keeps a request until its person writes. Writer only. */
MUST_USE enum error_code confirm_await(struct work *work, const struct store_form *form,
                                       const struct public_enroll *request, struct text consent,
                                       struct error *error);
/* Somebody wrote `text`: enrolls them where that confirms. Writer only.
 * ret_contact_id   0: it confirmed nothing */
MUST_USE enum error_code confirm_message(struct work *work, const struct service *service,
                                         int64_t phone, struct text text, int64_t *ret_contact_id,
                                         struct error *error);
