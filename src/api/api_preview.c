/* What would happen: the preview for one person, the simulation for many, and the "why" card of an
 * enrollment. Nothing here writes. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "service/explain.h"
#include "service/import_document.h"
#include "service/preview.h"
#include "service/sequences.h"
#include "service/simulate.h"

#include <stdio.h>

enum { NAME_MAX_CHARACTERS = 200, PEOPLE_MAX = 1000000, LABEL_MAX = 60 };

/* ---- shared ---- */

static void encode_local_time(struct json_writer *writer, const char *name, int64_t local_ms)
{
    int64_t day = floor_divide(local_ms, MS_PER_DAY);
    int64_t minute = (local_ms - day * MS_PER_DAY) / MS_PER_MINUTE;
    char date[INSTANT_TEXT_MAX];
    char time[INSTANT_TEXT_MAX];
    char text[2 * INSTANT_TEXT_MAX];
    (void)snprintf(text, sizeof text, "%sT%s", civil_format(civil_from_days(day), date),
                   minute_format((int)minute, time));
    json_field_chars(writer, name, text);
}

static void encode_rule(struct json_writer *writer, const char *code, const char *text)
{
    json_object_begin(writer);
    json_field_chars(writer, "code", code);
    json_field_chars(writer, "text", text);
    json_object_end(writer);
}

static void encode_rules(struct json_writer *writer, uint32_t rules,
                         enum preview_zone_source source, int32_t unknown_zones)
{
    json_key(writer, "rules");
    json_array_begin(writer);
    for (unsigned bit = 0; bit < SCHEDULE_RULE_COUNT; bit++) {
        if ((rules >> bit & 1u) != 0) {
            enum schedule_rule rule = (enum schedule_rule)(1u << bit);
            encode_rule(writer, schedule_rule_to_text(rule), schedule_rule_sentence(rule));
        }
    }
    if (unknown_zones > 0) {
        encode_rule(writer, "unknown_zone", "a time zone that is set here does not exist");
    }
    switch (source) {
    case PREVIEW_ZONE_CONTACT:
        encode_rule(writer, "contact_zone", "the person's own time zone");
        break;
    case PREVIEW_ZONE_GUESSED:
        encode_rule(writer, "guessed_zone", "the time zone of the number's country");
        break;
    case PREVIEW_ZONE_SEQUENCE:
        encode_rule(writer, "sequence_zone", "the sequence's time zone");
        break;
    case PREVIEW_ZONE_SERVER:
        encode_rule(writer, "server_zone", "the server's time zone");
        break;
    }
    json_array_end(writer);
}

/* ---- preview ---- */

struct preview_request {
    const struct json *document;
    struct preview_input input;
};

static struct text fields_text(struct arena *arena, const struct json *fields)
{
    if (json_kind(fields) != JSON_OBJECT) {
        return (struct text){0};
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1 << 18);
    json_encode(fields, &buffer);
    return arena_text(arena, buffer_text(&buffer));
}

static void read_contact(struct api_call *call, struct json_reader *reader,
                         struct preview_input *input)
{
    struct json_reader contact;
    if (!json_reader_object(reader, "contact", &contact)) {
        return;
    }
    input->imagined = true;
    (void)json_reader_text(&contact, "phone", 0, 40, &input->phone);
    (void)json_reader_text(&contact, "name", 0, NAME_MAX_CHARACTERS, &input->name);
    (void)json_reader_text(&contact, "timezone", 0, ZONE_NAME_MAX, &input->timezone);
    if (input->timezone.size > 0 && zone_find(input->timezone) == NULL) {
        json_reader_fail(&contact, "timezone", "unknown_timezone", "this time zone does not exist");
    }
    input->fields_json = fields_text(call->work->arena, import_document_fields(&contact));
    reader->failed = json_reader_done(&contact) != OK || reader->failed;
}

static enum error_code read_preview(struct api_call *call, struct preview_request *asked,
                                    struct error *error)
{
    struct json_reader reader;
    if (call->body == NULL) {
        return OK;
    }
    json_reader_open(&reader, call->body, "", error);
    asked->document = json_reader_any(&reader, "sequence");
    (void)json_reader_text(&reader, "phone", 0, 40, &asked->input.phone);
    (void)json_reader_time(&reader, "enrolled_at", &asked->input.enrolled_at_ms);
    read_contact(call, &reader, &asked->input);
    return json_reader_done(&reader);
}

/* The header in one line: its text, its address, or its place on the map. */
static struct text header_line(struct arena *arena, const struct template_header *header)
{
    if (header->type != HEADER_LOCATION) {
        return header->text.size > 0 ? header->text : header->url;
    }
    struct text place = arena_format(arena, "%.*s, %.*s", TEXT_ARGS(header->latitude),
                                     TEXT_ARGS(header->longitude));
    const struct text words[] = {header->address, header->name};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i].size > 0) {
            place = arena_format(arena, "%.*s · %.*s", TEXT_ARGS(words[i]), TEXT_ARGS(place));
        }
    }
    return place;
}

