#pragma once

#include "base/error.h"
#include "domain/enrollment.h"
#include "domain/message.h"
#include "domain/schedule.h"
#include "store/store_edit.h"
#include "store/store_message.h"
#include "store/store_progress.h"
#include "store/work.h"

/* Moves messages and enrollments on, inside the caller's transaction: the message's row, its
 * counters, its event and the next step of the enrollment always change together. The one place
 * where a message's state changes; the send machine, webhooks and services all come here.
 *
 * A `struct progress` lives as long as one job: it remembers the sequences and settings it read, in
 * work->arena. Thread: the writer. */
struct progress {
    struct work *work;
    struct progress_sequence *sequences; /* private */
    struct text hash_key;                /* signs opt-out links; empty where nothing is rendered */
    struct text public_url;              /* private */
    struct text server_zone;
    struct quiet_hours quiet;
    bool settings_read;
    bool planning_held;    /* private: what ends meanwhile plans nothing */
    int64_t edit_batch_id; /* the edit that this job carries out: it comes to those it plans */
    int64_t started_id;    /* private: the enrollment whose beginning was looked up last */
    int64_t started_at_ms;
};
void progress_init(struct progress *progress, struct work *work);

/* A sequence as the job sees it. */
struct progress_sequence {
    struct progress_sequence *next;
    int64_t id;
    bool found;
    struct sequence sequence;
    struct schedule_plan plan;      /* steps in the order of schedule_sort() */
    struct schedule_step *schedule; /* plan.steps, writable */
    struct personalize **texts;     /* private: compiled, by place in sequence.steps */
    struct store_edit *edits;       /* private: those not carried out for everybody yet */
    size_t edit_count;
    bool edits_read;
};
/* The person's opt-out link; empty while the public address is not known. */
MUST_USE enum error_code progress_opt_out_link(struct progress *progress, int64_t contact_id,
                                               struct text *ret_link, struct error *error);
MUST_USE enum error_code progress_sequence(struct progress *progress, int64_t sequence_id,
                                           struct progress_sequence **ret_sequence,
                                           struct error *error);
/* What schedule_next() needs to know of this person. */
MUST_USE enum error_code progress_person(struct progress *progress,
                                         const struct progress_sequence *sequence,
                                         const struct store_progress *row,
                                         struct schedule_person *ret_person, struct error *error);

/* Where somebody stands is said by the document they follow, and after a save for many people that
 * is the old one until the edit comes to them.
 * progress_edit_ahead      an edit that moves steps has not: nothing is planned for them, the edit
 *                          does it when it comes
 * progress_message_is_old  an edit has not, and this message was made before its save: it stays
 *                          until the edit makes it anew */
MUST_USE enum error_code progress_edit_ahead(struct progress *progress,
                                             struct progress_sequence *sequence,
                                             int64_t enrollment_id, bool *ret_ahead,
                                             struct error *error);
MUST_USE enum error_code progress_message_is_old(struct progress *progress,
                                                 struct progress_sequence *sequence,
                                                 const struct store_message *message, bool *ret_old,
                                                 struct error *error);

/* Applies `event` to `message` (as read in this transaction) and writes what follows from it: row,
 * counters, event, the enrollment's position and next step.
 * change      what else changes on the row; NULL: nothing
 * ret_moved   false: the move is not allowed from its state, nothing was written. May be NULL */
struct progress_change {
    enum message_reason reason;
    int64_t error_code;
    int64_t next_at_ms;     /* for PLANNED, WAIT and DOUBT */
    enum message_rank rank; /* EVENT_ACCEPTED, EVENT_PROOF */
    int64_t proof_at_ms;    /* the provider's time of that proof; 0 = now */
    bool other_in_doubt;    /* another attempt than the event's has no known result */
    int doubts_delta;
    int tries_delta;
    int duplicates_delta;
};
MUST_USE enum error_code progress_move(struct progress *progress, struct store_message *message,
                                       enum message_event event,
                                       const struct progress_change *change, bool *ret_moved,
                                       struct error *error);

/* Writes when the enrollment's next step is due (its row in `due`), or completes it when nothing
 * lies ahead. For new, resumed and edited enrollments; does nothing unless the enrollment and its
 * sequence are active and no message of it is open. Planning itself happens in the send machine. */
MUST_USE enum error_code progress_plan(struct progress *progress, int64_t enrollment_id,
                                       struct error *error);

/* Drops what waits for this enrollment: its row in `due`, and its messages of which no byte left
 * (PLANNED, WAIT, HELD) with `reason`. A step dropped for REASON_PAUSED or REASON_EDITED has not
 * ended: it comes again when the enrollment is planned again; any other reason ends the step. */
MUST_USE enum error_code progress_cancel(struct progress *progress, int64_t enrollment_id,
                                         enum message_reason reason, int64_t *ret_cancelled,
                                         struct error *error);

/* True when the step of this message is over for its enrollment: it ended, and was not only put
 * aside by a pause or an edit. */
bool progress_step_is_over(const struct store_message *message);

/* Ends a live enrollment: cancels what waits, counts the steps that will never come as cancelled
 * with `reason`, writes status and event. Does nothing when it has ended already. */
MUST_USE enum error_code progress_end(struct progress *progress, int64_t enrollment_id,
                                      enum enrollment_status status, enum message_reason reason,
                                      struct text status_reason, struct error *error);
/* ACTIVE to PAUSED, with everything that waits cancelled. Whoever came in while the sequence stood
 * has stood since then. with_sequence  the sequence itself was paused just now, and ran until then
 */
MUST_USE enum error_code progress_pause(struct progress *progress, int64_t enrollment_id,
                                        struct text status_reason, bool with_sequence,
                                        struct error *error);
/* PAUSED to ACTIVE, `shift_days` later than before, and plans the next step. Inside a sequence that
 * does not run, the person's clock stands still from now on; when the sequence goes on, call this
 * again for them, although they are ACTIVE.
 * catch_up_until_ms  0, or: what was planned before this moment goes although late, one per day */
MUST_USE enum error_code progress_resume(struct progress *progress, int64_t enrollment_id,
                                         int32_t shift_days, int64_t catch_up_until_ms,
                                         struct error *error);

/* What an operator may do with one message. ERROR_CONFLICT with words when its state forbids it. */
enum progress_operation {
    PROGRESS_RETRY,      /* FAILED, UNKNOWN, SKIPPED: try again; texts are rendered anew unless a
                            byte may have left */
    PROGRESS_CANCEL,     /* PLANNED, WAIT, HELD */
    PROGRESS_SEND_AGAIN, /* HELD, DOUBT: send it, even if that may be twice */
    PROGRESS_GIVE_UP,    /* HELD, DOUBT: leave it as unknown */
    PROGRESS_CONFIRM,    /* HELD, DOUBT, UNKNOWN: it was sent */
};
MUST_USE enum error_code progress_operate(struct progress *progress, int64_t message_id,
                                          enum progress_operation operation, struct error *error);
