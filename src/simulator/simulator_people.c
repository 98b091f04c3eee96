/* What simulated people do: write, tap, react, change their number, stop marketing. Each becomes a
 * webhook like the real ones. */
#include "simulator/simulator_internal.h"

#include "base/instant.h"

#include <stdio.h>

static void field_seconds(struct json_writer *writer, const char *name, int64_t ms)
{
    char number[32];
    (void)snprintf(number, sizeof(number), "%lld", (long long)(ms / MS_PER_SECOND));
    json_field_chars(writer, name, number);
}

static void field_phone(struct json_writer *writer, const char *name, int64_t phone)
{
    char number[32];
    (void)snprintf(number, sizeof(number), "%lld", (long long)phone);
    json_field_chars(writer, name, number);
}

static void field_user_id(struct json_writer *writer, const char *name, int64_t phone)
{
    char number[32];
    (void)snprintf(number, sizeof(number), "US.%lld", (long long)phone);
    json_field_chars(writer, name, number);
}

static void value_begin(struct json_writer *writer, struct buffer *buffer,
                        const struct number *number)
{
    buffer_init(buffer, SIMULATOR_BODY_MAX);
    json_writer_init_ascii(writer, buffer);
    json_object_begin(writer);
    json_field_chars(writer, "messaging_product", "whatsapp");
    json_key(writer, "metadata");
    json_object_begin(writer);
    json_field_chars(writer, "display_phone_number", number->phone);
    json_field_chars(writer, "phone_number_id", number->id);
    json_object_end(writer);
}

static void write_contacts(struct json_writer *writer, const struct person *person,
                           struct text name)
{
    json_key(writer, "contacts");
    json_array_begin(writer);
    json_object_begin(writer);
    json_key(writer, "profile");
    json_object_begin(writer);
    json_field_text(writer, "name", name.size > 0 ? name : TEXT("Simulated Person"));
    json_object_end(writer);
    if (person->hidden_phone) {
        field_user_id(writer, "user_id", person->phone);
    } else {
        field_phone(writer, "wa_id", person->phone);
    }
    json_object_end(writer);
    json_array_end(writer);
}

static void write_content(struct json_writer *writer, const struct inbound *inbound)
{
    struct text type = text_from(inbound->type);
    json_key(writer, inbound->type);
    json_object_begin(writer);
    if (text_equal(type, TEXT("text"))) {
        json_field_text(writer, "body", inbound->text);
    } else if (text_equal(type, TEXT("button"))) {
        json_field_text(writer, "payload",
                        inbound->payload.size > 0 ? inbound->payload : inbound->text);
        json_field_text(writer, "text", inbound->text);
    } else if (text_equal(type, TEXT("interactive"))) {
        json_field_chars(writer, "type", "button_reply");
        json_key(writer, "button_reply");
        json_object_begin(writer);
        json_field_text(writer, "id", inbound->payload);
        json_field_text(writer, "title", inbound->text);
        json_object_end(writer);
    } else if (text_equal(type, TEXT("reaction"))) {
        json_field_text(writer, "emoji", inbound->text);
    } else {
        json_field_chars(writer, "id", "800000000000001");
        json_field_chars(writer, "mime_type", "image/jpeg");
        json_field_text(writer, "caption", inbound->text);
    }
    json_object_end(writer);
}

void people_write(struct simulator *simulator, struct person *person, struct number *number,
                  const struct inbound *inbound, int64_t delay_ms, char ret_id[SIMULATOR_ID_MAX])
{
    struct buffer buffer;
    struct json_writer writer;
    char context_id[SIMULATOR_ID_MAX];
    int64_t at_ms = simulator->now_ms + delay_ms;
    world_message_id(person->phone, ++simulator->world.message_number, true, ret_id);
    value_begin(&writer, &buffer, number);
    write_contacts(&writer, person, inbound->name);
    json_key(&writer, "messages");
    json_array_begin(&writer);
    json_object_begin(&writer);
    if (inbound->with_context && person->last_sent > 0) {
        world_message_id(person->phone, person->last_sent, false, context_id);
        json_key(&writer, "context");
        json_object_begin(&writer);
        json_field_chars(&writer, "from", number->phone);
        json_field_chars(&writer, "id", context_id);
        json_object_end(&writer);
    }
    if (person->hidden_phone) {
        field_user_id(&writer, "from_user_id", person->phone);
    } else {
        field_phone(&writer, "from", person->phone);
    }
    json_field_chars(&writer, "id", ret_id);
    field_seconds(&writer, "timestamp", at_ms);
    json_field_chars(&writer, "type", inbound->type);
    write_content(&writer, inbound);
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    world_person(&simulator->world, person->phone)->last_inbound_ms = at_ms;
    world_remember(&simulator->world, at_ms, person->phone, true, true, ret_id,
                   text_from(inbound->type), inbound->text, (struct text){0});
    webhooks_plan_value(simulator, number, "messages", buffer_take(&buffer), delay_ms);
}

void people_preference(struct simulator *simulator, struct person *person, struct number *number,
                       bool stop)
{
    struct buffer buffer;
    struct json_writer writer;
    person->no_marketing = stop;
    value_begin(&writer, &buffer, number);
    json_key(&writer, "user_preferences");
    json_array_begin(&writer);
    json_object_begin(&writer);
    field_phone(&writer, "wa_id", person->phone);
    json_field_chars(&writer, "detail",
                     stop ? "User requested to stop marketing messages"
                          : "User requested to resume marketing messages");
    json_field_chars(&writer, "category", "marketing_messages");
    json_field_chars(&writer, "value", stop ? "stop" : "resume");
    json_field_int64(&writer, "timestamp", simulator->now_ms / MS_PER_SECOND);
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    webhooks_plan_value(simulator, number, "user_preferences", buffer_take(&buffer), 0);
}

void people_change_number(struct simulator *simulator, struct person *person, struct number *number,
                          int64_t new_phone)
{
    struct buffer buffer;
    struct json_writer writer;
    char id[SIMULATOR_ID_MAX];
    int64_t old_phone = person->phone;
    world_message_id(old_phone, ++simulator->world.message_number, true, id);
    value_begin(&writer, &buffer, number);
    json_key(&writer, "messages");
    json_array_begin(&writer);
    json_object_begin(&writer);
    field_phone(&writer, "from", old_phone);
    json_field_chars(&writer, "id", id);
    field_seconds(&writer, "timestamp", simulator->now_ms);
    json_field_chars(&writer, "type", "system");
    json_key(&writer, "system");
    json_object_begin(&writer);
    json_field_chars(&writer, "body", "User changed their number");
    field_phone(&writer, "wa_id", new_phone);
    json_field_chars(&writer, "type", "user_changed_number");
    json_object_end(&writer);
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    person->off_whatsapp = true;
    (void)world_person(&simulator->world, new_phone);
    webhooks_plan_value(simulator, number, "messages", buffer_take(&buffer), 0);
}
