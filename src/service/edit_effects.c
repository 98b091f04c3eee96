/* Counts what an edit changes: each step ahead of each person inside, planned by the old document
 * and by the new one. */
#include "service/edit_effects_internal.h"

#include "base/instant.h"
#include "base/json_writer.h"

#include <stdlib.h>

static const char *const CHANGE_WORDS[] = {
    [STEP_UNCHANGED] = "unchanged",       [STEP_NEW] = "new",
    [STEP_CHANGED_TEXT] = "changed_text", [STEP_MOVED] = "moved",
    [STEP_REMOVED] = "removed",
};

const char *step_change_to_text(enum step_change change)
{
    return CHANGE_WORDS[change];
}

static int32_t find_step(const struct schedule_plan *plan, int64_t id)
{
    for (size_t i = 0; id != 0 && i < plan->step_count; i++) {
        if (plan->steps[i].id == id) {
            return (int32_t)i;
        }
    }
    return EDIT_NO_STEP;
}

void edit_plan_pair(struct edit_plan *plan, struct arena *arena)
{
    plan->before_of = arena_array(arena, plan->after.step_count + 1, sizeof(int32_t));
    plan->after_of = arena_array(arena, plan->before.step_count + 1, sizeof(int32_t));
    for (size_t i = 0; i < plan->after.step_count; i++) {
        plan->before_of[i] = find_step(&plan->before, plan->after.steps[i].id);
    }
    for (size_t i = 0; i < plan->before.step_count; i++) {
        plan->after_of[i] = find_step(&plan->after, plan->before.steps[i].id);
    }
}

enum error_code edit_plan_open(struct edit_plan *plan, struct work *work,
                               const struct sequence *before, const struct sequence *after,
                               bool backfill, struct error *error)
{
    struct planning planning;
    enum error_code code = planning_open(&planning, work, before->id, error);
    if (code != OK) {
        return code;
    }
    planning_use(&planning, before);
    struct schedule_plan before_plan = planning.plan;
    planning_use(&planning, after);
    *plan = (struct edit_plan){
        .before = before_plan,
        .after = planning.plan,
        .version = before->version,
        .before_zone = before->timezone,
        .after_zone = after->timezone,
        .server_zone = planning.progress.server_zone,
        .backfill = backfill,
    };
    edit_plan_pair(plan, work->arena);
    return edit_origins_read(plan, work, before->id, error);
}

void edit_person_make(const struct edit_plan *plan, const struct store_action_row *row,
                      struct edit_person *ret_person)
{
    struct schedule_person person = {
        .zone = schedule_zone(row->timezone, plan->before_zone, plan->server_zone).zone,
        .enrolled_at_ms = row->enrolled_at_ms,
        .order_minute = (int32_t)row->order_minute,
        .shift_days = (int32_t)row->shift_days,
        .position = row->position,
        .last_sent_at_ms = row->last_sent_at_ms,
        .last_planned_at_ms = row->last_planned_at_ms,
        .catch_up_until_ms = row->catch_up_until_ms,
    };
    *ret_person = (struct edit_person){.before = person, .after = person};
    ret_person->after.zone = schedule_zone(row->timezone, plan->after_zone, plan->server_zone).zone;
    if (row->position > 0) {
        ret_person->shift_change =
            (schedule_day_one_is_next(&plan->before, &ret_person->before) ? 1 : 0) -
            (schedule_day_one_is_next(&plan->after, &ret_person->after) ? 1 : 0);
        ret_person->after.shift_days += ret_person->shift_change;
    }
}

bool edit_was_ahead(const struct edit_plan *plan, const struct edit_person *person,
                    size_t before_step)
{
    const uint64_t *done = person->before.done;
    return schedule_key(&plan->before, &person->before, before_step) > person->before.position &&
           (done == NULL || (done[before_step / 64] >> (before_step % 64) & 1) == 0);
}

bool edit_is_ahead(const struct edit_plan *plan, const struct edit_person *person,
                   size_t after_step)
{
    int32_t before_step = plan->before_of[after_step];
    if (before_step != EDIT_NO_STEP && !edit_was_ahead(plan, person, (size_t)before_step)) {
        return false;
    }
    bool behind = schedule_key(&plan->after, &person->after, after_step) <= person->after.position;
    return !behind || (plan->backfill && before_step == EDIT_NO_STEP);
}

/* ---- counting ---- */

