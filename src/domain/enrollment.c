/* The words of an enrollment's status, in one table. What moves it lives in service/ and delivery/.
 */
#include "domain/enrollment.h"

static const char *const STATUS_WORDS[ENROLLMENT_STATUS_COUNT] = {
    [ENROLLMENT_ACTIVE] = "active",       [ENROLLMENT_PAUSED] = "paused",
    [ENROLLMENT_COMPLETED] = "completed", [ENROLLMENT_STOPPED] = "stopped",
    [ENROLLMENT_OPTED_OUT] = "opted_out", [ENROLLMENT_FAILED] = "failed",
};

const char *enrollment_status_to_text(enum enrollment_status status)
{
    CHECK((size_t)status < ARRAY_SIZE(STATUS_WORDS));
    return STATUS_WORDS[status];
}

bool enrollment_status_from_text(struct text text, enum enrollment_status *ret_status)
{
    for (size_t at = 0; at < ARRAY_SIZE(STATUS_WORDS); at++) {
        if (text_equal(text, text_from(STATUS_WORDS[at]))) {
            *ret_status = (enum enrollment_status)at;
            return true;
        }
    }
    return false;
}
