/* Claiming: everything that may forbid a message is looked at in the transaction that claims it, so
 * an opt-out, a pause or a stop committed earlier always wins. The claim writes the intent: state,
 * attempt and journal line, durable before the first byte. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "store/journal.h"
#include "store/store.h"

enum { CANDIDATES_MAX = 1024 };
#define FREE_TEXT_WINDOW_MS (24 * MS_PER_HOUR)

static enum error_code drop(struct pass_run *run, struct store_message *message,
                            enum message_reason reason, struct error *error)
{
    const struct progress_change change = {.reason = reason, .other_in_doubt = message->doubts > 0};
    return progress_move(&run->progress, message, EVENT_DROP, &change, NULL, error);
}

static enum error_code push_back(struct pass_run *run, struct store_message *message,
                                 int64_t next_at_ms, enum message_reason reason,
                                 struct error *error)
{
    message->next_at_ms = next_at_ms;
    message->reason = reason;
    return store_message_update(run->work, message, message->state, message->attempts, error);
}

/* The person: no address, erased, opted out. *ret_goes stays true when nothing is in the way. */
static enum error_code check_person(struct pass_run *run, struct store_candidate *candidate,
                                    bool *ret_goes, struct error *error)
{
    struct store_message *message = &candidate->message;
    bool marketing_only = message->category == CATEGORY_MARKETING;
    *ret_goes = false;
    if (!candidate->contact_found || candidate->erased) {
        return drop(run, message, REASON_ERASED, error);
    }
    if ((candidate->suppressed & 1) != 0) {
        enum error_code code = drop(run, message, REASON_OPTED_OUT, error);
        if (code == OK && message->enrollment_id != 0) {
            code = progress_end(&run->progress, message->enrollment_id, ENROLLMENT_OPTED_OUT,
                                REASON_OPTED_OUT, (struct text){0}, error);
        }
        return code;
    }
    if ((candidate->suppressed & 2) != 0 && marketing_only) {
        return drop(run, message, REASON_OPTED_OUT, error);
    }
    if (candidate->phone == 0 && candidate->user_id.size == 0) {
        const struct progress_change change = {.reason = REASON_NO_ADDRESS};
        return progress_move(&run->progress, message, EVENT_FAIL_UNSENT, &change, NULL, error);
    }
    *ret_goes = true;
    return OK;
}

/* The enrollment: a message that was put back to try again outlives a completed one. */
static enum error_code check_enrollment(struct pass_run *run, struct store_candidate *candidate,
                                        bool *ret_goes, struct error *error)
{
    struct store_message *message = &candidate->message;
    *ret_goes = false;
    if (message->enrollment_id == 0) {
        *ret_goes = true;
        return OK;
    }
    if (!candidate->enrollment_found) {
        return drop(run, message, REASON_DELETED, error);
    }
    switch ((enum enrollment_status)candidate->enrollment_status) {
    case ENROLLMENT_ACTIVE:
    case ENROLLMENT_COMPLETED:
        *ret_goes = true;
        return OK;
    case ENROLLMENT_PAUSED:
        return drop(run, message, REASON_PAUSED, error);
    case ENROLLMENT_OPTED_OUT:
        return drop(run, message, REASON_OPTED_OUT, error);
    case ENROLLMENT_STOPPED:
    case ENROLLMENT_FAILED:
        return drop(run, message, REASON_STOPPED, error);
    }
    return drop(run, message, REASON_STOPPED, error);
}

static enum error_code drop_late(struct pass_run *run, struct store_message *message,
                                 enum late_action action, struct error *error)
{
    enum error_code code = drop(run, message, REASON_LATE, error);
    if (code == OK && action == LATE_STOP) {
        code = progress_end(&run->progress, message->enrollment_id, ENROLLMENT_STOPPED,
                            REASON_STOPPED, TEXT("late"), error);
    }
    return code;
}

static bool is_late(const struct pass_run *run, const struct sequence *sequence,
                    const struct store_message *message)
{
    return sequence->late_action != LATE_SEND &&
           run->work->now_ms > message->due_at_ms + sequence->max_late_ms;
}

enum { EDIT_WAIT_MS = 1000 }; /* a look again; the edit itself is quicker for most */

/* The sequence: its status, an edit on its way, its lateness rule, its send window and the quiet
 * hours. */
