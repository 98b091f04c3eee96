#pragma once

#include "base/error.h"
#include "base/json_writer.h"
#include "service/service.h"
#include "store/work.h"

/* What every page of the UI needs to know about the server it talks to. */
struct server_facts {
    struct text name; /* as the settings say */
    struct text timezone;
    struct text version;
    int64_t now_ms;
    bool simulator; /* nothing is really sent: a simulator runs inside */
    bool manual_clock;
    bool sending_paused;
    int64_t last_event_id; /* where a page goes on that asks for the rest from now on */
};
MUST_USE enum error_code server_facts_read(struct work *work, const struct service *service,
                                           struct server_facts *ret_facts, struct error *error);
void server_facts_encode(struct json_writer *writer, const struct server_facts *facts);
