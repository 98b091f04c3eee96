#pragma once

#include "base/error.h"
#include "base/json_writer.h"
#include "store/store_event.h"
#include "store/work.h"

/* The event log as people read it: live and as a feed. */

MUST_USE enum error_code events_read(struct work *work, int64_t after_id, size_t limit,
                                     struct store_event **ret_events, size_t *ret_count,
                                     struct error *error);
MUST_USE enum error_code events_newest(struct work *work, int64_t *ret_id, struct error *error);
/* Whether events after `after_id` are gone, because they were kept for their time. */
MUST_USE enum error_code events_are_gone(struct work *work, int64_t after_id, bool *ret_gone,
                                         struct error *error);
/* One event as the API shows it. */
void events_encode(struct json_writer *writer, const struct store_event *event);
