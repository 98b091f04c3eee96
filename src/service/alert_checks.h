#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_alert.h"
#include "store/work.h"

#include <stdbool.h>

/* The checks: what is wrong at this moment. Shared by the files of alerts only. They read a few
 * rows each and change nothing. */
struct alert_finding {
    const char *kind;
    struct text cause;
    enum alert_severity severity;
    struct text title;
    struct text advice;
    struct text link;
    int64_t sequence_id; /* ids: 0 = none */
    int64_t channel_id;
    int64_t batch_id;
    bool tells; /* of something that is over: opened once, closed by whoever has read it */
};
enum { ALERT_FINDINGS_MAX = 200 };
struct alert_findings {
    struct alert_finding items[ALERT_FINDINGS_MAX];
    size_t count;
};

MUST_USE enum error_code alert_checks_run(struct work *work, const struct service *service,
                                          struct alert_findings *ret_findings, struct error *error);
/* Those of the channels; a part of the above. */
MUST_USE enum error_code alert_checks_channels(struct work *work, const struct service *service,
                                               bool sending_allowed,
                                               struct alert_findings *findings,
                                               struct error *error);
/* Those of what tells others: mails, webhooks, backups; a part of the above. */
MUST_USE enum error_code alert_checks_outside(struct work *work, struct alert_findings *findings,
                                              struct error *error);
/* For one more; NULL when there are too many already. Fields not set are zero. */
struct alert_finding *alert_finding_add(struct alert_findings *findings, struct work *work,
                                        const char *kind, int64_t about);
