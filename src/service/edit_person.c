/* What an edit means for one person: positions, counters, waiting messages and the due row follow
 * the new document. Whom the edit comes to only after they moved on or left is looked at from where
 * they stood when it was saved. */
#include "service/edit_effects_internal.h"

#include "store/counters.h"
#include "store/store_edit.h"

static const struct store_message *message_of(const struct store_message *messages, size_t count,
                                              int64_t step_id)
{
    for (size_t i = 0; i < count; i++) {
        if (messages[i].step_id == step_id) {
            return &messages[i];
        }
    }
    return NULL;
}

static void count_step(struct edit_run *run, int64_t enrolled_at_ms, int64_t step_id,
                       enum step_outcome outcome, enum message_reason reason)
{
    const struct counter_place place = {
        .sequence_id = run->sequence_id, .step_id = step_id, .enrolled_at_ms = enrolled_at_ms};
    counters_move(run->work, &place, OUTCOME_WAITING, 0, outcome, reason);
}

/* Steps that this person will not get any more move out of "waiting". Those with a message are
 * counted by it. */
static void count_lost_steps(struct edit_run *run, const struct edit_person *person,
                             const struct store_message *messages, size_t count)
{
    const struct edit_plan *plan = run->plan;
    for (size_t i = 0; i < plan->before.step_count; i++) {
        int64_t id = plan->before.steps[i].id;
        if (plan->after_of[i] == EDIT_NO_STEP && edit_was_ahead(plan, person, i) &&
            message_of(messages, count, id) == NULL) {
            count_step(run, person->after.enrolled_at_ms, id, OUTCOME_CANCELLED, REASON_EDITED);
        }
    }
    for (size_t i = 0; i < plan->after.step_count; i++) {
        int64_t id = plan->after.steps[i].id;
        int32_t before_step = plan->before_of[i];
        bool counted_waiting =
            before_step == EDIT_NO_STEP || edit_was_ahead(plan, person, (size_t)before_step);
        bool gets_it = edit_is_ahead(plan, person, i) && !edit_had_before(plan, i, messages, count);
        if (counted_waiting && !gets_it && message_of(messages, count, id) == NULL) {
            count_step(run, person->after.enrolled_at_ms, id, OUTCOME_SKIPPED, REASON_NOT_NEEDED);
        }
    }
}

/* Who moved on since the save is looked at from where they stood then: that is what their counters
 * were set by. */
static enum error_code read_place(struct edit_run *run, int64_t enrollment_id,
                                  struct edit_person *person, struct error *error)
{
    int64_t position = 0;
    bool found = false;
    if (run->batch_id == 0) {
        return OK;
    }
    enum error_code code =
        store_edit_position(run->work, run->batch_id, enrollment_id, &position, &found, error);
    if (code == OK && found) {
        person->before.position = position;
    }
    return code;
}

/* Leaving moved the steps ahead, by the new document, from "waiting" to "cancelled". Those of them
 * that never were waiting go back; those that were waiting and lay behind go now. */
static void count_gone_steps(struct edit_run *run, const struct store_action_row *row,
                             const struct edit_person *person, const struct store_message *messages,
                             size_t count)
{
    const struct edit_plan *plan = run->plan;
    enum message_reason reason =
        row->status == ENROLLMENT_OPTED_OUT ? REASON_OPTED_OUT : REASON_STOPPED;
    for (size_t i = 0; i < plan->before.step_count; i++) {
        int64_t id = plan->before.steps[i].id;
        if (plan->after_of[i] == EDIT_NO_STEP && edit_was_ahead(plan, person, i) &&
            message_of(messages, count, id) == NULL) {
            count_step(run, row->enrolled_at_ms, id, OUTCOME_CANCELLED, REASON_EDITED);
        }
    }
    for (size_t i = 0; i < plan->after.step_count; i++) {
        int64_t id = plan->after.steps[i].id;
        int32_t before_step = plan->before_of[i];
        bool waiting =
            before_step == EDIT_NO_STEP || edit_was_ahead(plan, person, (size_t)before_step);
        bool ahead = schedule_key(&plan->after, &person->after, i) > person->after.position;
        if (waiting == ahead || message_of(messages, count, id) != NULL) {
            continue;
        }
        if (waiting) {
            count_step(run, row->enrolled_at_ms, id, OUTCOME_SKIPPED, REASON_NOT_NEEDED);
        } else {
            const struct counter_place place = {.sequence_id = run->sequence_id,
                                                .step_id = id,
                                                .enrolled_at_ms = row->enrolled_at_ms};
            counters_move(run->work, &place, OUTCOME_CANCELLED, reason, OUTCOME_WAITING, 0);
        }
    }
}

