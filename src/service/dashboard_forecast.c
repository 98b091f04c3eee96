/* What will be sent on which day: the schedule of the people inside, played. Of a big sequence a
 * sample from all over it is played and scaled up, so that the answer costs the same. */
#include "base/instant.h"
#include "base/zone.h"
#include "service/dashboard.h"
#include "service/planning.h"
#include "store/store_channel.h"
#include "store/store_sequence.h"

enum {
    PLAY_ALL_MAX = 5000, /* people of one sequence */
    SAMPLE_SPOTS = 25,
    SAMPLE_PER_SPOT = 100,
};

struct player {
    struct work *work;
    struct planning *planning;
    struct simulation simulation;
    int64_t played;
};

static enum error_code play(void *context, const struct store_action_row *row, struct error *error)
{
    struct player *player = context;
    (void)error;
    struct schedule_person person = planning_person(player->planning, row);
    simulate_person(&player->simulation, &player->planning->plan, &person, player->work->now_ms, 1);
    player->played++;
    return OK;
}

/* Plays everybody, or people from evenly spread places of the id range. */
static enum error_code play_sequence(struct player *player, int64_t sequence_id, int64_t people,
                                     struct error *error)
{
    const struct store_action_filter filter = {.sequence_id = sequence_id};
    bool all = people <= PLAY_ALL_MAX;
    int64_t spots = all ? 1 : SAMPLE_SPOTS;
    size_t limit = all ? PLAY_ALL_MAX : SAMPLE_PER_SPOT;
    int64_t next_id = 0;
    int64_t after_id = 0;
    enum error_code code = store_enrollment_next_id(player->work, &next_id, error);
    for (int64_t i = 0; code == OK && i < spots; i++) {
        size_t visited = 0;
        int64_t spot_id = next_id / spots * i;
        after_id = spot_id > after_id ? spot_id : after_id;
        code = store_action_walk(player->work, &filter, STORE_ACTION_ACTIVE, after_id, limit, play,
                                 player, &after_id, &visited, error);
    }
    return code;
}

static void add_days(struct dashboard_forecast *forecast, const struct simulation *simulation,
                     int64_t people, int64_t played)
{
    for (size_t i = 0; i < simulation->day_count; i++) {
        int64_t place = simulation->days[i].day - forecast->days[0].day;
        if (place >= 0 && place < (int64_t)forecast->day_count) {
            int64_t count = simulation->days[i].count * people / played;
            forecast->days[place].count += count;
            forecast->total += count;
        }
    }
}

static enum error_code forecast_sequence(struct work *work,
                                         const struct store_sequence_summary *summary,
                                         struct dashboard_forecast *forecast, struct error *error)
{
    struct planning planning;
    int64_t people = summary->counts.active;
    if (summary->sequence.status != SEQUENCE_ACTIVE || people <= 0) {
        return OK;
    }
    enum error_code code = planning_open(&planning, work, summary->sequence.id, error);
    if (code != OK) {
        return code;
    }
    struct player player = {.work = work, .planning = &planning};
    simulate_init(&player.simulation, work->arena);
    code = play_sequence(&player, summary->sequence.id, people, error);
    if (code == OK && player.played > 0) {
        simulate_finish(&player.simulation);
        if (people <= PLAY_ALL_MAX) {
            people = player.played;
        } else {
            forecast->sampled = true;
        }
        add_days(forecast, &player.simulation, people, player.played);
    }
    return code;
}

static enum error_code read_capacity(struct work *work, struct dashboard_forecast *forecast,
                                     struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    forecast->daily_capacity = count == 0 ? -1 : 0;
    for (size_t i = 0; code == OK && i < count; i++) {
        if (channels[i].tier_limit == 0) {
            forecast->daily_capacity = -1;
            break;
        }
        forecast->daily_capacity += channels[i].tier_limit;
    }
    return code;
}

enum error_code dashboard_forecast(struct work *work, int64_t sequence_id, int32_t days,
                                   const struct zone *zone, struct dashboard_forecast *ret_forecast,
                                   struct error *error)
{
    struct dashboard_forecast forecast = {.day_count = (size_t)days};
    struct store_sequence_summary *all = NULL;
    size_t count = 0;
    int64_t today = floor_divide(zone_to_local(zone, work->now_ms), MS_PER_DAY);
    forecast.days = arena_array(work->arena, (size_t)days + 1, sizeof(*forecast.days));
    for (int32_t i = 0; i < days; i++) {
        forecast.days[i].day = today + i;
    }
    enum error_code code = store_sequence_list(work, &all, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (sequence_id == 0 || all[i].sequence.id == sequence_id) {
            code = forecast_sequence(work, &all[i], &forecast, error);
        }
    }
    if (code == OK) {
        code = read_capacity(work, &forecast, error);
    }
    if (code == OK) {
        *ret_forecast = forecast;
    }
    return code;
}