static void encode_template(struct arena *arena, struct json_writer *writer,
                            const struct step_template *template)
{
    if (template->name.size == 0) {
        json_field_null(writer, "template");
        return;
    }
    json_key(writer, "template");
    json_object_begin(writer);
    json_field_text(writer, "name", template->name);
    json_field_text(writer, "language", template->language);
    encode_text_or_null(writer, "header", header_line(arena, &template->header));
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    buffer_init(&body, 1 << 17);
    for (size_t i = 0; i < template->body_count; i++) {
        buffer_add_chars(&body, i == 0 ? "" : " | ");
        buffer_add_text(&body, template->body[i].text);
    }
    encode_text_or_null(writer, "body", buffer_text(&body));
    json_field_null(writer, "footer");
    json_key(writer, "buttons");
    json_array_begin(writer);
    for (size_t i = 0; i < template->button_count; i++) {
        json_put_text(writer, template->buttons[i].text);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static void encode_preview_message(struct arena *arena, struct json_writer *writer,
                                   const struct preview *preview,
                                   const struct preview_message *message)
{
    const struct step *step = message->step;
    const char *media_type = media_type_to_text(step->media_type);
    json_object_begin(writer);
    json_field_id_or_null(writer, "step_id", ID_STEP, step->id);
    json_field_int64(writer, "index", (int64_t)message->index);
    json_field_int64(writer, "day", step->day);
    json_field_chars(writer, "type", step_type_to_text(step->type));
    encode_text_or_null(writer, "text", message->text);
    encode_text_or_null(writer, "media_url", message->media_url);
    encode_text_or_null(writer, "media_type", text_from(media_type));
    encode_text_or_null(writer, "filename", message->filename);
    encode_template(arena, writer, &message->template);
    json_field_time_or_null(writer, "due_at", message->due_at_ms);
    if (message->due_at_ms == 0) {
        json_field_null(writer, "local_time");
    } else {
        encode_local_time(writer, "local_time", message->local_ms);
    }
    encode_rules(writer, message->rules, preview->zone_source, preview->unknown_zones);
    json_key(writer, "missing");
    json_array_begin(writer);
    for (size_t i = 0; i < message->missing_count; i++) {
        json_put_text(writer, message->missing[i]);
    }
    json_array_end(writer);
    json_field_int64(writer, "characters", (int64_t)message->characters);
    json_object_end(writer);
}

static void encode_preview(struct arena *arena, struct json_writer *writer,
                           const struct preview *preview)
{
    json_object_begin(writer);
    json_field_time(writer, "enrolled_at", preview->enrolled_at_ms);
    json_field_text(writer, "timezone", zone_name(preview->zone));
    json_field_chars(writer, "timezone_source", preview_zone_source_to_text(preview->zone_source));
    json_field_int64(writer, "contacts", preview->people);
    json_key(writer, "messages");
    json_array_begin(writer);
    for (size_t i = 0; i < preview->message_count; i++) {
        encode_preview_message(arena, writer, preview, &preview->messages[i]);
    }
    json_array_end(writer);
    json_key(writer, "fields");
    json_array_begin(writer);
    for (size_t i = 0; i < preview->field_count; i++) {
        const struct preview_field *field = &preview->fields[i];
        json_object_begin(writer);
        json_field_text(writer, "name", field->name);
        json_field_bool(writer, "built_in", field->built_in);
        json_field_bool(writer, "without_fallback", field->without_fallback);
        json_field_int64(writer, "missing_count", field->missing_count);
        encode_text_or_null(writer, "suggestion", field->suggestion);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static enum error_code preview(struct api_call *call, struct error *error)
{
    struct preview_request asked = {0};
    struct sequence sequence;
    struct preview made;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = read_preview(call, &asked, error);
    }
    if (code == OK) {
        code = sequences_document(call->work, id, asked.document, &sequence, error);
    }
    if (code == OK) {
        code = preview_make(call->work, &sequence, &asked.input, &made, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_preview(call->work->arena, &writer, &made);
    }
    return code;
}

/* ---- simulation ---- */

static void encode_skipped(struct json_writer *writer, const char *reason, int64_t count)
{
    if (count > 0) {
        json_object_begin(writer);
        json_field_chars(writer, "reason", reason);
        json_field_int64(writer, "count", count);
        json_object_end(writer);
    }
}

static void encode_simulation(struct json_writer *writer, const struct simulation *simulation)
{
    char date[INSTANT_TEXT_MAX];
    json_object_begin(writer);
    json_field_int64(writer, "people", simulation->people);
    json_field_int64(writer, "messages", simulation->messages);
    json_field_time_or_null(writer, "first_at", simulation->first_at_ms);
    json_field_time_or_null(writer, "last_at", simulation->last_at_ms);
    json_key(writer, "skipped");
    json_array_begin(writer);
    encode_skipped(writer, "late", simulation->late);
    encode_skipped(writer, "stopped_late", simulation->stopped);
    encode_skipped(writer, "never_open", simulation->never_open);
    json_array_end(writer);
    json_key(writer, "per_day");
    json_array_begin(writer);
    for (size_t i = 0; i < simulation->day_count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "date",
                         civil_format(civil_from_days(simulation->days[i].day), date));
        json_field_int64(writer, "count", simulation->days[i].count);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

struct simulate_request {
    const struct json *document;
    int64_t people; /* 0 = those inside */
    int64_t enrolled_at_ms;
    struct text timezone;
};

static enum error_code read_simulate(struct api_call *call, struct simulate_request *asked,
                                     struct error *error)
{
    struct json_reader reader;
    if (call->body == NULL) {
        return OK;
    }
    json_reader_open(&reader, call->body, "", error);
    asked->document = json_reader_any(&reader, "sequence");
    (void)json_reader_int64(&reader, "people", 1, PEOPLE_MAX, &asked->people);
    (void)json_reader_time(&reader, "enrolled_at", &asked->enrolled_at_ms);
    (void)json_reader_text(&reader, "timezone", 0, ZONE_NAME_MAX, &asked->timezone);
    if (asked->timezone.size > 0 && zone_find(asked->timezone) == NULL) {
        json_reader_fail(&reader, "timezone", "unknown_timezone", "this time zone does not exist");
    }
    return json_reader_done(&reader);
}

static enum error_code simulate(struct api_call *call, struct error *error)
{
    struct simulate_request asked = {.enrolled_at_ms = call->work->now_ms};
    struct sequence sequence;
    struct simulation simulation;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = read_simulate(call, &asked, error);
    }
    if (code == OK) {
        code = sequences_document(call->work, id, asked.document, &sequence, error);
    }
    if (code == OK) {
        code = asked.people > 0
                   ? simulate_newcomers(call->work, &sequence, asked.people, asked.enrolled_at_ms,
                                        asked.timezone, &simulation, error)
                   : simulate_inside(call->work, &sequence, &simulation, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_simulation(&writer, &simulation);
    }
    return code;
}

/* ---- the "why" card ---- */

/* The beginning of the text in whole characters, or the name of the template. */
static struct text label_of(const struct step *step)
{
    struct text label = text_trim(step->message);
    if (label.size == 0) {
        return step->template.name.size > 0 ? step->template.name : step->media_url;
    }
    if (label.size > LABEL_MAX) {
        label = text_head(label, LABEL_MAX);
        while (!text_is_utf8(label)) {
            label.size--;
        }
    }
    return label;
}

static void encode_next(struct json_writer *writer, const struct explain *explain)
{
    if (!explain->has_next) {
        json_field_null(writer, "next");
        return;
    }
    const struct explain_step *next = &explain->next;
    json_key(writer, "next");
    json_object_begin(writer);
    json_field_id(writer, "step_id", ID_STEP, next->step->id);
    json_field_int64(writer, "day", next->step->day);
    json_field_time(writer, "due_at", next->due_at_ms);
    encode_local_time(writer, "local_time", next->local_ms);
    json_field_text(writer, "timezone", zone_name(explain->zone));
    json_field_chars(writer, "timezone_source", preview_zone_source_to_text(explain->zone_source));
    encode_rules(writer, next->rules, explain->zone_source, explain->unknown_zones);
    json_field_id_or_null(writer, "message_id", ID_MESSAGE, explain->message_id);
    json_object_end(writer);
}

static void encode_explain(struct json_writer *writer, const struct explain *explain)
{
    json_object_begin(writer);
    json_field_id(writer, "enrollment_id", ID_ENROLLMENT, explain->enrollment_id);
    json_field_chars(writer, "status", enrollment_status_to_text(explain->status));
    json_field_text(writer, "summary", explain->summary);
    encode_next(writer, explain);
    json_key(writer, "blockers");
    json_array_begin(writer);
    for (size_t i = 0; i < explain->blocker_count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "code", explain->blockers[i].code);
        json_field_text(writer, "text", explain->blockers[i].text);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_key(writer, "upcoming");
    json_array_begin(writer);
    for (size_t i = 0; i < explain->upcoming_count; i++) {
        const struct explain_step *step = &explain->upcoming[i];
        json_object_begin(writer);
        json_field_id(writer, "step_id", ID_STEP, step->step->id);
        json_field_int64(writer, "day", step->step->day);
        json_field_time(writer, "due_at", step->due_at_ms);
        encode_local_time(writer, "local_time", step->local_ms);
        json_field_text(writer, "label", label_of(step->step));
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static enum error_code explain(struct api_call *call, struct error *error)
{
    struct explain made;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_ENROLLMENT, &id, error);
    if (code == OK) {
        code = explain_make(call->work, id, &made, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_explain(&writer, &made);
    }
    return code;
}

const struct api_route API_PREVIEW_ROUTES[] = {
    {"POST", "/api/sequences/:id/preview", "sequences_preview", API_READ,
     API_LARGE | API_NO_BODY_OK | API_NO_IDEMPOTENCY, preview, NULL},
    {"POST", "/api/sequences/:id/simulate", "sequences_simulate", API_READ,
     API_LARGE | API_NO_BODY_OK | API_NO_IDEMPOTENCY, simulate, NULL},
    {"GET", "/api/enrollments/:id/explain", "enrollments_explain", API_READ, 0, explain, NULL},
    {0},
};
