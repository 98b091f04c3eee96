/* Planning: people whose next step is due soon become messages with their rendered text. The
 * schedule is asked again right here, so an edit, a resume or a new window since the due row was
 * written still counts. A step that has its message already is never planned twice: the row's
 * UNIQUE (enrollment, step) forbids it, and one put aside by a pause or an edit comes back. */
#include "delivery/delivery_internal.h"

#include "delivery/progress_internal.h"
#include "delivery/render.h"

/* So few that webhooks and small writes, which wait for the pass, are answered soon. */
enum { PEOPLE_PER_PASS = 250 };

/* One person being planned. */
struct planning {
    struct pass_run *run;
    struct progress_sequence *sequence;
    struct store_progress row;
    int64_t due_before_ms;
    struct schedule_person person;
    uint64_t *done; /* bits of steps that ended although they lie ahead */
    bool finished;  /* nothing more to do in this pass */
};

static int64_t channel_of(const struct planning *planning)
{
    int64_t wanted = planning->sequence->sequence.channel_id;
    for (size_t i = 0; wanted != 0 && i < planning->run->pass->row_count; i++) {
        if (planning->run->pass->rows[i].id == wanted) {
            return wanted;
        }
    }
    return planning->run->default_channel_id;
}

/* What the channel asks for when an answer stays away, else what the category does. */
static int64_t policy_of(const struct planning *planning, int64_t channel_id, int64_t category)
{
    const struct pass *pass = planning->run->pass;
    enum doubt_policy policy = DOUBT_NEVER;
    for (size_t i = 0; i < pass->row_count; i++) {
        if (pass->rows[i].id == channel_id &&
            channel_access_policy(pass->rows[i].settings, &policy)) {
            return policy;
        }
    }
    return planning->run->delivery->settings.policies[category];
}

static enum error_code save(struct planning *planning, struct error *error)
{
    planning->finished = true;
    return store_progress_put(planning->run->work, &planning->row, planning->due_before_ms, error);
}

/* The step is over without a message on its way: the next one follows at once. */
static void step_over(struct planning *planning, const struct schedule_next *next)
{
    schedule_advance(&planning->person, next, 0);
    planning->row.position = planning->person.position;
}

static struct store_message new_message(const struct planning *planning,
                                        const struct schedule_next *next)
{
    return (struct store_message){
        .channel_id = channel_of(planning),
        .contact_id = planning->row.contact_id,
        .enrollment_id = planning->row.enrollment_id,
        .step_id = planning->sequence->plan.steps[next->step].id,
        .sequence_id = planning->row.sequence_id,
        .position = next->key,
        .due_at_ms = next->due_at_ms,
    };
}

static struct counter_place place_of(const struct planning *planning,
                                     const struct store_message *message)
{
    return (struct counter_place){.sequence_id = message->sequence_id,
                                  .step_id = message->step_id,
                                  .enrolled_at_ms = planning->row.enrolled_at_ms};
}

/* Writes a message that ends where it begins: too late, or impossible to make. */
static enum error_code add_ended(struct planning *planning, struct store_message *message,
                                 enum message_state state, enum message_reason reason,
                                 struct text detail, struct error *error)
{
    struct progress *progress = &planning->run->progress;
    int64_t now_ms = planning->run->work->now_ms;
    enum step_outcome outcome = OUTCOME_QUEUED;
    int64_t counted_reason = 0;
    message->state = state;
    message->reason = reason;
    message->ended_at_ms = now_ms;
    message->failed_at_ms = state == MESSAGE_FAILED ? now_ms : 0;
    store_message_counter(message, &outcome, &counted_reason);
    enum error_code code = store_message_insert(planning->run->work, message, error);
    if (code != OK) {
        return code;
    }
    const struct counter_place place = place_of(planning, message);
    counters_move(progress->work, &place, OUTCOME_WAITING, 0, outcome, counted_reason);
    planning->run->pass->failed += state == MESSAGE_FAILED;
    return progress_event(progress, message,
                          state == MESSAGE_FAILED ? "message.failed" : "message.skipped", detail,
                          error);
}

static const struct step *find_step(const struct planning *planning,
                                    const struct schedule_next *next)
{
    return sequence_find_step(&planning->sequence->sequence,
                              planning->sequence->plan.steps[next->step].id);
}

static struct text failure_data(struct planning *planning, const struct rendered *rendered)
{
    return arena_format(planning->run->work->arena, "{\"reason\":\"%s\"}",
                        message_reason_to_text(rendered->failure));
}

