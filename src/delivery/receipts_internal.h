#pragma once

#include "delivery/progress.h"
#include "delivery/receipts.h"

/* Shared by the files of delivery/ that handle proofs. */

/* Statuses that came before their message's provider id was known: applies those of `provider_id`,
 * which attempt `n` of `message_id` just got. */
MUST_USE enum error_code receipts_settle_orphans(struct progress *progress, int64_t message_id,
                                                 int64_t n, struct text provider_id,
                                                 struct error *error);
