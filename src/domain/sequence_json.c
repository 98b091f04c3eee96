/* Writes sequences, steps and templates as the JSON that users know. Fields without a value are
 * null, never left out, so that every answer has the same shape. */
#include "base/instant.h"
#include "base/json_writer.h"
#include "domain/sequence.h"
#include "domain/sequence_internal.h"

#include <stdio.h>

static const char *const WEEKDAYS[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static void field_minute(struct json_writer *writer, const char *name, int32_t minute)
{
    if (minute < 0) {
        json_field_null(writer, name);
        return;
    }
    if (minute == 1440) {
        json_field_chars(writer, name, "24:00");
        return;
    }
    char text[INSTANT_TEXT_MAX];
    json_field_chars(writer, name, minute_format(minute, text));
}

/* Empty counts as "none" here. */
static void field_text_or_null(struct json_writer *writer, const char *name, struct text text)
{
    if (text.size == 0) {
        json_field_null(writer, name);
    } else {
        json_field_text(writer, name, text);
    }
}

static void encode_header(struct json_writer *writer, const struct template_header *header)
{
    json_key(writer, "header");
    if (header->type == HEADER_NONE) {
        json_put_null(writer);
        return;
    }
    /* Short forms where nothing is lost: the text itself, or the address whose ending tells. */
    struct template_header read = {0};
    sequence_header_of_text(header->type == HEADER_TEXT ? header->text : header->url, &read);
    if (read.type == header->type && header->filename.size == 0 && header->parameter.size == 0) {
        json_put_text(writer, header->type == HEADER_TEXT ? header->text : header->url);
        return;
    }
    json_object_begin(writer);
    json_field_chars(writer, "type", header_type_to_text(header->type));
    switch (header->type) {
    case HEADER_NONE:
        break;
    case HEADER_TEXT:
        field_text_or_null(writer, "name", header->parameter);
        json_field_text(writer, "text", header->text);
        break;
    case HEADER_IMAGE:
    case HEADER_VIDEO:
        json_field_text(writer, "url", header->url);
        break;
    case HEADER_DOCUMENT:
        json_field_text(writer, "url", header->url);
        field_text_or_null(writer, "filename", header->filename);
        break;
    case HEADER_LOCATION:
        json_field_text(writer, "latitude", header->latitude);
        json_field_text(writer, "longitude", header->longitude);
        field_text_or_null(writer, "name", header->name);
        field_text_or_null(writer, "address", header->address);
        break;
    }
    json_object_end(writer);
}

/* Plain texts; "name=text" for named ones; objects where those would be read otherwise. */
static void encode_body(struct json_writer *writer, const struct step_template *template)
{
    bool ambiguous = false;
    for (size_t i = 0; i < template->body_count; i++) {
        const struct template_parameter *parameter = &template->body[i];
        struct text name = {0};
        struct text text = {0};
        /* A filled-in parameter may be longer than its source was allowed to be. */
        bool is_long = parameter->text.size > TEMPLATE_PARAMETER_MAX * 3;
        ambiguous = ambiguous ||
                    (parameter->name.size == 0 ? sequence_split_named(parameter->text, &name, &text)
                                               : is_long);
    }
    for (size_t i = 0; i < template->body_count; i++) {
        const struct template_parameter *parameter = &template->body[i];
        if (ambiguous) {
            json_object_begin(writer);
            json_field_text(writer, "name", parameter->name);
            json_field_text(writer, "text", parameter->text);
            json_object_end(writer);
        } else if (parameter->name.size == 0) {
            json_put_text(writer, parameter->text);
        } else {
            char joined[TEMPLATE_PARAMETER_MAX * 4];
            int size = snprintf(joined, sizeof(joined), "%.*s=%.*s", TEXT_ARGS(parameter->name),
                                TEXT_ARGS(parameter->text));
            json_put_text(writer, text_make(joined, (size_t)size));
        }
    }
}

void step_template_encode(struct json_writer *writer, const struct step_template *template)
{
    json_object_begin(writer);
    json_field_text(writer, "name", template->name);
    json_field_text(writer, "language", template->language);
    encode_header(writer, &template->header);
    json_key(writer, "body");
    json_array_begin(writer);
    encode_body(writer, template);
    json_array_end(writer);
    json_key(writer, "buttons");
    json_array_begin(writer);
    for (size_t i = 0; i < template->button_count; i++) {
        const struct template_button *button = &template->buttons[i];
        json_object_begin(writer);
        json_field_chars(writer, "type", button_type_to_text(button->type));
        json_field_int64(writer, "index", button->index);
        json_field_text(writer, "text", button->text);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

void step_encode(struct json_writer *writer, const struct step *step)
{
    json_object_begin(writer);
    if (step->id != 0) {
        json_field_id(writer, "id", ID_STEP, step->id);
    }
    json_field_int64(writer, "day", step->day);
    field_minute(writer, "time", step->minute);
    json_field_chars(writer, "type", step_type_to_text(step->type));
    json_field_text(writer, "message", step->message);
    field_text_or_null(writer, "media_url", step->media_url);
    field_text_or_null(writer, "media_type", text_from(media_type_to_text(step->media_type)));
    field_text_or_null(writer, "filename", step->filename);
    json_key(writer, "template");
    if (step->template.name.size == 0) {
        json_put_null(writer);
    } else {
        step_template_encode(writer, &step->template);
    }
    json_object_end(writer);
}

static void encode_window(struct json_writer *writer, const struct send_window *window)
{
    json_key(writer, "send_window");
    if (!window->set) {
        json_put_null(writer);
        return;
    }
    json_object_begin(writer);
    json_key(writer, "days");
    json_array_begin(writer);
    for (unsigned day = 0; day < ARRAY_SIZE(WEEKDAYS); day++) {
        if ((window->days >> day & 1u) != 0) {
            json_put_chars(writer, WEEKDAYS[day]);
        }
    }
    json_array_end(writer);
    field_minute(writer, "from", window->from_minute);
    field_minute(writer, "to", window->to_minute);
    json_object_end(writer);
}

/* A whole number of the largest unit that divides it: "3d", "36h", "90m". */
static void field_max_late(struct json_writer *writer, int64_t max_late_ms)
{
    int64_t unit_ms = max_late_ms % MS_PER_DAY == 0    ? MS_PER_DAY
                      : max_late_ms % MS_PER_HOUR == 0 ? MS_PER_HOUR
                                                       : MS_PER_MINUTE;
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld%c", (long long)(max_late_ms / unit_ms),
                   unit_ms == MS_PER_DAY    ? 'd'
                   : unit_ms == MS_PER_HOUR ? 'h'
                                            : 'm');
    json_field_chars(writer, "max_late", text);
}

/* What a user decides, without the row's own facts. */
static void encode_decisions(struct json_writer *writer, const struct sequence *sequence)
{
    json_field_id_or_null(writer, "channel_id", ID_CHANNEL, sequence->channel_id);
    field_text_or_null(writer, "timezone", sequence->timezone);
    field_minute(writer, "send_time", sequence->send_minute);
    encode_window(writer, &sequence->send_window);
    json_field_chars(writer, "on_reply", on_reply_to_text(sequence->on_reply));
    json_field_chars(writer, "reenroll", reenroll_to_text(sequence->reenroll));
    json_key(writer, "late_policy");
    json_object_begin(writer);
    json_field_chars(writer, "action", late_action_to_text(sequence->late_action));
    field_max_late(writer, sequence->max_late_ms);
    json_object_end(writer);
}

static void encode_steps(struct json_writer *writer, const struct sequence *sequence)
{
    json_key(writer, "messages");
    json_array_begin(writer);
    for (size_t i = 0; i < sequence->step_count; i++) {
        step_encode(writer, &sequence->steps[i]);
    }
    json_array_end(writer);
}

void sequence_encode_fields(struct json_writer *writer, const struct sequence *sequence,
                            const struct sequence_counts *counts, bool with_steps)
{
    json_field_id(writer, "id", ID_SEQUENCE, sequence->id);
    json_field_text(writer, "name", sequence->name);
    json_field_text(writer, "description", sequence->description);
    json_field_chars(writer, "status", sequence_status_to_text(sequence->status));
    if (with_steps) {
        encode_steps(writer, sequence);
        json_field_int64(writer, "total_days", sequence_total_days(sequence));
        json_field_int64(writer, "message_count", (int64_t)sequence->step_count);
    }
    if (counts != NULL) {
        json_field_int64(writer, "enrolled_count", counts->enrolled);
        json_field_int64(writer, "active_count", counts->active);
        json_field_int64(writer, "paused_count", counts->paused);
        json_field_int64(writer, "completed_count", counts->completed);
        json_field_int64(writer, "stopped_count", counts->stopped);
        json_field_int64(writer, "opted_out_count", counts->opted_out);
        json_field_int64(writer, "failed_count", counts->failed);
    }
    encode_decisions(writer, sequence);
    json_field_int64(writer, "version", sequence->version);
    json_field_time(writer, "created_at", sequence->created_at_ms);
    json_field_time(writer, "updated_at", sequence->updated_at_ms);
}

void sequence_encode(struct json_writer *writer, const struct sequence *sequence,
                     const struct sequence_counts *counts)
{
    json_object_begin(writer);
    sequence_encode_fields(writer, sequence, counts, true);
    json_object_end(writer);
}

void sequence_encode_definition(struct json_writer *writer, const struct sequence *sequence)
{
    json_object_begin(writer);
    json_field_text(writer, "name", sequence->name);
    json_field_text(writer, "description", sequence->description);
    json_field_chars(writer, "status", sequence_status_to_text(sequence->status));
    encode_decisions(writer, sequence);
    encode_steps(writer, sequence);
    json_object_end(writer);
}
