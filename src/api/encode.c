/* Writes the records that several endpoints share, field by field as the contract names them. */
#include "api/encode.h"

#include "base/instant.h"
#include "domain/schedule.h"
#include "service/contacts.h"
#include "service/messages.h"
#include "service/suppress.h"

#include <stdio.h>

enum { LABEL_MAX = 60 };

void encode_text_or_null(struct json_writer *writer, const char *name, struct text text)
{
    if (text.size == 0) {
        json_field_null(writer, name);
    } else {
        json_field_text(writer, name, text);
    }
}

void encode_phone(struct json_writer *writer, const char *name, int64_t phone)
{
    char digits[24];
    if (phone == 0) {
        json_field_null(writer, name);
        return;
    }
    int size = snprintf(digits, sizeof(digits), "%lld", (long long)phone);
    json_field_text(writer, name, text_make(digits, (size_t)size));
}

static void encode_zone_source(struct json_writer *writer, int64_t source)
{
    json_field_chars(writer, "timezone_source",
                     source == CONTACT_ZONE_GIVEN     ? "given"
                     : source == CONTACT_ZONE_GUESSED ? "guessed"
                                                      : NULL);
}

void encode_enrollment_fields(struct json_writer *writer, const struct store_enrollment_view *view)
{
    const struct store_enrollment *enrollment = &view->enrollment;
    int64_t due_at_ms = enrollment->next_due_at_ms;
    if (view->open_due_at_ms != 0 && (due_at_ms == 0 || view->open_due_at_ms < due_at_ms)) {
        due_at_ms = view->open_due_at_ms;
    }
    json_field_id(writer, "id", ID_ENROLLMENT, enrollment->id);
    json_field_id(writer, "sequence_id", ID_SEQUENCE, enrollment->sequence_id);
    json_field_text(writer, "sequence_name", view->sequence_name);
    json_field_id(writer, "contact_id", ID_CONTACT, enrollment->contact_id);
    encode_phone(writer, "phone", view->phone);
    encode_text_or_null(writer, "name", view->name);
    json_field_time(writer, "enrolled_at", enrollment->enrolled_at_ms);
    json_field_int64(writer, "current_day", schedule_position_day(enrollment->position));
    json_field_chars(writer, "status", enrollment_status_to_text(enrollment->status));
    encode_text_or_null(writer, "status_reason", enrollment->status_reason);
    json_field_time_or_null(writer, "last_message_sent", enrollment->last_sent_at_ms);
    json_field_time_or_null(writer, "next_message_due", due_at_ms);
    json_field_int64(writer, "messages_sent", enrollment->messages_sent);
    json_field_int64(writer, "total_messages", view->total_messages);
    json_field_raw(writer, "custom_fields", view->fields.size == 0 ? TEXT("{}") : view->fields);
    encode_text_or_null(writer, "timezone", view->timezone);
    encode_zone_source(writer, view->timezone_source);
    json_field_id_or_null(writer, "batch_id", ID_BATCH, enrollment->batch_id);
    json_field_text(writer, "source", enrollment->source);
    json_field_time_or_null(writer, "paused_at", enrollment->paused_at_ms);
}

void encode_enrollment(struct json_writer *writer, const struct store_enrollment_view *view)
{
    json_object_begin(writer);
    encode_enrollment_fields(writer, view);
    json_object_end(writer);
}

static void encode_error(struct json_writer *writer, const struct message_view *view)
{
    enum message_state state = view->message.state;
    bool shown = view->has_error && state != MESSAGE_ACCEPTED;
    json_key(writer, "error");
    if (!shown) {
        json_put_null(writer);
        return;
    }
    json_object_begin(writer);
    if (view->error_code == 0) {
        json_field_null(writer, "code");
    } else {
        json_field_int64(writer, "code", view->error_code);
    }
    json_field_text(writer, "title", view->error_title);
    encode_text_or_null(writer, "detail", view->error_detail);
    encode_text_or_null(writer, "advice", view->error_advice);
    json_object_end(writer);
}

static void encode_times(struct json_writer *writer, const struct store_message *message)
{
    bool waits = message->state == MESSAGE_PLANNED || message->state == MESSAGE_WAIT;
    json_field_int64(writer, "attempts", message->attempts);
    json_field_time(writer, "scheduled_for", message->due_at_ms);
    json_field_time_or_null(writer, "next_attempt_at", waits ? message->next_at_ms : 0);
    json_field_time(writer, "created_at", message->created_at_ms);
    json_field_time_or_null(writer, "sent_at", message->sent_at_ms);
    json_field_time_or_null(writer, "delivered_at", message->delivered_at_ms);
    json_field_time_or_null(writer, "read_at", message->read_at_ms);
    json_field_time_or_null(writer, "failed_at", message->failed_at_ms);
}

