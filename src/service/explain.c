/* The "why" card. The schedule is asked exactly as the planner asks it; what a message in the queue
 * waits for is read from its row. */
#include "service/explain.h"

#include "base/instant.h"
#include "base/json.h"
#include "service/planning.h"
#include "store/store_contact.h"
#include "store/store_lane.h"
#include "store/store_setting.h"

enum { LANES_MAX = 256 };

static const char *const MONTHS[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* Everything read for one card. */
struct explain_facts {
    struct work *work;
    struct planning planning;
    struct store_progress row;
    bool zone_guessed;
    struct store_message *messages;
    size_t message_count;
    const struct store_message *open; /* the one in the queue, or NULL */
};

static void block(struct explain *explain, const char *code, struct text text)
{
    if (explain->blocker_count < EXPLAIN_BLOCKERS_MAX) {
        explain->blockers[explain->blocker_count++] = (struct explain_blocker){code, text};
    }
}

static struct text with_reason(struct explain_facts *facts, const char *text)
{
    struct text reason = facts->row.status_reason;
    if (reason.size == 0 || text_equal(reason, TEXT("sequence_paused"))) {
        return text_from(text);
    }
    return arena_format(facts->work->arena, "%s: %.*s", text, TEXT_ARGS(reason));
}

static void block_by_status(struct explain_facts *facts, struct explain *explain)
{
    switch (explain->status) {
    case ENROLLMENT_ACTIVE:
        break;
    case ENROLLMENT_PAUSED:
        block(explain, "enrollment_paused", with_reason(facts, "This person is paused"));
        break;
    case ENROLLMENT_COMPLETED:
        block(explain, "completed", TEXT("This person has finished the sequence"));
        break;
    case ENROLLMENT_STOPPED:
        block(explain, "stopped", with_reason(facts, "This person was stopped"));
        break;
    case ENROLLMENT_OPTED_OUT:
        block(explain, "opted_out", TEXT("This person opted out"));
        break;
    case ENROLLMENT_FAILED:
        block(explain, "failed", with_reason(facts, "This enrollment failed"));
        break;
    }
}

static void block_by_sequence(const struct explain_facts *facts, struct explain *explain)
{
    switch (facts->planning.sequence->status) {
    case SEQUENCE_ACTIVE:
        break;
    case SEQUENCE_DRAFT:
        block(explain, "sequence_draft", TEXT("The sequence has not been started"));
        break;
    case SEQUENCE_PAUSED:
        block(explain, "sequence_paused", TEXT("The sequence is paused"));
        break;
    case SEQUENCE_ARCHIVED:
        block(explain, "sequence_archived", TEXT("The sequence is archived"));
        break;
    }
}

static enum error_code block_by_channel(struct explain_facts *facts, struct explain *explain,
                                        struct error *error)
{
    struct store_lane *lanes = NULL;
    const struct store_lane *lane = NULL;
    size_t count = 0;
    int64_t wanted =
        facts->open != NULL ? facts->open->channel_id : facts->planning.sequence->channel_id;
    enum error_code code = store_lane_list(facts->work, LANES_MAX, &lanes, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        bool fits = wanted != 0 ? lanes[i].id == wanted
                                : lane == NULL || (lanes[i].is_default && !lane->is_default);
        lane = fits ? &lanes[i] : lane;
    }
    if (code != OK) {
        return code;
    }
    if (lane == NULL) {
        block(explain, "channel_missing", TEXT("No WhatsApp number is connected"));
    } else if (lane->state == CHANNEL_PAUSED) {
        block(explain, "channel_paused", TEXT("The WhatsApp number is paused"));
    } else if (lane->state == CHANNEL_HELD) {
        block(explain, "channel_paused",
              TEXT("The WhatsApp number is held back after errors and is being tried again"));
    }
    return OK;
}

static enum error_code block_by_setting(struct explain_facts *facts, struct explain *explain,
                                        struct error *error)
{
    struct text value = {0};
    bool found = false;
    enum error_code code =
        store_setting_get(facts->work, TEXT("sending_paused"), &value, &found, error);
    if (code == OK && found && text_equal(text_trim(value), TEXT("true"))) {
        block(explain, "sending_paused", TEXT("All sending is paused in the settings"));
    }
    return code;
}

static void block_by_message(const struct store_message *message, struct explain *explain)
{
    if (message == NULL) {
        return;
    }
    struct text advice = text_from(message_reason_advice(message->reason));
    if (message->state == MESSAGE_HELD) {
        block(explain, "held", TEXT("The message is held: a person must decide about it"));
    } else if (message->state == MESSAGE_DOUBT) {
        block(explain, "in_doubt",
              TEXT("Whether the last attempt arrived is not known yet; proof is awaited"));
    } else if (message->reason == REASON_RATE_LIMIT || message->reason == REASON_PAIR_LIMIT ||
               message->reason == REASON_TIER_LIMIT) {
        block(explain, "pacing", advice.size > 0 ? advice : TEXT("Waits for a limit to free up"));
    } else if (message->reason == REASON_WINDOW_CLOSED) {
        block(explain, "window_closed", advice);
    }
}

static bool is_over(const struct store_message *message)
{
    bool put_aside = message->state == MESSAGE_SKIPPED &&
                     (message->reason == REASON_PAUSED || message->reason == REASON_EDITED);
    return message_state_is_end(message->state) && !put_aside;
}

static enum error_code read_facts(struct explain_facts *facts, int64_t enrollment_id,
                                  struct error *error)
{
    struct work *work = facts->work;
    struct store_contact contact;
    bool found = false;
    enum error_code code = store_progress_get(work, enrollment_id, &facts->row, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "this enrollment does not exist");
    }
    if (code == OK) {
        code = planning_open(&facts->planning, work, facts->row.sequence_id, error);
    }
    if (code == OK) {
        code = store_contact_get(work, facts->row.contact_id, &contact, &found, error);
        facts->zone_guessed =
            code == OK && found && contact.timezone_source == CONTACT_ZONE_GUESSED;
    }
    if (code == OK) {
        code = store_message_for_enrollment(work, enrollment_id, &facts->messages,
                                            &facts->message_count, error);
    }
    for (size_t i = 0; code == OK && i < facts->message_count; i++) {
        if (message_state_is_open(facts->messages[i].state)) {
            facts->open = &facts->messages[i];
        }
    }
    return code;
}

