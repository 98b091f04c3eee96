/* What is done to whole enrollments: planning the next step, cancelling what waits, ending,
 * pausing, resuming. See progress.h. */
#include "delivery/progress_internal.h"

#include "store/counters.h"
#include "store/store_event.h"

#include <stdio.h>

static enum error_code tell_enrollment(struct progress *progress, const struct store_progress *row,
                                       const char *type, struct error *error)
{
    const struct store_event event = {
        .type = text_from(type),
        .sequence_id = row->sequence_id,
        .enrollment_id = row->enrollment_id,
        .contact_id = row->contact_id,
    };
    return store_event_add(progress->work, &event, error);
}

enum error_code progress_set_status(struct progress *progress, struct store_progress *row,
                                    enum enrollment_status status, struct text status_reason,
                                    struct error *error)
{
    int64_t now_ms = progress->work->now_ms;
    bool was_paused = row->status == ENROLLMENT_PAUSED;
    const struct counter_place place = {.sequence_id = row->sequence_id,
                                        .enrolled_at_ms = row->enrolled_at_ms};
    counters_add(progress->work, &place, (int)row->status, 0, -1);
    counters_add(progress->work, &place, (int)status, 0, 1);
    if (status == ENROLLMENT_COMPLETED) {
        counters_add_time(progress->work, row->sequence_id, COUNTER_TIME_COMPLETED, 1);
    }
    row->status = status;
    row->status_reason = status_reason;
    if (status != ENROLLMENT_PAUSED) {
        row->paused_at_ms = 0;
    } else if (row->paused_at_ms == 0) {
        row->paused_at_ms = now_ms;
    }
    row->ended_at_ms = enrollment_status_is_live(status) ? 0 : now_ms;
    if (status != ENROLLMENT_ACTIVE) {
        row->next_due_at_ms = 0;
    }
    char type[48];
    (void)snprintf(type, sizeof(type), "enrollment.%s",
                   status == ENROLLMENT_ACTIVE && was_paused ? "resumed"
                                                             : enrollment_status_to_text(status));
    return tell_enrollment(progress, row, type, error);
}

static uint64_t *done_steps(struct arena *arena, const struct schedule_plan *plan,
                            const struct store_message *messages, size_t message_count)
{
    uint64_t *done = arena_array(arena, plan->step_count / 64 + 1, sizeof(*done));
    for (size_t i = 0; i < message_count; i++) {
        for (size_t step = 0; progress_step_is_over(&messages[i]) && step < plan->step_count;
             step++) {
            if (plan->steps[step].id == messages[i].step_id) {
                done[step / 64] |= UINT64_C(1) << (step % 64);
            }
        }
    }
    return done;
}

/* What comes next, when a step that an edit moved ahead may have its message already: each is
 * looked up. The first version of a document moved nothing. */
static enum error_code find_next(struct progress *progress,
                                 const struct progress_sequence *sequence, int64_t enrollment_id,
                                 struct schedule_person *person, struct schedule_next *ret_next,
                                 struct error *error)
{
    const struct schedule_plan *plan = &sequence->plan;
    uint64_t *done = NULL;
    enum error_code code = OK;
    for (;;) {
        struct store_message message;
        bool found = false;
        *ret_next = schedule_next(plan, person, progress->work->now_ms);
        if (ret_next->kind == SCHEDULE_FINISHED || sequence->sequence.version <= 1) {
            return OK;
        }
        code = store_message_for_step(progress->work, enrollment_id, plan->steps[ret_next->step].id,
                                      &message, &found, error);
        if (code != OK || !found || !progress_step_is_over(&message)) {
            return code;
        }
        if (done == NULL) {
            done = arena_array(progress->work->arena, plan->step_count / 64 + 1, sizeof(*done));
            person->done = done;
        }
        done[ret_next->step / 64] |= UINT64_C(1) << (ret_next->step % 64);
    }
}

