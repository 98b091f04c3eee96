/* The one table of a message's moves, and the words for its states and reasons. Whoever changes a
 * message's state asks message_move() first and writes the answer together with its event. */
#include "domain/message.h"

/* A cell of the table holds the next state; a cell left out forbids the move. */
#define TO(state) ((state) + 1)
#define NOT_ALLOWED 0

/* What a webhook says holds for every state in which an attempt can exist. */
#define WEBHOOKS [EVENT_PROOF] = TO(MESSAGE_ACCEPTED), [EVENT_RECEIPT_FAILED] = TO(MESSAGE_FAILED)

static const unsigned char MOVES[MESSAGE_STATE_COUNT][MESSAGE_EVENT_COUNT] = {
    /* A webhook about a message of which this database knows no attempt comes after a restore. */
    [MESSAGE_PLANNED] =
        {
            WEBHOOKS,
            [EVENT_CLAIM] = TO(MESSAGE_SENDING),
            [EVENT_DROP] = TO(MESSAGE_SKIPPED),
            [EVENT_FAIL_UNSENT] = TO(MESSAGE_FAILED),
            [EVENT_FENCE] = TO(MESSAGE_HELD),
        },
    [MESSAGE_WAIT] =
        {
            WEBHOOKS,
            [EVENT_CLAIM] = TO(MESSAGE_SENDING),
            [EVENT_DROP] = TO(MESSAGE_SKIPPED),
            [EVENT_FAIL_UNSENT] = TO(MESSAGE_FAILED),
            [EVENT_FENCE] = TO(MESSAGE_HELD),
        },
    /* No EVENT_DROP: bytes may have left, so nobody may say that they did not. */
    [MESSAGE_SENDING] =
        {
            WEBHOOKS,
            [EVENT_ACCEPTED] = TO(MESSAGE_ACCEPTED),
            [EVENT_NOT_SENT] = TO(MESSAGE_WAIT),
            [EVENT_REFUSED_LATER] = TO(MESSAGE_WAIT),
            [EVENT_REFUSED] = TO(MESSAGE_FAILED),
            [EVENT_CHANNEL_PAUSED] = TO(MESSAGE_WAIT),
            [EVENT_DOUBT] = TO(MESSAGE_DOUBT),
            [EVENT_RECEIPT_RETRY] = TO(MESSAGE_WAIT),
            [EVENT_FENCE] = TO(MESSAGE_HELD),
        },
    [MESSAGE_DOUBT] =
        {
            WEBHOOKS,
            [EVENT_ACCEPTED] = TO(MESSAGE_ACCEPTED),
            [EVENT_RECEIPT_RETRY] = TO(MESSAGE_WAIT),
            [EVENT_GRACE_RESEND] = TO(MESSAGE_WAIT),
            [EVENT_GRACE_END] = TO(MESSAGE_UNKNOWN),
            [EVENT_GRACE_HOLD] = TO(MESSAGE_HELD),
            [EVENT_FENCE] = TO(MESSAGE_HELD),
            [EVENT_RELEASE] = TO(MESSAGE_WAIT),
            [EVENT_GIVE_UP] = TO(MESSAGE_UNKNOWN),
            [EVENT_CONFIRM] = TO(MESSAGE_ACCEPTED),
        },
    [MESSAGE_HELD] =
        {
            WEBHOOKS,
            [EVENT_ACCEPTED] = TO(MESSAGE_ACCEPTED),
            [EVENT_DROP] = TO(MESSAGE_SKIPPED),
            [EVENT_RELEASE] = TO(MESSAGE_WAIT),
            [EVENT_GIVE_UP] = TO(MESSAGE_UNKNOWN),
            [EVENT_CONFIRM] = TO(MESSAGE_ACCEPTED),
        },
    [MESSAGE_ACCEPTED] =
        {
            WEBHOOKS,
            [EVENT_ACCEPTED] = TO(MESSAGE_ACCEPTED),
            [EVENT_RECEIPT_RETRY] = TO(MESSAGE_WAIT),
        },
    [MESSAGE_FAILED] =
        {
            WEBHOOKS,
            [EVENT_RETRY] = TO(MESSAGE_WAIT),
        },
    [MESSAGE_UNKNOWN] =
        {
            WEBHOOKS,
            [EVENT_ACCEPTED] = TO(MESSAGE_ACCEPTED),
            [EVENT_CONFIRM] = TO(MESSAGE_ACCEPTED),
            [EVENT_RETRY] = TO(MESSAGE_WAIT),
        },
    [MESSAGE_SKIPPED] =
        {
            [EVENT_PROOF] = TO(MESSAGE_ACCEPTED),
            [EVENT_RETRY] = TO(MESSAGE_PLANNED),
        },
};

