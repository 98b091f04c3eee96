/* Carries an edit out for everyone inside, at once or by batch. The document itself is saved
 * already; what follows for one person is edit_person.c's.
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
#include "store/store_edit.h"
#include "store/store_enrollment.h"

#include <stdlib.h>

/* Chunks are small enough that other writes wait some tens of milliseconds for their turn. */
enum { AT_ONCE_MAX = 1000, CHUNK_PEOPLE = 500, OPTIONS_MAX = 1 << 18 };

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
        json_put_int64(writer, step->origin_id);
        json_array_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

/* False: only what the steps say changes, and everybody stands where they stood. */
static bool moves_steps(const struct edit_plan *plan)
{
    const struct schedule_plan *before = &plan->before;
    const struct schedule_plan *after = &plan->after;
    bool same = before->step_count == after->step_count &&
                before->send_minute == after->send_minute &&
                text_equal(plan->before_zone, plan->after_zone);
    for (size_t i = 0; same && i < after->step_count; i++) {
        const struct schedule_step *old = &before->steps[i];
        const struct schedule_step *step = &after->steps[i];
        same = old->id == step->id && old->day == step->day && old->minute == step->minute &&
               old->ordinal == step->ordinal;
    }
    return !same;
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
    json_field_bool(&writer, "moves", moves_steps(plan));
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
    return store_action_walk(run->work, &filter, STORE_ACTION_LIVE, 0, SIZE_MAX, edit_person_apply,
                             run, &last_id, &visited, error);
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
    bool another = false; /* edits are carried out in the order they were saved */
    code = store_edit_open(work, before->id, &another, error);
    if (code != OK) {
        return code;
    }
    if (inside > AT_ONCE_MAX || another) {
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
        int64_t numbers[5] = {0};
        for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
            (void)json_int64(json_at(step, j), &numbers[j]);
        }
        steps[i] = (struct schedule_step){.id = numbers[0],
                                          .day = (int32_t)numbers[1],
                                          .minute = (int32_t)numbers[2],
                                          .ordinal = (int32_t)numbers[3],
                                          .origin_id = numbers[4]};
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
    code = edit_origins_read(&plan, work, batch->sequence_id, error);
    if (code != OK) {
        return code;
    }
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

/* Those who are in the sequence no more and were not visited, and the end of what was kept for this
 * stretch of people. */
static enum error_code follow_gone(struct edit_run *run, int64_t after_id, int64_t until_id,
                                   struct error *error)
{
    int64_t *ids = NULL;
    size_t count = 0;
    int64_t last_id = until_id < run->last_id ? until_id : run->last_id;
    enum error_code code =
        store_edit_gone(run->work, run->batch_id, after_id, last_id, &ids, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (!map64_get(run->visited, ids[i], &(int64_t){0})) {
            code = edit_person_gone(run, ids[i], error);
        }
    }
    return code == OK ? store_edit_clear(run->work, run->batch_id, until_id, error) : code;
}

static enum error_code apply_chunk(struct edit_run *run, struct store_batch *batch, bool *ret_done,
                                   struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = batch->sequence_id};
    CLEANUP(map64_free) struct map64 *visited_ids = map64_new(CHUNK_PEOPLE * 2);
    int64_t from_id = batch->cursor;
    size_t visited = 0;
    run->visited = visited_ids;
    enum error_code code =
        store_action_walk(run->work, &filter, STORE_ACTION_LIVE, batch->cursor, CHUNK_PEOPLE,
                          edit_person_apply, run, &batch->cursor, &visited, error);
    batch->done_rows += (int64_t)visited;
    *ret_done = visited < CHUNK_PEOPLE || batch->cursor >= run->last_id;
    return code == OK ? follow_gone(run, from_id, *ret_done ? INT64_MAX : batch->cursor, error)
                      : code;
}

static enum error_code plan_waiting(void *context, const struct store_action_row *row,
                                    struct error *error)
{
    return row->next_due_at_ms != 0 ? OK : progress_plan(context, row->enrollment_id, error);
}

enum error_code edit_effects_release(struct work *work, const struct store_batch *batch,
                                     struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = batch->sequence_id};
    struct progress progress;
    int64_t last_id = 0;
    size_t visited = 0;
    progress_init(&progress, work);
    enum error_code code =
        store_action_walk(work, &filter, STORE_ACTION_ACTIVE, batch->cursor, SIZE_MAX, plan_waiting,
                          &progress, &last_id, &visited, error);
    return code == OK ? store_edit_clear(work, batch->id, INT64_MAX, error) : code;
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
        return store_edit_clear(work, batch_id, INT64_MAX, error);
    }
    struct edit_run run = {.work = work, .plan = &plan};
    if (code == OK) {
        code = read_options(work, &batch, &plan, &run.last_id, error);
    }
    if (code == OK) {
        run.sequence_id = batch.sequence_id;
        run.batch_id = batch.id;
        progress_init(&run.progress, work);
        run.progress.edit_batch_id = batch.id;
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