/* ERROR_CONFLICT, and nothing was written: the step has its message already. */
static enum error_code add_message(struct planning *planning, const struct schedule_next *next,
                                   struct error *error)
{
    struct pass_run *run = planning->run;
    struct store_message message = new_message(planning, next);
    struct rendered rendered;
    enum error_code code =
        render_step(&run->progress, planning->sequence, find_step(planning, next), &planning->row,
                    message.channel_id, &rendered, error);
    if (code != OK) {
        return code;
    }
    message.category = rendered.category;
    message.policy = policy_of(planning, message.channel_id, rendered.category);
    if (rendered.failure != REASON_NONE) {
        code = add_ended(planning, &message, MESSAGE_FAILED, rendered.failure,
                         failure_data(planning, &rendered), error);
    } else {
        message.state = MESSAGE_PLANNED;
        message.next_at_ms = next->due_at_ms;
        code = store_message_insert(run->work, &message, error);
    }
    if (code != OK) {
        return code;
    }
    rendered.body.message_id = message.id;
    code = store_message_body_put(run->work, &rendered.body, error);
    if (rendered.failure != REASON_NONE) {
        step_over(planning, next);
        return code;
    }
    const struct counter_place place = place_of(planning, &message);
    counters_move(run->work, &place, OUTCOME_WAITING, 0, OUTCOME_QUEUED, 0);
    planning->row.next_due_at_ms = 0;
    return code == OK ? save(planning, error) : code;
}

/* A message that a pause or an edit put aside goes again, with today's words. */
static enum error_code revive(struct planning *planning, const struct schedule_next *next,
                              struct store_message *message, struct error *error)
{
    struct pass_run *run = planning->run;
    struct rendered rendered;
    enum error_code code =
        render_step(&run->progress, planning->sequence, find_step(planning, next), &planning->row,
                    channel_of(planning), &rendered, error);
    if (code != OK) {
        return code;
    }
    message->due_at_ms = next->due_at_ms;
    message->position = next->key;
    message->channel_id = channel_of(planning);
    message->category = rendered.category;
    message->policy = policy_of(planning, message->channel_id, rendered.category);
    rendered.body.message_id = message->id;
    const struct progress_change change = {.next_at_ms = next->due_at_ms};
    const struct progress_change failure = {.reason = rendered.failure};
    code = progress_move(&run->progress, message, EVENT_RETRY, &change, NULL, error);
    if (code == OK) {
        code = store_message_body_put(run->work, &rendered.body, error);
    }
    planning->row.next_due_at_ms = 0;
    if (code == OK) {
        code = save(planning, error);
    }
    /* Too late, or impossible to make: it ends, and that plans the step after it. */
    if (code == OK && next->kind == SCHEDULE_SKIP_LATE) {
        const struct progress_change late = {.reason = REASON_LATE};
        code = progress_move(&run->progress, message, EVENT_DROP, &late, NULL, error);
    } else if (code == OK && rendered.failure != REASON_NONE) {
        code = progress_move(&run->progress, message, EVENT_FAIL_UNSENT, &failure, NULL, error);
    }
    return code;
}

/* The step has its message already, because an edit moved it ahead again, or a pause put it aside.
 */
static enum error_code meet_message(struct planning *planning, const struct schedule_next *next,
                                    struct store_message *message, struct error *error)
{
    if (message->state == MESSAGE_SKIPPED && !progress_step_is_over(message)) {
        return revive(planning, next, message, error);
    }
    if (message_state_is_open(message->state)) {
        planning->row.next_due_at_ms = 0; /* it plans the next step when it ends */
        return save(planning, error);
    }
    if (planning->done == NULL) {
        planning->done = arena_array(planning->run->work->arena,
                                     planning->sequence->plan.step_count / 64 + 1, 8);
        planning->person.done = planning->done;
    }
    planning->done[next->step / 64] |= UINT64_C(1) << (next->step % 64);
    return OK;
}

static enum error_code wait_for(struct planning *planning, const struct schedule_next *next,
                                struct error *error)
{
    planning->row.next_due_at_ms = next->due_at_ms;
    return save(planning, error);
}

static enum error_code plan_step(struct planning *planning, const struct schedule_next *next,
                                 struct error *error)
{
    struct pass_run *run = planning->run;
    int64_t horizon_ms = run->work->now_ms + run->delivery->settings.look_ahead_ms;
    struct store_message message;
    bool found = false;
    bool later = next->kind == SCHEDULE_SEND && next->due_at_ms > horizon_ms;
    /* A step that an edit moved ahead may be over: nobody waits for its moment. */
    if (later && planning->sequence->sequence.version <= 1) {
        return wait_for(planning, next, error);
    }
    enum error_code code = OK;
    if (next->kind == SCHEDULE_SEND && !later) {
        code = add_message(planning, next, error);
        if (code != ERROR_CONFLICT) {
            return code;
        }
        error_clear(error);
    }
    code = store_message_for_step(run->work, planning->row.enrollment_id,
                                  planning->sequence->plan.steps[next->step].id, &message, &found,
                                  error);
    if (code != OK) {
        return code;
    }
    if (later && (!found || !progress_step_is_over(&message))) {
        return wait_for(planning, next, error);
    }
    if (found) {
        return meet_message(planning, next, &message, error);
    }
    CHECK(next->kind == SCHEDULE_SKIP_LATE);
    message = new_message(planning, next);
    step_over(planning, next);
    return add_ended(planning, &message, MESSAGE_SKIPPED, REASON_LATE,
                     TEXT("{\"reason\":\"late\"}"), error);
}

