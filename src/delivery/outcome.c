/* Storing what became of an attempt. The attempt's row always learns it; the message moves only if
 * it still waits for this very attempt: a webhook may have come first. */
#include "delivery/delivery_internal.h"

#include "base/crypto.h"
#include "delivery/receipts_internal.h"
#include "store/store_suppression.h"

/* How the attempt ended, as the answer says. */
static void fill_attempt(const struct pass_run *run, const struct flight *flight,
                         const struct answer *answer, struct store_attempt *attempt)
{
    const struct provider_outcome *outcome = &flight->outcome;
    bool accepted = answer->result == ATTEMPT_ACCEPTED;
    attempt->result = answer->result;
    attempt->evidence = !accepted                       ? EVIDENCE_ANSWER
                        : outcome->provider_id.size > 0 ? EVIDENCE_ANSWER
                                                        : EVIDENCE_STATUS_LINE;
    attempt->class = outcome->class;
    attempt->error_code = outcome->code;
    attempt->error_title = outcome->title;
    attempt->error_detail = outcome->detail;
    attempt->resolved_at_ms = answer->result == ATTEMPT_DOUBT ? 0 : run->work->now_ms;
    attempt->http_status = outcome->http_status;
    attempt->bytes_out = flight->bytes;
}

static enum error_code mark_attempt(struct pass_run *run, const struct flight *flight,
                                    const struct answer *answer, struct store_attempt *attempt,
                                    struct error *error)
{
    const struct provider_outcome *outcome = &flight->outcome;
    bool accepted = answer->result == ATTEMPT_ACCEPTED;
    bool new_id = accepted && attempt->provider_id.size == 0 && outcome->provider_id.size > 0;
    if (attempt->result == ATTEMPT_OPEN) {
        fill_attempt(run, flight, answer, attempt);
    } else if (!new_id) {
        return OK; /* a webhook knew it before */
    }
    attempt->http_status = outcome->http_status;
    attempt->bytes_out = flight->bytes;
    enum error_code code = OK;
    if (new_id) {
        attempt->provider_id = outcome->provider_id;
        code = store_provider_id_add(run->work, attempt->provider_id, attempt->message_id,
                                     attempt->n, error);
    }
    return code == OK ? store_attempt_update(run->work, attempt, error) : code;
}

/* The first attempt of a message, unless a webhook was faster: nothing needs to be read for it. */
static enum error_code settle_first(struct pass_run *run, const struct flight *flight,
                                    const struct answer *answer, bool *ret_settled,
                                    struct error *error)
{
    struct store_attempt attempt = {.message_id = flight->message_id, .n = flight->n};
    fill_attempt(run, flight, answer, &attempt);
    if (answer->result == ATTEMPT_ACCEPTED) {
        attempt.provider_id = flight->outcome.provider_id;
    }
    enum error_code code = store_attempt_settle(run->work, &attempt, ret_settled, error);
    if (code != OK || !*ret_settled || attempt.provider_id.size == 0) {
        return code;
    }
    return store_provider_id_add(run->work, attempt.provider_id, attempt.message_id, attempt.n,
                                 error);
}

/* The person stopped marketing: the contact's bit for the claims, and the ledger that outlives it.
 */
static enum error_code suppress(struct pass_run *run, const struct flight *flight,
                                struct error *error)
{
    struct store_suppression row = {
        .kind = SUPPRESSION_MARKETING,
        .active = true,
        .at_ms = run->work->now_ms,
        .contact_id = flight->contact_id,
        .source = TEXT_INIT("provider"),
        .reason = TEXT_INIT("131050"),
    };
    enum error_code code =
        store_lane_suppress(run->work, flight->contact_id, SUPPRESSION_MARKETING, error);
    if (code != OK || flight->phone == 0) {
        return code;
    }
    struct text digits = arena_format(run->work->arena, "%lld", (long long)flight->phone);
    crypto_keyed_hash(run->delivery->settings.hash_key, "phone", digits, row.phone_hash);
    return store_suppression_put(run->work, &row, error);
}

/* The test hook's claim without intent writes it only now. */
static enum error_code write_late_intent(struct pass_run *run, const struct flight *flight,
                                         struct store_message *message, struct error *error)
{
    if (!mutants()->no_intent || message->attempts >= flight->n) {
        return OK;
    }
    enum message_state from = message->state;
    int64_t attempts = message->attempts;
    message->state = MESSAGE_SENDING;
    message->attempts = flight->n;
    message->tries++;
    enum error_code code = store_message_update(run->work, message, from, attempts, error);
    const struct store_attempt attempt = {
        .message_id = flight->message_id, .n = flight->n, .started_at_ms = flight->claimed_at_ms};
    return code == OK ? store_attempt_insert(run->work, &attempt, error) : code;
}

