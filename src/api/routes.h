#pragma once

#include "api/route.h"

/* All route tables, each ended by a row of zeros. A new api_*.c adds its table here and in
 * routes.c. */
extern const struct api_route API_ACCESS_ROUTES[];
extern const struct api_route API_ACTIONS_ROUTES[];
extern const struct api_route API_FACTOR_ROUTES[];
extern const struct api_route API_ALERTS_ROUTES[];
extern const struct api_route API_CHANNELS_ROUTES[];
extern const struct api_route API_CONTACTS_ROUTES[];
extern const struct api_route API_BATCHES_ROUTES[];
extern const struct api_route API_ENROLLMENTS_ROUTES[];
extern const struct api_route API_ENROLL_ROUTES[];
extern const struct api_route API_EVENTS_ROUTES[];
extern const struct api_route API_HEALTH_ROUTES[];
extern const struct api_route API_LOCAL_ROUTES[];
extern const struct api_route API_METRICS_ROUTES[];
extern const struct api_route API_OPT_OUTS_ROUTES[];
extern const struct api_route API_PREVIEW_ROUTES[];
extern const struct api_route API_SEQUENCES_MORE_ROUTES[];
extern const struct api_route API_SEQUENCES_ROUTES[];
extern const struct api_route API_SETTINGS_ROUTES[];
extern const struct api_route API_EMAIL_ROUTES[];
extern const struct api_route API_STATS_ROUTES[];
extern const struct api_route API_QUEUE_ROUTES[];
extern const struct api_route API_PUBLIC_ROUTES[];
extern const struct api_route API_PUBLIC_PAGES_ROUTES[];
extern const struct api_route API_FORMS_ROUTES[];
extern const struct api_route API_SANDBOX_ROUTES[];
extern const struct api_route API_SESSIONS_ROUTES[];
extern const struct api_route API_USERS_ROUTES[];
extern const struct api_route API_WEBHOOKS_ROUTES[];
extern const struct api_route API_WEBHOOK_WHATSAPP_ROUTES[];
extern const struct api_route API_ASSETS_ROUTES[];

/* The n-th route of all, or NULL behind the last: for `dripline routes` and tests. */
const struct api_route *routes_at(size_t index);
