/* Carries an edit out for everyone inside. The document itself is saved already; here positions,
 * counters, waiting messages and due rows follow, person by person, at once or by batch.
 *
 * New steps are counted for everybody in the saving transaction (waiting for who is inside, not
 * needed for who has ended), so the sums hold at every moment; the walk then corrects those who
 * are past a step. */
#include "service/edit_effects_internal.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "service/batch.h"
#include "store/counters.h"
#include "store/store_batch.h"
#include "store/store_cohort.h"
#include "store/store_enrollment.h"

#include <stdlib.h>

/* Chunks are small enough that other writes wait some tens of milliseconds for their turn. */
enum { AT_ONCE_MAX = 1000, CHUNK_PEOPLE = 500, OPTIONS_MAX = 1 << 18 };

/* One run over some people, inside one transaction. */
struct edit_run {
    struct work *work;
    const struct edit_plan *plan;
    struct progress progress;
    int64_t sequence_id;
    int64_t last_id; /* whoever came later was enrolled by the new document */
};

/* ---- one person ---- */

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
        if (counted_waiting && !edit_is_ahead(plan, person, i) &&
            message_of(messages, count, id) == NULL) {
            count_step(run, person->after.enrolled_at_ms, id, OUTCOME_SKIPPED, REASON_NOT_NEEDED);
        }
    }
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
        if (before_step != EDIT_NO_STEP && !edit_was_ahead(plan, person, (size_t)before_step) &&
            schedule_key(&plan->after, &person->after, i) > position &&
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

static enum error_code apply_person(void *context, const struct store_action_row *row,
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
    enum error_code code =
        store_message_for_enrollment(run->work, row->enrollment_id, &messages, &count, error);
    if (code != OK) {
        return code;
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

/* ---- everyone ---- */

/* Everybody counts under the new steps, cohort by cohort. */
static enum error_code count_new_steps(struct work *work, const struct edit_plan *plan,
                                       int64_t sequence_id, struct error *error)
{
    struct store_cohort *cohorts = NULL;
    size_t count = 0;
    enum error_code code = store_cohort_people(work, sequence_id, &cohorts, &count, error);
    for (size_t i = 0; code == OK && i < plan->after.step_count; i++) {
        if (plan->before_of[i] != EDIT_NO_STEP) {
            continue;
        }
        for (size_t at = 0; at < count; at++) {
            const int64_t *people = cohorts[at].counts;
            const struct counter_place place = {.sequence_id = sequence_id,
                                                .step_id = plan->after.steps[i].id,
                                                .enrolled_at_ms = cohorts[at].at_ms};
            counters_add(work, &place, OUTCOME_WAITING, 0,
                         people[ENROLLMENT_ACTIVE] + people[ENROLLMENT_PAUSED]);
            counters_add(work, &place, OUTCOME_SKIPPED, REASON_NOT_NEEDED,
                         people[ENROLLMENT_COMPLETED] + people[ENROLLMENT_STOPPED] +
                             people[ENROLLMENT_OPTED_OUT] + people[ENROLLMENT_FAILED]);
        }
    }
    return code;
}

static void write_plan(struct json_writer *writer, const char *name,
                       const struct schedule_plan *plan, struct text zone)
{
    json_key(writer, name);
    json_object_begin(writer);
    json_field_text(writer, "timezone", zone);
    json_field_int64(writer, "send_minute", plan->send_minute);
    json_key(writer, "steps");
    json_array_begin(writer);
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct schedule_step *step = &plan->steps[i];
        json_array_begin(writer);
        json_put_int64(writer, step->id);
        json_put_int64(writer, step->day);
        json_put_int64(writer, step->minute);
        json_put_int64(writer, step->ordinal);
        json_array_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static enum error_code leave_to_batch(struct work *work, const struct edit_run *run, int64_t people,
                                      int64_t *ret_batch_id, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer options;
    buffer_init(&options, OPTIONS_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &options);
    json_object_begin(&writer);
    const struct edit_plan *plan = run->plan;
    json_field_bool(&writer, "backfill", plan->backfill);
    json_field_int64(&writer, "last_id", run->last_id);
    write_plan(&writer, "before", &plan->before, plan->before_zone);
    write_plan(&writer, "after", &plan->after, plan->after_zone);
    json_object_end(&writer);
    struct store_batch batch = {
        .sequence_id = run->sequence_id,
        .kind = TEXT("edit"),
        .state = BATCH_WAITING,
        .source = TEXT("operator"),
        .file_name = TEXT(""),
        .options = buffer_text(&options),
        .total_rows = people,
        .actor = work->actor.name,
    };
    enum error_code code = store_batch_insert(work, &batch, error);
    if (code == OK) {
        code = store_batch_update(work, &batch, error);
    }
    if (code == OK) {
        *ret_batch_id = batch.id;
        work->wakes |= WORK_WAKE_RUNNER;
    }
    return code;
}

static enum error_code apply_all(struct edit_run *run, struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = run->sequence_id};
    int64_t last_id = 0;
    size_t visited = 0;
    return store_action_walk(run->work, &filter, STORE_ACTION_LIVE, 0, SIZE_MAX, apply_person, run,
                             &last_id, &visited, error);
}

enum error_code edit_effects_apply(struct work *work, const struct sequence *before,
                                   const struct sequence *after, bool backfill,
                                   int64_t *ret_batch_id, struct error *error)
{
    struct edit_plan plan;
    int64_t people[ENROLLMENT_STATUS_COUNT] = {0};
    const struct store_action_filter filter = {.sequence_id = before->id};
    enum error_code code = edit_plan_open(&plan, work, before, after, backfill, error);
    if (code == OK) {
        code = store_action_counts(work, &filter, people, error);
    }
    struct edit_run run = {.work = work, .plan = &plan, .sequence_id = before->id};
    if (code == OK) {
        code = store_enrollment_next_id(work, &run.last_id, error);
    }
    if (code != OK) {
        return code;
    }
    run.last_id--;
    code = count_new_steps(work, &plan, before->id, error);
    if (code != OK) {
        return code;
    }
    *ret_batch_id = 0;
    work->wakes |= WORK_WAKE_DELIVERY;
    int64_t inside = people[ENROLLMENT_ACTIVE] + people[ENROLLMENT_PAUSED];
    if (inside > AT_ONCE_MAX) {
        return leave_to_batch(work, &run, inside, ret_batch_id, error);
    }
    progress_init(&run.progress, work);
    return apply_all(&run, error);
}

/* ---- batches ---- */

static struct text read_plan(struct arena *arena, const struct json *json,
                             struct schedule_plan *plan)
{
    const struct json *list = json_get(json, "steps");
    size_t count = json_count(list);
    struct schedule_step *steps = arena_array(arena, count + 1, sizeof *steps);
    for (size_t i = 0; i < count; i++) {
        const struct json *step = json_at(list, i);
        int64_t numbers[4] = {0};
        for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
            (void)json_int64(json_at(step, j), &numbers[j]);
        }
        steps[i] = (struct schedule_step){.id = numbers[0],
                                          .day = (int32_t)numbers[1],
                                          .minute = (int32_t)numbers[2],
                                          .ordinal = (int32_t)numbers[3]};
    }
    *plan = (struct schedule_plan){
        .steps = steps,
        .step_count = count,
        .send_minute = (int32_t)json_get_int64(json, "send_minute", -1),
    };
    return arena_text(arena, json_get_text(json, "timezone"));
}

static enum error_code read_options(struct work *work, const struct store_batch *batch,
                                    struct edit_plan *ret_plan, int64_t *ret_last_id,
                                    struct error *error)
{
    CLEANUP(json_free) struct json *options = NULL;
    struct planning planning;
    enum error_code code = json_parse(batch->options, NULL, &options, error);
    if (code == OK) {
        code = planning_open(&planning, work, batch->sequence_id, error);
    }
    if (code != OK) {
        return code;
    }
    struct edit_plan plan = {.server_zone = planning.progress.server_zone};
    plan.before_zone = read_plan(work->arena, json_get(options, "before"), &plan.before);
    plan.after_zone = read_plan(work->arena, json_get(options, "after"), &plan.after);
    (void)json_bool(json_get(options, "backfill"), &plan.backfill);
    edit_plan_pair(&plan, work->arena);
    *ret_last_id = json_get_int64(options, "last_id", 0);
    *ret_plan = plan;
    return OK;
}

static enum error_code save_chunk(struct work *work, struct store_batch *batch, bool done,
                                  struct error *error)
{
    batch->state = done ? BATCH_DONE : BATCH_RUNNING;
    batch->started_at_ms = batch->started_at_ms == 0 ? work->now_ms : batch->started_at_ms;
    batch->finished_at_ms = done ? work->now_ms : 0;
    enum error_code code = store_batch_update(work, batch, error);
    return code == OK ? batch_tell(work, batch, error) : code;
}

static enum error_code apply_chunk(struct edit_run *run, struct store_batch *batch, bool *ret_done,
                                   struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = batch->sequence_id};
    size_t visited = 0;
    enum error_code code =
        store_action_walk(run->work, &filter, STORE_ACTION_LIVE, batch->cursor, CHUNK_PEOPLE,
                          apply_person, run, &batch->cursor, &visited, error);
    batch->done_rows += (int64_t)visited;
    *ret_done = visited < CHUNK_PEOPLE || batch->cursor >= run->last_id;
    return code;
}

enum error_code edit_effects_batch_chunk(struct work *work, int64_t batch_id, bool *ret_done,
                                         struct error *error)
{
    struct store_batch batch;
    struct edit_plan plan;
    bool found = false;
    bool done = false;
    enum error_code code = store_batch_get(work, batch_id, &batch, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "this batch does not exist");
    }
    if (code == OK && batch.state != BATCH_WAITING && batch.state != BATCH_RUNNING) {
        *ret_done = true; /* somebody cancelled it */
        return OK;
    }
    struct edit_run run = {.work = work, .plan = &plan};
    if (code == OK) {
        code = read_options(work, &batch, &plan, &run.last_id, error);
    }
    if (code == OK) {
        run.sequence_id = batch.sequence_id;
        progress_init(&run.progress, work);
        code = apply_chunk(&run, &batch, &done, error);
    }
    if (code == OK) {
        code = save_chunk(work, &batch, done, error);
    }
    if (code == OK) {
        *ret_done = done;
    }
    return code;
}
