/* Reading the event log, and its shape on the wire. */
#include "service/events.h"

enum error_code events_read(struct work *work, int64_t after_id, size_t limit,
                            struct store_event **ret_events, size_t *ret_count, struct error *error)
{
    return store_event_list(work, after_id, limit, ret_events, ret_count, error);
}

enum error_code events_newest(struct work *work, int64_t *ret_id, struct error *error)
{
    return store_event_newest(work, ret_id, error);
}

enum error_code events_are_gone(struct work *work, int64_t after_id, bool *ret_gone,
                                struct error *error)
{
    int64_t oldest = 0;
    enum error_code code = store_event_oldest(work, &oldest, error);
    *ret_gone = oldest > after_id + 1; /* ids follow each other */
    return code;
}

void events_encode(struct json_writer *writer, const struct store_event *event)
{
    json_object_begin(writer);
    json_field_id(writer, "id", ID_EVENT, event->id);
    json_field_text(writer, "type", event->type);
    json_field_time(writer, "at", event->at_ms);
    if (event->sequence_id != 0) {
        json_field_id(writer, "sequence_id", ID_SEQUENCE, event->sequence_id);
    }
    if (event->enrollment_id != 0) {
        json_field_id(writer, "enrollment_id", ID_ENROLLMENT, event->enrollment_id);
    }
    if (event->message_id != 0) {
        json_field_id(writer, "message_id", ID_MESSAGE, event->message_id);
    }
    if (event->batch_id != 0) {
        json_field_id(writer, "batch_id", ID_BATCH, event->batch_id);
    }
    if (event->channel_id != 0) {
        json_field_id(writer, "channel_id", ID_CHANNEL, event->channel_id);
    }
    if (event->data.size > 0) {
        json_field_raw(writer, "data", event->data);
    }
    json_object_end(writer);
}
