/* Hosted forms: see form.h. */
#include "service/form.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "domain/sequence.h"
#include "service/settings.h"
#include "store/store_access.h"
#include "store/store_sequence.h"

static enum error_code find_sequence(struct work *work, int64_t id, struct sequence *ret_sequence,
                                     struct error *error)
{
    bool found = false;
    enum error_code code = store_sequence_get(work, id, ret_sequence, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such sequence");
    }
    return code;
}

static enum error_code note(struct work *work, const char *action, int64_t sequence_id,
                            struct error *error)
{
    char id[ID_TEXT_MAX];
    return store_audit_add(work, action, text_from(id_format(ID_SEQUENCE, sequence_id, id)),
                           (struct text){0}, error);
}

static enum error_code read_texts(const struct json *json, struct store_form *form,
                                  struct error *error)
{
    struct json_reader reader;
    struct text consent = form->consent_text;
    json_reader_open(&reader, json, "", error);
    if (json_reader_is_null(&reader, "title")) {
        form->title = TEXT("");
    }
    if (json_reader_is_null(&reader, "intro")) {
        form->intro = TEXT("");
    }
    if (json_reader_is_null(&reader, "consent_text")) {
        consent = TEXT("");
    }
    (void)json_reader_text(&reader, "title", 0, FORM_TITLE_MAX, &form->title);
    (void)json_reader_text(&reader, "intro", 0, FORM_INTRO_MAX, &form->intro);
    (void)json_reader_text(&reader, "consent_text", 0, FORM_CONSENT_MAX, &consent);
    (void)json_reader_bool(&reader, "confirm", &form->confirm);
    if (!text_equal(consent, form->consent_text)) {
        form->consent_text = consent;
        form->consent_version += form->id == 0 ? 0 : 1;
    }
    return json_reader_done(&reader);
}

enum error_code form_save(struct work *work, int64_t sequence_id, const struct json *json,
                          struct store_form *ret_form, bool *ret_created, struct error *error)
{
    struct sequence sequence;
    struct store_form form = {0};
    char token[FORM_TOKEN_CHARS + 1];
    bool found = false;
    enum error_code code = find_sequence(work, sequence_id, &sequence, error);
    if (code == OK) {
        code = store_form_by_sequence(work, sequence_id, &form, &found, error);
    }
    if (code == OK && !found) {
        crypto_random_token(token, FORM_TOKEN_CHARS);
        form = (struct store_form){
            .sequence_id = sequence_id, .token = text_from(token), .consent_version = 1};
    }
    if (code == OK && json != NULL) {
        code = read_texts(json, &form, error);
    }
    if (code == OK) {
        code =
            found ? store_form_update(work, &form, error) : store_form_insert(work, &form, error);
    }
    if (code == OK) {
        code = note(work, found ? "form.update" : "form.create", sequence_id, error);
    }
    if (code == OK) {
        *ret_created = !found;
        code = store_form_by_sequence(work, sequence_id, ret_form, &found, error);
    }
    return code;
}

enum error_code form_get(struct work *work, int64_t sequence_id, struct store_form *ret_form,
                         bool *ret_found, struct error *error)
{
    struct sequence sequence;
    enum error_code code = find_sequence(work, sequence_id, &sequence, error);
    return code == OK ? store_form_by_sequence(work, sequence_id, ret_form, ret_found, error)
                      : code;
}

enum error_code form_revoke(struct work *work, int64_t sequence_id, struct error *error)
{
    bool found = false;
    enum error_code code = store_form_revoke(work, sequence_id, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "this sequence has no form");
    }
    return code == OK ? note(work, "form.revoke", sequence_id, error) : code;
}

enum error_code form_open(struct work *work, struct text token, struct form_open *ret_open,
                          struct error *error)
{
    struct form_open open;
    struct sequence sequence;
    struct settings settings;
    bool found = false;
    enum error_code code = store_form_by_token(work, token, &open.form, &found, error);
    if (code == OK && found) {
        code = store_sequence_get(work, open.form.sequence_id, &sequence, &found, error);
    }
    if (code == OK && (!found || sequence.status == SEQUENCE_ARCHIVED)) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such form");
    }
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    if (code == OK) {
        open.title = open.form.title.size > 0 ? open.form.title : sequence.name;
        open.sender = settings.name;
        *ret_open = open;
    }
    return code;
}
