/* The part of webhooks that is about people: statuses of our messages, what people write, and
 * their marketing preference. People may come with a phone, with a business-scoped user id, or
 * both; an empty text counts as absent. */
#include "provider/provider_cloud_webhook.h"

static struct text not_empty(struct text text)
{
    return text.size > 0 ? text : (struct text){0};
}

static bool is_digits(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size > 0;
}

/* Some early senders put the user id where the phone belongs. */
static void set_person(struct provider_event *event, struct text phone, struct text user_id)
{
    if (text_starts_with(phone, TEXT("+"))) {
        phone = text_skip(phone, 1);
    }
    if (phone.size > 0 && !is_digits(phone)) {
        user_id = user_id.size > 0 ? user_id : phone;
        phone = (struct text){0};
    }
    event->phone = not_empty(phone);
    event->user_id = not_empty(user_id);
}

/* The entry of contacts[] about this person; a single entry without ids is taken as theirs. */
static const struct json *find_contact(const struct json *value, struct text phone,
                                       struct text user_id)
{
    const struct json *contacts = json_get(value, "contacts");
    size_t count = json_count(contacts);
    for (size_t i = 0; i < count; i++) {
        const struct json *contact = json_at(contacts, i);
        struct text wa_id = json_get_text(contact, "wa_id");
        struct text contact_user_id = json_get_text(contact, "user_id");
        if ((phone.size > 0 && text_equal(wa_id, phone)) ||
            (user_id.size > 0 && text_equal(contact_user_id, user_id))) {
            return contact;
        }
    }
    return count == 1 ? json_at(contacts, 0) : NULL;
}

static void add_contact(struct provider_event *event, const struct json *value)
{
    const struct json *contact = find_contact(value, event->phone, event->user_id);
    if (contact == NULL) {
        return;
    }
    struct text wa_id = json_get_text(contact, "wa_id");
    struct text user_id = json_get_text(contact, "user_id");
    event->name = not_empty(json_get_text(json_get(contact, "profile"), "name"));
    bool same_phone = event->phone.size == 0 || wa_id.size == 0 || text_equal(event->phone, wa_id);
    if (event->user_id.size == 0 && same_phone) {
        event->user_id = not_empty(user_id);
    }
    if (event->phone.size == 0 && is_digits(wa_id) && text_equal(event->user_id, user_id)) {
        event->phone = wa_id;
    }
}

static bool read_status_word(struct text word, enum provider_status *ret_status)
{
    static const struct {
        struct text word;
        enum provider_status status;
    } WORDS[] = {
        {TEXT_INIT("sent"), PROVIDER_STATUS_SENT},
        {TEXT_INIT("delivered"), PROVIDER_STATUS_DELIVERED},
        {TEXT_INIT("read"), PROVIDER_STATUS_READ},
        {TEXT_INIT("played"), PROVIDER_STATUS_READ}, /* a voice note was listened to */
        {TEXT_INIT("failed"), PROVIDER_STATUS_FAILED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
        if (text_equal(word, WORDS[i].word)) {
            *ret_status = WORDS[i].status;
            return true;
        }
    }
    return false;
}

static void read_status(struct webhook_list *list, const struct json *value,
                        const struct json *json)
{
    enum provider_status status = PROVIDER_STATUS_SENT;
    struct text word = json_get_text(json, "status");
    struct text id = json_get_text(json, "id");
    struct text token = json_get_text(json, "biz_opaque_callback_data");
    bool known = read_status_word(word, &status) && (id.size > 0 || token.size > 0);
    struct provider_event *event =
        webhook_add(list, known ? PROVIDER_EVENT_STATUS : PROVIDER_EVENT_IGNORED);
    event->provider_id = id;
    event->token = not_empty(token);
    event->status = status;
    event->type_name = word;
    event->at_ms = webhook_time_ms(json_get(json, "timestamp"));
    event->digest = webhook_digest("status", id.size > 0 ? id : token, word,
                                   json_get_text(json, "recipient_participant_id"));
    set_person(event, cloud_text(json, "recipient_id", list->arena),
               json_get_text(json, "recipient_user_id"));
    add_contact(event, value);
    const struct json *pricing = json_get(json, "pricing");
    event->pricing_category = json_get_text(pricing, "category");
    event->pricing_type = json_get_text(pricing, "type");
    (void)json_bool(json_get(pricing, "billable"), &event->billable);
    if (status == PROVIDER_STATUS_FAILED) {
        cloud_failure_read(json_get_path(json, "errors.0"), list->arena, &event->failure);
    }
}

struct inbound_shape {
    struct text type;
    enum provider_inbound_type inbound_type;
    const char *body_path;
    const char *payload_path;
};
static const struct inbound_shape INBOUND_SHAPES[] = {
    {TEXT_INIT("text"), PROVIDER_INBOUND_TEXT, "text.body", NULL},
    {TEXT_INIT("button"), PROVIDER_INBOUND_BUTTON, "button.text", "button.payload"},
    {TEXT_INIT("reaction"), PROVIDER_INBOUND_REACTION, "reaction.emoji", NULL},
    {TEXT_INIT("image"), PROVIDER_INBOUND_MEDIA, "image.caption", "image.id"},
    {TEXT_INIT("video"), PROVIDER_INBOUND_MEDIA, "video.caption", "video.id"},
    {TEXT_INIT("document"), PROVIDER_INBOUND_MEDIA, "document.caption", "document.id"},
    {TEXT_INIT("audio"), PROVIDER_INBOUND_MEDIA, NULL, "audio.id"},
    {TEXT_INIT("sticker"), PROVIDER_INBOUND_MEDIA, NULL, "sticker.id"},
    {TEXT_INIT("edit"), PROVIDER_INBOUND_OTHER, "edit.message.text.body", NULL},
};

static struct text path_text(const struct json *json, const char *path)
{
    struct text text = {0};
    if (path != NULL) {
        (void)json_text(json_get_path(json, path), &text);
    }
    return not_empty(text);
}

static void read_interactive(const struct json *interactive, struct provider_event *event)
{
    static const char *const KINDS[] = {"button_reply", "list_reply"};
    event->inbound_type = PROVIDER_INBOUND_INTERACTIVE;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        const struct json *reply = json_get(interactive, KINDS[i]);
        if (reply != NULL) {
            event->body = json_get_text(reply, "title");
            event->payload = json_get_text(reply, "id");
            return;
        }
    }
    event->body = json_get_text(json_get(interactive, "nfm_reply"), "body");
}

