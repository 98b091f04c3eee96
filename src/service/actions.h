#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_action.h"
#include "store/work.h"

/* Pause, resume and stop: for one person, a list, a filter, or a whole sequence. Up to
 * ACTIONS_AT_ONCE_MAX people are changed in the caller's transaction; more are left to a batch
 * that the runner carries out in chunks. Nothing in between is half done: each person changes with
 * their messages, counters and due row in one transaction. */
enum { ACTIONS_AT_ONCE_MAX = 1000, ACTIONS_REASON_MAX = 200 };

enum action_kind { ACTION_PAUSE, ACTION_RESUME, ACTION_STOP };

/* How a resume treats the days that passed. */
enum action_mode {
    ACTION_SHIFT,       /* the clock stood still: all dates move by whole days */
    ACTION_KEEP_DATES,  /* dates stay; what became overdue is sent one per day */
    ACTION_SKIP_MISSED, /* dates stay; what became overdue is skipped */
};

struct action {
    enum action_kind kind;
    enum action_mode mode;
    struct text reason; /* of the person who asks; may be empty */
    bool dry_run;
    /* Moment the action counts from: 0 = now. A batch carries out what was asked for earlier. */
    int64_t asked_at_ms;
    /* Set for an action on a whole sequence: pausing marks people as paused with it, resuming
     * leaves alone whom somebody had paused before. */
    bool whole_sequence;
};

struct action_reason_count {
    const char *reason; /* "already_paused", "not_paused", "ended" … static */
    int64_t count;
};
struct action_day {
    int64_t day; /* local date, days since 1970 */
    int64_t count;
};
enum { ACTION_REASONS_MAX = 8, ACTION_DAYS_MAX = 14 };

struct action_result {
    int64_t matched; /* people named */
    int64_t changed; /* who change or would change */
    int64_t messages_cancelled;
    struct action_reason_count skipped[ACTION_REASONS_MAX];
    size_t skipped_count;
    struct action_day days[ACTION_DAYS_MAX]; /* messages per local day after a resume */
    size_t day_count;
    int64_t batch_id; /* a batch carries out the rest; 0 = all done */
};

/* One person. In a dry run nothing is written and any connection does.
 * Errors   ERROR_NOT_FOUND; ERROR_CONFLICT when their status does not allow it */
MUST_USE enum error_code actions_one(struct work *work, const struct action *action,
                                     int64_t enrollment_id, struct action_result *ret_result,
                                     struct error *error);

/* Everyone a filter or a list of ids names; whose status does not fit is counted, not refused.
 * Errors   ERROR_NOT_FOUND when the filter's sequence does not exist */
MUST_USE enum error_code actions_many(struct work *work, const struct action *action,
                                      const struct store_action_filter *filter,
                                      struct action_result *ret_result, struct error *error);

/* A whole sequence: its status changes at once, so nothing leaves any more, or everything may
 * again; the people inside follow at once or by batch. ACTION_STOP is what archiving and deleting
 * do with them: it leaves the sequence's status to the caller.
 * Errors   ERROR_NOT_FOUND; ERROR_CONFLICT from a status that does not allow it */
MUST_USE enum error_code actions_sequence(struct work *work, const struct action *action,
                                          int64_t sequence_id, struct action_result *ret_result,
                                          struct error *error);

/* Carries out the next chunk of a batch of kind "action" and moves its cursor; ret_done when
 * nothing is left. For the runner, on the writer. */
MUST_USE enum error_code actions_batch_chunk(struct work *work, int64_t batch_id, bool *ret_done,
                                             struct error *error);

const char *action_kind_to_text(enum action_kind kind); /* "pause", "resume", "stop" */
bool action_kind_from_text(struct text text, enum action_kind *ret_kind);