/* The end that a doubt about another attempt leaves: neither "failed" nor "never sent" is proven.
 */
static enum message_state with_doubt(enum message_state to, bool other_in_doubt)
{
    bool claims_not_sent = to == MESSAGE_FAILED || to == MESSAGE_SKIPPED;
    return other_in_doubt && claims_not_sent ? MESSAGE_UNKNOWN : to;
}

static bool is_receipt_failure(enum message_event event)
{
    return event == EVENT_RECEIPT_FAILED || event == EVENT_RECEIPT_RETRY;
}

bool message_move(struct message_position from, enum message_event event, bool other_in_doubt,
                  enum message_rank rank, struct message_position *ret_to)
{
    CHECK((unsigned)from.state < MESSAGE_STATE_COUNT && (unsigned)event < MESSAGE_EVENT_COUNT);
    unsigned cell = MOVES[from.state][event];
    if (cell == NOT_ALLOWED) {
        return false;
    }
    /* What was delivered cannot fail any more. */
    if (from.state == MESSAGE_ACCEPTED && from.rank >= RANK_DELIVERED &&
        is_receipt_failure(event)) {
        return false;
    }
    /* Reported failed after acceptance: a "sent" that comes late is older news and lifts nothing,
     * "delivered" does. RANK_SENT on a failed message marks this case, see below. */
    if (from.state == MESSAGE_FAILED && event == EVENT_PROOF && from.rank == RANK_SENT &&
        rank <= RANK_SENT) {
        *ret_to = from;
        return true;
    }
    struct message_position to = {
        .state = with_doubt((enum message_state)(cell - 1), other_in_doubt), .rank = RANK_ACCEPTED};
    if (to.state == MESSAGE_ACCEPTED) {
        enum message_rank proven = event == EVENT_CONFIRM ? RANK_ACCEPTED : rank;
        bool was_accepted = from.state == MESSAGE_ACCEPTED;
        to.rank = was_accepted && from.rank > proven ? from.rank : proven;
    } else if (to.state == MESSAGE_FAILED && event == EVENT_RECEIPT_FAILED) {
        to.rank = RANK_SENT;
    }
    *ret_to = to;
    return true;
}

bool message_state_is_open(enum message_state state)
{
    switch (state) {
    case MESSAGE_PLANNED:
    case MESSAGE_WAIT:
    case MESSAGE_SENDING:
    case MESSAGE_DOUBT:
    case MESSAGE_HELD:
        return true;
    case MESSAGE_ACCEPTED:
    case MESSAGE_FAILED:
    case MESSAGE_UNKNOWN:
    case MESSAGE_SKIPPED:
        return false;
    }
    return false;
}

bool message_state_is_end(enum message_state state)
{
    return !message_state_is_open(state);
}

enum step_outcome message_outcome(enum message_state state, enum message_reason reason)
{
    switch (state) {
    case MESSAGE_PLANNED:
    case MESSAGE_WAIT:
    case MESSAGE_SENDING:
    case MESSAGE_DOUBT:
    case MESSAGE_HELD:
        return OUTCOME_QUEUED;
    case MESSAGE_ACCEPTED:
        return OUTCOME_SENT;
    case MESSAGE_FAILED:
        return OUTCOME_FAILED;
    case MESSAGE_UNKNOWN:
        return OUTCOME_UNKNOWN;
    case MESSAGE_SKIPPED:
        return message_reason_is_cancel(reason) ? OUTCOME_CANCELLED : OUTCOME_SKIPPED;
    }
    return OUTCOME_QUEUED;
}
