#pragma once

#include "base/error.h"
#include "provider/provider_event.h"
#include "service/service.h"
#include "store/work.h"

/* What a provider's webhook brings, once its signature is proven: statuses of our messages, what
 * people write (stored once, opens the 24-hour window, STOP and START, reactions to replies), their
 * marketing preference, changed numbers, and news about templates, the number and the account.
 *
 * Everything runs in the caller's writer job and is harmless when repeated: a body is answered 200
 * only after its commit. */

/* channel_id  the channel whose address the webhook came by, 0 for the common address of the
 *             simulator inside this process; events of other numbers of the same app go to their
 * own channel, events of foreign numbers are ignored */
MUST_USE enum error_code inbound_apply(struct work *work, const struct service *service,
                                       int64_t channel_id, const struct provider_event *events,
                                       size_t count, struct error *error);

/* Keeps a body that carries a good signature but that nobody could read. */
MUST_USE enum error_code inbound_keep_unread(struct work *work, int64_t channel_id,
                                             struct text raw_body, struct error *error);
