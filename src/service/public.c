/* Doors for people outside: see public.h. */
#include "service/public.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "delivery/opt_out_link.h"
#include "service/confirm.h"
#include "service/enroll.h"
#include "service/suppress.h"
#include "store/store_access.h"
#include "store/store_contact.h"
#include "store/store_form.h"

enum { CONSENT_JSON_MAX = 16 * 1024 };

/* The same write for whatever becomes of the request, so that it always is a commit. */
static enum error_code note_use(struct work *work, int64_t key_id, int64_t form_id,
                                struct error *error)
{
    enum error_code code = OK;
    if (key_id != 0) {
        code = store_key_used(work, key_id, error);
    }
    if (code == OK && form_id != 0) {
        code = store_form_used(work, form_id, error);
    }
    return code;
}

static struct text consent_json(struct work *work, const struct public_consent *consent)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, CONSENT_JSON_MAX);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_text(&writer, "version", consent->version);
    if (consent->text.size > 0) {
        json_field_text(&writer, "text", consent->text);
    }
    if (consent->language.size > 0) {
        json_field_text(&writer, "language", consent->language);
    }
    json_field_time(&writer, "at", work->now_ms);
    json_field_text(&writer, "address", work->actor.address);
    json_field_chars(&writer, "source", consent->source);
    if (consent->origin.size > 0) {
        json_field_text(&writer, "origin", consent->origin);
    }
    json_object_end(&writer);
    return arena_text(work->arena, buffer_text(&buffer));
}

static enum error_code keep_consent(struct work *work, struct text consent,
                                    const struct enroll_result *result, struct error *error)
{
    struct store_contact contact;
    bool found = false;
    if (result->contact_id == 0 || result->verdict == ENROLL_OPTED_OUT) {
        return OK;
    }
    enum error_code code = store_contact_get(work, result->contact_id, &contact, &found, error);
    if (code != OK || !found) {
        return code;
    }
    contact.consent = consent;
    return store_contact_update(work, &contact, error);
}

/* Leaves only the fields that nobody has filled in yet: anybody can type anybody's number. */
static void keep_known(const struct store_contact *contact, struct import_person *person)
{
    CLEANUP(json_free) struct json *known = NULL;
    struct error ignored = {0};
    size_t kept = 0;
    if (contact->name.size > 0) {
        person->name = TEXT("");
    }
    if (contact->timezone_source == CONTACT_ZONE_GIVEN) {
        person->timezone = TEXT("");
    }
    if (contact->fields.size == 0 || json_parse(contact->fields, NULL, &known, &ignored) != OK) {
        return;
    }
    for (size_t i = 0; i < person->field_count; i++) {
        bool present = false;
        struct json_iterator at = {0};
        while (json_iterate(known, &at)) {
            present = present || text_equal(at.name, person->fields[i].name);
        }
        if (!present) {
            person->fields[kept++] = person->fields[i];
        }
    }
    person->field_count = kept;
}

enum error_code public_enroll_now(struct work *work, const struct service *service,
                                  int64_t sequence_id, const struct import_person *given,
                                  const char *source, struct text consent, int64_t *ret_contact_id,
                                  struct error *error)
{
    struct enroll enroll;
    struct enroll_result result = {0};
    struct store_contact contact;
    struct import_person *person = arena_alloc(work->arena, sizeof(*person));
    bool found = false;
    *person = *given;
    const struct enroll_settings how = {
        .sequence_id = sequence_id, .source = text_from(source), .events = true};
    enum error_code code =
        store_contact_find_phone(work, person->phone.digits, &contact, &found, error);
    if (code == OK && found) {
        keep_known(&contact, person);
    }
    if (code == OK) {
        code = enroll_open(&enroll, work, service, &how, error);
    }
    if (code == OK) {
        const struct enroll_person who = {.phone = person->phone.digits,
                                          .name = person->name,
                                          .fields = enroll_fields_json(work->arena, person),
                                          .timezone = person->timezone,
                                          .zone_guess = person->phone.zone};
        code = enroll_person(&enroll, &who, &result, error);
    }
    if (code == OK) {
        code = enroll_close(&enroll, error);
    }
    if (code == OK) {
        *ret_contact_id = result.contact_id;
        code = keep_consent(work, consent, &result, error);
    }
    return code;
}

enum error_code public_enroll(struct work *work, const struct service *service,
                              const struct public_enroll *request, struct error *error)
{
    struct store_form form = {0};
    struct text consent = consent_json(work, &request->consent);
    int64_t contact_id = 0;
    bool found = false;
    enum error_code code = note_use(work, request->key_id, request->form_id, error);
    if (code == OK) {
        code = store_form_by_sequence(work, request->sequence_id, &form, &found, error);
    }
    if (code == OK && found && form.confirm) {
        return confirm_await(work, &form, request, consent, error);
    }
    return code == OK ? public_enroll_now(work, service, request->sequence_id, request->person,
                                          request->consent.source, consent, &contact_id, error)
                      : code;
}

enum error_code public_opt_out(struct work *work, const struct service *service, int64_t key_id,
                               int64_t phone, struct error *error)
{
    struct suppress_result result;
    const struct suppress_word word = {
        .phone = phone, .kind = SUPPRESSION_ALL, .stop = true, .source = TEXT("api")};
    enum error_code code = note_use(work, key_id, 0, error);
    return code == OK ? suppress_apply(work, service, &word, &result, error) : code;
}

enum error_code public_link_read(const struct service *service, struct text token,
                                 int64_t *ret_contact_id, struct error *error)
{
    if (!opt_out_token_read(service->hash_key, token, ret_contact_id)) {
        return error_set(error, ERROR_NOT_FOUND, "this link is not one of ours");
    }
    return OK;
}

enum error_code public_link_act(struct work *work, const struct service *service,
                                int64_t contact_id, struct error *error)
{
    struct suppress_result result;
    const struct suppress_word word = {
        .contact_id = contact_id, .kind = SUPPRESSION_ALL, .stop = true, .source = TEXT("link")};
    return suppress_apply(work, service, &word, &result, error);
}
