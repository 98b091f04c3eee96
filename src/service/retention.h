#pragma once

#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Removes what is kept no longer: texts of ended messages, of replies and of refused rows, events
 * and lines of the audit trail after the terms of the settings; events of the provider that fit no
 * message, and deliveries of webhooks, after 30 days. A bounded piece each time, on the writer;
 * `ret_more` tells that another piece waits. Numbers and states stay. */
MUST_USE enum error_code retention_prune(struct work *work, bool *ret_more, struct error *error);
