/* Double opt-in by a message of the person's own: see confirm.h. */
#include "service/confirm.h"

#include "base/instant.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "domain/sequence.h"
#include "service/enroll.h"
#include "service/import_document.h"
#include "store/store_channel.h"
#include "store/store_contact.h"
#include "store/store_sequence.h"
#include "store/store_unconfirmed.h"

enum { CODE_LETTERS = 6, PERSON_JSON_MAX = 64 * 1024, URL_MAX = 4096 };

const char *confirm_code(struct text form_token, char out[CONFIRM_CODE_MAX])
{
    CHECK(form_token.size >= CODE_LETTERS);
    out[0] = '#';
    for (size_t i = 0; i < CODE_LETTERS; i++) {
        char byte = form_token.data[i];
        out[1 + i] = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
    }
    out[1 + CODE_LETTERS] = '\0';
    return out;
}

/* ---- what is asked ---- */

/* The digits of the number that the sequence writes from, or nothing. */
static enum error_code find_number(struct work *work, int64_t channel_id, struct text *ret_phone,
                                   struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    *ret_phone = (struct text){0};
    for (size_t i = 0; code == OK && i < count; i++) {
        if (channel_id == 0 ? channels[i].is_default : channels[i].id == channel_id) {
            *ret_phone = channels[i].phone;
        }
    }
    return code;
}

static void add_encoded(struct buffer *url, struct text text)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9');
        const char escaped[3] = {'%', HEX[byte >> 4], HEX[byte & 15]};
        buffer_add_text(url, plain ? text_make(text.data + i, 1) : text_make(escaped, 3));
    }
}

enum error_code confirm_way(struct work *work, const struct store_form *form,
                            struct confirm_way *ret_way, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer url;
    struct sequence sequence = {0};
    struct text phone = {0};
    char code_text[CONFIRM_CODE_MAX];
    bool found = false;
    buffer_init(&url, URL_MAX);
    enum error_code code = store_sequence_get(work, form->sequence_id, &sequence, &found, error);
    if (code == OK) {
        code = find_number(work, sequence.channel_id, &phone, error);
    }
    if (code != OK) {
        return code;
    }
    struct text title = form->title.size > 0 ? form->title : sequence.name;
    ret_way->message = arena_format(work->arena, "%.*s %s", TEXT_ARGS(title),
                                    confirm_code(form->token, code_text));
    if (phone.size > 0) {
        buffer_add_format(&url, "https://wa.me/%.*s?text=", TEXT_ARGS(phone));
        add_encoded(&url, ret_way->message);
    }
    ret_way->url = arena_text(work->arena, buffer_text(&url));
    return OK;
}

enum error_code confirm_asked(struct work *work, int64_t sequence_id, bool *ret_asked,
                              struct confirm_way *ret_way, struct error *error)
{
    struct store_form form = {0};
    bool found = false;
    enum error_code code = store_form_by_sequence(work, sequence_id, &form, &found, error);
    if (code == OK) {
        *ret_asked = found && form.confirm;
    }
    return code == OK && found && form.confirm ? confirm_way(work, &form, ret_way, error) : code;
}

/* ---- waiting ---- */

static struct text person_json(struct work *work, const struct import_person *person)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, PERSON_JSON_MAX);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_text(&writer, "phone",
                    arena_format(work->arena, "+%lld", (long long)person->phone.digits));
    if (person->name.size > 0) {
        json_field_text(&writer, "name", person->name);
    }
    if (person->timezone.size > 0) {
        json_field_text(&writer, "timezone", person->timezone);
    }
    struct text fields = enroll_fields_json(work->arena, person);
    if (fields.size > 0) {
        json_key(&writer, "custom_fields");
        json_raw(&writer, fields);
    }
    json_object_end(&writer);
    return arena_text(work->arena, buffer_text(&buffer));
}

enum error_code confirm_await(struct work *work, const struct store_form *form,
                              const struct public_enroll *request, struct text consent,
                              struct error *error)
{
    const struct store_unconfirmed row = {
        .form_id = form->id,
        .phone = request->person->phone.digits,
        .person = person_json(work, request->person),
        .consent = consent,
    };
    return store_unconfirmed_put(work, &row, error);
}

/* ---- the message ---- */

static char upper(char byte)
{
    return (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

/* The code may stand anywhere: people add words, and some keyboards change the case. */
static bool holds_code(struct text text, const char *code_text)
{
    struct text code = text_from(code_text);
    for (size_t at = 0; at + code.size <= text.size; at++) {
        size_t same = 0;
        while (same < code.size && upper(text.data[at + same]) == code.data[same]) {
            same++;
        }
        if (same == code.size) {
            return true;
        }
    }
    return false;
}

/* `consent` with the moment of the confirmation as its last member. */
static struct text confirmed_consent(struct work *work, struct text consent)
{
    char at[INSTANT_TEXT_MAX];
    CHECK(text_ends_with(consent, TEXT("}")));
    return arena_format(work->arena, "%.*s,\"confirmed_at\":\"%s\"}", (int)(consent.size - 1),
                        consent.data, instant_format(work->now_ms, at));
}

static enum error_code enroll_confirmed(struct work *work, const struct service *service,
                                        const struct store_unconfirmed *row,
                                        int64_t *ret_contact_id, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct import_person *person = arena_alloc(work->arena, sizeof(*person));
    struct import_refusal refusal = {0};
    enum error_code code = json_parse(row->person, NULL, &json, error);
    if (code == OK &&
        !import_document_person(work->arena, json, (struct text){0}, person, &refusal)) {
        return error_set(error, ERROR_INTERNAL, "a kept person cannot be read: %s",
                         refusal.message);
    }
    return code == OK
               ? public_enroll_now(work, service, row->sequence_id, person, "form",
                                   confirmed_consent(work, row->consent), ret_contact_id, error)
               : code;
}

enum error_code confirm_message(struct work *work, const struct service *service, int64_t phone,
                                struct text text, int64_t *ret_contact_id, struct error *error)
{
    struct store_unconfirmed *rows = NULL;
    size_t count = 0;
    int64_t oldest_ms = work->now_ms - CONFIRM_DAYS * MS_PER_DAY;
    *ret_contact_id = 0;
    enum error_code code = store_unconfirmed_list(work, phone, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        char code_text[CONFIRM_CODE_MAX];
        if (rows[i].created_at_ms < oldest_ms ||
            !holds_code(text, confirm_code(rows[i].form_token, code_text))) {
            continue;
        }
        struct error refused = {0};
        code = enroll_confirmed(work, service, &rows[i], ret_contact_id, &refused);
        if (code == ERROR_NOT_FOUND || code == ERROR_CONFLICT) {
            code = OK; /* the sequence is gone or archived by now: nothing to enroll in */
        } else if (code != OK) {
            *error = refused;
        }
        if (code == OK) {
            code = store_unconfirmed_remove(work, rows[i].form_id, phone, error);
        }
    }
    return code;
}
