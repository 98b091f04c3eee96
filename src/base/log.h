#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* One line per event on stderr: `event key=value …`, or one JSON object. Control characters are
 * escaped, so that no outside byte starts a line of its own; phone numbers, tokens and
 * bodies never appear. Thread: any; a line is one write. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct error;

/* Before other threads start. Default: INFO, text. */
void log_setup(enum log_level least, bool json);
bool log_level_from_text(struct text text, enum log_level *ret_level);
bool log_wants(enum log_level level);

/* log_event(LOG_INFO, "message.sent", "message=%s channel=%s", id, channel); `format` may be "". */
PRINTF(3, 4) void log_event(enum log_level level, const char *event, const char *format, ...);
/* Adds code, message and detail of `error`. */
void log_error(const char *event, const struct error *error);
