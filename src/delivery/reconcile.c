/* Doubts whose grace is over. Silence means something only when webhooks would have arrived: our
 * endpoint was up, and newer messages of the same kind were proven meanwhile. Without that nothing
 * is ever sent again. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"

enum { DOUBTS_PER_PASS = 200 };

struct doubt {
    struct store_message *message;
    int64_t started_at_ms; /* of the newest attempt without a result */
};

static enum error_code newest_doubt(struct pass_run *run, struct doubt *doubt, struct error *error)
{
    struct store_attempt *attempts = NULL;
    size_t count = 0;
    enum error_code code =
        store_attempt_list(run->work, doubt->message->id, &attempts, &count, error);
    doubt->started_at_ms = doubt->message->claimed_at_ms;
    for (size_t i = 0; code == OK && i < count; i++) {
        if (attempts[i].result == ATTEMPT_DOUBT) {
            doubt->started_at_ms = attempts[i].started_at_ms;
        }
    }
    return code;
}

static enum error_code end(struct pass_run *run, struct doubt *doubt, enum message_event event,
                           enum message_reason reason, struct error *error)
{
    const struct progress_change change = {.reason = reason, .next_at_ms = run->work->now_ms};
    return progress_move(&run->progress, doubt->message, event, &change, NULL, error);
}

static enum error_code look_again(struct pass_run *run, struct doubt *doubt, int64_t at_ms,
                                  struct error *error)
{
    doubt->message->next_at_ms = at_ms;
    return store_message_update(run->work, doubt->message, MESSAGE_DOUBT, doubt->message->attempts,
                                error);
}

static enum error_code is_late(struct pass_run *run, const struct store_message *message,
                               bool *ret_late, struct error *error)
{
    *ret_late = false;
    if (message->sequence_id == 0) {
        return OK;
    }
    struct progress_sequence *sequence = NULL;
    enum error_code code =
        progress_sequence(&run->progress, message->sequence_id, &sequence, error);
    if (code == OK && sequence->found && sequence->sequence.late_action != LATE_SEND) {
        *ret_late = run->work->now_ms > message->due_at_ms + sequence->sequence.max_late_ms;
    }
    return code;
}

/* All conditions under which silence proves that the message was not accepted. */
static enum error_code is_channel_alive(struct pass_run *run, const struct doubt *doubt,
                                        bool *ret_alive, struct error *error)
{
    const struct store_message *message = doubt->message;
    bool orphan = false;
    enum error_code code = store_proof_since(run->work, message->channel_id, message->category,
                                             doubt->started_at_ms, ret_alive, error);
    if (code == OK && *ret_alive) {
        code = store_orphan_since(run->work, message->channel_id, doubt->started_at_ms, &orphan,
                                  error);
    }
    *ret_alive = *ret_alive && !orphan;
    return code;
}

static enum error_code try_resend(struct pass_run *run, struct doubt *doubt, struct error *error)
{
    const struct delivery_settings *settings = &run->delivery->settings;
    int64_t grace_ms = delivery_grace_ms(run->delivery, doubt->message->category);
    int64_t now_ms = run->work->now_ms;
    int64_t outage_ms = 0;
    bool late = false;
    bool alive = false;
    enum error_code code = is_late(run, doubt->message, &late, error);
    if (code == OK && (late || doubt->message->tries >= settings->tries_max)) {
        return end(run, doubt, EVENT_GRACE_END, REASON_GRACE_OVER, error);
    }
    if (code == OK) {
        code = store_outage_since(run->work, doubt->started_at_ms, &outage_ms, error);
    }
    if (code != OK) {
        return code;
    }
    /* Webhooks of an outage come late: the grace begins again after it. */
    int64_t until_ms = doubt->started_at_ms + grace_ms + (outage_ms > 0 ? outage_ms + grace_ms : 0);
    if (now_ms < until_ms) {
        return look_again(run, doubt, until_ms, error);
    }
    code = is_channel_alive(run, doubt, &alive, error);
    if (code != OK) {
        return code;
    }
    if (alive) {
        return end(run, doubt, EVENT_GRACE_RESEND, REASON_RETRY, error);
    }
    int64_t last_ms = doubt->started_at_ms + settings->grace_max_ms;
    if (now_ms >= last_ms) {
        return end(run, doubt, EVENT_GRACE_HOLD, REASON_NOT_PROVABLE, error);
    }
    int64_t step_ms = grace_ms / 4 > MS_PER_SECOND ? grace_ms / 4 : MS_PER_SECOND;
    int64_t again_ms = now_ms + step_ms;
    return look_again(run, doubt, again_ms < last_ms ? again_ms : last_ms, error);
}

static enum error_code settle(struct pass_run *run, struct store_message *message,
                              struct error *error)
{
    struct doubt doubt = {.message = message};
    enum error_code code = newest_doubt(run, &doubt, error);
    if (code != OK) {
        return code;
    }
    switch ((enum doubt_policy)message->policy) {
    case DOUBT_NEVER:
        return end(run, &doubt, EVENT_GRACE_END, REASON_GRACE_OVER, error);
    case DOUBT_HOLD:
        return end(run, &doubt, EVENT_GRACE_HOLD, REASON_POLICY_HOLD, error);
    case DOUBT_RESEND:
        return try_resend(run, &doubt, error);
    }
    return end(run, &doubt, EVENT_GRACE_END, REASON_GRACE_OVER, error);
}

enum error_code reconcile_doubts(struct pass_run *run, struct error *error)
{
    struct store_message *messages = NULL;
    size_t count = 0;
    enum error_code code =
        store_doubt_list(run->work, run->work->now_ms, DOUBTS_PER_PASS, &messages, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = settle(run, &messages[i], error);
    }
    return code;
}
