/* Prepares a sequence and its people for the scheduler. */
#include "service/planning.h"

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
        .shift_days = (int32_t)row->shift_days,
        .position = row->position,
        .last_sent_at_ms = row->last_sent_at_ms,
        .last_planned_at_ms = row->last_planned_at_ms,
        .catch_up_until_ms = row->catch_up_until_ms,
    };
}