void encode_message_fields(struct json_writer *writer, const struct message_view *view)
{
    const struct store_message *message = &view->message;
    json_field_id(writer, "id", ID_MESSAGE, message->id);
    json_field_id_or_null(writer, "enrollment_id", ID_ENROLLMENT, message->enrollment_id);
    json_field_id_or_null(writer, "sequence_id", ID_SEQUENCE, message->sequence_id);
    json_field_id_or_null(writer, "step_id", ID_STEP, message->step_id);
    json_field_id_or_null(writer, "channel_id", ID_CHANNEL, message->channel_id);
    encode_phone(writer, "phone", view->phone);
    encode_text_or_null(writer, "name", view->name);
    json_field_int64(writer, "day", view->day);
    json_field_chars(writer, "type", step_type_to_text((enum step_type)view->body.type));
    encode_text_or_null(writer, "message", view->body.text);
    encode_text_or_null(writer, "media_url", view->body.media_url);
    if (view->body.template.size == 0) {
        json_field_null(writer, "template");
    } else {
        json_field_raw(writer, "template", view->body.template);
    }
    json_field_chars(writer, "status",
                     message_status_to_text(message->state, message->rank, message->reason));
    encode_text_or_null(writer, "reason", text_from(message_reason_to_text(message->reason)));
    encode_times(writer, message);
    encode_text_or_null(writer, "provider_id", view->provider_id);
    encode_error(writer, view);
    json_field_bool(writer, "test", message->enrollment_id == 0);
}

void encode_message(struct json_writer *writer, const struct message_view *view)
{
    json_object_begin(writer);
    encode_message_fields(writer, view);
    json_object_end(writer);
}

void encode_contact_fields(struct json_writer *writer, const struct store_contact *contact)
{
    json_field_id(writer, "id", ID_CONTACT, contact->id);
    encode_phone(writer, "phone", contact->phone);
    encode_text_or_null(writer, "name", contact->name);
    encode_phone(writer, "wa_id", contact->wa_id);
    json_field_raw(writer, "custom_fields",
                   contact->fields.size == 0 ? TEXT("{}") : contact->fields);
    encode_text_or_null(writer, "timezone", contact->timezone);
    encode_zone_source(writer, contact->timezone_source);
    json_field_chars(writer, "opted_out", suppress_bits_to_text(contact->suppressed));
    json_field_raw(writer, "consent", contact->consent.size == 0 ? TEXT("null") : contact->consent);
    json_field_time_or_null(writer, "last_inbound_at", contact->last_inbound_at_ms);
    json_field_time(writer, "created_at", contact->created_at_ms);
}

void encode_opt_out(struct json_writer *writer, const struct store_suppression *row)
{
    json_object_begin(writer);
    encode_phone(writer, "phone", row->phone);
    encode_text_or_null(writer, "name", row->name);
    json_field_chars(writer, "kind", suppression_kind_to_text(row->kind));
    json_field_text(writer, "source", row->source);
    encode_text_or_null(writer, "reason", row->reason);
    json_field_time(writer, "at", row->at_ms);
    json_object_end(writer);
}

void encode_funnel(struct json_writer *writer, const char *name, const struct funnel *funnel)
{
    json_key(writer, name);
    json_object_begin(writer);
    json_field_int64(writer, "total", funnel_total(funnel));
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        json_field_int64(writer, step_outcome_to_text((enum step_outcome)outcome),
                         funnel->counts[outcome]);
    }
    json_object_end(writer);
}

/* The beginning of the text, whole characters, or the name of the template. */
static struct text label_of(const struct step *step)
{
    struct text label = text_trim(step->message);
    if (label.size == 0 && step->template.name.size > 0) {
        return step->template.name;
    }
    if (label.size == 0) {
        return step->media_url;
    }
    size_t end = 0;
    if (text_find(label, '\n', &end)) {
        label = text_head(label, end);
    }
    if (label.size > LABEL_MAX) {
        label = text_head(label, LABEL_MAX);
        while (!text_is_utf8(label)) {
            label.size--;
        }
    }
    return label;
}

void encode_step_name(struct json_writer *writer, const struct sequences_stats_step *step)
{
    json_field_id(writer, "step_id", ID_STEP, step->step.id);
    json_field_int64(writer, "day", step->step.day);
    json_field_chars(writer, "type", step_type_to_text(step->step.type));
    json_field_text(writer, "label", label_of(&step->step));
    json_field_bool(writer, "removed", step->removed);
}

