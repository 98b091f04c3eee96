#pragma once

#include "base/error.h"
#include "base/json.h"
#include "provider/provider.h"
#include "service/service.h"
#include "store/store_channel.h"
#include "store/work.h"

#include <stdbool.h>

/* Connecting WhatsApp numbers: credentials sealed and never shown again, limits, pausing, the test
 * of a connection, and the provider's list of templates.
 *
 * A channel of the provider "simulator" belongs to the simulator inside this process: its address,
 * token and secret are ours and nobody types them. A simulator elsewhere is a "cloud" channel with
 * a loopback address. */

struct channel_view {
    struct store_channel channel;
    struct text base_url;
    struct text api_version;
    struct text doubt_policy; /* "auto" (by category), "never", "resend", "hold" */
    struct text verified_name;
    struct text display_phone;
    bool has_access_token, has_app_secret, has_verify_token;
    struct store_channel_activity activity;
};
MUST_USE enum error_code channels_list(struct work *work, const struct service *service,
                                       struct channel_view **ret_views, size_t *ret_count,
                                       struct error *error);
/* Errors     ERROR_NOT_FOUND */
MUST_USE enum error_code channels_get(struct work *work, const struct service *service, int64_t id,
                                      struct channel_view *ret_view, struct error *error);

/* Writer only. `body` is the request as the API takes it; every finding is reported with its field.
 * Errors     ERROR_INVALID; ERROR_CONFLICT: the number has its channel already */
MUST_USE enum error_code channels_create(struct work *work, const struct service *service,
                                         const struct json *body, int64_t *ret_id,
                                         struct error *error);
/* Only what `body` names is changed; "paused" and "default" are switches. */
MUST_USE enum error_code channels_update(struct work *work, const struct service *service,
                                         int64_t id, const struct json *body, struct error *error);
/* Errors     ERROR_CONFLICT while active sequences use it */
MUST_USE enum error_code channels_remove(struct work *work, const struct service *service,
                                         int64_t id, struct error *error);

/* ---- what the provider says; these two wait for the network: never on the writer ---- */

struct channel_test {
    bool ok;
    struct text message; /* one sentence for people */
    struct text advice;  /* may be empty */
    int64_t provider_code;
    bool has_provider_code;
    struct text provider_message;
    struct provider_number number;
    int64_t latency_ms;
};
/* Errors     ERROR_NOT_FOUND; a provider that refuses is no error */
MUST_USE enum error_code channels_test(struct work *work, const struct service *service, int64_t id,
                                       struct channel_test *ret_test, struct error *error);
/* Keeps what a good test told. Writer only. */
MUST_USE enum error_code channels_test_keep(struct work *work, int64_t id,
                                            const struct channel_test *test, struct error *error);

struct channel_templates {
    struct provider_template_info *templates;
    size_t count;
};
/* All pages of the list. Errors     ERROR_UNAVAILABLE, ERROR_CONFLICT with the provider's words */
MUST_USE enum error_code channels_fetch_templates(struct work *work, const struct service *service,
                                                  int64_t id, struct channel_templates *ret_list,
                                                  struct error *error);
/* Replaces the stored list. Writer only. */
MUST_USE enum error_code channels_keep_templates(struct work *work, int64_t id,
                                                 const struct channel_templates *list,
                                                 struct error *error);

/* ---- the simulator inside this process ---- */

enum { CHANNELS_SIMULATOR_SECRET_MAX = 65 };
/* The app secret its webhooks are signed with, made from the master key. */
void channels_simulator_secret(const struct service *service,
                               char out[CHANNELS_SIMULATOR_SECRET_MAX]);
/* Writes its present address into all its channels: once at start. Writer only. */
MUST_USE enum error_code channels_simulator_moved(struct work *work, const struct service *service,
                                                  struct error *error);

/* For webhooks: the channel's codec and secrets, opened. */
struct channel_open {
    struct store_channel channel;
    const struct provider *provider;
    struct provider_channel access;
    struct text verify_token;
};
MUST_USE enum error_code channels_open(struct work *work, const struct service *service, int64_t id,
                                       struct channel_open *ret_open, struct error *error);
