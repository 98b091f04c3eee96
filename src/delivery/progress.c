/* Moving a message: row, counters, event and the enrollment's next step in one transaction. See
 * progress.h; what is done to whole enrollments is progress_enrollment.c. */
#include "delivery/progress.h"

#include "base/instant.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "delivery/opt_out_link.h"
#include "delivery/progress_internal.h"
#include "store/counters.h"
#include "store/store_event.h"
#include "store/store_sequence.h"
#include "store/store_setting.h"

void progress_init(struct progress *progress, struct work *work)
{
    *progress = (struct progress){.work = work};
}

/* "quiet_hours": {"from": "21:00", "to": "08:00"}, or null. */
static void read_quiet_hours(struct text value, struct quiet_hours *quiet)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {0};
    int from = 0;
    int to = 0;
    if (json_parse(value, NULL, &json, &ignored) == OK &&
        minute_parse(json_get_text(json, "from"), &from) &&
        minute_parse(json_get_text(json, "to"), &to) && from != to) {
        *quiet = (struct quiet_hours){.set = true, .from_minute = from, .to_minute = to};
    }
}

/* Leaves *ret_text as it is when the setting was never made, or is empty. */
static enum error_code read_text(struct progress *progress, struct text key, struct text *ret_text,
                                 struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {0};
    struct text value = {0};
    struct text text = {0};
    bool found = false;
    enum error_code code = store_setting_get(progress->work, key, &value, &found, error);
    if (code == OK && found && json_parse(value, NULL, &json, &ignored) == OK &&
        json_text(json, &text) && text.size > 0) {
        *ret_text = arena_text(progress->work->arena, text);
    }
    return code;
}

static enum error_code read_settings(struct progress *progress, struct error *error)
{
    if (progress->settings_read) {
        return OK;
    }
    struct text value = {0};
    bool found = false;
    enum error_code code = read_text(progress, TEXT("timezone"), &progress->server_zone, error);
    if (code == OK) {
        code = read_text(progress, TEXT("server_public_url"), &progress->public_url, error);
    }
    if (code == OK) {
        code = read_text(progress, TEXT("public_url"), &progress->public_url, error);
    }
    if (code == OK) {
        code = store_setting_get(progress->work, TEXT("quiet_hours"), &value, &found, error);
    }
    if (code == OK && found) {
        read_quiet_hours(value, &progress->quiet);
    }
    progress->settings_read = code == OK;
    return code;
}

enum error_code progress_opt_out_link(struct progress *progress, int64_t contact_id,
                                      struct text *ret_link, struct error *error)
{
    enum error_code code = read_settings(progress, error);
    if (code == OK) {
        *ret_link = opt_out_link(progress->work->arena, progress->hash_key, progress->public_url,
                                 contact_id);
    }
    return code;
}

enum error_code progress_sequence(struct progress *progress, int64_t sequence_id,
                                  struct progress_sequence **ret_sequence, struct error *error)
{
    for (struct progress_sequence *at = progress->sequences; at != NULL; at = at->next) {
        if (at->id == sequence_id) {
            *ret_sequence = at;
            return OK;
        }
    }
    enum error_code code = read_settings(progress, error);
    if (code != OK) {
        return code;
    }
    struct arena *arena = progress->work->arena;
    struct progress_sequence *sequence = arena_alloc(arena, sizeof(*sequence));
    sequence->id = sequence_id;
    code = store_sequence_get(progress->work, sequence_id, &sequence->sequence, &sequence->found,
                              error);
    if (code != OK) {
        return code;
    }
    size_t count = sequence->found ? sequence->sequence.step_count : 0;
    sequence->schedule = arena_array(arena, count + 1, sizeof(*sequence->schedule));
    sequence->texts = arena_array(arena, count + 1, sizeof(struct personalize *));
    if (sequence->found) {
        schedule_plan_fill(&sequence->plan, sequence->schedule, &sequence->sequence,
                           &progress->quiet);
    }
    sequence->next = progress->sequences;
    progress->sequences = sequence;
    *ret_sequence = sequence;
    return OK;
}

enum error_code progress_person(struct progress *progress, const struct progress_sequence *sequence,
                                const struct store_progress *row,
                                struct schedule_person *ret_person, struct error *error)
{
    enum error_code code = read_settings(progress, error);
    if (code != OK) {
        return code;
    }
    *ret_person = (struct schedule_person){
        .zone =
            schedule_zone(row->timezone, sequence->sequence.timezone, progress->server_zone).zone,
        .enrolled_at_ms = row->enrolled_at_ms,
        .order_minute = (int32_t)row->order_minute,
        .shift_days = (int32_t)row->shift_days,
        .position = row->position,
        .last_sent_at_ms = row->last_sent_at_ms,
        .last_planned_at_ms = row->last_planned_at_ms,
        .catch_up_until_ms = row->catch_up_until_ms,
    };
    return OK;
}

