#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_suppression.h"
#include "store/work.h"

/* A list of numbers that are to be opted out at once: lines as people paste them, or CSV with a
 * column of numbers. */
enum { SUPPRESS_LIST_MAX = 10000, SUPPRESS_LIST_REFUSED_MAX = 100 };

enum suppress_verdict {
    SUPPRESS_OPTED_OUT,
    SUPPRESS_ALREADY, /* opted out before */
    SUPPRESS_DUPLICATE,
    SUPPRESS_INVALID_PHONE,
};
enum { SUPPRESS_VERDICT_COUNT = SUPPRESS_INVALID_PHONE + 1 };
const char *suppress_verdict_to_text(enum suppress_verdict verdict);

struct suppress_refused {
    int64_t row; /* counted from 1 */
    struct text input;
    const char *message;
};

struct suppress_list {
    int64_t *phones; /* each once */
    size_t count;
    int64_t total; /* rows, refused and repeated ones included */
    int64_t counts[SUPPRESS_VERDICT_COUNT];
    struct suppress_refused refused[SUPPRESS_LIST_REFUSED_MAX]; /* the first ones */
    size_t refused_count;
};

/* Reads `body` into `arena`. Any thread.
 * Errors   ERROR_INVALID: no column of numbers; ERROR_TOO_BIG: more than SUPPRESS_LIST_MAX rows */
MUST_USE enum error_code suppress_list_read(struct work *work, struct text body, bool csv,
                                            struct suppress_list *ret_list, struct error *error);
/* Carries it out and completes the counts. Writer only. */
MUST_USE enum error_code suppress_list_apply(struct work *work, const struct service *service,
                                             struct suppress_list *list, enum suppression_kind kind,
                                             struct error *error);
