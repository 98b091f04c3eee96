#pragma once

#include "base/error.h"
#include "domain/enrollment.h"
#include "domain/schedule.h"
#include "domain/sequence.h"
#include "service/preview.h"
#include "store/work.h"

/* The "why" card: why this person gets the next message then, or none. It asks the same function
 * that the planner asks, so the two cannot disagree. */
struct explain_blocker {
    const char *code; /* "enrollment_paused" …, see the API contract; static */
    struct text text;
};
enum { EXPLAIN_BLOCKERS_MAX = 8 };

struct explain_step {
    const struct step *step;
    int64_t due_at_ms;
    int64_t local_ms;
    uint32_t rules;
};

struct explain {
    int64_t enrollment_id;
    enum enrollment_status status;
    struct text summary; /* one sentence */
    const struct zone *zone;
    enum preview_zone_source zone_source;
    int32_t unknown_zones;
    bool has_next;
    struct explain_step next;
    int64_t message_id; /* the next step's message when it is in the queue; 0 */
    struct explain_blocker blockers[EXPLAIN_BLOCKERS_MAX];
    size_t blocker_count;
    struct explain_step *upcoming; /* everything still ahead, the next included */
    size_t upcoming_count;
};

/* Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code explain_make(struct work *work, int64_t enrollment_id,
                                      struct explain *ret_explain, struct error *error);
