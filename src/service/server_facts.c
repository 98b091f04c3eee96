/* Facts about the server, from its settings and its parts. */
#include "service/server_facts.h"

#include "service/settings.h"
#include "store/store_event.h"

enum error_code server_facts_read(struct work *work, const struct service *service,
                                  struct server_facts *ret_facts, struct error *error)
{
    struct settings settings;
    enum error_code code = settings_read(work, &settings, error);
    int64_t last_event_id = 0;
    if (code == OK) {
        code = store_event_newest(work, &last_event_id, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_facts = (struct server_facts){
        .name = settings.name,
        .timezone = settings.timezone,
        .version = text_from(service->version),
        .now_ms = work->now_ms,
        .simulator = service->simulator.base_url != NULL,
        .manual_clock = service->manual_clock,
        .sending_paused = settings.sending_paused,
        .last_event_id = last_event_id,
    };
    return OK;
}

void server_facts_encode(struct json_writer *writer, const struct server_facts *facts)
{
    json_object_begin(writer);
    json_field_text(writer, "name", facts->name);
    json_field_text(writer, "version", facts->version);
    json_field_time(writer, "now", facts->now_ms);
    json_field_text(writer, "timezone", facts->timezone);
    json_field_bool(writer, "simulator", facts->simulator);
    json_field_chars(writer, "clock", facts->manual_clock ? "manual" : "system");
    json_field_bool(writer, "sending_paused", facts->sending_paused);
    json_field_int64(writer, "last_event_id", facts->last_event_id);
    json_object_end(writer);
}
