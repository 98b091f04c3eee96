/* What an operator does with one message: see progress.h. */
#include "delivery/progress_internal.h"

#include "delivery/render.h"

static enum error_code not_now(const struct store_message *message, const char *verb,
                               struct error *error)
{
    return error_set(error, ERROR_CONFLICT, "the message is %s and cannot be %s",
                     message_status_to_text(message->state, message->rank, message->reason), verb);
}

/* Renders the text anew, from the step as it stands now. Only when no byte may have left. */
static enum error_code render_again(struct progress *progress, struct store_message *message,
                                    struct error *error)
{
    struct progress_sequence *sequence = NULL;
    struct store_progress row;
    struct rendered rendered;
    bool found = false;
    enum error_code code = progress_sequence(progress, message->sequence_id, &sequence, error);
    if (code == OK) {
        code = store_progress_get(progress->work, message->enrollment_id, &row, &found, error);
    }
    const struct step *step = code == OK && sequence->found
                                  ? sequence_find_step(&sequence->sequence, message->step_id)
                                  : NULL;
    if (code != OK || !found || step == NULL) {
        return code; /* the text that stands there goes again */
    }
    code = render_step(progress, sequence, step, &row, message->channel_id, &rendered, error);
    if (code == OK && rendered.failure == REASON_MISSING_FIELD) {
        code = error_set(error, ERROR_CONFLICT, "the field \"%.*s\" has no value for this person",
                         TEXT_ARGS(rendered.missing));
    } else if (code == OK && rendered.failure != REASON_NONE) {
        code = error_set(error, ERROR_CONFLICT, "the filled text is too long");
    }
    if (code != OK) {
        return code;
    }
    rendered.body.message_id = message->id;
    message->category = rendered.category;
    return store_message_body_put(progress->work, &rendered.body, error);
}

static enum error_code retry(struct progress *progress, struct store_message *message,
                             struct error *error)
{
    enum error_code code = OK;
    if (message->enrollment_id != 0 && message->doubts == 0 && message->state != MESSAGE_UNKNOWN) {
        code = render_again(progress, message, error);
    }
    message->due_at_ms = progress->work->now_ms; /* lateness counts from the person's decision */
    const struct progress_change change = {.reason = REASON_RETRY,
                                           .next_at_ms = progress->work->now_ms,
                                           .tries_delta = -(int)message->tries};
    bool moved = false;
    if (code == OK) {
        code = progress_move(progress, message, EVENT_RETRY, &change, &moved, error);
    }
    return code == OK && !moved ? not_now(message, "tried again", error) : code;
}

/* The operator knows that it arrived: the newest attempt without a result becomes accepted. */
static enum error_code confirm_attempt(struct progress *progress,
                                       const struct store_message *message, int *ret_doubts_delta,
                                       struct error *error)
{
    struct store_attempt *attempts = NULL;
    size_t count = 0;
    enum error_code code =
        store_attempt_list(progress->work, message->id, &attempts, &count, error);
    for (size_t i = count; code == OK && i > 0; i--) {
        struct store_attempt *attempt = &attempts[i - 1];
        if (attempt->result == ATTEMPT_DOUBT || attempt->result == ATTEMPT_OPEN) {
            *ret_doubts_delta = attempt->result == ATTEMPT_DOUBT ? -1 : 0;
            attempt->result = ATTEMPT_ACCEPTED;
            attempt->evidence = EVIDENCE_OPERATOR;
            attempt->resolved_at_ms = progress->work->now_ms;
            return store_attempt_update(progress->work, attempt, error);
        }
    }
    return code;
}

static enum error_code decide(struct progress *progress, struct store_message *message,
                              enum message_event event, const char *verb, struct error *error)
{
    bool moved = false;
    struct progress_change change = {.reason = REASON_OPERATOR,
                                     .next_at_ms = progress->work->now_ms,
                                     .other_in_doubt = message->doubts > 0};
    enum error_code code = OK;
    if (event == EVENT_CONFIRM) {
        change.reason = REASON_NONE;
        code = confirm_attempt(progress, message, &change.doubts_delta, error);
    } else if (event == EVENT_RELEASE) {
        change.reason = REASON_RETRY;
        change.tries_delta = -(int)message->tries;
        message->due_at_ms = progress->work->now_ms;
    } else if (event == EVENT_GIVE_UP) {
        change.reason = message->reason;
    }
    if (code == OK) {
        code = progress_move(progress, message, event, &change, &moved, error);
    }
    return code == OK && !moved ? not_now(message, verb, error) : code;
}

enum error_code progress_operate(struct progress *progress, int64_t message_id,
                                 enum progress_operation operation, struct error *error)
{
    struct store_message message;
    bool found = false;
    enum error_code code = store_message_get(progress->work, message_id, &message, &found, error);
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "the message does not exist");
    }
    if (code != OK) {
        return code;
    }
    progress->work->wakes |= WORK_WAKE_DELIVERY;
    switch (operation) {
    case PROGRESS_RETRY:
        return retry(progress, &message, error);
    case PROGRESS_CANCEL:
        return decide(progress, &message, EVENT_DROP, "cancelled", error);
    case PROGRESS_SEND_AGAIN:
        return decide(progress, &message, EVENT_RELEASE, "sent again", error);
    case PROGRESS_GIVE_UP:
        return decide(progress, &message, EVENT_GIVE_UP, "given up", error);
    case PROGRESS_CONFIRM:
        return decide(progress, &message, EVENT_CONFIRM, "confirmed", error);
    }
    return error_set(error, ERROR_INVALID, "the operation is not known");
}
