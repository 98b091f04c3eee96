/* What a status webhook changes: see receipts.h. The attempt it speaks of is brought up to date
 * first, then the message moves by the table of domain/message.c. */
#include "delivery/receipts.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "delivery/progress_internal.h"
#include "delivery/receipts_internal.h"
#include "store/store_instance.h"
#include "store/store_lane.h"

struct receipt {
    struct progress *progress;
    struct store_message message;
    struct store_attempt attempt;
    const struct provider_event *event;
    bool other_accepted; /* another attempt than this one was accepted under another id */
    int64_t same_code;   /* other attempts refused with the same code */
};

static bool is_proof(enum provider_status status)
{
    return status == PROVIDER_STATUS_SENT || status == PROVIDER_STATUS_DELIVERED ||
           status == PROVIDER_STATUS_READ;
}

static enum message_rank rank_of(enum provider_status status)
{
    switch (status) {
    case PROVIDER_STATUS_SENT:
        return RANK_SENT;
    case PROVIDER_STATUS_DELIVERED:
        return RANK_DELIVERED;
    case PROVIDER_STATUS_READ:
        return RANK_READ;
    case PROVIDER_STATUS_FAILED:
        return RANK_ACCEPTED;
    }
    return RANK_ACCEPTED;
}

/* --- which attempt ---------------------------------------------------------------------------- */

/* An attempt that only the webhook knows: the row comes back from the token. */
static enum error_code recreate_attempt(struct receipt *receipt, int64_t n, struct error *error)
{
    struct work *work = receipt->progress->work;
    receipt->attempt = (struct store_attempt){
        .message_id = receipt->message.id,
        .n = n,
        .result = ATTEMPT_OPEN,
        .started_at_ms = receipt->event->at_ms,
    };
    enum error_code code = store_attempt_insert(work, &receipt->attempt, error);
    if (code == OK && n > receipt->message.attempts) {
        int64_t before = receipt->message.attempts;
        receipt->message.attempts = n;
        code = store_message_update(work, &receipt->message, receipt->message.state, before, error);
    }
    return code;
}

static enum error_code read_others(struct receipt *receipt, struct error *error)
{
    struct store_attempt *attempts = NULL;
    size_t count = 0;
    enum error_code code =
        store_attempt_list(receipt->progress->work, receipt->message.id, &attempts, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (attempts[i].n == receipt->attempt.n) {
            continue;
        }
        receipt->other_accepted = receipt->other_accepted || attempts[i].result == ATTEMPT_ACCEPTED;
        receipt->same_code += attempts[i].result == ATTEMPT_REJECTED &&
                              attempts[i].error_code == receipt->event->failure.code;
    }
    return code;
}

static enum error_code load(struct receipt *receipt, int64_t message_id, int64_t n, bool *ret_found,
                            struct error *error)
{
    struct work *work = receipt->progress->work;
    bool found = false;
    enum error_code code = store_message_get(work, message_id, &receipt->message, ret_found, error);
    if (code != OK || !*ret_found) {
        return code;
    }
    code = store_attempt_get(work, message_id, n, &receipt->attempt, &found, error);
    if (code == OK && !found) {
        code = recreate_attempt(receipt, n, error);
    }
    /* With one attempt there are no others to look at. */
    return code == OK && receipt->message.attempts > 1 ? read_others(receipt, error) : code;
}

/* --- what it changes -------------------------------------------------------------------------- */

static enum error_code prove_attempt(struct receipt *receipt, struct progress_change *change,
                                     struct error *error)
{
    struct work *work = receipt->progress->work;
    struct store_attempt *attempt = &receipt->attempt;
    bool new_id = attempt->provider_id.size == 0 && receipt->event->provider_id.size > 0;
    if (attempt->result == ATTEMPT_ACCEPTED && !new_id) {
        return OK;
    }
    enum error_code code = OK;
    if (attempt->result == ATTEMPT_REJECTED && attempt->evidence == EVIDENCE_ANSWER) {
        code = progress_event(receipt->progress, &receipt->message,
                              "message.delivered_although_refused", (struct text){0}, error);
    }
    change->doubts_delta = attempt->result == ATTEMPT_DOUBT ? -1 : 0;
    change->duplicates_delta =
        attempt->result != ATTEMPT_ACCEPTED && receipt->other_accepted ? 1 : 0;
    if (attempt->result != ATTEMPT_ACCEPTED) {
        attempt->result = ATTEMPT_ACCEPTED;
        attempt->evidence = EVIDENCE_WEBHOOK;
        attempt->resolved_at_ms = work->now_ms;
        attempt->error_code = 0;
    }
    if (new_id) {
        attempt->provider_id = receipt->event->provider_id;
        if (code == OK) {
            code = store_provider_id_add(work, attempt->provider_id, attempt->message_id,
                                         attempt->n, error);
        }
    }
    if (code == OK && change->duplicates_delta != 0) {
        code = progress_event(receipt->progress, &receipt->message, "message.duplicate",
                              (struct text){0}, error);
    }
    return code == OK ? store_attempt_update(work, attempt, error) : code;
}