static enum error_code check_sequence(struct pass_run *run, struct store_candidate *candidate,
                                      bool *ret_goes, struct error *error)
{
    struct store_message *message = &candidate->message;
    struct progress_sequence *sequence = NULL;
    *ret_goes = false;
    if (message->enrollment_id == 0) {
        *ret_goes = true;
        return OK;
    }
    enum error_code code =
        progress_sequence(&run->progress, message->sequence_id, &sequence, error);
    if (code != OK) {
        return code;
    }
    if (!sequence->found) {
        return drop(run, message, REASON_DELETED, error);
    }
    if (sequence->sequence.status != SEQUENCE_ACTIVE) {
        return drop(run, message, REASON_PAUSED, error);
    }
    bool old = false;
    code = progress_message_is_old(&run->progress, sequence, message, &old, error);
    if (code != OK || old) {
        return code != OK
                   ? code
                   : push_back(run, message, run->work->now_ms + EDIT_WAIT_MS, REASON_NONE, error);
    }
    if (is_late(run, &sequence->sequence, message)) {
        return drop_late(run, message, sequence->sequence.late_action, error);
    }
    const struct zone *zone =
        schedule_zone(candidate->timezone, sequence->sequence.timezone, run->progress.server_zone)
            .zone;
    const struct send_window *window = &sequence->sequence.send_window;
    int64_t open_at_ms = 0;
    if (!window_next(window, &run->progress.quiet, zone, run->work->now_ms, &open_at_ms)) {
        open_at_ms = run->work->now_ms + MS_PER_DAY; /* never open: looks again tomorrow */
    }
    if (open_at_ms > run->work->now_ms) {
        return push_back(run, message, open_at_ms, REASON_QUIET_HOURS, error);
    }
    *ret_goes = true;
    return OK;
}

static bool window_open(const struct pass_run *run, const struct store_candidate *candidate)
{
    return candidate->last_inbound_at_ms > 0 &&
           run->work->now_ms < candidate->last_inbound_at_ms + FREE_TEXT_WINDOW_MS;
}

static enum error_code check_pair(struct pass_run *run, struct store_candidate *candidate,
                                  const struct lane_wish *wish, bool *ret_goes, struct error *error)
{
    struct store_message *message = &candidate->message;
    int64_t now_ms = run->work->now_ms;
    int64_t extra = 0;
    (void)map64_get(run->claimed_people, message->contact_id, &extra);
    int64_t ready_ms = lane_person_ready_at(wish->people, message->contact_id, extra, now_ms);
    *ret_goes = ready_ms <= now_ms;
    return *ret_goes ? OK : push_back(run, message, ready_ms, REASON_PAIR_LIMIT, error);
}

/* People who wrote within the last 24 hours do not count against the channel's daily limit. */
static enum error_code check_people(struct pass_run *run, struct store_candidate *candidate,
                                    bool *ret_goes, struct error *error)
{
    struct store_message *message = &candidate->message;
    int64_t free_at_ms = 0;
    if (run->people.limit == 0 || window_open(run, candidate)) {
        return OK;
    }
    enum error_code code = store_people_take(run->work, &run->people, message->contact_id, ret_goes,
                                             &free_at_ms, error);
    return code != OK || *ret_goes ? code
                                   : push_back(run, message, free_at_ms, REASON_TIER_LIMIT, error);
}

static struct flight *new_flight(struct pass_run *run, const struct store_candidate *candidate,
                                 bool probe)
{
    struct pass *pass = run->pass;
    const struct store_message *message = &candidate->message;
    struct flight *flight = arena_alloc(pass->arena, sizeof(*flight));
    bool has_free = candidate->body.text.size > 0 || candidate->body.media_url.size > 0;
    *flight = (struct flight){
        .delivery = pass->delivery,
        .pass = pass,
        .channel_id = message->channel_id,
        .message_id = message->id,
        .n = message->attempts + 1,
        .enrollment_id = message->enrollment_id,
        .step_id = message->step_id,
        .position = message->position,
        .contact_id = message->contact_id,
        .category = message->category,
        .claimed_at_ms = run->work->now_ms,
        .claimed_boot_ms = clock_boot_ms(pass->delivery->settings.clock),
        .phone = candidate->phone,
        .user_id = candidate->user_id,
        .body = candidate->body,
        .use_template =
            candidate->body.template.size > 0 && !(window_open(run, candidate) && has_free),
        .probe = probe,
    };
    *run->last_flight = flight;
    run->last_flight = &flight->next;
    return flight;
}

