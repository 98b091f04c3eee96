#pragma once

#include "base/error.h"
#include "service/service.h"

/* Looks after the alerts: a thread with a read-only connection that checks them after commits, at
 * most once a second, and now and then by itself. The writer is asked only when something is to be
 * changed. It takes no part in moving a manual clock, so it never keeps time from jumping; there it
 * looks when the time has changed, and every few seconds for what changes without a commit. */
struct alert_watch;

MUST_USE enum error_code alert_watch_start(struct service *service, struct alert_watch **ret_watch,
                                           struct error *error);
/* Something was committed. Any thread; NULL is fine. */
void alert_watch_wake(struct alert_watch *watch);
/* While the writer still works. NULL is fine. */
void alert_watch_stop(struct alert_watch *watch);
