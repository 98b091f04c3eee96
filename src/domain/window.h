#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/zone.h"
#include "domain/sequence.h"

/* When a message may leave: the send window of a sequence (struct send_window) and the quiet hours
 * of the installation, both on the person's wall clock. A moment is open when the window holds its
 * local weekday and minute and the quiet hours do not. */

/* Nothing leaves from from_minute until to_minute, every day; from > to runs over midnight.
 * Equal minutes would be the whole day and are refused by window_check(). */
struct quiet_hours {
    bool set;
    int32_t from_minute;
    int32_t to_minute;
};

/* ERROR_INVALID when a value is out of range or no minute of any week is open. Either pointer may
 * be NULL or not set. */
MUST_USE enum error_code window_check(const struct send_window *window,
                                      const struct quiet_hours *quiet, struct error *error);

/* The first open moment at or after `after_ms`. Returns false when there is none: see
 * window_check(). A window that lies wholly inside a clock change of one day does not open on that
 * day. */
MUST_USE bool window_next(const struct send_window *window, const struct quiet_hours *quiet,
                          const struct zone *zone, int64_t after_ms, int64_t *ret_open_ms);
