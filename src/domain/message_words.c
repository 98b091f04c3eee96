/* The words for messages: reasons with their advice, outcomes, and the status that
 * users see. Reasons are stored as numbers and shown by the one table below. */
#include "domain/message.h"

static const char *const OUTCOME_NAMES[OUTCOME_COUNT] = {
    "waiting", "queued",    "sent", "failed",  "skipped",   "cancelled",
    "unknown", "delivered", "read", "replied", "opted_out",
};

static const struct {
    enum message_reason reason;
    const char *name;
    const char *advice;
} REASONS[] = {
    {REASON_NONE, "", ""},
    {REASON_LATE, "late",
     "It was later than the sequence allows. Raise max_late or set late_policy to \"send\"."},
    {REASON_NOT_NEEDED, "not_needed", "The person was already past this step."},
    {REASON_SENT_BEFORE, "sent_before", "It was sent elsewhere before this person was imported."},
    {REASON_TEMPLATE_GONE, "template_gone", "Choose a template that is approved."},
    {REASON_PAUSED, "paused", "The person or the sequence was paused. Resume to go on."},
    {REASON_STOPPED, "stopped", "The person was stopped in this sequence."},
    {REASON_OPTED_OUT, "opted_out", "The person asked for no more messages. Do not send."},
    {REASON_EDITED, "edited", "The step was changed or removed before it was sent."},
    {REASON_OPERATOR, "operator", "Someone of your team cancelled it."},
    {REASON_REPLIED, "replied", "The person replied, and the sequence stops on replies."},
    {REASON_ERASED, "erased", "The person's data were erased."},
    {REASON_UNDONE, "undone", "The import that enrolled this person was undone."},
    {REASON_DELETED, "deleted", "The sequence was deleted."},
    {REASON_MISSING_FIELD, "missing_field",
     "Add the missing field to the contact or a fallback to the text, then retry."},
    {REASON_REFUSED, "refused", "WhatsApp refused it for good. The code says why."},
    {REASON_TRIES_USED_UP, "tries_used_up",
     "Every try was refused. Look at the channel, then retry."},
    {REASON_NOT_DELIVERED, "not_delivered",
     "WhatsApp accepted it and then could not deliver it. The code says why."},
    {REASON_TOO_LONG, "too_long", "Shorten the text or the contact's fields, then retry."},
    {REASON_WINDOW_CLOSED, "window_closed",
     "The person has not written within 24 hours. Use an approved template."},
    {REASON_NO_ADDRESS, "no_address", "Add the person's phone number, then retry."},
    {REASON_NO_CHANNEL, "no_channel", "Connect a WhatsApp number, then retry."},
    {REASON_NO_ANSWER, "no_answer",
     "WhatsApp did not answer. It may have been delivered; sending again may repeat it."},
    {REASON_CONNECTION_LOST, "connection_lost",
     "The connection broke while sending. It may have been delivered."},
    {REASON_SERVER_ERROR, "server_error",
     "WhatsApp answered with a fault of its own. It may have been delivered."},
    {REASON_CRASH, "crash", "The server stopped while sending. It may have been delivered."},
    {REASON_GRACE_OVER, "grace_over",
     "No proof came in time. It may have been delivered; decide whether to send it again."},
    {REASON_NOT_PROVABLE, "not_provable",
     "Webhooks did not come in, so nothing could be proven. Check the webhook, then decide."},
    {REASON_RESTORED, "restored",
     "The data were restored from a backup. Decide whether this was sent since then."},
    {REASON_POLICY_HOLD, "policy_hold", "Your setting asks a person to decide."},
    {REASON_RETRY, "retry", "It will be tried again by itself."},
    {REASON_RATE_LIMIT, "rate_limit", "The number sends as fast as it may; this one waits."},
    {REASON_PAIR_LIMIT, "pair_limit", "This person got a message a moment ago; this one waits."},
    {REASON_TIER_LIMIT, "tier_limit",
     "The number reached its people per 24 hours; this one waits for room."},
    {REASON_CHANNEL_PAUSED, "channel_paused", "The channel is paused. See its alert."},
    {REASON_TEMPLATE_PAUSED, "template_paused", "WhatsApp paused the template; this one waits."},
    {REASON_QUIET_HOURS, "quiet_hours", "It waits for the next opening of the send window."},
    {REASON_CONNECTION, "connection", "WhatsApp could not be reached. It will be tried again."},
    {REASON_CLOCK_SUSPECT, "clock_suspect", "The server's clock jumped. Check it, then confirm."},
    {REASON_DISK_FULL, "disk_full", "The disk is nearly full. Make room; sending then goes on."},
};