static int64_t next_at(const struct pass_run *run, const struct flight *flight,
                       const struct answer *answer)
{
    if (answer->event == EVENT_DOUBT) {
        return run->work->now_ms + delivery_grace_ms(run->delivery, flight->category);
    }
    return run->work->now_ms + answer->wait_ms;
}

static enum error_code try_move(struct pass_run *run, const struct flight *flight,
                                struct store_message *message, const struct answer *answer,
                                struct error *error)
{
    if (message->attempts != flight->n || message->state != MESSAGE_SENDING) {
        return OK; /* settled by a webhook, or held by a fence */
    }
    const struct progress_change change = {
        .reason = answer->reason,
        .error_code = answer->event == EVENT_ACCEPTED ? 0 : flight->outcome.code,
        .next_at_ms = next_at(run, flight, answer),
        .other_in_doubt = message->doubts > 0,
        .doubts_delta = answer->event == EVENT_DOUBT ? 1 : 0,
        .tries_delta = answer->counts_try ? 0 : -1,
    };
    enum error_code code =
        progress_move(&run->progress, message, answer->event, &change, NULL, error);
    run->pass->failed += code == OK && answer->event == EVENT_REFUSED;
    run->pass->doubts += code == OK && answer->event == EVENT_DOUBT;
    return code;
}

/* A message that is not as we have it in memory any more is read, and then judged as it stands. */
static enum error_code move_message(struct pass_run *run, const struct flight *flight,
                                    struct store_message *message, const struct answer *answer,
                                    struct error *error)
{
    bool found = false;
    enum error_code code = try_move(run, flight, message, answer, error);
    if (code != ERROR_CONFLICT) {
        return code;
    }
    error_clear(error);
    code = store_message_get(run->work, flight->message_id, message, &found, error);
    return code == OK && found ? try_move(run, flight, message, answer, error) : code;
}

static enum error_code settle_early_webhooks(struct pass_run *run, const struct flight *flight,
                                             struct error *error)
{
    if (flight->outcome.provider_id.size == 0) {
        return OK;
    }
    if (run->orphans_of != flight->channel_id) { /* nobody adds any while the pass runs */
        enum error_code code =
            store_orphan_since(run->work, flight->channel_id, 0, &run->has_orphans, error);
        if (code != OK) {
            return code;
        }
        run->orphans_of = flight->channel_id;
    }
    if (!run->has_orphans) {
        return OK;
    }
    return receipts_settle_orphans(&run->progress, flight->message_id, flight->n,
                                   flight->outcome.provider_id, error);
}

static struct answer decide(const struct pass_run *run, const struct flight *flight, int64_t tries)
{
    struct answer_limits limits =
        delivery_answer_limits(run->delivery, (uint32_t)crypto_random_u64());
    return answer_decide(&flight->outcome, tries, flight->n, &limits);
}

/* What follows for the message, once the attempt knows its end. */
static enum error_code follow(struct pass_run *run, const struct flight *flight,
                              struct store_message *message, const struct answer *answer,
                              struct error *error)
{
    enum error_code code = OK;
    if (answer->suppress) {
        code = suppress(run, flight, error);
    }
    if (code == OK) {
        code = move_message(run, flight, message, answer, error);
    }
    if (code == OK && answer->event == EVENT_ACCEPTED) {
        code = settle_early_webhooks(run, flight, error);
    }
    return code;
}

static enum error_code apply_read(struct pass_run *run, const struct flight *flight,
                                  struct error *error)
{
    struct store_message message;
    struct store_attempt attempt;
    bool found = false;
    enum error_code code =
        store_message_get(run->work, flight->message_id, &message, &found, error);
    if (code != OK || !found) {
        return code;
    }
    code = write_late_intent(run, flight, &message, error);
    if (code == OK) {
        code = store_attempt_get(run->work, flight->message_id, flight->n, &attempt, &found, error);
    }
    if (code != OK || !found) {
        return code;
    }
    struct answer answer = decide(run, flight, message.tries);
    code = mark_attempt(run, flight, &answer, &attempt, error);
    return code == OK ? follow(run, flight, &message, &answer, error) : code;
}

/* As long as its only attempt was open, a message stood as the claim left it: a webhook's proof
 * closes the attempt together with the message, and nothing else touches one that is on its way. */
enum error_code outcome_apply(struct pass_run *run, const struct flight *flight,
                              struct error *error)
{
    bool settled = false;
    if (flight->n == 1 && flight->message.state == MESSAGE_SENDING) {
        struct store_message message = flight->message;
        struct answer answer = decide(run, flight, message.tries);
        enum error_code code = settle_first(run, flight, &answer, &settled, error);
        if (code != OK || settled) {
            return code == OK ? follow(run, flight, &message, &answer, error) : code;
        }
    }
    return apply_read(run, flight, error);
}
