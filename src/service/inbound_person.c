/* What people do: write, tap, stop, start, change their number. A message is stored once by the
 * provider's id; everything that follows from it happens only then, so repeats are harmless. */
#include "service/inbound_internal.h"

#include "base/instant.h"
#include "base/json_writer.h"
#include "delivery/progress.h"
#include "domain/consent.h"
#include "domain/phone.h"
#include "domain/sequence.h"
#include "service/confirm.h"
#include "service/help.h"
#include "service/settings.h"
#include "service/suppress.h"
#include "store/counters.h"
#include "store/store_contact.h"
#include "store/store_event.h"
#include "store/store_inbound.h"
#include "store/store_message.h"
#include "store/store_people.h"

enum { STORED_TEXT_MAX = 4096, TYPE_MAX = 40, EVENT_DATA_MAX = 512 };

/* Who a webhook means: WhatsApp's digits, our spelling of the number, and the row if there is one.
 */
struct who {
    int64_t wa_id;
    int64_t phone;
    bool found;
    struct store_inbound_person person;
};

static int64_t canonical(struct text digits, int64_t *ret_wa_id)
{
    struct phone phone;
    int64_t number = 0;
    *ret_wa_id = 0;
    if (!text_to_int64(digits, &number) || number <= 0) {
        return 0;
    }
    *ret_wa_id = number;
    return phone_from_digits(number, &phone) ? phone.digits : number;
}

static enum error_code find_who(const struct inbound *inbound, const struct provider_event *event,
                                struct who *who, struct error *error)
{
    *who = (struct who){0};
    who->phone = canonical(event->phone, &who->wa_id);
    return store_inbound_find_person(inbound->work, event->user_id, who->wa_id, who->phone,
                                     &who->person, &who->found, error);
}

/* WhatsApp's own ids are kept where they tell something new. */
static enum error_code learn_ids(const struct inbound *inbound, const struct provider_event *event,
                                 const struct who *who, struct error *error)
{
    bool new_wa_id =
        who->wa_id != 0 && who->wa_id != who->person.phone && who->wa_id != who->person.wa_id;
    bool new_user_id = event->user_id.size > 0 && !text_equal(event->user_id, who->person.user_id);
    if (!who->found || (!new_wa_id && !new_user_id)) {
        return OK;
    }
    return store_inbound_learn_ids(inbound->work, who->person.contact_id,
                                   new_wa_id ? who->wa_id : 0,
                                   new_user_id ? event->user_id : (struct text){0}, error);
}

static enum consent_word word_of(const struct provider_event *event,
                                 const struct settings *settings)
{
    const struct consent_words words = {
        .stop = settings->stop_words,
        .stop_count = settings->stop_word_count,
        .start = settings->start_words,
        .start_count = settings->start_word_count,
    };
    switch (event->inbound_type) {
    case PROVIDER_INBOUND_TEXT:
        return consent_of_text(event->body, &words);
    case PROVIDER_INBOUND_BUTTON:
    case PROVIDER_INBOUND_INTERACTIVE:
        return consent_of_button(event->payload, event->body, &words);
    case PROVIDER_INBOUND_REACTION:
    case PROVIDER_INBOUND_MEDIA:
    case PROVIDER_INBOUND_OTHER:
        return CONSENT_NONE;
    }
    return CONSENT_NONE;
}

/* `who` may name nobody yet: a STOP of an unknown number is remembered all the same. */
static enum error_code say(const struct inbound *inbound, struct who *who, int64_t channel_id,
                           enum suppression_kind kind, bool stop, const char *source,
                           struct text reason, int64_t at_ms, struct error *error)
{
    struct suppress_result result = {0};
    int64_t phone = who->found && who->person.phone != 0 ? who->person.phone : who->phone;
    struct suppress_word word = {
        .phone = phone,
        .contact_id = who->found ? who->person.contact_id : 0,
        .channel_id = channel_id,
        .kind = kind,
        .stop = stop,
        .at_ms = at_ms,
        .source = text_from(source),
        .reason = reason,
    };
    if (word.phone == 0 && word.contact_id == 0) {
        return OK;
    }
    enum error_code code = suppress_apply(inbound->work, inbound->service, &word, &result, error);
    if (code == OK && !who->found && result.contact_id != 0) {
        who->found = true;
        who->person =
            (struct store_inbound_person){.contact_id = result.contact_id, .phone = who->phone};
    }
    return code;
}