/* A step that is over already, though an edit moved it ahead, stops nobody. */
static enum error_code stop_late(struct planning *planning, const struct schedule_next *next,
                                 struct error *error)
{
    struct store_message message;
    bool found = false;
    enum error_code code = store_message_for_step(planning->run->work, planning->row.enrollment_id,
                                                  planning->sequence->plan.steps[next->step].id,
                                                  &message, &found, error);
    if (code != OK) {
        return code;
    }
    if (found && (progress_step_is_over(&message) || message_state_is_open(message.state))) {
        return meet_message(planning, next, &message, error);
    }
    planning->row.next_due_at_ms = 0;
    code = save(planning, error);
    if (code != OK) {
        return code;
    }
    return progress_end(&planning->run->progress, planning->row.enrollment_id, ENROLLMENT_STOPPED,
                        REASON_STOPPED, TEXT("late"), error);
}

static enum error_code plan_steps(struct planning *planning, struct error *error)
{
    enum error_code code = OK;
    size_t limit = planning->sequence->plan.step_count + 2;
    for (size_t i = 0; code == OK && !planning->finished; i++) {
        CHECK(i <= 2 * limit);
        struct schedule_next next = schedule_next(&planning->sequence->plan, &planning->person,
                                                  planning->run->work->now_ms);
        switch (next.kind) {
        case SCHEDULE_FINISHED:
            code = progress_set_status(&planning->run->progress, &planning->row,
                                       ENROLLMENT_COMPLETED, (struct text){0}, error);
            if (code == OK) {
                code = save(planning, error);
            }
            break;
        case SCHEDULE_STOP_LATE:
            code = stop_late(planning, &next, error);
            break;
        case SCHEDULE_SEND:
        case SCHEDULE_SKIP_LATE:
            code = plan_step(planning, &next, error);
            break;
        }
    }
    return code;
}

/* Stopped for everything: no text is rendered for them. */
static bool is_out(const struct store_progress *row)
{
    return row->erased != 0 || (row->suppressed & 1) != 0;
}

static enum error_code plan_person(struct pass_run *run, int64_t enrollment_id, int64_t due_at_ms,
                                   struct error *error)
{
    struct planning planning = {.run = run, .due_before_ms = due_at_ms};
    bool found = false;
    enum error_code code =
        store_progress_get(run->work, enrollment_id, &planning.row, &found, error);
    if (code != OK) {
        return code;
    }
    if (!found || planning.row.status != ENROLLMENT_ACTIVE ||
        planning.row.next_due_at_ms != due_at_ms) {
        return store_due_delete(run->work, due_at_ms, enrollment_id, error);
    }
    code = progress_sequence(&run->progress, planning.row.sequence_id, &planning.sequence, error);
    if (code != OK) {
        return code;
    }
    if (!planning.sequence->found || planning.sequence->sequence.status != SEQUENCE_ACTIVE) {
        planning.row.next_due_at_ms = 0; /* resuming the sequence plans its people anew */
        return save(&planning, error);
    }
    if (is_out(&planning.row)) {
        return progress_end(&run->progress, enrollment_id, ENROLLMENT_OPTED_OUT,
                            planning.row.erased != 0 ? REASON_ERASED : REASON_OPTED_OUT,
                            (struct text){0}, error);
    }
    bool ahead = false;
    code = progress_edit_ahead(&run->progress, planning.sequence, enrollment_id, &ahead, error);
    if (code == OK && ahead) {
        planning.row.next_due_at_ms = 0; /* the edit plans them when it comes */
        return save(&planning, error);
    }
    if (code == OK) {
        code = progress_person(&run->progress, planning.sequence, &planning.row, &planning.person,
                               error);
    }
    return code == OK ? plan_steps(&planning, error) : code;
}

enum error_code planner_run(struct pass_run *run, struct error *error)
{
    int64_t *ids = NULL;
    int64_t *due_at_ms = NULL;
    size_t count = 0;
    int64_t until_ms = run->work->now_ms + run->delivery->settings.look_ahead_ms;
    enum error_code code =
        store_due_list(run->work, until_ms, PEOPLE_PER_PASS, &ids, &due_at_ms, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = plan_person(run, ids[i], due_at_ms[i], error);
    }
    return code;
}
