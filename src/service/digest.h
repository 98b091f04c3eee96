#pragma once

#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* The daily mail: what happened in the 24 hours before, what is open, what comes tomorrow. It is
 * due once per local day of the server, at the chosen time or, when the server did not run then, as
 * soon as it runs again on that day. */

/* Any connection. */
MUST_USE enum error_code digest_due(struct work *work, bool *ret_due, struct error *error);
/* Puts its words together on a reading connection: the forecast may take a moment. In work->arena;
 * `ret_subject` is a header, `ret_body` plain text. */
MUST_USE enum error_code digest_write(struct work *work, struct text *ret_subject,
                                      struct text *ret_body, struct error *error);
/* Queues them and notes the day, unless somebody was quicker. Writer only. */
MUST_USE enum error_code digest_queue(struct work *work, struct text subject, struct text body,
                                      struct error *error);
