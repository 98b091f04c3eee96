/* Send windows and quiet hours on a person's wall clock. Inside a stretch of constant offset local
 * time runs evenly, so the search works on local minutes there and steps from one stretch to the
 * next at clock changes. That gives the right first moment in gaps and overlaps alike. */
#include "domain/window.h"

#include "base/instant.h"

enum { MINUTES_PER_DAY = 1440, DAYS_PER_WEEK = 7 };

/* A week holds at most seven openings and eight quiet ends. */
enum { SEARCH_STEPS_MAX = 64, STRETCHES_MAX = 4096 };

struct local_time {
    int64_t day;    /* days since 1970-01-01 */
    int32_t minute; /* of that day */
};

static struct local_time local_time(int64_t local_ms)
{
    int64_t day = floor_divide(local_ms, MS_PER_DAY);
    return (struct local_time){day, (int32_t)((local_ms - day * MS_PER_DAY) / MS_PER_MINUTE)};
}

static bool window_has_day(const struct send_window *window, int64_t day)
{
    int64_t weekday = ((day + 3) % DAYS_PER_WEEK + DAYS_PER_WEEK) % DAYS_PER_WEEK;
    return (window->days >> weekday & 1) != 0;
}

static bool window_holds(const struct send_window *window, struct local_time at)
{
    if (window->from_minute < window->to_minute) {
        return at.minute >= window->from_minute && at.minute < window->to_minute &&
               window_has_day(window, at.day);
    }
    return (at.minute >= window->from_minute && window_has_day(window, at.day)) ||
           (at.minute < window->to_minute && window_has_day(window, at.day - 1));
}

static bool quiet_holds(const struct quiet_hours *quiet, struct local_time at)
{
    if (quiet->from_minute < quiet->to_minute) {
        return at.minute >= quiet->from_minute && at.minute < quiet->to_minute;
    }
    return at.minute >= quiet->from_minute || at.minute < quiet->to_minute;
}

static bool is_set(const struct send_window *window)
{
    return window != NULL && window->set;
}

static bool is_quiet_set(const struct quiet_hours *quiet)
{
    return quiet != NULL && quiet->set;
}

/* What closes a moment. */
enum window_state { WINDOW_OPEN, WINDOW_CLOSED, WINDOW_QUIET };

static enum window_state local_state(const struct send_window *window,
                                     const struct quiet_hours *quiet, struct local_time at)
{
    if (is_set(window) && !window_holds(window, at)) {
        return WINDOW_CLOSED;
    }
    return is_quiet_set(quiet) && quiet_holds(quiet, at) ? WINDOW_QUIET : WINDOW_OPEN;
}

/* The first opening of the window after `at`, as local ms. */
static bool window_opening_after(const struct send_window *window, struct local_time at,
                                 int64_t *ret_local_ms)
{
    for (int64_t day = at.day; day <= at.day + DAYS_PER_WEEK; day++) {
        bool later = day > at.day || window->from_minute > at.minute;
        if (later && window_has_day(window, day)) {
            *ret_local_ms = day * MS_PER_DAY + window->from_minute * MS_PER_MINUTE;
            return true;
        }
    }
    return false;
}

static int64_t quiet_end_after(const struct quiet_hours *quiet, struct local_time at)
{
    int64_t day = at.minute < quiet->to_minute ? at.day : at.day + 1;
    return day * MS_PER_DAY + quiet->to_minute * MS_PER_MINUTE;
}

/* The first open local time at or after `local_ms` on a clock that never changes. */
static bool local_next(const struct send_window *window, const struct quiet_hours *quiet,
                       int64_t local_ms, int64_t *ret_local_ms)
{
    for (int step = 0; step < SEARCH_STEPS_MAX; step++) {
        struct local_time at = local_time(local_ms);
        switch (local_state(window, quiet, at)) {
        case WINDOW_OPEN:
            *ret_local_ms = local_ms;
            return true;
        case WINDOW_CLOSED:
            if (!window_opening_after(window, at, &local_ms)) {
                return false;
            }
            break;
        case WINDOW_QUIET:
            local_ms = quiet_end_after(quiet, at);
            break;
        }
    }
    return false;
}

enum error_code window_check(const struct send_window *window, const struct quiet_hours *quiet,
                             struct error *error)
{
    if (is_set(window)) {
        if (window->days == 0 || window->days > SEND_WINDOW_ALL_DAYS) {
            return error_set(error, ERROR_INVALID, "a send window needs at least one weekday");
        }
        if (window->from_minute < 0 || window->from_minute >= MINUTES_PER_DAY ||
            window->to_minute < 0 || window->to_minute > MINUTES_PER_DAY ||
            window->from_minute == window->to_minute) {
            return error_set(error, ERROR_INVALID,
                             "a send window needs two different times of day");
        }
    }
    if (is_quiet_set(quiet)) {
        if (quiet->from_minute < 0 || quiet->from_minute >= MINUTES_PER_DAY ||
            quiet->to_minute < 0 || quiet->to_minute > MINUTES_PER_DAY ||
            quiet->from_minute == quiet->to_minute) {
            return error_set(error, ERROR_INVALID, "quiet hours need two different times of day");
        }
        if (quiet->from_minute == 0 && quiet->to_minute == MINUTES_PER_DAY) {
            return error_set(error, ERROR_INVALID, "quiet hours cannot last the whole day");
        }
    }
    int64_t open_ms = 0;
    if (!local_next(window, quiet, 0, &open_ms)) {
        return error_set(
            error, ERROR_INVALID,
            "the send window lies wholly inside the quiet hours, so nothing can ever leave");
    }
    return OK;
}

bool window_next(const struct send_window *window, const struct quiet_hours *quiet,
                 const struct zone *zone, int64_t after_ms, int64_t *ret_open_ms)
{
    if (!is_set(window) && !is_quiet_set(quiet)) {
        *ret_open_ms = after_ms;
        return true;
    }
    int64_t at_ms = after_ms;
    for (int stretch = 0; stretch < STRETCHES_MAX; stretch++) {
        int64_t end_ms = 0;
        int64_t offset_ms = zone_stretch(zone, at_ms, &end_ms);
        int64_t open_local_ms = 0;
        if (!local_next(window, quiet, at_ms + offset_ms, &open_local_ms)) {
            return false;
        }
        if (open_local_ms - offset_ms < end_ms) {
            *ret_open_ms = open_local_ms - offset_ms;
            return true;
        }
        at_ms = end_ms;
    }
    return false;
}
