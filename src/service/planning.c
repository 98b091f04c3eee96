/* Prepares a sequence and its people for the scheduler. */
#include "service/planning.h"

#include "store/store_message.h"

/* More than a sequence has steps: removed ones have their messages, too. */
enum { STEPS_OVER_MAX = 1024 };

enum error_code planning_open(struct planning *planning, struct work *work, int64_t sequence_id,
                              struct error *error)
{
    *planning = (struct planning){0};
    progress_init(&planning->progress, work);
    enum error_code code =
        progress_sequence(&planning->progress, sequence_id, &planning->stored, error);
    if (code != OK) {
        return code;
    }
    if (!planning->stored->found) {
        return error_set(error, ERROR_NOT_FOUND, "this sequence does not exist");
    }
    planning->sequence = &planning->stored->sequence;
    planning->plan = planning->stored->plan;
    return OK;
}

void planning_use(struct planning *planning, const struct sequence *document)
{
    struct arena *arena = planning->progress.work->arena;
    struct schedule_step *steps =
        arena_array(arena, document->step_count + 1, sizeof(struct schedule_step));
    schedule_plan_fill(&planning->plan, steps, document, &planning->progress.quiet);
    planning->sequence = document;
}

struct schedule_zone planning_zone(const struct planning *planning, struct text contact_zone)
{
    return schedule_zone(contact_zone, planning->sequence->timezone,
                         planning->progress.server_zone);
}

struct schedule_person planning_person(const struct planning *planning,
                                       const struct store_action_row *row)
{
    return (struct schedule_person){
        .zone = planning_zone(planning, row->timezone).zone,
        .enrolled_at_ms = row->enrolled_at_ms,
        .order_minute = (int32_t)row->order_minute,
        .shift_days = (int32_t)row->shift_days,
        .position = row->position,
        .last_sent_at_ms = row->last_sent_at_ms,
        .last_planned_at_ms = row->last_planned_at_ms,
        .catch_up_until_ms = row->catch_up_until_ms,
    };
}

static void mark_done(struct work *work, const struct schedule_plan *plan, int64_t step_id,
                      struct schedule_person *person, uint64_t **done)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].id != step_id || schedule_key(plan, person, i) <= person->position) {
            continue;
        }
        if (*done == NULL) {
            *done = arena_array(work->arena, plan->step_count / 64 + 1, sizeof **done);
        }
        (*done)[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

enum error_code planning_done_in(struct work *work, const struct schedule_plan *plan,
                                 int64_t version, int64_t enrollment_id,
                                 struct schedule_person *person, struct error *error)
{
    int64_t step_ids[STEPS_OVER_MAX];
    size_t count = 0;
    uint64_t *done = NULL;
    if (version <= 1 || plan->step_count == 0) {
        return OK;
    }
    enum error_code code =
        store_message_over(work, enrollment_id, STEPS_OVER_MAX, step_ids, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        mark_done(work, plan, step_ids[i], person, &done);
    }
    person->done = done;
    return code;
}

enum error_code planning_done(const struct planning *planning, const struct store_action_row *row,
                              struct schedule_person *person, struct error *error)
{
    return planning_done_in(planning->progress.work, &planning->plan,
                            planning->stored->sequence.version, row->enrollment_id, person, error);
}
