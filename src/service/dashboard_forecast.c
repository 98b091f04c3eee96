/* What will be sent in the coming days, hour by hour: the schedule of the people inside, played
 * with the same function that plans them. Of big sequences a sample from all over them is played
 * and scaled up, so that the answer costs the same; it says so. Set against what each channel may
 * send: people per 24 hours by its tier, messages per second by its rate. */
#include "base/instant.h"
#include "base/zone.h"
#include "service/dashboard.h"
#include "service/planning.h"
#include "store/store_channel.h"
#include "store/store_sequence.h"

enum {
    PLAYED_MAX = 2000,  /* people of all sequences together, about */
    PLAYED_LEAST = 100, /* of each big sequence, however many there are */
    SAMPLE_SPOTS = 25,
    HOURS_MAX = (DASHBOARD_FORECAST_DAYS_MAX + 1) * 25,
    SECONDS_PER_HOUR = 3600,
};

/* One channel's part. */
struct load {
    int64_t channel_id;
    int64_t *people; /* by day */
    int64_t *counts; /* by hour */
};

struct forecast_run {
    struct work *work;
    struct dashboard_forecast *forecast;
    const struct store_channel *channels;
    size_t channel_count;
    struct load *loads; /* by index in channels */
    int64_t most;       /* people to be played of one sequence */
    int64_t end_ms;
};

/* One sequence being played. */
struct player {
    struct forecast_run *run;
    struct planning *planning;
    struct simulation simulation;
    int64_t played;
    int64_t last_day; /* on which the person at hand got a message; -1: none yet */
    int64_t *people;  /* by day */
    int64_t *counts;  /* by hour */
};

/* ---- playing ---- */

static size_t day_of(const struct dashboard_forecast *forecast, int64_t at_ms)
{
    size_t low = 0;
    size_t high = forecast->day_count;
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (forecast->days[middle].at_ms <= at_ms) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void note_message(void *context, int64_t at_ms, int64_t people)
{
    struct player *player = context;
    const struct forecast_run *run = player->run;
    if (at_ms < run->forecast->days[0].at_ms || at_ms >= run->end_ms) {
        return;
    }
    int64_t day = (int64_t)day_of(run->forecast, at_ms);
    player->counts[(at_ms - run->forecast->days[0].at_ms) / MS_PER_HOUR] += people;
    if (day != player->last_day) {
        player->people[day] += people;
        player->last_day = day;
    }
}

static enum error_code play(void *context, const struct store_action_row *row, struct error *error)
{
    struct player *player = context;
    struct schedule_person person = planning_person(player->planning, row);
    enum error_code code = planning_done(player->planning, row, &person, error);
    if (code != OK) {
        return code;
    }
    player->last_day = -1;
    simulate_person(&player->simulation, &player->planning->plan, &person,
                    player->run->work->now_ms, 1);
    player->played++;
    return OK;
}

/* Plays everybody, or people from evenly spread places of the id range. */
static enum error_code play_sequence(struct player *player, int64_t sequence_id, int64_t people,
                                     struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = sequence_id};
    struct work *work = player->run->work;
    bool all = people <= player->run->most;
    int64_t spots = all ? 1 : SAMPLE_SPOTS;
    size_t limit = (size_t)(player->run->most / spots);
    int64_t next_id = 0;
    int64_t after_id = 0;
    enum error_code code = store_enrollment_next_id(work, &next_id, error);
    for (int64_t i = 0; code == OK && i < spots; i++) {
        size_t visited = 0;
        int64_t spot_id = next_id / spots * i;
        after_id = spot_id > after_id ? spot_id : after_id;
        code = store_action_walk(work, &filter, STORE_ACTION_ACTIVE, after_id, limit, play, player,
                                 &after_id, &visited, error);
    }
    return code;
}

