#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "delivery/delivery.h"
#include "provider/provider.h"

/* How a channel's credentials stand in its row, written and read only here.
 *
 * channel.settings  {"base_url": "https://…", "api_version": "v25.0"}; both may be missing;
 *                   "doubt_policy" when somebody chose one for the channel
 * channel.secrets   sealed {"access_token", "app_secret", "previous_app_secret", "verify_token"},
 *                   bound to the channel's id, so that a swapped row does not open */
struct channel_access {
    enum provider_kind kind;
    struct provider_channel channel;
    struct text verify_token; /* of the webhook's subscription handshake */
};

/* Opens a row's columns. Everything points into `arena`, which wipes the secrets at its reset.
 * Empty `secrets` gives empty tokens.
 * Errors     ERROR_DENIED: another master key or a changed row; ERROR_INVALID: unknown provider */
MUST_USE enum error_code channel_access_open(struct text master_key, int64_t channel_id,
                                             struct text provider, struct text sender_id,
                                             struct text account_id, struct text settings_json,
                                             struct text secrets, struct arena *arena,
                                             struct channel_access *ret_access,
                                             struct error *error);
/* Seals the secrets of `access` for channel.secrets. */
void channel_access_seal(struct text master_key, int64_t channel_id,
                         const struct channel_access *access, struct buffer *out);
/* Seals them again with another key. */
MUST_USE enum error_code channel_access_reseal(struct text old_key, struct text new_key,
                                               int64_t channel_id, struct text sealed,
                                               struct buffer *out, struct error *error);
/* "https://graph.facebook.com" and the API version used when a row names none. */
struct text channel_access_default_url(enum provider_kind kind);
struct text channel_access_default_version(enum provider_kind kind);
/* The policy somebody chose for this channel; false: none, the message's category decides. */
bool channel_access_policy(struct text settings_json, enum doubt_policy *ret_policy);
