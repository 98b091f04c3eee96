#pragma once

#include "base/error.h"
#include "store/work.h"

/* Queues `text` for somebody who wrote HELP, as a free message inside their 24-hour window; once an
 * hour at most, so that two machines do not talk for ever. Writer only. */
MUST_USE enum error_code help_answer(struct work *work, int64_t contact_id, int64_t channel_id,
                                     struct text text, struct error *error);
