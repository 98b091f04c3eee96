/* What pause, resume and stop do to one person. */
#include "service/actions_internal.h"

#include "base/instant.h"
#include "store/counters.h"
#include "store/store_event.h"

#include <stdlib.h>

void action_run_init(struct action_run *run, struct work *work, const struct action *action,
                     struct action_result *result, bool simulating)
{
    *run = (struct action_run){
        .work = work,
        .asked = *work,
        .action = action,
        .now_ms = action->asked_at_ms != 0 ? action->asked_at_ms : work->now_ms,
        .result = result,
        .simulating = simulating,
    };
    run->asked.now_ms = run->now_ms;
    progress_init(&run->progress, &run->asked);
    if (simulating) {
        simulate_init(&run->simulation, work->arena);
    }
}

void action_run_finish(struct action_run *run)
{
    run->work->wakes |= run->asked.wakes;
    if (!run->simulating) {
        return;
    }
    simulate_finish(&run->simulation);
    int64_t until_day = floor_divide(run->now_ms, MS_PER_DAY) + ACTION_DAYS_MAX;
    struct action_result *result = run->result;
    for (size_t i = 0; i < run->simulation.day_count && result->day_count < ACTION_DAYS_MAX; i++) {
        const struct simulation_day *day = &run->simulation.days[i];
        if (day->day < until_day) {
            result->days[result->day_count++] = (struct action_day){day->day, day->count};
        }
    }
}

static const char *ended_reason(enum enrollment_status status)
{
    switch (status) {
    case ENROLLMENT_COMPLETED:
        return "already_completed";
    case ENROLLMENT_STOPPED:
        return "already_stopped";
    case ENROLLMENT_OPTED_OUT:
        return "opted_out";
    case ENROLLMENT_FAILED:
        return "failed";
    case ENROLLMENT_ACTIVE:
    case ENROLLMENT_PAUSED:
        break;
    }
    return NULL;
}

const char *action_refusal(const struct action *action, const struct store_action_row *row)
{
    const char *ended = ended_reason(row->status);
    if (ended != NULL) {
        return ended;
    }
    switch (action->kind) {
    case ACTION_PAUSE:
        return row->status == ENROLLMENT_PAUSED ? "already_paused" : NULL;
    case ACTION_RESUME:
        if (row->status == ENROLLMENT_ACTIVE) {
            return action->whole_sequence ? NULL : "not_paused";
        }
        if (action->whole_sequence &&
            !text_equal(row->status_reason, TEXT(ACTION_SEQUENCE_REASON))) {
            return "paused_by_itself";
        }
        return NULL;
    case ACTION_STOP:
        break;
    }
    return NULL;
}

void action_count_skip(struct action_result *result, const char *reason, int64_t count)
{
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < result->skipped_count; i++) {
        if (strcmp(result->skipped[i].reason, reason) == 0) {
            result->skipped[i].count += count;
            return;
        }
    }
    CHECK(result->skipped_count < ACTION_REASONS_MAX);
    result->skipped[result->skipped_count++] = (struct action_reason_count){reason, count};
}

bool action_walk_meets(enum store_action_who who, enum enrollment_status status)
{
    return who == STORE_ACTION_LIVE ? enrollment_status_is_live(status)
                                    : (unsigned)who == (unsigned)status;
}

static bool is_wanted(const struct store_action_filter *filter, enum enrollment_status status)
{
    return filter->status_bits == 0 || (filter->status_bits >> status & 1u) != 0;
}

size_t action_walks(const struct action *action, const struct store_action_filter *filter,
                    enum store_action_who ret_walks[2])
{
    bool active = is_wanted(filter, ENROLLMENT_ACTIVE);
    bool paused = is_wanted(filter, ENROLLMENT_PAUSED);
    size_t count = 0;
    switch (action->kind) {
    case ACTION_PAUSE:
        paused = false;
        break;
    case ACTION_RESUME:
        active = active && action->whole_sequence;
        break;
    case ACTION_STOP:
        if (active && paused) {
            ret_walks[0] = STORE_ACTION_LIVE;
            return 1;
        }
        break;
    }
    if (paused) {
        ret_walks[count++] = STORE_ACTION_PAUSED;
    }
    if (active) {
        ret_walks[count++] = STORE_ACTION_ACTIVE;
    }
    return count;
}

