#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* The states of one message and the only moves between them. A message is one step for one
 * enrollment on its way to a person. Two rules carry everything: no byte leaves before SENDING is
 * durable, and FAILED is said only when every attempt is proven not accepted; with a doubt left
 * the end is UNKNOWN. The numbers are stored: never change them, only add. */

enum message_state {
    MESSAGE_PLANNED = 0,  /* exists, due now or later, no byte ever sent */
    MESSAGE_WAIT = 1,     /* every attempt so far proven not accepted; again at next_attempt_at */
    MESSAGE_SENDING = 2,  /* the intent is durable; bytes may have left */
    MESSAGE_DOUBT = 3,    /* an attempt's answer is missing; grace runs */
    MESSAGE_HELD = 4,     /* a person must decide */
    MESSAGE_ACCEPTED = 5, /* proof of acceptance; rank says how far it got */
    MESSAGE_FAILED = 6,   /* proven not accepted and no more tries, or failed afterwards */
    MESSAGE_UNKNOWN = 7,  /* tries ended with doubt left */
    MESSAGE_SKIPPED = 8,  /* ended before any byte: see the reason */
};
enum { MESSAGE_STATE_COUNT = 9 };

/* How far an accepted message got. Only ever rises. */
enum message_rank { RANK_ACCEPTED = 0, RANK_SENT = 1, RANK_DELIVERED = 2, RANK_READ = 3 };

/* Why a message waits or ended. Stored as numbers, shown as the words of the table in message.c. */
enum message_reason {
    REASON_NONE = 0,
    /* skipped */
    REASON_LATE = 1,
    REASON_NOT_NEEDED = 2,  /* the sequence moved past this step */
    REASON_SENT_BEFORE = 3, /* sent elsewhere before an import */
    REASON_TEMPLATE_GONE = 4,
    /* cancelled */
    REASON_PAUSED = 20,
    REASON_STOPPED = 21,
    REASON_OPTED_OUT = 22,
    REASON_EDITED = 23,
    REASON_OPERATOR = 24,
    REASON_REPLIED = 25,
    REASON_ERASED = 26,
    REASON_UNDONE = 27,  /* the import was undone */
    REASON_DELETED = 28, /* the sequence was deleted */
    /* failed */
    REASON_MISSING_FIELD = 40,
    REASON_REFUSED = 41, /* the provider refused for good; see the code */
    REASON_TRIES_USED_UP = 42,
    REASON_NOT_DELIVERED = 43, /* accepted, then reported failed */
    REASON_TOO_LONG = 44,      /* the rendered text is over the limit */
    REASON_WINDOW_CLOSED = 45, /* free text, and the person did not write within 24 hours */
    REASON_NO_ADDRESS = 46,    /* neither phone nor user id */
    REASON_NO_CHANNEL = 47,
    /* unknown, in doubt, held */
    REASON_NO_ANSWER = 60, /* timeout */
    REASON_CONNECTION_LOST = 61,
    REASON_SERVER_ERROR = 62,
    REASON_CRASH = 63,
    REASON_GRACE_OVER = 64,
    REASON_NOT_PROVABLE = 65, /* webhooks were not proven alive */
    REASON_RESTORED = 66,     /* the database is older than the send journal */
    REASON_POLICY_HOLD = 67,
    /* waiting */
    REASON_RETRY = 80,
    REASON_RATE_LIMIT = 81,
    REASON_PAIR_LIMIT = 82,
    REASON_TIER_LIMIT = 83,
    REASON_CHANNEL_PAUSED = 84,
    REASON_TEMPLATE_PAUSED = 85,
    REASON_QUIET_HOURS = 86,
    REASON_CONNECTION = 87, /* no byte left: resolver, connect, TLS */
    REASON_CLOCK_SUSPECT = 88,
    REASON_DISK_FULL = 89,
};

