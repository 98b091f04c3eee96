#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "delivery/progress.h"

/* What is known of a person changed: the next message of each of their enrollments is planned anew,
 * because a new zone moves it, and messages that wait are made again with the new values. */
MUST_USE enum error_code replan_contact(struct progress *progress, int64_t contact_id,
                                        struct error *error);
/* The installation's time zone or quiet hours changed: everybody in a running sequence is planned
 * anew, many of them by batch. */
MUST_USE enum error_code replan_everybody(struct work *work, struct error *error);
