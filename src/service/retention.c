/* How long texts and events are kept: see settings.h. */
#include "service/retention.h"

#include "base/instant.h"
#include "service/settings.h"
#include "store/store_batch.h"
#include "store/store_event.h"
#include "store/store_retention.h"
#include "store/store_webhook.h"

enum { PRUNED_AT_ONCE = 5000, DELIVERIES_DAYS = 30 };

enum error_code retention_prune(struct work *work, struct error *error)
{
    struct settings settings;
    int64_t deleted = 0;
    enum error_code code = settings_read(work, &settings, error);
    if (code == OK && settings.retention_messages_days > 0) {
        code = store_retention_bodies(work,
                                      work->now_ms - settings.retention_messages_days * MS_PER_DAY,
                                      PRUNED_AT_ONCE, &deleted, error);
    }
    if (code == OK && settings.retention_messages_days > 0) {
        code = store_batch_row_prune(work,
                                     work->now_ms - settings.retention_messages_days * MS_PER_DAY,
                                     PRUNED_AT_ONCE, &deleted, error);
    }
    if (code == OK && settings.retention_events_days > 0) {
        code = store_event_prune(work, work->now_ms - settings.retention_events_days * MS_PER_DAY,
                                 PRUNED_AT_ONCE, &deleted, error);
    }
    if (code == OK) {
        code = store_webhook_delivery_prune(work, work->now_ms - DELIVERIES_DAYS * MS_PER_DAY,
                                            PRUNED_AT_ONCE, error);
    }
    return code;
}