/* The person as the planner would see them; somebody paused, as if resumed now. */
static struct schedule_person person_of(struct explain_facts *facts, const struct zone *zone)
{
    const struct store_progress *row = &facts->row;
    const struct schedule_plan *plan = &facts->planning.plan;
    struct schedule_person person = {
        .zone = zone,
        .enrolled_at_ms = row->enrolled_at_ms,
        .order_minute = (int32_t)row->order_minute,
        .shift_days = (int32_t)row->shift_days,
        .position = row->position,
        .last_sent_at_ms = row->last_sent_at_ms,
        .last_planned_at_ms = row->last_planned_at_ms,
        .catch_up_until_ms = row->catch_up_until_ms,
    };
    uint64_t *done = arena_array(facts->work->arena, plan->step_count / 64 + 1, sizeof *done);
    for (size_t i = 0; i < plan->step_count; i++) {
        for (size_t j = 0; j < facts->message_count; j++) {
            if (facts->messages[j].step_id == plan->steps[i].id && is_over(&facts->messages[j])) {
                done[i / 64] |= UINT64_C(1) << (i % 64);
            }
        }
    }
    person.done = done;
    if (row->paused_at_ms != 0) {
        person.shift_days +=
            schedule_resume_shift(plan, &person, row->paused_at_ms, facts->work->now_ms);
    }
    return person;
}