static enum error_code apply_proof(struct receipt *receipt, bool *ret_changed, struct error *error)
{
    struct store_message *message = &receipt->message;
    struct progress_change change = {.rank = rank_of(receipt->event->status),
                                     .proof_at_ms = receipt->event->at_ms};
    bool first_sign = message->state != MESSAGE_ACCEPTED || message->rank < RANK_SENT;
    enum message_state state = message->state;
    enum message_rank rank = message->rank;
    enum error_code code = prove_attempt(receipt, &change, error);
    if (code == OK) {
        code = progress_move(receipt->progress, message, EVENT_PROOF, &change, NULL, error);
    }
    if (code == OK && first_sign) {
        code = store_proof_add(receipt->progress->work, message->channel_id, message->category,
                               receipt->attempt.started_at_ms, error);
    }
    *ret_changed = message->state != state || message->rank != rank;
    return code;
}

static enum error_code refuse_attempt(struct receipt *receipt, struct error *error)
{
    const struct provider_failure *failure = &receipt->event->failure;
    struct store_attempt *attempt = &receipt->attempt;
    attempt->result = ATTEMPT_REJECTED;
    attempt->evidence = EVIDENCE_WEBHOOK;
    attempt->class = failure->class;
    attempt->error_code = failure->code;
    attempt->error_title = failure->title;
    attempt->error_detail = failure->detail;
    attempt->resolved_at_ms = receipt->progress->work->now_ms;
    if (attempt->provider_id.size == 0) {
        attempt->provider_id = receipt->event->provider_id;
    }
    return store_attempt_update(receipt->progress->work, attempt, error);
}

static enum error_code apply_failure(struct receipt *receipt, bool *ret_changed,
                                     struct error *error)
{
    const struct provider_failure *failure = &receipt->event->failure;
    struct store_message *message = &receipt->message;
    struct work *work = receipt->progress->work;
    bool delivered = message->state == MESSAGE_ACCEPTED && message->rank >= RANK_DELIVERED;
    *ret_changed = false;
    if (delivered || receipt->attempt.result == ATTEMPT_REJECTED) {
        return OK;
    }
    bool was_doubt = receipt->attempt.result == ATTEMPT_DOUBT;
    enum error_code code = refuse_attempt(receipt, error);
    if (code == OK && failure->class == PROVIDER_CLASS_MARKETING_STOP) {
        code = store_lane_suppress(work, message->contact_id, 2, error);
    }
    if (code != OK) {
        return code;
    }
    bool again = failure->retry_after_ms > 0 && receipt->same_code == 0;
    struct progress_change change = {
        .doubts_delta = was_doubt ? -1 : 0,
        .other_in_doubt = message->doubts - (was_doubt ? 1 : 0) > 0,
        .reason = again ? REASON_RETRY : REASON_NOT_DELIVERED,
        .error_code = failure->code,
        .next_at_ms = again ? work->now_ms + failure->retry_after_ms : 0,
    };
    /* A newer attempt is under way, or another one was accepted: only this attempt is over. */
    if (receipt->other_accepted || receipt->attempt.n != message->attempts) {
        message->doubts += change.doubts_delta;
        return store_message_update(work, message, message->state, message->attempts, error);
    }
    return progress_move(receipt->progress, message,
                         again ? EVENT_RECEIPT_RETRY : EVENT_RECEIPT_FAILED, &change, ret_changed,
                         error);
}

static enum error_code apply(struct receipt *receipt, bool *ret_changed, struct error *error)
{
    return is_proof(receipt->event->status) ? apply_proof(receipt, ret_changed, error)
                                            : apply_failure(receipt, ret_changed, error);
}

/* --- orphans ---------------------------------------------------------------------------------- */

static enum error_code keep_orphan(struct work *work, int64_t channel_id,
                                   const struct provider_event *event, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer json;
    buffer_init(&json, 8192);
    struct json_writer writer;
    json_writer_init(&writer, &json);
    json_object_begin(&writer);
    json_field_int64(&writer, "status", event->status);
    json_field_int64(&writer, "at_ms", event->at_ms);
    json_field_int64(&writer, "code", event->failure.code);
    json_field_int64(&writer, "class", event->failure.class);
    json_field_int64(&writer, "retry_after_ms", event->failure.retry_after_ms);
    json_field_text(&writer, "title", event->failure.title);
    json_object_end(&writer);
    const struct store_orphan orphan = {
        .channel_id = channel_id,
        .provider_id = event->provider_id,
        .token = event->token,
        .digest = event->digest,
        .event = buffer_text(&json),
    };
    return store_orphan_add(work, &orphan, error);
}