enum error_code progress_place(struct progress *progress, const struct store_message *message,
                               struct counter_place *ret_place, struct error *error)
{
    enum error_code code = OK;
    *ret_place = (struct counter_place){0};
    if (message->sequence_id == 0 || message->step_id == 0 || message->enrollment_id == 0) {
        return OK;
    }
    if (progress->started_id != message->enrollment_id) {
        code = store_progress_start(progress->work, message->enrollment_id,
                                    &progress->started_at_ms, error);
        progress->started_id = code == OK ? message->enrollment_id : 0;
    }
    if (code == OK) {
        *ret_place = (struct counter_place){.sequence_id = message->sequence_id,
                                            .step_id = message->step_id,
                                            .enrolled_at_ms = progress->started_at_ms};
    }
    return code;
}

enum error_code progress_event(struct progress *progress, const struct store_message *message,
                               const char *type, struct text data, struct error *error)
{
    const struct store_event event = {
        .type = text_from(type),
        .sequence_id = message->sequence_id,
        .enrollment_id = message->enrollment_id,
        .message_id = message->id,
        .contact_id = message->contact_id,
        .channel_id = message->channel_id,
        .data = data,
    };
    return store_event_add(progress->work, &event, error);
}

bool progress_step_is_over(const struct store_message *message)
{
    bool put_aside = message->state == MESSAGE_SKIPPED &&
                     (message->reason == REASON_PAUSED || message->reason == REASON_EDITED);
    return message_state_is_end(message->state) && !put_aside;
}

/* --- counters and events of one move ---------------------------------------------------------- */

static bool reached(const struct store_message *message, enum message_rank rank)
{
    return message->state == MESSAGE_ACCEPTED && message->rank >= rank;
}

static int rank_change(const struct store_message *before, const struct store_message *after,
                       enum message_rank rank)
{
    return (int)reached(after, rank) - (int)reached(before, rank);
}

static void count_rank(struct work *work, const struct counter_place *place, int outcome, int delta)
{
    if (delta != 0) {
        counters_add(work, place, outcome, 0, delta);
    }
    if (delta > 0) {
        counters_add_time(work, place->sequence_id, outcome, 1);
    }
}

static enum error_code count_move(struct progress *progress, const struct store_message *before,
                                  const struct store_message *after, struct error *error)
{
    enum step_outcome from = OUTCOME_QUEUED;
    enum step_outcome to = OUTCOME_QUEUED;
    int64_t from_reason = 0;
    int64_t to_reason = 0;
    int delivered = rank_change(before, after, RANK_DELIVERED);
    int read = rank_change(before, after, RANK_READ);
    struct counter_place place;
    store_message_counter(before, &from, &from_reason);
    store_message_counter(after, &to, &to_reason);
    if (from == to && from_reason == to_reason && delivered == 0 && read == 0) {
        return OK;
    }
    enum error_code code = progress_place(progress, after, &place, error);
    if (code == OK && place.sequence_id != 0) {
        counters_move(progress->work, &place, from, from_reason, to, to_reason);
        count_rank(progress->work, &place, OUTCOME_DELIVERED, delivered);
        count_rank(progress->work, &place, OUTCOME_READ, read);
    }
    return code;
}

enum { STAGES = 3 };

/* A read tells of the delivery and the sending, too, when their own news never came: whoever counts
 * one kind of event gets the number of the funnel. */
static size_t stages_reached(const struct store_message *before, const struct store_message *after,
                             const char *ret_types[STAGES])
{
    size_t count = 0;
    if (before->state != MESSAGE_ACCEPTED) {
        ret_types[count++] = "message.sent";
    }
    if (rank_change(before, after, RANK_DELIVERED) > 0) {
        ret_types[count++] = "message.delivered";
    }
    if (rank_change(before, after, RANK_READ) > 0) {
        ret_types[count++] = "message.read";
    }
    return count;
}