static enum error_code planning_of(struct action_run *run, int64_t sequence_id,
                                   struct planning **ret_planning, struct error *error)
{
    if (run->plannings == NULL || run->plannings->stored->id != sequence_id) {
        struct planning *planning = arena_alloc(run->work->arena, sizeof *planning);
        enum error_code code = planning_open(planning, run->work, sequence_id, error);
        if (code != OK) {
            return code;
        }
        run->plannings = planning;
    }
    *ret_planning = run->plannings;
    return OK;
}

static bool is_put_aside(const struct store_message *message)
{
    return message->state == MESSAGE_SKIPPED &&
           (message->reason == REASON_PAUSED || message->reason == REASON_EDITED);
}

/* Ends a step that was missed during the pause: its message of before the pause, or a new row that
 * says so. ret_open: its message is on its way, so nothing behind it can be decided yet. */
static enum error_code skip_step(struct action_run *run, const struct planning *planning,
                                 const struct store_progress *row, const struct schedule_next *next,
                                 bool *ret_open, struct error *error)
{
    struct work *work = &run->asked;
    int64_t step_id = planning->plan.steps[next->step].id;
    struct store_message message = {0};
    bool found = false;
    enum error_code code =
        store_message_for_step(work, row->enrollment_id, step_id, &message, &found, error);
    if (code != OK || (found && !is_put_aside(&message))) {
        *ret_open = code == OK && message_state_is_open(message.state);
        return code;
    }
    enum step_outcome before = OUTCOME_WAITING;
    int64_t before_reason = 0;
    if (found) {
        store_message_counter(&message, &before, &before_reason);
        message.reason = REASON_LATE;
        code = store_message_update(work, &message, MESSAGE_SKIPPED, message.attempts, error);
    } else {
        message = (struct store_message){
            .state = MESSAGE_SKIPPED,
            .reason = REASON_LATE,
            .channel_id = planning->sequence->channel_id,
            .contact_id = row->contact_id,
            .enrollment_id = row->enrollment_id,
            .step_id = step_id,
            .sequence_id = row->sequence_id,
            .position = next->key,
            .due_at_ms = next->planned_at_ms,
            .ended_at_ms = work->now_ms,
            .created_at_ms = work->now_ms,
        };
        code = store_message_insert(work, &message, error);
    }
    if (code == OK) {
        enum step_outcome after = OUTCOME_SKIPPED;
        int64_t after_reason = 0;
        store_message_counter(&message, &after, &after_reason);
        const struct counter_place place = {.sequence_id = row->sequence_id,
                                            .step_id = step_id,
                                            .enrolled_at_ms = row->enrolled_at_ms};
        counters_move(work, &place, before, before_reason, after, after_reason);
    }
    return code;
}

/* Passes over the steps that lie in the past; in a dry run without writing. */
static enum error_code skip_missed(struct action_run *run, const struct planning *planning,
                                   struct schedule_person *person, const struct store_progress *row,
                                   struct error *error)
{
    for (size_t i = 0; i < planning->plan.step_count; i++) {
        struct schedule_next next = schedule_next(&planning->plan, person, run->now_ms);
        if (next.kind == SCHEDULE_FINISHED || next.planned_at_ms >= run->now_ms) {
            break;
        }
        bool open = false;
        enum error_code code =
            row == NULL ? OK : skip_step(run, planning, row, &next, &open, error);
        if (code != OK || open) {
            return code;
        }
        schedule_advance(person, &next, 0);
    }
    return OK;
}

/* How the resumed person stands before the scheduler. `row` is NULL in a dry run. */
static enum error_code resumed_person(struct action_run *run, const struct planning *planning,
                                      const struct store_action_row *stood,
                                      const struct store_progress *row,
                                      struct schedule_person *person, struct error *error)
{
    *person = planning_person(planning, stood);
    enum error_code code = planning_done(planning, stood, person, error);
    if (code != OK) {
        return code;
    }
    switch (run->action->mode) {
    case ACTION_SHIFT:
        person->shift_days +=
            schedule_resume_shift(&planning->plan, person, stood->paused_at_ms, run->now_ms);
        return OK;
    case ACTION_KEEP_DATES:
        person->catch_up_until_ms = run->now_ms;
        return OK;
    case ACTION_SKIP_MISSED:
        break;
    }
    return skip_missed(run, planning, person, row, error);
}

/* Nobody had paused this person; what they lack is the due row that a sequence never writes while
 * it is a draft or paused. Whoever came in meanwhile and has got nothing yet begins now. */