static bool read_orphan(struct text text, struct arena *arena, struct text provider_id,
                        struct provider_event *event)
{
    CLEANUP(json_free) struct json *json = NULL;
    if (json_parse(text, NULL, &json, NULL) != OK) {
        return false;
    }
    int64_t status = json_get_int64(json, "status", 0);
    int64_t class = json_get_int64(json, "class", 0);
    if (status < PROVIDER_STATUS_SENT || status > PROVIDER_STATUS_FAILED || class < 0 ||
        class >= PROVIDER_CLASS_COUNT) {
        return false;
    }
    *event = (struct provider_event){
        .kind = PROVIDER_EVENT_STATUS,
        .status = (enum provider_status)status,
        .at_ms = json_get_int64(json, "at_ms", 0),
        .provider_id = provider_id,
        .failure = {.code = json_get_int64(json, "code", 0),
                    .class = (enum provider_class) class,
                    .retry_after_ms = json_get_int64(json, "retry_after_ms", 0),
                    .title = arena_text(arena, json_get_text(json, "title"))},
    };
    return true;
}

enum error_code receipts_settle_orphans(struct progress *progress, int64_t message_id, int64_t n,
                                        struct text provider_id, struct error *error)
{
    struct store_orphan *orphans = NULL;
    size_t count = 0;
    enum error_code code = store_orphan_list(progress->work, provider_id, &orphans, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct provider_event event;
        struct receipt receipt = {.progress = progress, .event = &event};
        bool found = false;
        bool changed = false;
        if (read_orphan(orphans[i].event, progress->work->arena, provider_id, &event)) {
            code = load(&receipt, message_id, n, &found, error);
            if (code == OK && found) {
                code = apply(&receipt, &changed, error);
            }
        }
        if (code == OK) {
            code = store_orphan_settle(progress->work, orphans[i].id, error);
        }
    }
    return code;
}

/* --- a webhook's events ----------------------------------------------------------------------- */

static enum error_code find_attempt(struct progress *progress, const char *install_id,
                                    const struct provider_event *event, int64_t *ret_message_id,
                                    int64_t *ret_n, bool *ret_found, bool *ret_foreign,
                                    struct error *error)
{
    struct receipt_token token;
    if (receipt_token_parse(event->token, &token)) {
        *ret_foreign = !text_equal(token.install_id, text_from(install_id));
        *ret_found = !*ret_foreign;
        *ret_message_id = token.message_id;
        *ret_n = token.n;
        return OK;
    }
    if (event->provider_id.size == 0) {
        *ret_found = false;
        return OK;
    }
    return store_provider_id_find(progress->work, event->provider_id, ret_message_id, ret_n,
                                  ret_found, error);
}

static enum error_code apply_event(struct progress *progress, const char *install_id,
                                   int64_t channel_id, const struct provider_event *event,
                                   struct receipts_result *result, struct error *error)
{
    struct receipt receipt = {.progress = progress, .event = event};
    int64_t message_id = 0;
    int64_t n = 0;
    bool found = false;
    bool foreign = false;
    bool changed = false;
    enum error_code code =
        find_attempt(progress, install_id, event, &message_id, &n, &found, &foreign, error);
    if (code == OK && found) {
        code = load(&receipt, message_id, n, &found, error);
    }
    if (code == OK && found) {
        code = apply(&receipt, &changed, error);
        result->applied += changed;
        result->known += !changed;
    } else if (code == OK && foreign) {
        result->foreign++;
    } else if (code == OK) {
        result->orphaned++;
        code = keep_orphan(progress->work, channel_id, event, error);
    }
    return code;
}

enum error_code receipts_apply(struct work *work, int64_t channel_id,
                               const struct provider_event *events, size_t count,
                               struct receipts_result *ret_result, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    struct receipts_result result = {0};
    struct store_installation installation = {0};
    bool found = false;
    enum error_code code = store_installation_get(work, &installation, &found, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (events[i].kind == PROVIDER_EVENT_STATUS) {
            code = apply_event(&progress, installation.install_id, channel_id, &events[i], &result,
                               error);
        }
    }
    if (code == OK && ret_result != NULL) {
        *ret_result = result;
    }
    return code;
}