static const char *event_type(const struct store_message *before, const struct store_message *after)
{
    switch (after->state) {
    case MESSAGE_FAILED:
        return "message.failed";
    case MESSAGE_UNKNOWN:
        return "message.unknown";
    case MESSAGE_DOUBT:
        return "message.in_doubt";
    case MESSAGE_HELD:
        return "message.held";
    case MESSAGE_SKIPPED:
        return message_reason_is_cancel(after->reason) ? "message.cancelled" : "message.skipped";
    case MESSAGE_WAIT:
    case MESSAGE_PLANNED:
        return before->state == MESSAGE_ACCEPTED || message_state_is_end(before->state)
                   ? "message.retried"
                   : NULL;
    case MESSAGE_ACCEPTED: /* stages_reached() */
    case MESSAGE_SENDING:
        return NULL;
    }
    return NULL;
}

static enum error_code tell_with_reason(struct progress *progress,
                                        const struct store_message *after, const char *type,
                                        struct error *error)
{
    if (after->reason == REASON_NONE && after->error_code == 0) {
        return progress_event(progress, after, type, (struct text){0}, error);
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer data;
    buffer_init(&data, 256);
    struct json_writer writer;
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_field_chars(&writer, "reason", message_reason_to_text(after->reason));
    if (after->error_code != 0) {
        json_field_int64(&writer, "code", after->error_code);
    }
    json_object_end(&writer);
    return progress_event(progress, after, type, buffer_text(&data), error);
}

static enum error_code tell_move(struct progress *progress, const struct store_message *before,
                                 const struct store_message *after, struct error *error)
{
    const char *types[STAGES] = {event_type(before, after)};
    size_t count = after->state == MESSAGE_ACCEPTED ? stages_reached(before, after, types)
                                                    : (types[0] == NULL ? 0 : 1);
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        code = tell_with_reason(progress, after, types[i], error);
    }
    return code;
}

/* --- the enrollment behind the message -------------------------------------------------------- */

static int64_t planned_at(const struct progress_sequence *sequence,
                          const struct schedule_person *person, const struct store_message *message)
{
    for (size_t i = 0; i < sequence->plan.step_count; i++) {
        if (sequence->plan.steps[i].id == message->step_id) {
            uint32_t rules = 0;
            return schedule_planned_at(&sequence->plan, person, i, &rules);
        }
    }
    return message->due_at_ms;
}

static enum error_code note_sent(struct progress *progress, struct store_progress *row,
                                 const struct store_message *message, struct error *error)
{
    struct progress_sequence *sequence = NULL;
    struct schedule_person person;
    enum error_code code = progress_sequence(progress, row->sequence_id, &sequence, error);
    if (code == OK) {
        code = progress_person(progress, sequence, row, &person, error);
    }
    if (code == OK) {
        row->messages_sent++;
        if (message->sent_at_ms >= row->last_sent_at_ms) {
            row->last_sent_at_ms = message->sent_at_ms;
            row->last_planned_at_ms = planned_at(sequence, &person, message);
        }
    }
    return code;
}

static bool is_over_now(const struct store_message *before, const struct store_message *after)
{
    return progress_step_is_over(after) && !progress_step_is_over(before);
}

/* Reads the enrollment when the move means something for it; else *ret_found is false. */
static enum error_code read_enrollment(struct progress *progress,
                                       const struct store_message *before,
                                       const struct store_message *after,
                                       struct store_progress *ret_row, bool *ret_found,
                                       struct error *error)
{
    bool same = (before->state == MESSAGE_ACCEPTED) == (after->state == MESSAGE_ACCEPTED);
    *ret_found = false;
    if (after->enrollment_id == 0 || (same && !is_over_now(before, after))) {
        return OK;
    }
    enum error_code code =
        store_progress_get(progress->work, after->enrollment_id, ret_row, ret_found, error);
    if (code == OK && *ret_found) { /* the counters ask for it next */
        progress->started_id = after->enrollment_id;
        progress->started_at_ms = ret_row->enrolled_at_ms;
    }
    return code;
}

/* What a move means for the enrollment: its count of sent messages, its position, its next step. */
static enum error_code follow_enrollment(struct progress *progress,
                                         const struct store_message *before,
                                         const struct store_message *after,
                                         struct store_progress *row, struct error *error)
{
    bool was_sent = before->state == MESSAGE_ACCEPTED;
    bool is_sent = after->state == MESSAGE_ACCEPTED;
    int64_t due_before_ms = row->next_due_at_ms;
    enum error_code code = OK;
    if (is_sent && !was_sent) {
        code = note_sent(progress, row, after, error);
    } else if (was_sent && !is_sent && row->messages_sent > 0) {
        row->messages_sent--;
    }
    if (code == OK && is_over_now(before, after) && after->position > row->position) {
        row->position = after->position;
        if (row->next_due_at_ms == 0 && !progress->planning_held) {
            code = progress_plan_row(progress, row, error);
        }
    }
    return code == OK ? store_progress_put(progress->work, row, due_before_ms, error) : code;
}

