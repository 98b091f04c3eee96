/* Only what a person may say of themselves is taken from the body: no start day, no time of
 * enrollment. */
#include "api/public_person.h"

#include "base/zone.h"
#include "service/import_document.h"
#include "service/settings.h"

enum { PERSON_MAX = 64 * 1024 };

static void free_json(void *json)
{
    json_free(json);
}

enum error_code public_person_read(struct api_call *call, const struct json *body,
                                   struct import_person **ret_person, struct error *error)
{
    static const char *const FIELDS[] = {"phone", "name", "timezone", "custom_fields"};
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    CLEANUP(json_free) struct json *json = NULL;
    struct arena *arena = call->work->arena;
    struct import_person *person = arena_alloc(arena, sizeof(*person));
    struct import_refusal refusal = {0};
    struct settings settings;
    struct json_writer writer;
    buffer_init(&buffer, PERSON_MAX);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer value;
        const struct json *field = json_get(body, FIELDS[i]);
        buffer_init(&value, PERSON_MAX);
        if (json_kind(field) != JSON_ABSENT && json_kind(field) != JSON_NULL) {
            json_encode(field, &value);
            json_key(&writer, FIELDS[i]);
            json_raw(&writer, buffer_text(&value));
        }
    }
    json_object_end(&writer);
    /* The person's texts point into the document, so it lives as long as the request. */
    enum error_code code = json_parse(buffer_text(&buffer), NULL, &json, error);
    if (code == OK) {
        code = settings_read(call->work, &settings, error);
    }
    if (code != OK) {
        return code;
    }
    struct json *kept = TAKE(json);
    arena_on_reset(arena, free_json, kept);
    if (!import_document_person(arena, kept, settings.default_country, person, &refusal)) {
        return error_field(error, arena_chars(arena, refusal.field), refusal.code, "%s",
                           refusal.message);
    }
    if (person->timezone.size > 0 && zone_find(person->timezone) == NULL) {
        return error_field(error, "timezone", "invalid_choice", "there is no such time zone");
    }
    *ret_person = person;
    return OK;
}