/* Somebody unknown asks for help: the answer needs a contact. */
static enum error_code meet(const struct inbound *inbound, struct who *who, struct error *error)
{
    struct store_contact contact = {.phone = who->phone};
    if (who->phone == 0) {
        return OK;
    }
    enum error_code code = store_contact_insert(inbound->work, &contact, error);
    if (code == OK) {
        who->found = true;
        who->person = (struct store_inbound_person){.contact_id = contact.id, .phone = who->phone};
    }
    return code;
}

/* The message that was answered counts one reply of its person. */
static enum error_code count_reply(const struct inbound *inbound,
                                   const struct provider_event *event,
                                   const struct store_channel *channel, int64_t contact_id,
                                   int64_t inbound_id, int64_t *ret_enrollment_id,
                                   struct error *error)
{
    struct store_inbound_origin origin = {0};
    bool found = false;
    bool is_new = false;
    int64_t message_id = 0;
    int64_t attempt = 0;
    int64_t at_ms = inbound_time_ms(inbound, event);
    enum error_code code = OK;
    *ret_enrollment_id = 0;
    if (event->context_id.size > 0) {
        code = store_provider_id_find(inbound->work, event->context_id, &message_id, &attempt,
                                      &found, error);
        message_id = found ? message_id : 0;
    }
    if (code == OK) {
        code = store_inbound_origin(inbound->work, contact_id, channel->id, message_id, at_ms,
                                    &origin, &found, error);
    }
    if (code != OK || !found) {
        return code;
    }
    *ret_enrollment_id = origin.enrollment_id;
    code = store_inbound_mark(inbound->work, origin.message_id, INBOUND_REPLIED, at_ms, &is_new,
                              error);
    if (code == OK && is_new) {
        const struct counter_place place = {.sequence_id = origin.sequence_id,
                                            .step_id = origin.step_id,
                                            .enrolled_at_ms = origin.enrolled_at_ms};
        counters_add(inbound->work, &place, OUTCOME_REPLIED, 0, 1);
        counters_add_time(inbound->work, origin.sequence_id, OUTCOME_REPLIED, 1);
    }
    return code == OK ? store_inbound_set_enrollment(inbound->work, inbound_id,
                                                     origin.enrollment_id, error)
                      : code;
}

/* Sequences that pause or stop for whoever replies. */
static enum error_code react(const struct inbound *inbound, int64_t contact_id, struct error *error)
{
    struct store_inbound_reaction *rows = NULL;
    size_t count = 0;
    struct progress progress;
    progress_init(&progress, inbound->work);
    enum error_code code = store_inbound_reactions(inbound->work, contact_id, &rows, &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        bool active = rows[i].status == ENROLLMENT_ACTIVE;
        if (rows[i].on_reply == ON_REPLY_STOP) {
            code = progress_end(&progress, rows[i].enrollment_id, ENROLLMENT_STOPPED,
                                REASON_REPLIED, TEXT("replied"), error);
        } else if (rows[i].on_reply == ON_REPLY_PAUSE && active) {
            code = progress_pause(&progress, rows[i].enrollment_id, TEXT("replied"), false, error);
        }
    }
    if (code == OK && count > 0) {
        inbound->work->wakes |= WORK_WAKE_DELIVERY;
    }
    return code;
}

