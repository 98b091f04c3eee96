#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Where one person stands in one sequence. The numbers are stored: never change them, only add.
 * ACTIVE and PAUSED are live: at most one live enrollment per person and sequence. */
enum enrollment_status {
    ENROLLMENT_ACTIVE = 0,
    ENROLLMENT_PAUSED = 1,
    ENROLLMENT_COMPLETED = 2,
    ENROLLMENT_STOPPED = 3,
    ENROLLMENT_OPTED_OUT = 4,
    ENROLLMENT_FAILED = 5,
};
enum { ENROLLMENT_STATUS_COUNT = 6 };

const char *enrollment_status_to_text(enum enrollment_status status);
bool enrollment_status_from_text(struct text text, enum enrollment_status *ret_status);
static inline bool enrollment_status_is_live(enum enrollment_status status)
{
    return status == ENROLLMENT_ACTIVE || status == ENROLLMENT_PAUSED;
}
