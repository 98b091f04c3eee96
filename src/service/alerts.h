#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_alert.h"
#include "store/work.h"

/* What somebody should look at. Each check below finds causes in the rows and in the state of the
 * process; a cause that is found has exactly one open alert, and the alert of a cause that is gone
 * is closed. Opening and closing are events, so that live pages and webhooks hear of them.
 * alert_watch.h says when to look. */

/* Whether alerts_update() would change anything: reads only, so that the writer is asked for
 * nothing while all is well. */
MUST_USE enum error_code alerts_outdated(struct work *work, const struct service *service,
                                         bool *ret_outdated, struct error *error);
/* Opens, closes and renews. Doing it twice changes nothing. Writer only. */
MUST_USE enum error_code alerts_update(struct work *work, const struct service *service,
                                       struct error *error);

/* `recent`: the closed ones, newest first, after the cursor; else all that are open. */
MUST_USE enum error_code alerts_list(struct work *work, bool recent, int64_t before_id,
                                     size_t limit, struct store_alert **ret_alerts,
                                     size_t *ret_count, struct error *error);
/* Says nothing of this cause until the time is over; 0 ends it.
 * Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code alerts_mute(struct work *work, int64_t id, int64_t for_ms,
                                     struct store_alert *ret_alert, struct error *error);
/* Somebody has seen it. Alerts that only tell of something are closed by it.
 * Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code alerts_acknowledge(struct work *work, int64_t id,
                                            struct store_alert *ret_alert, struct error *error);
/* Opens an alert that means nothing, to see that it arrives. It is closed after ten minutes. */
MUST_USE enum error_code alerts_test(struct work *work, struct store_alert *ret_alert,
                                     struct error *error);
/* Forgets alerts that were closed 90 days ago. */
MUST_USE enum error_code alerts_prune(struct work *work, struct error *error);
const char *alert_severity_to_text(enum alert_severity severity);