/* `messages` are those the enrollment has, when they were read already. */
static enum error_code plan_row(struct progress *progress, struct store_progress *row,
                                const struct store_message *messages, size_t message_count,
                                struct error *error)
{
    struct progress_sequence *sequence = NULL;
    enum error_code code = progress_sequence(progress, row->sequence_id, &sequence, error);
    if (code != OK) {
        return code;
    }
    row->next_due_at_ms = 0;
    if (row->status != ENROLLMENT_ACTIVE || !sequence->found ||
        sequence->sequence.status != SEQUENCE_ACTIVE) {
        return OK;
    }
    struct schedule_person person;
    bool ahead = false;
    code = progress_edit_ahead(progress, sequence, row->enrollment_id, &ahead, error);
    if (code != OK || ahead) {
        return code;
    }
    code = progress_person(progress, sequence, row, &person, error);
    if (code != OK) {
        return code;
    }
    struct schedule_next next = {0};
    if (message_count > 0) {
        person.done = done_steps(progress->work->arena, &sequence->plan, messages, message_count);
        next = schedule_next(&sequence->plan, &person, progress->work->now_ms);
    } else {
        code = find_next(progress, sequence, row->enrollment_id, &person, &next, error);
        if (code != OK) {
            return code;
        }
    }
    if (next.kind == SCHEDULE_FINISHED) {
        return progress_set_status(progress, row, ENROLLMENT_COMPLETED, (struct text){0}, error);
    }
    /* A step that is too late is dealt with by the planner, at once. */
    row->next_due_at_ms = next.kind == SCHEDULE_SEND ? next.due_at_ms : progress->work->now_ms;
    progress->work->wakes |= WORK_WAKE_DELIVERY;
    return OK;
}

enum error_code progress_plan_row(struct progress *progress, struct store_progress *row,
                                  struct error *error)
{
    return plan_row(progress, row, NULL, 0, error);
}

enum error_code progress_plan(struct progress *progress, int64_t enrollment_id, struct error *error)
{
    struct store_progress row;
    struct store_message *messages = NULL;
    size_t count = 0;
    bool found = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    if (code != OK || !found || row.status != ENROLLMENT_ACTIVE) {
        return code;
    }
    code = store_message_for_enrollment(progress->work, enrollment_id, &messages, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (message_state_is_open(messages[i].state)) {
            return OK; /* it plans the next step when it ends */
        }
    }
    int64_t before_ms = row.next_due_at_ms;
    if (code == OK) {
        code = plan_row(progress, &row, messages, count, error);
    }
    return code == OK ? store_progress_put(progress->work, &row, before_ms, error) : code;
}

/* Drops the messages that no byte of has left. */
static enum error_code drop_messages(struct progress *progress, int64_t enrollment_id,
                                     enum message_reason reason, int64_t *ret_cancelled,
                                     struct error *error)
{
    struct store_message *messages = NULL;
    size_t count = 0;
    int64_t cancelled = 0;
    enum error_code code =
        store_message_for_enrollment(progress->work, enrollment_id, &messages, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        const struct progress_change change = {.reason = reason,
                                               .other_in_doubt = messages[i].doubts > 0};
        bool moved = false;
        if (message_state_is_open(messages[i].state)) {
            code = progress_move(progress, &messages[i], EVENT_DROP, &change, &moved, error);
        }
        cancelled += moved;
    }
    if (code == OK && ret_cancelled != NULL) {
        *ret_cancelled = cancelled;
    }
    return code;
}

enum error_code progress_cancel(struct progress *progress, int64_t enrollment_id,
                                enum message_reason reason, int64_t *ret_cancelled,
                                struct error *error)
{
    struct store_progress row;
    bool found = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    if (code == OK && found && row.next_due_at_ms != 0) {
        int64_t before_ms = row.next_due_at_ms;
        row.next_due_at_ms = 0;
        code = store_progress_put(progress->work, &row, before_ms, error);
    }
    if (code == OK) {
        bool held = progress->planning_held;
        progress->planning_held = true;
        code = drop_messages(progress, enrollment_id, reason, ret_cancelled, error);
        progress->planning_held = held;
    }
    return code;
}

static bool has_message(const struct store_message *messages, size_t count, int64_t step_id)
{
    for (size_t i = 0; i < count; i++) {
        if (messages[i].step_id == step_id) {
            return true;
        }
    }
    return false;
}

