/* The hosted form of a sequence, for those who set it up. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"

#include "pages/public_pages.h"
#include "service/confirm.h"
#include "service/form.h"
#include "service/settings.h"

/* The form's fields for somebody's own page: plain HTML that sends itself here. */
static void encode_snippet(struct json_writer *writer, struct api_call *call,
                           const struct store_form *form, const struct settings *settings,
                           struct text url)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer snippet;
    enum page_language language =
        page_language_choose(http_request_header(call->request, "accept-language"));
    struct form_page page = {.language = language, .action = url, .consent = form->consent_text};
    buffer_init(&snippet, 64 * 1024);
    if (page.consent.size == 0) {
        page.consent = page_sentence(call->work->arena, language, WORD_CONSENT, settings->name);
    }
    public_page_snippet(&snippet, &page);
    json_field_text(writer, "embed_html", buffer_text(&snippet));
}

static enum error_code answer(struct api_call *call, const struct store_form *form,
                              struct error *error)
{
    struct settings settings;
    struct json_writer writer;
    struct confirm_way way = {0};
    enum error_code code = settings_read(call->work, &settings, error);
    if (code == OK) {
        code = confirm_way(call->work, form, &way, error);
    }
    if (code != OK) {
        return code;
    }
    struct text url = arena_format(call->work->arena, "%.*s/f/%.*s", TEXT_ARGS(settings.public_url),
                                   TEXT_ARGS(form->token));
    bool reachable = settings.public_url.size > 0;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_id(&writer, "sequence_id", ID_SEQUENCE, form->sequence_id);
    json_field_text(&writer, "token", form->token);
    json_field_text(&writer, "path",
                    arena_format(call->work->arena, "/f/%.*s", TEXT_ARGS(form->token)));
    encode_text_or_null(&writer, "url", reachable ? url : TEXT(""));
    encode_text_or_null(&writer, "title", form->title);
    encode_text_or_null(&writer, "intro", form->intro);
    encode_text_or_null(&writer, "consent_text", form->consent_text);
    json_field_int64(&writer, "consent_version", form->consent_version);
    json_field_bool(&writer, "confirm", form->confirm);
    json_field_text(&writer, "confirm_message", way.message);
    json_field_int64(&writer, "submissions", form->submissions);
    json_field_time_or_null(&writer, "last_used_at", form->last_used_at_ms);
    json_field_time(&writer, "created_at", form->created_at_ms);
    json_field_time(&writer, "updated_at", form->updated_at_ms);
    if (reachable) {
        encode_snippet(&writer, call, form, &settings, url);
    } else {
        json_field_null(&writer, "embed_html");
    }
    json_object_end(&writer);
    return OK;
}

static enum error_code get(struct api_call *call, struct error *error)
{
    struct store_form form;
    int64_t id = 0;
    bool found = false;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = form_get(call->work, id, &form, &found, error);
    }
    if (code == OK && !found) {
        call->response->status = 204;
        return OK;
    }
    return code == OK ? answer(call, &form, error) : code;
}

static enum error_code save(struct api_call *call, struct error *error)
{
    struct store_form form;
    int64_t id = 0;
    bool created = false;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = form_save(call->work, id, call->body, &form, &created, error);
    }
    if (code == OK) {
        call->response->status = created ? 201 : 200;
        code = answer(call, &form, error);
    }
    return code;
}

static enum error_code revoke(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = form_revoke(call->work, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_FORMS_ROUTES[] = {
    {"GET", "/api/sequences/:id/form", "form_get", API_READ, 0, get, NULL},
    {"POST", "/api/sequences/:id/form", "form_save", API_EDIT, API_WRITE | API_NO_BODY_OK, save,
     NULL},
    {"DELETE", "/api/sequences/:id/form", "form_revoke", API_EDIT, API_WRITE, revoke, NULL},
    {0},
};