/* The intent: state, attempt and journal line. */
static enum error_code write_intent(struct pass_run *run, struct store_message *message,
                                    struct flight *flight, struct error *error)
{
    struct message_position to;
    const struct message_position from = {.state = message->state, .rank = message->rank};
    if (!message_move(from, EVENT_CLAIM, false, RANK_ACCEPTED, &to)) {
        return error_set(error, ERROR_INTERNAL, "a message was claimed in a wrong state");
    }
    int64_t attempts = message->attempts;
    message->state = to.state;
    message->attempts = flight->n;
    message->tries++;
    message->next_at_ms = 0;
    message->reason = REASON_NONE;
    message->claimed_at_ms = run->work->now_ms;
    flight->message = *message;
    enum error_code code = store_message_update(run->work, message, from.state, attempts, error);
    const struct store_attempt attempt = {
        .message_id = message->id,
        .n = flight->n,
        .result = ATTEMPT_OPEN,
        .instance_id = store_identity(run->delivery->settings.store)->instance_id,
        .started_at_ms = run->work->now_ms,
        .started_boot_ms = flight->claimed_boot_ms,
    };
    if (code == OK) {
        code = store_attempt_insert(run->work, &attempt, error);
    }
    const struct claim_line line = {
        .message_id = message->id,
        .attempt = flight->n,
        .enrollment_id = message->enrollment_id,
        .step_id = message->step_id,
        .position = message->position,
        .channel_id = message->channel_id,
        .at_ms = run->work->now_ms,
    };
    if (code == OK) {
        claims_add(run->work, &line);
    }
    return code;
}

static enum error_code claim(struct pass_run *run, struct store_candidate *candidate, bool probe,
                             struct error *error)
{
    struct flight *flight = new_flight(run, candidate, probe);
    (void)map64_add(run->claimed_people, candidate->message.contact_id, 1);
    if (mutants()->no_intent) { /* a lease in time, as job queues do it, and nothing else */
        return push_back(run, &candidate->message, run->work->now_ms + MS_PER_MINUTE, REASON_NONE,
                         error);
    }
    return write_intent(run, &candidate->message, flight, error);
}

static enum error_code consider(struct pass_run *run, struct store_candidate *candidate,
                                const struct lane_wish *wish, bool probe, bool *ret_claimed,
                                struct error *error)
{
    bool goes = false;
    enum error_code code = check_person(run, candidate, &goes, error);
    if (code == OK && goes) {
        code = check_enrollment(run, candidate, &goes, error);
    }
    if (code == OK && goes) {
        code = check_sequence(run, candidate, &goes, error);
    }
    if (code == OK && goes) {
        code = check_pair(run, candidate, wish, &goes, error);
    }
    if (code == OK && goes) {
        code = check_people(run, candidate, &goes, error);
    }
    *ret_claimed = code == OK && goes;
    return *ret_claimed ? claim(run, candidate, probe, error) : code;
}

enum error_code claim_lane(struct pass_run *run, const struct store_lane *row,
                           const struct lane_wish *wish, struct error *error)
{
    bool probe = row->state == CHANNEL_HELD;
    size_t limit = wish->limit < CANDIDATES_MAX ? wish->limit : CANDIDATES_MAX;
    if (row->state == CHANNEL_PAUSED || (probe && row->probe_at_ms > run->work->now_ms) ||
        limit == 0) {
        return OK;
    }
    limit = probe ? 1 : limit;
    struct store_candidate *candidates = NULL;
    size_t count = 0;
    size_t claimed = 0;
    enum error_code code =
        store_people_open(run->work, row->id, row->daily_limit, &run->people, error);
    if (code == OK) {
        code = store_lane_candidates(run->work, row->id, run->work->now_ms, limit, run->pass->arena,
                                     &candidates, &count, error);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        bool one = false;
        code = consider(run, &candidates[i], wish, probe, &one, error);
        claimed += one;
    }
    if (code == OK) {
        code = store_people_close(run->work, &run->people, error);
    }
    if (code == OK && probe && claimed > 0) {
        int64_t wait_ms = wish->probe_wait_ms > 0 ? wish->probe_wait_ms : MS_PER_MINUTE;
        code = store_lane_probe(run->work, row->id, run->work->now_ms + wait_ms, error);
    }
    return code;
}
