#pragma once

#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* What is stored about one person beside contact, enrollments, messages, replies and opt-outs, for
 * the export that they may ask for: each row as one JSON object with its columns. */
enum person_rows {
    PERSON_IDENTIFIERS, /* names the provider has for them */
    PERSON_WINDOWS,     /* when they last wrote to which channel */
    PERSON_ATTEMPTS,    /* each try to send, with the provider's message id */
    PERSON_EVENTS,      /* the event log */
    PERSON_IMPORT_ROWS, /* rows of uploads that did not enroll them */
    PERSON_UNCONFIRMED, /* forms that were sent in with their number and await their word */
    PERSON_AUDIT,       /* what users did with them */
};
enum { PERSON_ROWS_COUNT = PERSON_AUDIT + 1 };
const char *person_rows_to_text(enum person_rows rows); /* "import_rows": the name in the export */

typedef void person_on_row(void *context, struct text json); /* borrowed for the call */

/* Calls `on_row` for each, oldest first. phone 0: none is known. */
MUST_USE enum error_code store_person_visit(struct work *work, enum person_rows rows,
                                            int64_t contact_id, int64_t phone,
                                            person_on_row *on_row, void *context,
                                            struct error *error);