const char *message_reason_to_text(enum message_reason reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++) {
        if (REASONS[i].reason == reason) {
            return REASONS[i].name;
        }
    }
    return "";
}

bool message_reason_from_text(struct text text, enum message_reason *ret_reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++) {
        if (text.size > 0 && text_equal(text, text_from(REASONS[i].name))) {
            *ret_reason = REASONS[i].reason;
            return true;
        }
    }
    return false;
}

const char *message_reason_advice(enum message_reason reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++) {
        if (REASONS[i].reason == reason) {
            return REASONS[i].advice;
        }
    }
    return "";
}

bool message_reason_is_cancel(enum message_reason reason)
{
    return reason >= REASON_PAUSED && reason <= REASON_DELETED;
}

const char *message_status_to_text(enum message_state state, enum message_rank rank,
                                   enum message_reason reason)
{
    switch (state) {
    case MESSAGE_PLANNED:
    case MESSAGE_WAIT:
        return "pending";
    case MESSAGE_SENDING:
        return "sending";
    case MESSAGE_DOUBT:
        return "in_doubt";
    case MESSAGE_HELD:
        return "held";
    case MESSAGE_ACCEPTED:
        return rank == RANK_READ ? "read" : rank == RANK_DELIVERED ? "delivered" : "sent";
    case MESSAGE_FAILED:
        return "failed";
    case MESSAGE_UNKNOWN:
        return "unknown";
    case MESSAGE_SKIPPED:
        return message_reason_is_cancel(reason) ? "cancelled" : "skipped";
    }
    return "unknown";
}

bool message_status_from_text(struct text text, enum message_state *ret_state,
                              enum message_rank *ret_rank, bool *ret_cancelled)
{
    static const struct {
        const char *name;
        enum message_state state;
        enum message_rank rank;
        bool cancelled;
    } STATUSES[] = {
        {"pending", MESSAGE_PLANNED, RANK_ACCEPTED, false},
        {"sending", MESSAGE_SENDING, RANK_ACCEPTED, false},
        {"in_doubt", MESSAGE_DOUBT, RANK_ACCEPTED, false},
        {"held", MESSAGE_HELD, RANK_ACCEPTED, false},
        {"sent", MESSAGE_ACCEPTED, RANK_SENT, false},
        {"delivered", MESSAGE_ACCEPTED, RANK_DELIVERED, false},
        {"read", MESSAGE_ACCEPTED, RANK_READ, false},
        {"failed", MESSAGE_FAILED, RANK_ACCEPTED, false},
        {"unknown", MESSAGE_UNKNOWN, RANK_ACCEPTED, false},
        {"cancelled", MESSAGE_SKIPPED, RANK_ACCEPTED, true},
        {"skipped", MESSAGE_SKIPPED, RANK_ACCEPTED, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(STATUSES); i++) {
        if (text_equal(text, text_from(STATUSES[i].name))) {
            *ret_state = STATUSES[i].state;
            *ret_rank = STATUSES[i].rank;
            *ret_cancelled = STATUSES[i].cancelled;
            return true;
        }
    }
    return false;
}

const char *step_outcome_to_text(enum step_outcome outcome)
{
    CHECK((unsigned)outcome < OUTCOME_COUNT);
    return OUTCOME_NAMES[outcome];
}

bool step_outcome_from_text(struct text text, enum step_outcome *ret_outcome)
{
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        if (text_equal(text, text_from(OUTCOME_NAMES[i]))) {
            *ret_outcome = (enum step_outcome)i;
            return true;
        }
    }
    return false;
}
