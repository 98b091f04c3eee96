#pragma once

#include "base/error.h"
#include "base/json.h"
#include "delivery/webhook_payload.h"
#include "domain/standard_webhook.h"
#include "service/service.h"
#include "store/store_webhook.h"
#include "store/work.h"

/* Outgoing webhooks as administrators see and change them. Secrets are shown once: by the call that
 * made them. */
enum { WEBHOOKS_URL_MAX = 2048, WEBHOOKS_DESCRIPTION_MAX = 500, WEBHOOKS_OVERLAP_HOURS_MAX = 168 };

struct webhook_view {
    struct store_webhook webhook; /* without its secrets */
    int64_t pending;
};
MUST_USE enum error_code webhooks_list(struct work *work, struct webhook_view **ret_views,
                                       size_t *ret_count, struct error *error);
MUST_USE enum error_code webhooks_get(struct work *work, int64_t id, struct webhook_view *ret_view,
                                      struct error *error);
/* `secret_out` gets the new whsec_ secret.
 * Errors     ERROR_INVALID with findings; ERROR_CONFLICT: there are too many */
MUST_USE enum error_code webhooks_create(struct work *work, const struct service *service,
                                         const struct json *body, int64_t *ret_id,
                                         char secret_out[STANDARD_WEBHOOK_SECRET_MAX],
                                         struct error *error);
/* Only the fields that are there are changed. */
MUST_USE enum error_code webhooks_update(struct work *work, const struct service *service,
                                         int64_t id, const struct json *body, struct error *error);
MUST_USE enum error_code webhooks_remove(struct work *work, int64_t id, struct error *error);
/* A new secret; the old one signs beside it for {overlap_hours}, 24 if not given. */
MUST_USE enum error_code webhooks_rotate(struct work *work, const struct service *service,
                                         int64_t id, const struct json *body,
                                         char secret_out[STANDARD_WEBHOOK_SECRET_MAX],
                                         struct error *error);
/* Sends a webhook.test event to this webhook alone. */
MUST_USE enum error_code webhooks_test(struct work *work, int64_t id,
                                       struct store_webhook_delivery *ret_delivery,
                                       struct error *error);
/* {delivery_id}: that delivery again. {since}: every event since then that the webhook takes.
 * ret_events   how many events are looked at again */
MUST_USE enum error_code webhooks_redeliver(struct work *work, int64_t id, const struct json *body,
                                            int64_t *ret_events, struct error *error);
/* One of them with the body that goes out, as it would be made now; empty when its event is not
 * kept any more. The text lives in work->arena. */
MUST_USE enum error_code webhooks_delivery(struct work *work, int64_t id, int64_t delivery_id,
                                           struct store_webhook_delivery *ret_delivery,
                                           struct text *ret_payload, struct error *error);
MUST_USE enum error_code webhooks_deliveries(struct work *work, int64_t id, uint64_t states,
                                             int64_t before_id, size_t limit,
                                             struct store_webhook_delivery **ret_deliveries,
                                             size_t *ret_count, struct error *error);