/* Adds what was played, scaled from `played` people to all. */
static void add_played(struct forecast_run *run, const struct player *player, int64_t people,
                       struct load *load)
{
    struct dashboard_forecast *forecast = run->forecast;
    for (size_t i = 0; i < forecast->day_count; i++) {
        int64_t count = player->people[i] * people / player->played;
        forecast->days[i].people += count;
        if (load != NULL) {
            load->people[i] += count;
        }
    }
    for (size_t i = 0; i < forecast->hour_count; i++) {
        int64_t count = player->counts[i] * people / player->played;
        forecast->hours[i].count += count;
        forecast->total += count;
        if (load != NULL) {
            load->counts[i] += count;
        }
    }
}

/* The channel that the sequence sends by: its own, or the default one. */
static struct load *load_of(const struct forecast_run *run, int64_t channel_id)
{
    for (size_t i = 0; i < run->channel_count; i++) {
        const struct store_channel *channel = &run->channels[i];
        if (channel_id == 0 ? channel->is_default : channel->id == channel_id) {
            return &run->loads[i];
        }
    }
    return NULL;
}

static enum error_code forecast_sequence(struct forecast_run *run,
                                         const struct store_sequence_summary *summary,
                                         struct error *error)
{
    struct planning planning;
    struct arena *arena = run->work->arena;
    int64_t people = summary->counts.active;
    if (summary->sequence.status != SEQUENCE_ACTIVE || people <= 0) {
        return OK;
    }
    enum error_code code = planning_open(&planning, run->work, summary->sequence.id, error);
    if (code != OK) {
        return code;
    }
    struct player player = {.run = run, .planning = &planning};
    player.people = arena_array(arena, run->forecast->day_count, sizeof(*player.people));
    player.counts = arena_array(arena, run->forecast->hour_count, sizeof(*player.counts));
    simulate_init(&player.simulation, arena);
    player.simulation.visit = note_message;
    player.simulation.visit_context = &player;
    code = play_sequence(&player, summary->sequence.id, people, error);
    if (code == OK && player.played > 0) {
        bool all = people <= run->most;
        run->forecast->sampled = run->forecast->sampled || !all;
        run->forecast->people += all ? player.played : people;
        run->forecast->people_played += player.played;
        add_played(run, &player, all ? player.played : people,
                   load_of(run, summary->sequence.channel_id));
    }
    return code;
}

/* ---- days, hours, channels ---- */

static void lay_out(struct forecast_run *run, int32_t days, const struct zone *zone)
{
    struct dashboard_forecast *forecast = run->forecast;
    int64_t at_ms = dashboard_day_start(zone, run->work->now_ms);
    int64_t today = floor_divide(zone_to_local(zone, run->work->now_ms), MS_PER_DAY);
    forecast->day_count = (size_t)days;
    forecast->days = arena_array(run->work->arena, (size_t)days, sizeof(*forecast->days));
    for (int32_t i = 0; i < days; i++) {
        forecast->days[i] = (struct dashboard_forecast_day){.day = today + i, .at_ms = at_ms};
        at_ms = dashboard_day_end(zone, at_ms);
    }
    run->end_ms = at_ms;
    int64_t start_ms = forecast->days[0].at_ms;
    forecast->hour_count = (size_t)((at_ms - start_ms + MS_PER_HOUR - 1) / MS_PER_HOUR);
    CHECK(forecast->hour_count <= HOURS_MAX);
    forecast->hours = arena_array(run->work->arena, forecast->hour_count, sizeof(*forecast->hours));
    for (size_t i = 0; i < forecast->hour_count; i++) {
        forecast->hours[i].at_ms = start_ms + (int64_t)i * MS_PER_HOUR;
    }
}