void encode_failures(struct json_writer *writer, const char *name, struct work *work,
                     const struct funnel_reason *reasons, size_t count)
{
    json_key(writer, name);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        struct funnel_words words = funnel_words(work, reasons[i].reason);
        json_object_begin(writer);
        json_field_text(writer, "reason", words.reason);
        if (words.provider_code == 0) {
            json_field_null(writer, "code");
        } else {
            json_field_int64(writer, "code", words.provider_code);
        }
        json_field_text(writer, "title", words.title);
        json_field_text(writer, "advice", words.advice);
        json_field_int64(writer, "count", reasons[i].count);
        json_field_bool(writer, "retryable", words.retryable);
        json_object_end(writer);
    }
    json_array_end(writer);
}

void encode_sequence(struct json_writer *writer, const struct sequence_view *view,
                     bool with_messages)
{
    json_object_begin(writer);
    sequence_encode_fields(writer, &view->sequence, &view->counts, with_messages);
    if (!with_messages) {
        json_field_int64(writer, "total_days", view->total_days);
        json_field_int64(writer, "message_count", view->message_count);
    }
    encode_funnel(writer, "totals", &view->totals);
    json_field_time_or_null(writer, "last_activity_at", view->last_activity_at_ms);
    json_object_end(writer);
}

void encode_action_fields(struct json_writer *writer, const char *action, bool dry_run,
                          const struct action_result *result)
{
    char date[INSTANT_TEXT_MAX];
    json_field_bool(writer, "dry_run", dry_run);
    json_field_chars(writer, "action", action);
    json_field_int64(writer, "matched", result->matched);
    json_field_int64(writer, "changed", result->changed);
    json_key(writer, "skipped");
    json_array_begin(writer);
    for (size_t i = 0; i < result->skipped_count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "reason", result->skipped[i].reason);
        json_field_int64(writer, "count", result->skipped[i].count);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_field_int64(writer, "messages_cancelled", result->messages_cancelled);
    json_key(writer, "per_day");
    json_array_begin(writer);
    for (size_t i = 0; i < result->day_count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "date", civil_format(civil_from_days(result->days[i].day), date));
        json_field_int64(writer, "count", result->days[i].count);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_field_id_or_null(writer, "batch_id", ID_BATCH, result->batch_id);
}

static void encode_queue_channel(struct json_writer *writer, const struct queue_channel *channel)
{
    json_object_begin(writer);
    json_field_id(writer, "channel_id", ID_CHANNEL, channel->id);
    json_field_text(writer, "name", channel->name);
    json_field_chars(writer, "state", channel->state);
    json_field_int64(writer, "pending", channel->pending);
    json_field_double(writer, "rate_per_second", channel->rate_per_second);
    json_field_double(writer, "rate_limit_per_second", channel->rate_limit_per_second);
    json_key(writer, "daily_limit");
    if (channel->daily_limit == 0) {
        json_put_null(writer);
    } else {
        json_put_int64(writer, channel->daily_limit);
    }
    json_field_int64(writer, "daily_people", channel->daily_people);
    json_field_time_or_null(writer, "daily_free_at", channel->daily_free_at_ms);
    json_object_end(writer);
}

void encode_queue_stats(struct json_writer *writer, int64_t now_ms, const struct queue_stats *stats)
{
    json_object_begin(writer);
    json_field_time(writer, "at", now_ms);
    json_field_int64(writer, "pending", stats->pending);
    json_field_int64(writer, "sending", stats->sending);
    json_field_int64(writer, "in_doubt", stats->in_doubt);
    json_field_int64(writer, "held", stats->held);
    json_field_int64(writer, "due", stats->due);
    json_field_time_or_null(writer, "oldest_due_at", stats->oldest_due_at_ms);
    json_field_time_or_null(writer, "next_at", stats->next_at_ms);
    json_field_double(writer, "rate_per_second", stats->rate_per_second);
    json_field_double(writer, "rate_limit_per_second", stats->rate_limit_per_second);
    json_field_chars(writer, "state", stats->state);
    json_field_chars(writer, "state_text", stats->state_text);
    json_key(writer, "channels");
    json_array_begin(writer);
    for (size_t i = 0; i < stats->channel_count; i++) {
        encode_queue_channel(writer, &stats->channels[i]);
    }
    json_array_end(writer);
    json_object_end(writer);
}