/* --- the move --------------------------------------------------------------------------------- */

/* A webhook may come hours after the fact, and spacing counts from the fact: its own time holds, as
 * far as it lies between the claim and now (it counts whole seconds only). */
static int64_t sent_at(const struct store_message *message, int64_t proof_at_ms, int64_t now_ms)
{
    int64_t at_ms = proof_at_ms > message->claimed_at_ms ? proof_at_ms : message->claimed_at_ms;
    return at_ms == 0 || at_ms > now_ms ? now_ms : at_ms;
}

static int64_t not_before(int64_t at_ms, int64_t earliest_ms)
{
    return at_ms > earliest_ms ? at_ms : earliest_ms;
}

/* WhatsApp tells whole seconds, and by its own clock: no stage is shown before the one it follows.
 */
static void set_times(struct store_message *message, int64_t proof_at_ms, int64_t now_ms)
{
    if (message->state == MESSAGE_ACCEPTED) {
        if (message->sent_at_ms == 0) {
            message->sent_at_ms = sent_at(message, proof_at_ms, now_ms);
        }
        if (message->rank >= RANK_DELIVERED && message->delivered_at_ms == 0) {
            message->delivered_at_ms = not_before(proof_at_ms, message->sent_at_ms);
        }
        if (message->rank >= RANK_READ && message->read_at_ms == 0) {
            message->read_at_ms = not_before(proof_at_ms, message->delivered_at_ms);
        }
    } else {
        message->sent_at_ms = 0;
        message->delivered_at_ms = 0;
        message->read_at_ms = 0;
    }
    message->failed_at_ms = message->state == MESSAGE_FAILED ? now_ms : 0;
    if (!message_state_is_end(message->state)) {
        message->ended_at_ms = 0;
    } else if (message->ended_at_ms == 0) {
        message->ended_at_ms = now_ms;
    }
}

static bool has_next_at(enum message_state state)
{
    return state == MESSAGE_PLANNED || state == MESSAGE_WAIT || state == MESSAGE_DOUBT;
}

static void apply_change(struct store_message *message, const struct message_position *to,
                         const struct progress_change *change, int64_t now_ms)
{
    bool new_state = message->state != to->state;
    message->state = to->state;
    message->rank = to->rank;
    message->doubts += change->doubts_delta;
    message->tries += change->tries_delta;
    message->duplicates += change->duplicates_delta;
    message->doubts = message->doubts < 0 ? 0 : message->doubts;
    message->tries = message->tries < 0 ? 0 : message->tries;
    if (new_state) {
        message->reason = change->reason;
        message->error_code = change->error_code;
        message->next_at_ms = has_next_at(to->state) ? change->next_at_ms : 0;
    }
    set_times(message, change->proof_at_ms != 0 ? change->proof_at_ms : now_ms, now_ms);
}

enum error_code progress_move(struct progress *progress, struct store_message *message,
                              enum message_event event, const struct progress_change *change,
                              bool *ret_moved, struct error *error)
{
    static const struct progress_change NOTHING_ELSE = {0};
    change = change == NULL ? &NOTHING_ELSE : change;
    struct message_position to;
    struct message_position from = {.state = message->state, .rank = message->rank};
    bool moved = message_move(from, event, change->other_in_doubt, change->rank, &to);
    if (ret_moved != NULL) {
        *ret_moved = moved;
    }
    bool deltas =
        change->doubts_delta != 0 || change->tries_delta != 0 || change->duplicates_delta != 0;
    if (!moved || (to.state == from.state && to.rank == from.rank && !deltas)) {
        return OK;
    }
    struct store_message before = *message;
    apply_change(message, &to, change, progress->work->now_ms);
    enum error_code code =
        store_message_update(progress->work, message, before.state, before.attempts, error);
    if (code != OK || (to.state == from.state && to.rank == from.rank)) {
        return code;
    }
    struct store_progress row;
    bool follows = false;
    code = read_enrollment(progress, &before, message, &row, &follows, error);
    if (code == OK) {
        code = count_move(progress, &before, message, error);
    }
    if (code == OK) {
        code = tell_move(progress, &before, message, error);
    }
    return code == OK && follows ? follow_enrollment(progress, &before, message, &row, error)
                                 : code;
}
