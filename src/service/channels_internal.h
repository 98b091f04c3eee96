#pragma once

#include "delivery/channel_access.h"
#include "service/channels.h"

/* Shared by the files of channels. */

/* What channel.settings holds beyond the address and the version. */
struct channel_settings {
    struct text base_url;
    struct text api_version;
    struct text doubt_policy;
    struct text verified_name;
    struct text display_phone;
};
void channel_settings_read(struct text json, struct arena *arena,
                           struct channel_settings *ret_settings);
struct text channel_settings_write(const struct channel_settings *settings, struct arena *arena);

/* Errors     ERROR_NOT_FOUND */
MUST_USE enum error_code channel_find(struct work *work, int64_t id,
                                      struct store_channel *ret_channel, struct error *error);
/* Opens the sealed secrets. */
MUST_USE enum error_code channel_unseal(struct work *work, const struct service *service,
                                        const struct store_channel *channel,
                                        struct channel_access *ret_access, struct error *error);
/* Writes event and audit line and asks the send machine to look again. */
MUST_USE enum error_code channel_changed(struct work *work, int64_t id, const char *action,
                                         struct error *error);
/* https, or http to this machine only. */
bool channel_url_is_loopback(struct text url);
