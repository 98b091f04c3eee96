/* The one writer job of the send machine: outcomes, doubts, plans and claims in one commit. Safe to
 * run again from the start: everything it finds out is put into the pass anew each time. */
#include "delivery/delivery_internal.h"

#include "base/json_writer.h"
#include "store/store_event.h"
#include "store/store_instance.h"
#include "store/store_setting.h"

static const struct lane_wish *wish_of(const struct pass *pass, int64_t channel_id)
{
    for (size_t i = 0; i < pass->wish_count; i++) {
        if (pass->wishes[i].channel_id == channel_id) {
            return &pass->wishes[i];
        }
    }
    return NULL;
}

static enum error_code tell_channel(struct pass_run *run, int64_t channel_id, const char *type,
                                    enum breaker_trip reason, struct error *error)
{
    const struct store_event event = {
        .type = text_from(type),
        .channel_id = channel_id,
        .data = reason == TRIP_NONE ? (struct text){0}
                                    : arena_format(run->work->arena, "{\"reason\":\"%s\"}",
                                                   breaker_trip_to_text(reason)),
    };
    return store_event_add(run->work, &event, error);
}

static enum error_code apply_breaker(struct pass_run *run, const struct lane_wish *wish,
                                     struct error *error)
{
    enum error_code code = OK;
    if (wish->hold != TRIP_NONE) {
        code = store_lane_hold(run->work, wish->channel_id,
                               text_from(breaker_trip_to_text(wish->hold)), wish->hold_probe_at_ms,
                               error);
        if (code == OK) {
            code = tell_channel(run, wish->channel_id, "channel.held", wish->hold, error);
        }
    } else if (wish->release) {
        code = store_lane_release(run->work, wish->channel_id, error);
        if (code == OK) {
            code = tell_channel(run, wish->channel_id, "channel.released", TRIP_NONE, error);
        }
    }
    return code;
}

/* The channels as they stand after the breakers' changes, copied for the delivery thread. */
static enum error_code read_lanes(struct pass_run *run, struct error *error)
{
    struct pass *pass = run->pass;
    struct arena *work_arena = run->work->arena;
    run->work->arena = pass->arena;
    enum error_code code =
        store_lane_list(run->work, DELIVERY_LANES_MAX, &pass->rows, &pass->row_count, error);
    run->work->arena = work_arena;
    run->default_channel_id = 0;
    for (size_t i = 0; code == OK && i < pass->row_count; i++) {
        if (pass->rows[i].is_default || run->default_channel_id == 0) {
            run->default_channel_id = pass->rows[i].id;
        }
        if (pass->rows[i].is_default) {
            break;
        }
    }
    return code;
}

static enum error_code claim_all(struct pass_run *run, struct error *error)
{
    struct pass *pass = run->pass;
    enum error_code code = OK;
    for (size_t i = 0;
         code == OK && i < pass->row_count && pass->may_claim && !pass->fenced && !pass->paused;
         i++) {
        const struct lane_wish *wish = wish_of(pass, pass->rows[i].id);
        if (wish != NULL) {
            code = claim_lane(run, &pass->rows[i], wish, error);
        }
    }
    for (size_t i = 0; code == OK && i < pass->row_count; i++) {
        code = store_lane_next(run->work, pass->rows[i].id, &pass->row_next_at_ms[i], error);
    }
    return code;
}

static enum error_code look_ahead(struct pass_run *run, struct error *error)
{
    int64_t due_ms = 0;
    int64_t doubt_ms = 0;
    enum error_code code = store_due_first(run->work, &due_ms, error);
    if (code == OK) {
        code = store_doubt_next(run->work, &doubt_ms, error);
    }
    int64_t next_ms = CLOCK_NEVER;
    if (due_ms != 0 && run->pass->row_count > 0 && !run->pass->fenced) {
        next_ms = due_ms - run->delivery->settings.look_ahead_ms;
    }
    if (doubt_ms != 0 && doubt_ms < next_ms) {
        next_ms = doubt_ms;
    }
    run->pass->other_next_at_ms = next_ms;
    return code;
}

/* What forbids all sending: a restore nobody has decided about, or a person in the settings. */
static enum error_code read_stops(struct pass_run *run, struct error *error)
{
    struct text value = {0};
    bool set = false;
    struct store_installation installation = {0};
    bool found = false;
    enum error_code code = store_installation_get(run->work, &installation, &found, error);
    run->pass->fenced = found && installation.fenced;
    if (code == OK) {
        code = store_setting_get(run->work, TEXT("sending_paused"), &value, &set, error);
    }
    run->pass->paused = set && text_equal(value, TEXT("true"));
    return code;
}

static enum error_code store_results(struct pass_run *run, struct error *error)
{
    struct pass *pass = run->pass;
    enum error_code code = OK;
    for (const struct flight *flight = pass->outcomes; code == OK && flight != NULL;
         flight = flight->next) {
        code = outcome_apply(run, flight, error);
    }
    for (size_t i = 0; code == OK && i < pass->wish_count; i++) {
        code = apply_breaker(run, &pass->wishes[i], error);
    }
    return code == OK ? reconcile_doubts(run, error) : code;
}

static enum error_code run_parts(struct pass_run *run, struct error *error)
{
    struct pass *pass = run->pass;
    enum error_code code = read_stops(run, error);
    if (code == OK) {
        code = store_results(run, error);
    }
    if (code == OK) {
        code = read_lanes(run, error);
    }
    if (code == OK && pass->may_plan && !pass->fenced && pass->row_count > 0) {
        code = planner_run(run, error);
    }
    if (code == OK) {
        code = claim_all(run, error);
    }
    if (code == OK) {
        code = look_ahead(run, error);
    }
    if (code == OK && pass->beat) {
        const struct delivery_settings *settings = &run->delivery->settings;
        code = store_instance_beat(run->work, store_identity(settings->store)->instance_id,
                                   clock_boot_ms(settings->clock), error);
    }
    return code;
}

enum error_code pass_run_job(struct work *work, struct job *job, struct error *error)
{
    struct pass *pass = job->context;
    CLEANUP(map64_free) struct map64 *claimed_people = map64_new(16);
    struct pass_run run = {
        .pass = pass,
        .delivery = pass->delivery,
        .work = work,
        .last_flight = &pass->flights,
        .claimed_people = claimed_people,
    };
    pass->flights = NULL;
    pass->row_count = 0;
    pass->failed = 0;
    pass->doubts = 0;
    progress_init(&run.progress, work);
    run.progress.hash_key = pass->delivery->settings.hash_key;
    enum error_code code = run_parts(&run, error);
    work->wakes &= ~(unsigned)WORK_WAKE_DELIVERY; /* what this pass made, it saw itself */
    return code;
}