static enum error_code follow_resumed_sequence(struct action_run *run,
                                               const struct planning *planning,
                                               const struct store_action_row *stood,
                                               struct error *error)
{
    struct schedule_person person = planning_person(planning, stood);
    struct store_progress row;
    bool found = false;
    bool waited = stood->next_due_at_ms == 0 && stood->last_sent_at_ms == 0;
    enum error_code code = planning_done(planning, stood, &person, error);
    if (code != OK) {
        return code;
    }
    int32_t days = !waited ? 0
                           : schedule_resume_shift(&planning->plan, &person, stood->created_at_ms,
                                                   run->now_ms);
    person.shift_days += days;
    if (run->simulating) {
        simulate_person(&run->simulation, &planning->plan, &person, run->now_ms, 1);
    }
    if (run->action->dry_run) {
        return OK;
    }
    if (days > 0) {
        code = store_progress_get(&run->asked, stood->enrollment_id, &row, &found, error);
        if (code == OK && found) {
            row.shift_days += days;
            code = store_progress_put(&run->asked, &row, row.next_due_at_ms, error);
        }
    }
    return code == OK ? progress_plan(&run->progress, stood->enrollment_id, error) : code;
}

static enum error_code resume(struct action_run *run, const struct store_action_row *stood,
                              struct error *error)
{
    struct planning *planning = NULL;
    struct schedule_person person = {0};
    struct store_progress row = {0};
    bool found = true;
    enum error_code code = planning_of(run, stood->sequence_id, &planning, error);
    if (code == OK && stood->status == ENROLLMENT_ACTIVE && stood->paused_at_ms == 0) {
        return follow_resumed_sequence(run, planning, stood, error);
    }
    if (code == OK && !run->action->dry_run) {
        code = store_progress_get(&run->asked, stood->enrollment_id, &row, &found, error);
    }
    if (code == OK) {
        code = resumed_person(run, planning, stood, run->action->dry_run ? NULL : &row, &person,
                              error);
    }
    if (code != OK || !found) {
        return code;
    }
    if (run->simulating) {
        simulate_person(&run->simulation, &planning->plan, &person, run->now_ms, 1);
    }
    if (run->action->dry_run) {
        return OK;
    }
    if (row.position != person.position) {
        row.position = person.position;
        code = store_progress_put(&run->asked, &row, row.next_due_at_ms, error);
    }
    return code == OK ? progress_resume(&run->progress, stood->enrollment_id,
                                        person.shift_days - (int32_t)stood->shift_days,
                                        person.catch_up_until_ms, error)
                      : code;
}

static enum error_code count_cancelled(struct action_run *run, const struct store_action_row *row,
                                       struct error *error)
{
    int64_t pending = 0;
    enum error_code code = store_action_pending_of(run->work, row->enrollment_id, &pending, error);
    run->result->messages_cancelled += code == OK ? pending : 0;
    return code;
}

static struct text reason_or(const struct action *action, const char *otherwise)
{
    return action->reason.size > 0 ? action->reason : text_from(otherwise);
}

enum error_code action_visit(void *context, const struct store_action_row *row, struct error *error)
{
    struct action_run *run = context;
    const struct action *action = run->action;
    const char *refusal = action_refusal(action, row);
    if (refusal != NULL) {
        action_count_skip(run->result, refusal, 1);
        return OK;
    }
    /* Following a resumed sequence changes nobody who was active all along. */
    bool follows = action->kind == ACTION_RESUME && row->status == ENROLLMENT_ACTIVE;
    run->result->changed += follows ? 0 : 1;
    enum error_code code = OK;
    switch (action->kind) {
    case ACTION_RESUME:
        return resume(run, row, error);
    case ACTION_PAUSE:
        code = count_cancelled(run, row, error);
        if (code == OK && !action->dry_run) {
            struct text reason =
                action->whole_sequence ? TEXT(ACTION_SEQUENCE_REASON) : action->reason;
            code = progress_pause(&run->progress, row->enrollment_id, reason,
                                  action->whole_sequence, error);
        }
        return code;
    case ACTION_STOP:
        break;
    }
    code = count_cancelled(run, row, error);
    if (code == OK && !action->dry_run) {
        code = progress_end(&run->progress, row->enrollment_id, ENROLLMENT_STOPPED, REASON_STOPPED,
                            reason_or(action, "stopped"), error);
    }
    return code;
}