struct counting {
    struct work *work;
    struct arena *arena; /* for what is known of one person */
    const struct edit_plan *plan;
    struct edit_effects *effects;
    struct edit_step **after_steps; /* by place in plan->after */
    struct edit_step **removed;     /* by place in plan->before, NULL for steps that stay */
    int64_t now_ms;
    int64_t first_day;
};

static void count_day(struct counting *counting, const struct schedule_person *person,
                      int64_t planned_at_ms)
{
    const struct schedule_plan *plan = &counting->plan->after;
    int64_t due_ms = planned_at_ms > counting->now_ms ? planned_at_ms : counting->now_ms;
    if (due_ms > counting->now_ms + (EDIT_DAYS_MAX + 1) * MS_PER_DAY ||
        !window_next(&plan->window, &plan->quiet, person->zone, due_ms, &due_ms)) {
        return;
    }
    int64_t index =
        floor_divide(zone_to_local(person->zone, due_ms), MS_PER_DAY) - counting->first_day;
    if (index >= 0 && index < EDIT_DAYS_MAX) {
        counting->effects->days[index].count++;
    }
}

static void count_moved(struct counting *counting, const struct edit_person *person,
                        size_t before_step, int64_t after_ms)
{
    uint32_t rules = 0;
    struct edit_effects *effects = counting->effects;
    int64_t before_ms =
        schedule_planned_at(&counting->plan->before, &person->before, before_step, &rules);
    if (after_ms < counting->now_ms && before_ms >= counting->now_ms) {
        effects->overdue++;
    } else if (after_ms < before_ms) {
        effects->moved_earlier++;
    } else if (after_ms > before_ms) {
        effects->moved_later++;
    } else {
        effects->unchanged++;
    }
}

/* Which steps that come back this person has got before: bit n stands for after.steps[n]. */
static enum error_code read_had(struct counting *counting, int64_t enrollment_id,
                                uint64_t **ret_had, struct error *error)
{
    const struct edit_plan *plan = counting->plan;
    struct work work = *counting->work;
    struct store_message *messages = NULL;
    size_t count = 0;
    work.arena = counting->arena;
    arena_reset(work.arena);
    uint64_t *had = arena_array(work.arena, plan->after.step_count / 64 + 1, sizeof *had);
    enum error_code code =
        plan->brings_back
            ? store_message_for_enrollment(&work, enrollment_id, &messages, &count, error)
            : OK;
    for (size_t i = 0; code == OK && i < plan->after.step_count; i++) {
        if (edit_had_before(plan, i, messages, count)) {
            had[i / 64] |= UINT64_C(1) << (i % 64);
        }
    }
    *ret_had = had;
    return code;
}

static enum error_code count_person(void *context, const struct store_action_row *row,
                                    struct error *error)
{
    struct counting *counting = context;
    const struct edit_plan *plan = counting->plan;
    struct edit_person person;
    uint64_t *had = NULL;
    edit_person_make(plan, row, &person);
    enum error_code code = planning_done_in(counting->work, &plan->before, plan->version,
                                            row->enrollment_id, &person.before, error);
    if (code == OK) {
        code = read_had(counting, row->enrollment_id, &had, error);
    }
    if (code != OK) {
        return code;
    }
    counting->effects->people++;
    for (size_t i = 0; i < plan->after.step_count; i++) {
        int32_t before_step = plan->before_of[i];
        bool was =
            before_step != EDIT_NO_STEP && edit_was_ahead(plan, &person, (size_t)before_step);
        if (!edit_is_ahead(plan, &person, i) || (had[i / 64] >> (i % 64) & 1) != 0) {
            counting->after_steps[i]->past++;
            counting->effects->dropped += was ? 1 : 0;
            continue;
        }
        uint32_t rules = 0;
        int64_t after_ms = schedule_planned_at(&plan->after, &person.after, i, &rules);
        counting->after_steps[i]->ahead++;
        count_day(counting, &person.after, after_ms);
        if (before_step == EDIT_NO_STEP) {
            counting->effects->added++;
        } else {
            count_moved(counting, &person, (size_t)before_step, after_ms);
        }
    }
    for (size_t i = 0; i < plan->before.step_count; i++) {
        if (counting->removed[i] != NULL) {
            bool was = edit_was_ahead(plan, &person, i);
            counting->effects->dropped += was ? 1 : 0;
            counting->removed[i]->past += was ? 0 : 1;
            counting->removed[i]->ahead += was ? 1 : 0;
        }
    }
    return OK;
}