/* The steps that lie ahead and will never come count as cancelled from now on. */
static enum error_code count_never_sent(struct progress *progress, const struct store_progress *row,
                                        enum message_reason reason, struct error *error)
{
    struct progress_sequence *sequence = NULL;
    struct schedule_person person;
    struct store_message *messages = NULL;
    size_t count = 0;
    enum error_code code = progress_sequence(progress, row->sequence_id, &sequence, error);
    if (code == OK) {
        code = progress_person(progress, sequence, row, &person, error);
    }
    if (code == OK) {
        code = store_message_for_enrollment(progress->work, row->enrollment_id, &messages, &count,
                                            error);
    }
    for (size_t i = 0; code == OK && i < sequence->plan.step_count; i++) {
        int64_t step_id = sequence->plan.steps[i].id;
        if (schedule_key(&sequence->plan, &person, i) > row->position &&
            !has_message(messages, count, step_id)) {
            const struct counter_place place = {.sequence_id = row->sequence_id,
                                                .step_id = step_id,
                                                .enrolled_at_ms = row->enrolled_at_ms};
            counters_move(progress->work, &place, OUTCOME_WAITING, 0, OUTCOME_CANCELLED, reason);
        }
    }
    return code;
}

enum error_code progress_end(struct progress *progress, int64_t enrollment_id,
                             enum enrollment_status status, enum message_reason reason,
                             struct text status_reason, struct error *error)
{
    CHECK(!enrollment_status_is_live(status));
    struct store_progress row;
    bool found = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    if (code != OK || !found || !enrollment_status_is_live((enum enrollment_status)row.status)) {
        return code;
    }
    int64_t before_ms = row.next_due_at_ms;
    code = count_never_sent(progress, &row, reason, error);
    if (code == OK) {
        code = progress_set_status(progress, &row, status, status_reason, error);
    }
    if (code == OK) {
        code = store_progress_put(progress->work, &row, before_ms, error);
    }
    return code == OK ? drop_messages(progress, enrollment_id, reason, NULL, error) : code;
}

static enum error_code sequence_runs(struct progress *progress, int64_t sequence_id, bool *ret_runs,
                                     struct error *error)
{
    struct progress_sequence *sequence = NULL;
    enum error_code code = progress_sequence(progress, sequence_id, &sequence, error);
    *ret_runs = code == OK && sequence->found && sequence->sequence.status == SEQUENCE_ACTIVE;
    return code;
}

enum error_code progress_pause(struct progress *progress, int64_t enrollment_id,
                               struct text status_reason, bool with_sequence, struct error *error)
{
    struct store_progress row;
    bool found = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    if (code != OK || !found || row.status != ENROLLMENT_ACTIVE) {
        return code;
    }
    int64_t before_ms = row.next_due_at_ms;
    bool runs = with_sequence;
    if (!with_sequence) {
        code = sequence_runs(progress, row.sequence_id, &runs, error);
    }
    if (code == OK && !runs && row.paused_at_ms == 0 && row.last_sent_at_ms == 0) {
        row.paused_at_ms = row.created_at_ms;
    }
    if (code == OK) {
        code = progress_set_status(progress, &row, ENROLLMENT_PAUSED, status_reason, error);
    }
    if (code == OK) {
        code = store_progress_put(progress->work, &row, before_ms, error);
    }
    return code == OK ? drop_messages(progress, enrollment_id, REASON_PAUSED, NULL, error) : code;
}

enum error_code progress_resume(struct progress *progress, int64_t enrollment_id,
                                int32_t shift_days, int64_t catch_up_until_ms, struct error *error)
{
    struct store_progress row = {0};
    bool found = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    bool follows = row.status == ENROLLMENT_ACTIVE && row.paused_at_ms != 0;
    if (code != OK || !found || (row.status != ENROLLMENT_PAUSED && !follows)) {
        return code;
    }
    bool runs = false;
    code = sequence_runs(progress, row.sequence_id, &runs, error);
    if (code == OK && !follows) {
        code = progress_set_status(progress, &row, ENROLLMENT_ACTIVE, (struct text){0}, error);
    }
    if (code == OK) {
        row.paused_at_ms = runs ? 0 : progress->work->now_ms;
        row.shift_days += shift_days;
        row.catch_up_until_ms = catch_up_until_ms;
        code = store_progress_put(progress->work, &row, row.next_due_at_ms, error);
    }
    return code == OK ? progress_plan(progress, enrollment_id, error) : code;
}