enum error_code edit_person_gone(struct edit_run *run, int64_t enrollment_id, struct error *error)
{
    struct store_action_row row;
    struct edit_person person;
    struct store_message *messages = NULL;
    size_t count = 0;
    bool found = false;
    enum error_code code = store_action_get(run->work, enrollment_id, &row, &found, error);
    if (code != OK || !found) {
        return code;
    }
    edit_person_make(run->plan, &row, &person);
    code = read_place(run, enrollment_id, &person, error);
    if (code == OK) {
        code = store_message_for_enrollment(run->work, enrollment_id, &messages, &count, error);
    }
    if (code == OK) {
        count_gone_steps(run, &row, &person, messages, count);
    }
    return code;
}

/* A row that keeps a step ended which the position no longer covers. It was counted when it was
 * passed over, so no counter moves. */
static enum error_code keep_ended(struct edit_run *run, const struct store_action_row *row,
                                  const struct edit_person *person, size_t step,
                                  struct error *error)
{
    struct store_message message = {
        .state = MESSAGE_SKIPPED,
        .reason = REASON_SENT_BEFORE,
        .contact_id = row->contact_id,
        .enrollment_id = row->enrollment_id,
        .step_id = run->plan->after.steps[step].id,
        .sequence_id = row->sequence_id,
        .position = schedule_key(&run->plan->after, &person->after, step),
        .due_at_ms = run->work->now_ms,
        .ended_at_ms = run->work->now_ms,
        .created_at_ms = run->work->now_ms,
    };
    return store_message_insert(run->work, &message, error);
}

/* Where the position must stand so that every new step lies ahead of it. */
static int64_t backfill_position(const struct edit_plan *plan, const struct edit_person *person)
{
    int64_t position = person->after.position;
    for (size_t i = 0; plan->backfill && i < plan->after.step_count; i++) {
        int64_t key = schedule_key(&plan->after, &person->after, i);
        if (plan->before_of[i] == EDIT_NO_STEP && key <= position) {
            position = key - 1;
        }
    }
    return position;
}

/* Steps behind this person before the edit, and ahead of `position` after it, get a row that says
 * they are over, unless they have one. */
static enum error_code keep_all_ended(struct edit_run *run, const struct store_action_row *row,
                                      const struct edit_person *person, int64_t position,
                                      const struct store_message *messages, size_t count,
                                      struct error *error)
{
    const struct edit_plan *plan = run->plan;
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < plan->after.step_count; i++) {
        int32_t before_step = plan->before_of[i];
        bool over = before_step == EDIT_NO_STEP
                        ? edit_had_before(plan, i, messages, count)
                        : !edit_was_ahead(plan, person, (size_t)before_step);
        if (over && schedule_key(&plan->after, &person->after, i) > position &&
            message_of(messages, count, plan->after.steps[i].id) == NULL) {
            code = keep_ended(run, row, person, i, error);
        }
    }
    return code;
}

/* A message of which no byte has left is made anew from the changed document. */
static bool has_waiting(const struct store_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (messages[i].state == MESSAGE_PLANNED || messages[i].state == MESSAGE_WAIT) {
            return true;
        }
    }
    return false;
}

static enum error_code write_person(struct edit_run *run, const struct store_action_row *row,
                                    const struct edit_person *person, int64_t position,
                                    struct error *error)
{
    struct store_progress progress;
    bool found = false;
    if (position == row->position && person->shift_change == 0) {
        return OK;
    }
    enum error_code code =
        store_progress_get(run->work, row->enrollment_id, &progress, &found, error);
    if (code != OK || !found) {
        return code;
    }
    progress.shift_days += person->shift_change;
    if (position != row->position) {
        progress.position = position;
        progress.catch_up_until_ms = run->work->now_ms; /* what is new may be old by its date */
    }
    return store_progress_put(run->work, &progress, progress.next_due_at_ms, error);
}

enum error_code edit_person_apply(void *context, const struct store_action_row *row,
                                  struct error *error)
{
    struct edit_run *run = context;
    struct edit_person person;
    struct store_message *messages = NULL;
    size_t count = 0;
    if (row->enrollment_id > run->last_id) {
        return OK;
    }
    edit_person_make(run->plan, row, &person);
    enum error_code code = read_place(run, row->enrollment_id, &person, error);
    if (code == OK) {
        code =
            store_message_for_enrollment(run->work, row->enrollment_id, &messages, &count, error);
    }
    if (code != OK) {
        return code;
    }
    if (run->visited != NULL) {
        (void)map64_put(run->visited, row->enrollment_id, 1);
    }
    count_lost_steps(run, &person, messages, count);
    int64_t position = backfill_position(run->plan, &person);
    code = keep_all_ended(run, row, &person, position, messages, count, error);
    if (code == OK) {
        code = write_person(run, row, &person, position, error);
    }
    if (code == OK && has_waiting(messages, count)) {
        code = progress_cancel(&run->progress, row->enrollment_id, REASON_EDITED, NULL, error);
    }
    return code == OK ? progress_plan(&run->progress, row->enrollment_id, error) : code;
}