static void read_content(const struct json *json, struct provider_event *event)
{
    event->inbound_type = PROVIDER_INBOUND_OTHER;
    if (text_equal(event->type_name, TEXT("interactive"))) {
        read_interactive(json_get(json, "interactive"), event);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(INBOUND_SHAPES); i++) {
        if (text_equal(event->type_name, INBOUND_SHAPES[i].type)) {
            event->inbound_type = INBOUND_SHAPES[i].inbound_type;
            event->body = path_text(json, INBOUND_SHAPES[i].body_path);
            event->payload = path_text(json, INBOUND_SHAPES[i].payload_path);
            return;
        }
    }
}

/* A person's number or user id changed; `from` is the old one. Other notices are of no use. */
static void read_system(const struct json *json, struct provider_event *event)
{
    const struct json *system = json_get(json, "system");
    struct text type = json_get_text(system, "type");
    struct text new_phone = json_get_text(system, "wa_id");
    event->type_name = type;
    if (new_phone.size == 0) {
        new_phone = json_get_text(system, "new_wa_id");
    }
    struct text new_user_id = json_get_text(system, "user_id");
    if (text_equal(type, TEXT("user_changed_number")) && is_digits(new_phone)) {
        event->kind = PROVIDER_EVENT_IDENTITY_CHANGED;
        event->new_phone = new_phone;
        event->new_user_id = not_empty(new_user_id);
    } else if (text_equal(type, TEXT("user_changed_user_id")) && new_user_id.size > 0) {
        event->kind = PROVIDER_EVENT_IDENTITY_CHANGED;
        event->new_user_id = new_user_id;
        event->new_phone = is_digits(new_phone) ? new_phone : (struct text){0};
    } else {
        event->kind = PROVIDER_EVENT_IGNORED;
    }
}

static void read_inbound(struct webhook_list *list, const struct json *value,
                         const struct json *json)
{
    struct text id = json_get_text(json, "id");
    struct provider_event *event = webhook_add(list, PROVIDER_EVENT_INBOUND);
    event->provider_id = id;
    event->type_name = json_get_text(json, "type");
    event->at_ms = webhook_time_ms(json_get(json, "timestamp"));
    event->digest = webhook_digest("inbound", id, (struct text){0}, (struct text){0});
    set_person(event, cloud_text(json, "from", list->arena), json_get_text(json, "from_user_id"));
    if (text_equal(event->type_name, TEXT("system"))) {
        read_system(json, event);
        return;
    }
    add_contact(event, value);
    bool nobody = event->phone.size == 0 && event->user_id.size == 0;
    if (id.size == 0 || nobody || json_get(json, "group_id") != NULL) {
        event->kind = PROVIDER_EVENT_IGNORED;
        return;
    }
    event->context_id = not_empty(json_get_text(json_get(json, "context"), "id"));
    event->from_advertisement = json_get(json, "referral") != NULL;
    read_content(json, event);
}

void webhook_read_messages(struct webhook_list *list, const struct json *value)
{
    const struct json *statuses = json_get(value, "statuses");
    for (size_t i = 0; i < json_count(statuses); i++) {
        read_status(list, value, json_at(statuses, i));
    }
    const struct json *messages = json_get(value, "messages");
    for (size_t i = 0; i < json_count(messages); i++) {
        read_inbound(list, value, json_at(messages, i));
    }
    const struct json *errors = json_get(value, "errors");
    for (size_t i = 0; i < json_count(errors); i++) {
        struct provider_event *event = webhook_add(list, PROVIDER_EVENT_ERROR);
        cloud_failure_read(json_at(errors, i), list->arena, &event->failure);
        event->digest = webhook_digest_json(list, TEXT("errors"), json_at(errors, i));
    }
}

void webhook_read_preferences(struct webhook_list *list, const struct json *value)
{
    const struct json *preferences = json_get(value, "user_preferences");
    for (size_t i = 0; i < json_count(preferences); i++) {
        const struct json *json = json_at(preferences, i);
        struct text wanted = json_get_text(json, "value");
        bool stop = text_equal(wanted, TEXT("stop"));
        bool known = (stop || text_equal(wanted, TEXT("resume"))) &&
                     text_equal(json_get_text(json, "category"), TEXT("marketing_messages"));
        struct provider_event *event =
            webhook_add(list, known ? PROVIDER_EVENT_PREFERENCE : PROVIDER_EVENT_IGNORED);
        event->marketing_stopped = stop;
        event->type_name = wanted;
        event->description = json_get_text(json, "detail");
        event->at_ms = webhook_time_ms(json_get(json, "timestamp"));
        set_person(event, cloud_text(json, "wa_id", list->arena), json_get_text(json, "user_id"));
        add_contact(event, value);
        event->digest = webhook_digest_json(list, TEXT("user_preferences"), json);
    }
}
