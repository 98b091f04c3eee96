#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/store_lane.h"
#include "store/work.h"

#include <stdbool.h>

/* Channels as people see and change them, and the templates each provider listed for them. What the
 * send machine asks of channels is store_lane.h. NULL columns are 0 or {NULL, 0}; texts live in
 * work->arena. */
struct store_channel {
    int64_t id;
    struct text provider;
    struct text name;
    struct text phone; /* digits; empty = not known yet */
    struct text sender_id;
    struct text account_id;
    bool is_default;
    enum channel_state state;
    struct text state_reason;
    int64_t state_at_ms;
    int64_t probe_at_ms;
    int64_t rate_per_second;
    int64_t tier_limit; /* 0: no limit */
    struct text quality;
    struct text settings; /* JSON */
    struct text secrets;  /* sealed */
    int64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};
MUST_USE enum error_code store_channel_get(struct work *work, int64_t id,
                                           struct store_channel *ret_channel, bool *ret_found,
                                           struct error *error);
/* All that are not removed, by id. */
MUST_USE enum error_code store_channel_list(struct work *work, struct store_channel **ret_channels,
                                            size_t *ret_count, struct error *error);
/* Sets id, version and times. The sealed secrets need the id, so they follow by an update.
 * Errors     ERROR_CONFLICT: the provider's number has its channel already */
MUST_USE enum error_code store_channel_insert(struct work *work, struct store_channel *channel,
                                              struct error *error);
/* Writes everything but the breaker's columns, raises the version. */
MUST_USE enum error_code store_channel_update(struct work *work, struct store_channel *channel,
                                              struct error *error);
/* A person pauses (CHANNEL_PAUSED) or releases (CHANNEL_READY) it. */
MUST_USE enum error_code store_channel_set_state(struct work *work, int64_t id,
                                                 enum channel_state state, struct text reason,
                                                 struct error *error);
MUST_USE enum error_code store_channel_set_quality(struct work *work, int64_t id,
                                                   struct text quality, struct error *error);
MUST_USE enum error_code store_channel_set_tier(struct work *work, int64_t id, int64_t tier_limit,
                                                struct error *error);
/* Exactly this one is the default from now on. */
MUST_USE enum error_code store_channel_make_default(struct work *work, int64_t id,
                                                    struct error *error);
MUST_USE enum error_code store_channel_remove(struct work *work, int64_t id, struct error *error);
/* How many active sequences send by it, by name or as the default. */
MUST_USE enum error_code store_channel_sequences(struct work *work, int64_t id, bool is_default,
                                                 int64_t *ret_count, struct error *error);

struct store_channel_activity {
    int64_t sent_last_24h; /* by the sequences of the channel, whole hours */
    int64_t last_sent_at_ms;
    int64_t last_webhook_at_ms;
    int64_t pending;
};
MUST_USE enum error_code store_channel_activity(struct work *work, int64_t id, bool is_default,
                                                struct store_channel_activity *ret_activity,
                                                struct error *error);

/* ---- templates ---- */

struct store_template {
    int64_t channel_id;
    struct text name;
    struct text language;
    struct text status;
    struct text category;
    struct text quality;
    struct text provider_id;
    bool named;
    struct text components; /* JSON array */
    int64_t updated_at_ms;
};
/* Inserts or replaces; updated_at_ms becomes work->now_ms. */
MUST_USE enum error_code store_template_put(struct work *work,
                                            const struct store_template *template,
                                            struct error *error);
/* Those not touched since `before_ms` are no longer on the provider's list. */
MUST_USE enum error_code store_template_prune(struct work *work, int64_t channel_id,
                                              int64_t before_ms, struct error *error);
/* Empty texts leave the column as it is. `ret_changed`: false when the template is unknown. */
MUST_USE enum error_code store_template_set(struct work *work, int64_t channel_id, struct text name,
                                            struct text language, struct text status,
                                            struct text quality, struct text category,
                                            bool *ret_changed, struct error *error);
/* By name and language; `status` empty = any, `part` = part of the name. */
MUST_USE enum error_code store_template_list(struct work *work, int64_t channel_id,
                                             struct text status, struct text part, size_t limit,
                                             struct store_template **ret_templates,
                                             size_t *ret_count, struct error *error);
