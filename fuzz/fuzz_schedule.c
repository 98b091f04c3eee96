/* Time rules: from any facts, asking again and again ends, never goes back in the plan, never
 * answers a moment before now, and never sends two steps at one moment. */
#include "base/zone.h"
#include "domain/schedule.h"

#include "fuzz.h"

enum { STEPS_MAX = 12 };

static const char *const ZONES[] = {
    "UTC",          "Asia/Kolkata",      "America/New_York", "Europe/Madrid", "Australia/Lord_Howe",
    "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu"};

static int32_t take_minute(struct text *input)
{
    uint64_t raw = fuzz_take_number(input, 2);
    return raw % 3 == 0 ? -1 : (int32_t)(raw % 1440);
}

static void fill_plan(struct text *input, struct schedule_step *steps, struct schedule_plan *plan)
{
    size_t count = fuzz_take_number(input, 1) % (STEPS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        steps[i] = (struct schedule_step){.id = (int64_t)i + 1,
                                          .day = (int32_t)(fuzz_take_number(input, 1) % 40) + 1,
                                          .minute = take_minute(input),
                                          .ordinal = (int32_t)i};
    }
    schedule_sort(steps, count);
    *plan = (struct schedule_plan){
        .steps = steps,
        .step_count = count,
        .send_minute = take_minute(input),
        .window = {.set = fuzz_take_number(input, 1) % 2 == 0,
                   .days = (uint8_t)(fuzz_take_number(input, 1) & SEND_WINDOW_ALL_DAYS),
                   .from_minute = (int32_t)(fuzz_take_number(input, 2) % 1440),
                   .to_minute = (int32_t)(fuzz_take_number(input, 2) % 1441)},
        .quiet = {.set = fuzz_take_number(input, 1) % 2 == 0,
                  .from_minute = (int32_t)(fuzz_take_number(input, 2) % 1440),
                  .to_minute = (int32_t)(fuzz_take_number(input, 2) % 1440)},
        .late_action = (enum late_action)(fuzz_take_number(input, 1) % 3),
        .max_late_ms = SEQUENCE_MAX_LATE_MS_DEFAULT,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_make((const char *)data, size);
    struct schedule_step steps[STEPS_MAX];
    struct schedule_plan plan;
    fill_plan(&input, steps, &plan);
    struct error error = {0};
    if (window_check(&plan.window, &plan.quiet, &error) != OK) {
        return 0;
    }
    const struct zone *zone =
        zone_find(text_from(ZONES[fuzz_take_number(&input, 1) % ARRAY_SIZE(ZONES)]));
    int64_t start_ms = (int64_t)(fuzz_take_number(&input, 5) % 4102444800000U);
    struct schedule_person person = {.zone = zone == NULL ? zone_utc() : zone,
                                     .enrolled_at_ms = start_ms};
    int64_t now_ms = start_ms + (int64_t)(fuzz_take_number(&input, 4) % 864000000);
    int64_t last_due_ms = -1;
    for (size_t i = 0; i <= plan.step_count; i++) {
        struct schedule_next next = schedule_next(&plan, &person, now_ms);
        if (next.kind == SCHEDULE_FINISHED || next.kind == SCHEDULE_STOP_LATE) {
            return 0;
        }
        CHECK(next.step < plan.step_count);
        CHECK(next.key > person.position);
        if (next.kind == SCHEDULE_SEND) {
            CHECK(next.due_at_ms >= now_ms);
            CHECK(last_due_ms < 0 || next.due_at_ms >= last_due_ms);
            now_ms = next.due_at_ms;
            last_due_ms = next.due_at_ms;
        }
        schedule_advance(&person, &next, next.kind == SCHEDULE_SEND ? now_ms : 0);
    }
    check_failed("the plan has an end", __FILE__, __LINE__);
}
