/* How long texts, events and lines of the audit trail are kept: see settings.h. */
#include "service/retention.h"

#include "base/instant.h"
#include "service/confirm.h"
#include "service/settings.h"
#include "store/store_batch.h"
#include "store/store_event.h"
#include "store/store_retention.h"
#include "store/store_unconfirmed.h"
#include "store/store_webhook.h"

enum { PRUNED_AT_ONCE = 5000, DELIVERIES_DAYS = 30, ORPHANS_DAYS = 30 };

typedef enum error_code prune_function(struct work *work, int64_t before_ms, size_t limit,
                                       int64_t *ret_deleted, struct error *error);

static enum error_code prune_deliveries(struct work *work, int64_t before_ms, size_t limit,
                                        int64_t *ret_deleted, struct error *error)
{
    *ret_deleted = 0; /* they are few: the next call may wait */
    return store_webhook_delivery_prune(work, before_ms, limit, error);
}

enum error_code retention_prune(struct work *work, bool *ret_more, struct error *error)
{
    struct settings settings;
    enum error_code code = settings_read(work, &settings, error);
    if (code != OK) {
        return code;
    }
    const struct {
        prune_function *prune;
        int64_t days; /* 0: kept */
    } terms[] = {
        {store_retention_bodies, settings.retention_messages_days},
        {store_retention_inbound, settings.retention_messages_days},
        {store_batch_row_prune, settings.retention_messages_days},
        {store_event_prune, settings.retention_events_days},
        {store_retention_audit, settings.retention_audit_days},
        {store_retention_orphans, ORPHANS_DAYS},
        {store_unconfirmed_prune, CONFIRM_DAYS},
        {prune_deliveries, DELIVERIES_DAYS},
    };
    bool more = false;
    for (size_t i = 0; code == OK && i < ARRAY_SIZE(terms); i++) {
        int64_t deleted = 0;
        if (terms[i].days > 0) {
            code = terms[i].prune(work, work->now_ms - terms[i].days * MS_PER_DAY, PRUNED_AT_ONCE,
                                  &deleted, error);
            more = more || deleted >= PRUNED_AT_ONCE;
        }
    }
    if (code == OK) {
        *ret_more = more;
    }
    return code;
}
