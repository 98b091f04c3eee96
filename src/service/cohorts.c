/* Quarters of an hour of enrollment, put together to the days of a zone: see cohorts.h. */
#include "service/cohorts.h"

#include "base/hash.h"
#include "base/instant.h"
#include "service/dashboard.h"

struct gather {
    struct arena *arena;
    const struct zone *zone;
    struct cohorts *cohorts;
    struct map64 *places; /* step id → index in cohorts->stats.steps */
    int64_t end_ms;       /* of the newest day */
};

static struct cohort_day *find_day(struct gather *gather, int64_t at_ms)
{
    struct cohorts *cohorts = gather->cohorts;
    if (cohorts->day_count > 0 && at_ms < gather->end_ms) {
        return &cohorts->days[cohorts->day_count - 1];
    }
    CHECK(cohorts->day_count < COHORT_DAYS_MAX + 1);
    struct cohort_day *day = &cohorts->days[cohorts->day_count++];
    int64_t start_ms = dashboard_day_start(gather->zone, at_ms);
    gather->end_ms = dashboard_day_end(gather->zone, start_ms);
    *day = (struct cohort_day){
        .at_ms = start_ms,
        .day = floor_divide(zone_to_local(gather->zone, start_ms + MS_PER_HOUR), MS_PER_DAY),
        .counts = arena_array(gather->arena, cohorts->stats.step_count + 1, sizeof(*day->counts)),
    };
    return day;
}

static void add_row(void *context, const struct store_cohort *row)
{
    struct gather *gather = context;
    int64_t place = 0;
    struct cohort_day *day = find_day(gather, row->at_ms);
    if (row->step_id == 0) {
        for (size_t status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
            day->people[status] += row->counts[status];
            day->enrolled += row->counts[status];
        }
    } else if (map64_get(gather->places, row->step_id, &place)) {
        for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            day->counts[place][outcome] += row->counts[outcome];
        }
    }
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
    struct gather gather = {
        .arena = work->arena, .zone = zone, .cohorts = &cohorts, .places = places};
    cohorts.days = arena_array(work->arena, COHORT_DAYS_MAX + 1, sizeof(*cohorts.days));
    for (size_t i = 0; i < cohorts.stats.step_count; i++) {
        (void)map64_put(places, cohorts.stats.steps[i].step.id, (int64_t)i);
    }
    code = store_cohort_visit(work, sequence_id, cohorts.from_ms, cohorts.to_ms, add_row, &gather,
                              error);
    if (code == OK) {
        drop_empty(&cohorts);
        *ret_cohorts = cohorts;
    }
    return code;
}