/* The step in the queue has its moment from its message, all others from the schedule. */
static void walk_ahead(struct explain_facts *facts, struct explain *explain)
{
    const struct schedule_plan *plan = &facts->planning.plan;
    struct schedule_person person = person_of(facts, explain->zone);
    int64_t now_ms = facts->work->now_ms;
    explain->upcoming =
        arena_array(facts->work->arena, plan->step_count + 1, sizeof *explain->upcoming);
    for (size_t i = 0; i < plan->step_count; i++) {
        struct schedule_next next = schedule_next(plan, &person, now_ms);
        if (next.kind == SCHEDULE_FINISHED || next.kind == SCHEDULE_STOP_LATE ||
            (next.rules & SCHEDULE_NEVER_OPEN) != 0) {
            return;
        }
        int64_t step_id = plan->steps[next.step].id;
        bool queued = facts->open != NULL && facts->open->step_id == step_id;
        if (next.kind == SCHEDULE_SKIP_LATE && !queued) {
            schedule_advance(&person, &next, 0);
            continue;
        }
        int64_t due_ms = queued ? facts->open->due_at_ms : next.due_at_ms;
        explain->upcoming[explain->upcoming_count++] = (struct explain_step){
            .step = sequence_find_step(facts->planning.sequence, step_id),
            .due_at_ms = due_ms,
            .local_ms = zone_to_local(explain->zone, due_ms),
            .rules = next.rules,
        };
        now_ms = due_ms > now_ms ? due_ms : now_ms;
        schedule_advance(&person, &next, now_ms);
    }
}

static struct text zone_words(const struct explain *explain)
{
    switch (explain->zone_source) {
    case PREVIEW_ZONE_CONTACT:
        break;
    case PREVIEW_ZONE_GUESSED:
        return TEXT(" (guessed from the number)");
    case PREVIEW_ZONE_SEQUENCE:
        return TEXT(" (the sequence's time zone)");
    case PREVIEW_ZONE_SERVER:
        return TEXT(" (the server's time zone)");
    }
    return TEXT("");
}

static struct text summarize(struct explain_facts *facts, const struct explain *explain)
{
    struct arena *arena = facts->work->arena;
    if (explain->blocker_count > 0) {
        return arena_format(arena, "%.*s.", TEXT_ARGS(explain->blockers[0].text));
    }
    if (!explain->has_next) {
        return TEXT("Nothing lies ahead.");
    }
    char minute[INSTANT_TEXT_MAX];
    int64_t day = floor_divide(explain->next.local_ms, MS_PER_DAY);
    struct civil_date date = civil_from_days(day);
    struct text zone = zone_name(explain->zone);
    return arena_format(
        arena, "Day %d goes on %d %s at %s in %.*s%.*s.", (int)explain->next.step->day,
        (int)date.day, MONTHS[date.month - 1],
        minute_format((int)((explain->next.local_ms - day * MS_PER_DAY) / MS_PER_MINUTE), minute),
        TEXT_ARGS(zone), TEXT_ARGS(zone_words(explain)));
}

static enum error_code find_blockers(struct explain_facts *facts, struct explain *explain,
                                     struct error *error)
{
    bool suppressed = (facts->row.suppressed & 1) != 0;
    block_by_status(facts, explain);
    if (!enrollment_status_is_live(explain->status)) {
        return OK;
    }
    if (suppressed) {
        block(explain, "opted_out", TEXT("This person opted out"));
    }
    block_by_sequence(facts, explain);
    enum error_code code = block_by_setting(facts, explain, error);
    if (code == OK) {
        code = block_by_channel(facts, explain, error);
    }
    block_by_message(facts->open, explain);
    return code;
}

enum error_code explain_make(struct work *work, int64_t enrollment_id, struct explain *ret_explain,
                             struct error *error)
{
    struct explain_facts facts = {.work = work};
    enum error_code code = read_facts(&facts, enrollment_id, error);
    if (code != OK) {
        return code;
    }
    struct schedule_zone zone = planning_zone(&facts.planning, facts.row.timezone);
    struct explain explain = {
        .enrollment_id = enrollment_id,
        .status = (enum enrollment_status)facts.row.status,
        .zone = zone.zone,
        .zone_source = preview_zone_source(&zone, facts.zone_guessed),
        .unknown_zones = zone.unknown_count,
    };
    if (enrollment_status_is_live(explain.status)) {
        walk_ahead(&facts, &explain);
    }
    explain.has_next = explain.upcoming_count > 0;
    if (explain.has_next) {
        explain.next = explain.upcoming[0];
        bool queued = facts.open != NULL && facts.open->step_id == explain.next.step->id;
        explain.message_id = queued ? facts.open->id : 0;
    }
    code = find_blockers(&facts, &explain, error);
    if (code == OK) {
        explain.summary = summarize(&facts, &explain);
        *ret_explain = explain;
    }
    return code;
}