/* At most `most` bytes, not cut inside a character. */
static struct text cut(struct text text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    while (size < text.size && size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return text_head(text, size);
}

static enum error_code tell(const struct inbound *inbound, const struct store_channel *channel,
                            const struct provider_event *event, int64_t contact_id,
                            int64_t enrollment_id, int64_t inbound_id, enum consent_word word,
                            struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer data;
    struct json_writer writer;
    buffer_init(&data, EVENT_DATA_MAX);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_field_text(&writer, "type", cut(event->type_name, TYPE_MAX));
    json_field_int64(&writer, "inbound_id", inbound_id);
    if (word != CONSENT_NONE) {
        json_field_chars(&writer, "word", consent_word_to_text(word));
    }
    json_object_end(&writer);
    struct store_event row = {
        .type = TEXT("message.received"),
        .contact_id = contact_id,
        .enrollment_id = enrollment_id,
        .channel_id = channel->id,
        .data = buffer_text(&data),
    };
    return store_event_add(inbound->work, &row, error);
}

/* What follows from a message that is new to us and whose writer we know. */
static enum error_code follow(const struct inbound *inbound, const struct store_channel *channel,
                              const struct provider_event *event, const struct who *who,
                              int64_t inbound_id, enum consent_word word, struct error *error)
{
    int64_t contact_id = who->person.contact_id;
    int64_t enrollment_id = 0;
    bool is_reply = word != CONSENT_STOP && event->inbound_type != PROVIDER_INBOUND_REACTION;
    enum error_code code = store_inbound_window(inbound->work, contact_id, channel->id,
                                                inbound_time_ms(inbound, event), error);
    if (code == OK && inbound_time_ms(inbound, event) + MS_PER_DAY > inbound->work->now_ms) {
        code = store_people_wake(inbound->work, channel->id, contact_id, error);
    }
    if (code == OK && is_reply) {
        code = count_reply(inbound, event, channel, contact_id, inbound_id, &enrollment_id, error);
    }
    if (code == OK && is_reply) {
        code = react(inbound, contact_id, error);
    }
    return code == OK
               ? tell(inbound, channel, event, contact_id, enrollment_id, inbound_id, word, error)
               : code;
}

/* A message with the code of a form that awaits it. A repeat finds nobody who waits. */
static enum error_code confirm(const struct inbound *inbound, const struct provider_event *event,
                               struct who *who, struct error *error)
{
    int64_t contact_id = 0;
    if (event->inbound_type != PROVIDER_INBOUND_TEXT || who->phone == 0) {
        return OK;
    }
    enum error_code code = confirm_message(inbound->work, inbound->service, who->phone, event->body,
                                           &contact_id, error);
    if (code == OK && contact_id != 0 && !who->found) {
        who->found = true;
        who->person = (struct store_inbound_person){.contact_id = contact_id, .phone = who->phone};
    }
    return code;
}

enum error_code inbound_message(const struct inbound *inbound, const struct store_channel *channel,
                                const struct provider_event *event, struct error *error)
{
    struct who who;
    int64_t inbound_id = 0;
    bool is_new = false;
    struct settings settings = {0};
    enum consent_word word = CONSENT_NONE;
    int64_t at_ms = inbound_time_ms(inbound, event);
    enum error_code code = settings_read(inbound->work, &settings, error);
    if (code == OK) {
        word = word_of(event, &settings);
        code = find_who(inbound, event, &who, error);
    }
    if (code == OK) {
        code = learn_ids(inbound, event, &who, error);
    }
    if (code == OK && (word == CONSENT_STOP || word == CONSENT_START)) {
        /* Ordered by the person's own time inside, so that a repeat changes nothing. */
        code = say(inbound, &who, channel->id, SUPPRESSION_ALL, word == CONSENT_STOP,
                   event->inbound_type == PROVIDER_INBOUND_TEXT ? "stop_word" : "button",
                   event->body, at_ms, error);
    }
    if (code == OK && word == CONSENT_HELP && settings.help_text.size > 0 && !who.found) {
        code = meet(inbound, &who, error);
    }
    if (code == OK) {
        code = confirm(inbound, event, &who, error);
    }
    struct store_inbound row = {
        .provider_id = event->provider_id,
        .channel_id = channel->id,
        .contact_id = who.found ? who.person.contact_id : 0,
        .at_ms = at_ms,
        .type = cut(event->type_name, TYPE_MAX),
        .text = cut(event->body, STORED_TEXT_MAX),
    };
    if (code == OK) {
        code = store_inbound_add(inbound->work, &row, &inbound_id, &is_new, error);
    }
    if (code != OK || !is_new || !who.found) {
        return code;
    }
    code = follow(inbound, channel, event, &who, inbound_id, word, error);
    if (code == OK && word == CONSENT_HELP && settings.help_text.size > 0) {
        code = help_answer(inbound->work, who.person.contact_id, channel->id, settings.help_text,
                           error);
    }
    return code;
}

enum error_code inbound_preference(const struct inbound *inbound,
                                   const struct provider_event *event, struct error *error)
{
    struct who who;
    enum error_code code = find_who(inbound, event, &who, error);
    if (code == OK) {
        code = learn_ids(inbound, event, &who, error);
    }
    if (code == OK) {
        code = say(inbound, &who, 0, SUPPRESSION_MARKETING, event->marketing_stopped,
                   "user_preferences", event->description, inbound_time_ms(inbound, event), error);
    }
    return code;
}

enum error_code inbound_marketing_stop(const struct inbound *inbound,
                                       const struct provider_event *event, struct error *error)
{
    struct who who;
    enum error_code code = find_who(inbound, event, &who, error);
    return code == OK ? say(inbound, &who, 0, SUPPRESSION_MARKETING, true, "provider",
                            event->failure.title, inbound_time_ms(inbound, event), error)
                      : code;
}

static enum error_code tell_contact(const struct inbound *inbound, int64_t contact_id,
                                    struct error *error)
{
    struct store_event event = {.type = TEXT("contact.updated"), .contact_id = contact_id};
    return store_event_add(inbound->work, &event, error);
}

/* The new number may have a row already, of somebody enrolled under it: both stay, and what held
 * for the old number holds for the new one. */
static enum error_code change_phone(const struct inbound *inbound, const struct who *who,
                                    int64_t new_phone, struct error *error)
{
    int64_t other_id = 0;
    int64_t old_phone = who->found && who->person.phone != 0 ? who->person.phone : who->phone;
    enum error_code code = OK;
    if (old_phone == new_phone) {
        return OK;
    }
    if (who->found) {
        code = store_inbound_change_phone(inbound->work, who->person.contact_id, new_phone,
                                          &other_id, error);
    }
    if (code == OK && old_phone != 0) {
        int64_t contact_id = other_id != 0 ? other_id : (who->found ? who->person.contact_id : 0);
        code = suppress_carry_over(inbound->work, inbound->service, old_phone, new_phone,
                                   contact_id, error);
    }
    return code;
}

enum error_code inbound_identity(const struct inbound *inbound, const struct provider_event *event,
                                 struct error *error)
{
    struct who who;
    int64_t new_wa_id = 0;
    int64_t new_phone = canonical(event->new_phone, &new_wa_id);
    enum error_code code = find_who(inbound, event, &who, error);
    if (code == OK && new_phone != 0) {
        code = change_phone(inbound, &who, new_phone, error);
    }
    if (code == OK && who.found && (event->new_user_id.size > 0 || new_wa_id != 0)) {
        code = store_inbound_learn_ids(inbound->work, who.person.contact_id,
                                       new_wa_id != new_phone ? new_wa_id : 0, event->new_user_id,
                                       error);
    }
    return code == OK && who.found ? tell_contact(inbound, who.person.contact_id, error) : code;
}
