/* Steps that were removed and brought back: the same step under another id. */
#include "service/edit_effects_internal.h"

#include "store/store_sequence.h"

static bool brings_back(const struct edit_plan *plan, size_t after_step)
{
    return plan->before_of[after_step] == EDIT_NO_STEP &&
           plan->after.steps[after_step].origin_id != 0;
}

enum error_code edit_origins_read(struct edit_plan *plan, struct work *work, int64_t sequence_id,
                                  struct error *error)
{
    struct store_step *steps = NULL;
    size_t count = 0;
    for (size_t i = 0; i < plan->after.step_count; i++) {
        plan->brings_back = plan->brings_back || brings_back(plan, i);
    }
    if (!plan->brings_back) {
        return OK;
    }
    enum error_code code = store_step_list(work, sequence_id, &steps, &count, error);
    if (code != OK) {
        return code;
    }
    plan->origins = arena_array(work->arena, count + 1, sizeof(*plan->origins));
    plan->origin_count = count;
    for (size_t i = 0; i < count; i++) {
        plan->origins[i] = (struct edit_origin){.step_id = steps[i].step.id,
                                                .origin_id = step_origin(&steps[i].step)};
    }
    return OK;
}

static int64_t origin_of(const struct edit_plan *plan, int64_t step_id)
{
    for (size_t i = 0; i < plan->origin_count; i++) {
        if (plan->origins[i].step_id == step_id) {
            return plan->origins[i].origin_id;
        }
    }
    return step_id;
}

bool edit_had_before(const struct edit_plan *plan, size_t after_step,
                     const struct store_message *messages, size_t count)
{
    if (!brings_back(plan, after_step)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool had = progress_step_is_over(&messages[i]) ||
                   (message_state_is_open(messages[i].state) && messages[i].attempts > 0);
        if (had && messages[i].step_id != plan->after.steps[after_step].id &&
            origin_of(plan, messages[i].step_id) == plan->after.steps[after_step].origin_id) {
            return true;
        }
    }
    return false;
}