/* True when both say the same, whenever they say it. */
static bool same_content(const struct step *before, const struct step *after)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer left;
    CLEANUP_IN_PLACE(buffer_done) struct buffer right;
    struct json_writer writer;
    struct step moved = *after;
    moved.id = before->id;
    moved.day = before->day;
    moved.minute = before->minute;
    moved.ordinal = before->ordinal;
    buffer_init(&left, 1 << 18);
    buffer_init(&right, 1 << 18);
    json_writer_init(&writer, &left);
    step_encode(&writer, before);
    json_writer_init(&writer, &right);
    step_encode(&writer, &moved);
    return text_equal(buffer_text(&left), buffer_text(&right));
}

static enum step_change change_of(const struct sequence *before, const struct sequence *after,
                                  const struct step *step)
{
    const struct step *old = step->id == 0 ? NULL : sequence_find_step(before, step->id);
    if (old == NULL) {
        return STEP_NEW;
    }
    bool takes_sequence_time = step->minute < 0 && step->day > 1;
    if (old->day != step->day || old->minute != step->minute ||
        (takes_sequence_time && before->send_minute != after->send_minute)) {
        return STEP_MOVED;
    }
    return same_content(old, step) ? STEP_UNCHANGED : STEP_CHANGED_TEXT;
}

/* The list of steps of the answer, and who finds which of them. */
static void list_steps(struct counting *counting, struct arena *arena,
                       const struct sequence *before, const struct sequence *after)
{
    const struct edit_plan *plan = counting->plan;
    struct edit_effects *effects = counting->effects;
    effects->steps =
        arena_array(arena, before->step_count + after->step_count + 1, sizeof *effects->steps);
    counting->after_steps =
        arena_array(arena, after->step_count + 1, sizeof *counting->after_steps);
    counting->removed = arena_array(arena, before->step_count + 1, sizeof *counting->removed);
    for (size_t i = 0; i < plan->after.step_count; i++) {
        const struct schedule_step *scheduled = &plan->after.steps[i];
        struct edit_step *listed = &effects->steps[effects->step_count++];
        *listed = (struct edit_step){.step_id = scheduled->id, .day = scheduled->day};
        for (size_t j = 0; j < after->step_count; j++) {
            if (after->steps[j].id == scheduled->id && after->steps[j].day == scheduled->day &&
                after->steps[j].ordinal == scheduled->ordinal) {
                listed->change = change_of(before, after, &after->steps[j]);
            }
        }
        listed->step_id = listed->change == STEP_NEW ? 0 : listed->step_id;
        counting->after_steps[i] = listed;
    }
    for (size_t i = 0; i < plan->before.step_count; i++) {
        if (plan->after_of[i] == EDIT_NO_STEP) {
            struct edit_step *listed = &effects->steps[effects->step_count++];
            *listed = (struct edit_step){.step_id = plan->before.steps[i].id,
                                         .day = plan->before.steps[i].day,
                                         .change = STEP_REMOVED};
            counting->removed[i] = listed;
        }
    }
}

/* The days begin with today where the sequence lives; empty ones are left out at the end. */
static void close_days(struct edit_effects *effects)
{
    for (size_t i = 0; i < EDIT_DAYS_MAX; i++) {
        if (effects->days[i].count > 0) {
            effects->days[effects->day_count++] = effects->days[i];
        }
    }
}

enum error_code edit_effects_count(struct work *work, const struct sequence *before,
                                   const struct sequence *after, bool backfill,
                                   struct edit_effects *ret_effects, struct error *error)
{
    struct edit_plan plan;
    struct edit_effects effects = {0};
    enum error_code code = edit_plan_open(&plan, work, before, after, backfill, error);
    if (code != OK) {
        return code;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct counting counting = {
        .work = work, .arena = arena, .plan = &plan, .effects = &effects, .now_ms = work->now_ms};
    const struct zone *zone =
        schedule_zone((struct text){0}, plan.after_zone, plan.server_zone).zone;
    counting.first_day = floor_divide(zone_to_local(zone, work->now_ms), MS_PER_DAY);
    for (int64_t i = 0; i < EDIT_DAYS_MAX; i++) {
        effects.days[i].day = counting.first_day + i;
    }
    list_steps(&counting, work->arena, before, after);
    const struct store_action_filter filter = {.sequence_id = before->id};
    int64_t last_id = 0;
    size_t visited = 0;
    code = store_action_walk(work, &filter, STORE_ACTION_LIVE, 0, SIZE_MAX, count_person, &counting,
                             &last_id, &visited, error);
    if (code == OK) {
        close_days(&effects);
        *ret_effects = effects;
    }
    return code;
}
