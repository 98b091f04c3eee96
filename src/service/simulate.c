/* Plays schedules to their end and counts messages by local day. */
#include "service/simulate.h"

#include "base/instant.h"
#include "service/planning.h"

#include <stdlib.h>

/* Days from the first one seen; ten years of steps and as much of shifts fit. */
enum { DAYS_BEFORE = 400, DAYS_MAX = 8192 };

struct simulate_days {
    bool started;
    int64_t first_day;
    int64_t counts[DAYS_MAX];
};

void simulate_init(struct simulation *simulation, struct arena *arena)
{
    *simulation = (struct simulation){0};
    simulation->counted = arena_alloc(arena, sizeof *simulation->counted);
    simulation->days = arena_array(arena, DAYS_MAX, sizeof *simulation->days);
}

static void count_message(struct simulation *simulation, const struct zone *zone, int64_t due_at_ms,
                          int64_t people)
{
    struct simulate_days *counted = simulation->counted;
    int64_t day = floor_divide(zone_to_local(zone, due_at_ms), MS_PER_DAY);
    if (!counted->started) {
        counted->started = true;
        counted->first_day = day - DAYS_BEFORE;
    }
    int64_t index = day - counted->first_day;
    index = index < 0 ? 0 : index;
    index = index >= DAYS_MAX ? DAYS_MAX - 1 : index;
    counted->counts[index] += people;
    simulation->messages += people;
    if (simulation->first_at_ms == 0 || due_at_ms < simulation->first_at_ms) {
        simulation->first_at_ms = due_at_ms;
    }
    if (due_at_ms > simulation->last_at_ms) {
        simulation->last_at_ms = due_at_ms;
    }
}

void simulate_person(struct simulation *simulation, const struct schedule_plan *plan,
                     const struct schedule_person *person, int64_t now_ms, int64_t people)
{
    struct schedule_person walker = *person;
    simulation->people += people;
    for (size_t step = 0; step < plan->step_count; step++) {
        struct schedule_next next = schedule_next(plan, &walker, now_ms);
        if ((next.rules & SCHEDULE_NEVER_OPEN) != 0) {
            simulation->never_open += people;
            return;
        }
        switch (next.kind) {
        case SCHEDULE_FINISHED:
            return;
        case SCHEDULE_STOP_LATE:
            simulation->stopped += people;
            return;
        case SCHEDULE_SKIP_LATE:
            simulation->late += people;
            schedule_advance(&walker, &next, 0);
            break;
        case SCHEDULE_SEND:
            now_ms = next.due_at_ms;
            count_message(simulation, walker.zone, now_ms, people);
            if (simulation->visit != NULL) {
                simulation->visit(simulation->visit_context, now_ms, people);
            }
            schedule_advance(&walker, &next, now_ms);
            break;
        }
    }
}

void simulate_finish(struct simulation *simulation)
{
    const struct simulate_days *counted = simulation->counted;
    simulation->day_count = 0;
    for (int64_t i = 0; i < DAYS_MAX; i++) {
        if (counted->counts[i] > 0) {
            simulation->days[simulation->day_count++] =
                (struct simulation_day){counted->first_day + i, counted->counts[i]};
        }
    }
}

struct inside {
    const struct planning *planning;
    struct simulation *simulation;
    int64_t now_ms;
};

static enum error_code visit_inside(void *context, const struct store_action_row *row,
                                    struct error *error)
{
    struct inside *inside = context;
    struct schedule_person person = planning_person(inside->planning, row);
    enum error_code code = planning_done(inside->planning, row, &person, error);
    if (code != OK) {
        return code;
    }
    if (row->paused_at_ms != 0) {
        person.shift_days += schedule_resume_shift(&inside->planning->plan, &person,
                                                   row->paused_at_ms, inside->now_ms);
    }
    simulate_person(inside->simulation, &inside->planning->plan, &person, inside->now_ms, 1);
    return OK;
}

enum error_code simulate_inside(struct work *work, const struct sequence *sequence,
                                struct simulation *ret_simulation, struct error *error)
{
    struct planning planning;
    struct simulation simulation;
    enum error_code code = planning_open(&planning, work, sequence->id, error);
    if (code != OK) {
        return code;
    }
    planning_use(&planning, sequence);
    simulate_init(&simulation, work->arena);
    struct inside inside = {&planning, &simulation, work->now_ms};
    struct store_action_filter filter = {.sequence_id = sequence->id};
    int64_t last_id = 0;
    size_t visited = 0;
    code = store_action_walk(work, &filter, STORE_ACTION_LIVE, 0, SIZE_MAX, visit_inside, &inside,
                             &last_id, &visited, error);
    if (code == OK) {
        simulate_finish(&simulation);
        *ret_simulation = simulation;
    }
    return code;
}

enum error_code simulate_newcomers(struct work *work, const struct sequence *sequence,
                                   int64_t people, int64_t enrolled_at_ms, struct text timezone,
                                   struct simulation *ret_simulation, struct error *error)
{
    struct planning planning;
    enum error_code code = planning_open(&planning, work, sequence->id, error);
    if (code != OK) {
        return code;
    }
    planning_use(&planning, sequence);
    struct simulation simulation;
    simulate_init(&simulation, work->arena);
    struct schedule_person person = {
        .zone = planning_zone(&planning, timezone).zone,
        .enrolled_at_ms = enrolled_at_ms,
    };
    simulate_person(&simulation, &planning.plan, &person, enrolled_at_ms, people);
    simulate_finish(&simulation);
    *ret_simulation = simulation;
    return OK;
}
