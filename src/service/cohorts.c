/* Days of UTC, and the hours and quarters at their edges, put together to the days of a zone: see
 * cohorts.h. Only what lies between a zone's midnight and the nearest one of UTC is read in small
 * pieces, so that a day costs at most some fifteen rows a step. */
#include "service/cohorts.h"

#include "base/hash.h"
#include "base/instant.h"
#include "service/dashboard.h"

struct gather {
    struct work *work;
    int64_t sequence_id;
    const struct zone *zone;
    struct cohorts *cohorts;
    struct map64 *places;    /* step id → index in cohorts->stats.steps */
    int64_t *starts_ms;      /* of each day, and the end of the last one */
    struct cohort_day *to;   /* what a row is added to; NULL: nothing */
    struct cohort_day *from; /* what it is taken from; NULL: nothing */
};

static void add(const struct gather *gather, struct cohort_day *day, const struct store_cohort *row,
                int64_t sign)
{
    int64_t place = 0;
    if (day == NULL) {
        return;
    }
    if (row->step_id == 0) {
        for (size_t status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
            day->people[status] += sign * row->counts[status];
            day->enrolled += sign * row->counts[status];
        }
    } else if (map64_get(gather->places, row->step_id, &place)) {
        for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            day->counts[place][outcome] += sign * row->counts[outcome];
        }
    }
}

static void add_row(void *context, const struct store_cohort *row)
{
    const struct gather *gather = context;
    add(gather, gather->to, row, 1);
    add(gather, gather->from, row, -1);
}

static void lay_out(struct gather *gather)
{
    struct cohorts *cohorts = gather->cohorts;
    struct arena *arena = gather->work->arena;
    cohorts->days = arena_array(arena, COHORT_DAYS_MAX + 1, sizeof(*cohorts->days));
    gather->starts_ms = arena_array(arena, COHORT_DAYS_MAX + 2, sizeof(*gather->starts_ms));
    int64_t start_ms = cohorts->from_ms;
    while (start_ms < cohorts->to_ms) {
        CHECK(cohorts->day_count < COHORT_DAYS_MAX + 1);
        gather->starts_ms[cohorts->day_count] = start_ms;
        cohorts->days[cohorts->day_count++] = (struct cohort_day){
            .at_ms = start_ms,
            .day = floor_divide(zone_to_local(gather->zone, start_ms + MS_PER_HOUR), MS_PER_DAY),
            .counts =
                arena_array(arena, cohorts->stats.step_count + 1, sizeof(*cohorts->days->counts)),
        };
        start_ms = dashboard_day_end(gather->zone, start_ms);
    }
    gather->starts_ms[cohorts->day_count] = start_ms;
}

static int64_t nearest_midnight(int64_t at_ms)
{
    return counters_start(COUNTER_DAY, at_ms + MS_PER_DAY / 2);
}

static enum error_code visit(struct gather *gather, enum counter_width width, int64_t from_ms,
                             int64_t to_ms, struct error *error)
{
    return from_ms < to_ms ? store_cohort_visit(gather->work, gather->sequence_id, width, from_ms,
                                                to_ms, add_row, gather, error)
                           : OK;
}

/* Whole days of UTC, each to the day of the zone that begins nearest to it. */
static enum error_code add_days(struct gather *gather, struct error *error)
{
    struct cohorts *cohorts = gather->cohorts;
    enum error_code code = OK;
    gather->from = NULL;
    for (size_t i = 0; code == OK && i < cohorts->day_count; i++) {
        gather->to = &cohorts->days[i];
        code = visit(gather, COUNTER_DAY, nearest_midnight(gather->starts_ms[i]),
                     nearest_midnight(gather->starts_ms[i + 1]), error);
    }
    return code;
}

/* What lies between the nearest midnight of UTC and the start of day `i` stands with the wrong one
 * of its two neighbours. */
static enum error_code mend_edge(struct gather *gather, size_t i, struct error *error)
{
    struct cohorts *cohorts = gather->cohorts;
    int64_t start_ms = gather->starts_ms[i];
    int64_t midnight_ms = nearest_midnight(start_ms);
    struct cohort_day *before = i == 0 ? NULL : &cohorts->days[i - 1];
    struct cohort_day *after = i == cohorts->day_count ? NULL : &cohorts->days[i];
    bool early = start_ms < midnight_ms;
    gather->to = early ? after : before;
    gather->from = early ? before : after;
    if (early) {
        int64_t hour_ms = counters_start(COUNTER_HOUR, start_ms + MS_PER_HOUR - 1);
        enum error_code code = visit(gather, COUNTER_QUARTER, start_ms, hour_ms, error);
        return code == OK ? visit(gather, COUNTER_HOUR, hour_ms, midnight_ms, error) : code;
    }
    int64_t hour_ms = counters_start(COUNTER_HOUR, start_ms);
    enum error_code code = visit(gather, COUNTER_HOUR, midnight_ms, hour_ms, error);
    return code == OK ? visit(gather, COUNTER_QUARTER, hour_ms, start_ms, error) : code;
}

static void drop_empty(struct cohorts *cohorts)
{
    size_t kept = 0;
    for (size_t i = 0; i < cohorts->day_count; i++) {
        if (cohorts->days[i].enrolled != 0) {
            cohorts->days[kept++] = cohorts->days[i];
        }
    }
    cohorts->day_count = kept;
}

enum error_code cohorts_read(struct work *work, int64_t sequence_id, int64_t from_ms, int64_t to_ms,
                             const struct zone *zone, struct cohorts *ret_cohorts,
                             struct error *error)
{
    struct cohorts cohorts = {.from_ms = dashboard_day_start(zone, from_ms)};
    cohorts.to_ms = dashboard_day_end(zone, dashboard_day_start(zone, to_ms - 1));
    if (cohorts.to_ms - cohorts.from_ms > COHORT_DAYS_MAX * MS_PER_DAY + MS_PER_HOUR) {
        return error_field(error, "from", "out_of_range",
                           "cohorts are shown for %d days at most; choose a shorter span",
                           COHORT_DAYS_MAX);
    }
    enum error_code code = sequences_stats(work, sequence_id, &cohorts.stats, error);
    if (code != OK) {
        return code;
    }
    CLEANUP(map64_free) struct map64 *places = map64_new(cohorts.stats.step_count + 1);
    struct gather gather = {.work = work,
                            .sequence_id = sequence_id,
                            .zone = zone,
                            .cohorts = &cohorts,
                            .places = places};
    for (size_t i = 0; i < cohorts.stats.step_count; i++) {
        (void)map64_put(places, cohorts.stats.steps[i].step.id, (int64_t)i);
    }
    lay_out(&gather);
    code = add_days(&gather, error);
    for (size_t i = 0; code == OK && i <= cohorts.day_count; i++) {
        code = mend_edge(&gather, i, error);
    }
    if (code == OK) {
        drop_empty(&cohorts);
        *ret_cohorts = cohorts;
    }
    return code;
}
