/* Facts about the server, from its settings and its parts. */
#include "service/server_facts.h"

#include "base/json.h"
#include "store/store_setting.h"

static enum error_code read_setting(struct work *work, const char *key, struct json **ret_json,
                                    struct error *error)
{
    struct text value;
    bool found = false;
    enum error_code code = store_setting_get(work, text_from(key), &value, &found, error);
    if (code == OK && found) {
        code = json_parse(value, NULL, ret_json, error);
    }
    return code;
}

enum error_code server_facts_read(struct work *work, const struct service *service,
                                  struct server_facts *ret_facts, struct error *error)
{
    CLEANUP(json_free) struct json *zone = NULL;
    CLEANUP(json_free) struct json *paused = NULL;
    enum error_code code = read_setting(work, "timezone", &zone, error);
    if (code == OK) {
        code = read_setting(work, "sending_paused", &paused, error);
    }
    if (code != OK) {
        return code;
    }
    struct server_facts facts = {
        .timezone = TEXT("UTC"),
        .version = text_from(service->version),
        .now_ms = work->now_ms,
        .simulator = service->simulator.base_url != NULL,
        .manual_clock = service->manual_clock,
    };
    struct text name;
    if (json_text(zone, &name)) {
        facts.timezone = arena_text(work->arena, name);
    }
    (void)json_bool(paused, &facts.sending_paused);
    *ret_facts = facts;
    return OK;
}

void server_facts_encode(struct json_writer *writer, const struct server_facts *facts)
{
    json_object_begin(writer);
    json_field_chars(writer, "name", "Dripline");
    json_field_text(writer, "version", facts->version);
    json_field_time(writer, "now", facts->now_ms);
    json_field_text(writer, "timezone", facts->timezone);
    json_field_bool(writer, "simulator", facts->simulator);
    json_field_chars(writer, "clock", facts->manual_clock ? "manual" : "system");
    json_field_bool(writer, "sending_paused", facts->sending_paused);
    json_object_end(writer);
}
