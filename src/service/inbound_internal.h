#pragma once

#include "service/inbound.h"
#include "store/store_channel.h"

/* Shared by the files of inbound. */

/* One webhook body on its way: which channels its events belong to. */
struct inbound {
    struct work *work;
    const struct service *service;
    int64_t channel_id; /* whose address it came by; 0: the simulator's common address */
    struct store_channel *channels;
    size_t channel_count;
};
/* The channel an event of a sending number belongs to; NULL: none of ours. */
const struct store_channel *inbound_channel(const struct inbound *inbound,
                                            const struct provider_event *event);
/* The provider's time, or now when it gave none or one that lies in the future. */
int64_t inbound_time_ms(const struct inbound *inbound, const struct provider_event *event);

/* inbound_person.c */
MUST_USE enum error_code inbound_message(const struct inbound *inbound,
                                         const struct store_channel *channel,
                                         const struct provider_event *event, struct error *error);
MUST_USE enum error_code inbound_preference(const struct inbound *inbound,
                                            const struct provider_event *event,
                                            struct error *error);
MUST_USE enum error_code inbound_identity(const struct inbound *inbound,
                                          const struct provider_event *event, struct error *error);
/* A status said that the person stopped marketing. */
MUST_USE enum error_code inbound_marketing_stop(const struct inbound *inbound,
                                                const struct provider_event *event,
                                                struct error *error);