enum message_event {
    EVENT_CLAIM,          /* due and allowed: the intent becomes durable */
    EVENT_ACCEPTED,       /* the provider answered that it accepted */
    EVENT_NOT_SENT,       /* no byte was handed to the connection */
    EVENT_REFUSED_LATER,  /* refused for now; tries and lateness left */
    EVENT_REFUSED,        /* refused for good, or tries used up */
    EVENT_CHANNEL_PAUSED, /* refused because of the channel; the try does not count */
    EVENT_DOUBT,          /* bytes left and no clear answer came, or the process died */
    EVENT_PROOF,          /* a webhook shows that an attempt was accepted */
    EVENT_RECEIPT_FAILED, /* a webhook says the accepted message failed */
    EVENT_RECEIPT_RETRY,  /* the same, and it is safe to try again later */
    EVENT_GRACE_RESEND,   /* grace over, silence proven, policy resend */
    EVENT_GRACE_END,      /* grace over, policy never, or no tries or time left */
    EVENT_GRACE_HOLD,     /* grace over, policy hold, or nothing could be proven */
    EVENT_DROP,           /* opted out, paused, stopped, edited away, late, cancelled */
    EVENT_FAIL_UNSENT,    /* cannot be made: missing field, too long, no address */
    EVENT_FENCE,          /* restored from a backup: a person must decide */
    EVENT_RELEASE,        /* operator: send it */
    EVENT_GIVE_UP,        /* operator: leave it as unknown */
    EVENT_CONFIRM,        /* operator: it was sent */
    EVENT_RETRY,          /* operator: try a failed, skipped or unknown message again */
};
enum { MESSAGE_EVENT_COUNT = EVENT_RETRY + 1 };

struct message_position {
    enum message_state state;
    enum message_rank rank;
};

/* Applies one event.
 * other_in_doubt  another attempt than the event's is still without a known result: an end that
 *                 claims "not sent" (FAILED, SKIPPED) becomes UNKNOWN
 * rank            what EVENT_ACCEPTED or EVENT_PROOF proves; ignored otherwise
 * Returns false when the move is not allowed: the message went elsewhere meanwhile, and the caller
 * drops the event. A true return with an unchanged position is "known already". */
MUST_USE bool message_move(struct message_position from, enum message_event event,
                           bool other_in_doubt, enum message_rank rank,
                           struct message_position *ret_to);

/* True when nothing but late proof or an operator changes the message any more. */
bool message_state_is_end(enum message_state state);
/* True when the message takes the place of its step in the queue: not ended. */
bool message_state_is_open(enum message_state state);

/* What users see: pending, sending, in_doubt, held, sent, delivered, read, failed, unknown,
 * cancelled, skipped. */
const char *message_status_to_text(enum message_state state, enum message_rank rank,
                                   enum message_reason reason);
/* The other way round, for filters. `ret_rank` is the exact rank for sent, delivered and read
 * (RANK_SENT stands for 0 and 1), `ret_cancelled` tells cancelled from skipped. "pending" means
 * PLANNED or WAIT; ret_state is PLANNED. */
bool message_status_from_text(struct text text, enum message_state *ret_state,
                              enum message_rank *ret_rank, bool *ret_cancelled);

const char *message_reason_to_text(enum message_reason reason); /* REASON_NONE: "" */
bool message_reason_from_text(struct text text, enum message_reason *ret_reason);
/* One sentence for people: what it means and what to do. */
const char *message_reason_advice(enum message_reason reason);
/* True for the reasons that SKIPPED shows as "cancelled". */
bool message_reason_is_cancel(enum message_reason reason);

/* Where every enrolled person x step is counted: exactly one of these at any time. delivered and
 * read are sub-counts of sent. */
enum step_outcome {
    OUTCOME_WAITING = 0, /* no message yet, the step lies ahead */
    OUTCOME_QUEUED = 1,  /* a message exists and has not ended: PLANNED … HELD */
    OUTCOME_SENT = 2,
    OUTCOME_FAILED = 3,
    OUTCOME_SKIPPED = 4,
    OUTCOME_CANCELLED = 5,
    OUTCOME_UNKNOWN = 6,
    OUTCOME_DELIVERED = 7, /* sub-count: at least delivered */
    OUTCOME_READ = 8,      /* sub-count: read */
    OUTCOME_REPLIED = 9,   /* replied after this step */
    OUTCOME_OPTED_OUT = 10,
};
enum { OUTCOME_COUNT = 11 };
const char *step_outcome_to_text(enum step_outcome outcome);
bool step_outcome_from_text(struct text text, enum step_outcome *ret_outcome);
/* The one outcome, out of waiting … unknown, that a message in this state is counted under. */
enum step_outcome message_outcome(enum message_state state, enum message_reason reason);