static enum error_code read_channels(struct forecast_run *run, struct error *error)
{
    struct store_channel *channels = NULL;
    struct arena *arena = run->work->arena;
    struct dashboard_forecast *forecast = run->forecast;
    enum error_code code = store_channel_list(run->work, &channels, &run->channel_count, error);
    if (code != OK) {
        return code;
    }
    run->channels = channels;
    run->loads = arena_array(arena, run->channel_count + 1, sizeof(*run->loads));
    forecast->daily_capacity = run->channel_count == 0 ? -1 : 0;
    for (size_t i = 0; i < run->channel_count; i++) {
        run->loads[i] = (struct load){
            .channel_id = channels[i].id,
            .people = arena_array(arena, forecast->day_count, sizeof(int64_t)),
            .counts = arena_array(arena, forecast->hour_count, sizeof(int64_t)),
        };
        bool unlimited = channels[i].tier_limit == 0 || forecast->daily_capacity < 0;
        forecast->daily_capacity =
            unlimited ? -1 : forecast->daily_capacity + channels[i].tier_limit;
    }
    return OK;
}

static struct dashboard_forecast_channel judge_channel(struct dashboard_forecast *forecast,
                                                       const struct store_channel *channel,
                                                       const struct load *load)
{
    struct dashboard_forecast_channel result = {
        .id = channel->id,
        .name = channel->name,
        .tier_limit = channel->tier_limit,
        .rate_per_second = channel->rate_per_second,
    };
    for (size_t i = 0; i < forecast->day_count; i++) {
        bool over = channel->tier_limit > 0 && load->people[i] > channel->tier_limit;
        forecast->days[i].over_tier = forecast->days[i].over_tier || over;
        if (over && result.days_over_tier++ == 0) {
            result.first_day_over = forecast->days[i].day;
        }
        result.busiest_day_people = load->people[i] > result.busiest_day_people
                                        ? load->people[i]
                                        : result.busiest_day_people;
    }
    for (size_t i = 0; i < forecast->hour_count; i++) {
        bool over = load->counts[i] > channel->rate_per_second * SECONDS_PER_HOUR;
        forecast->hours[i].over_rate = forecast->hours[i].over_rate || over;
        result.hours_over_rate += over;
        result.total += load->counts[i];
        result.busiest_hour_count = load->counts[i] > result.busiest_hour_count
                                        ? load->counts[i]
                                        : result.busiest_hour_count;
    }
    return result;
}

static void judge(struct forecast_run *run)
{
    struct dashboard_forecast *forecast = run->forecast;
    forecast->channels =
        arena_array(run->work->arena, run->channel_count + 1, sizeof(*forecast->channels));
    for (size_t i = 0; i < run->channel_count; i++) {
        struct dashboard_forecast_channel channel =
            judge_channel(forecast, &run->channels[i], &run->loads[i]);
        if (channel.total > 0) {
            forecast->channels[forecast->channel_count++] = channel;
        }
    }
    for (size_t i = 0; i < forecast->hour_count; i++) {
        forecast->days[day_of(forecast, forecast->hours[i].at_ms)].count +=
            forecast->hours[i].count;
    }
}

enum error_code dashboard_forecast(struct work *work, int64_t sequence_id, int32_t days,
                                   const struct zone *zone, struct dashboard_forecast *ret_forecast,
                                   struct error *error)
{
    struct dashboard_forecast forecast = {0};
    struct forecast_run run = {.work = work, .forecast = &forecast, .most = PLAYED_MAX};
    struct store_sequence_summary *all = NULL;
    size_t count = 0;
    int64_t inside = 0;
    int64_t sequences = 0;
    CHECK(days > 0 && days <= DASHBOARD_FORECAST_DAYS_MAX);
    lay_out(&run, days, zone);
    enum error_code code = store_sequence_list(work, &all, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        bool asked = sequence_id == 0 || all[i].sequence.id == sequence_id;
        inside += asked ? all[i].counts.active : 0;
        sequences += asked && all[i].counts.active > 0;
    }
    if (inside > PLAYED_MAX) {
        run.most = PLAYED_MAX / sequences < PLAYED_LEAST ? PLAYED_LEAST : PLAYED_MAX / sequences;
    }
    if (code == OK) {
        code = read_channels(&run, error);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        if (sequence_id == 0 || all[i].sequence.id == sequence_id) {
            code = forecast_sequence(&run, &all[i], error);
        }
    }
    if (code == OK) {
        judge(&run);
        *ret_forecast = forecast;
    }
    return code;
}
