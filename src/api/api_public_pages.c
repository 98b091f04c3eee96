/* Pages for people without an account: the hosted form /f/:token and the opt-out page /o/:token.
 * They work without JavaScript. Looking at a page changes nothing, so that a messenger's preview or
 * a mail scanner cannot opt anybody out. */
#include "api/public_person.h"
#include "api/route.h"
#include "api/routes.h"

#include "pages/public_pages.h"
#include "service/confirm.h"
#include "service/form.h"
#include "service/public.h"
#include "service/settings.h"

enum visit { VISIT_GOOD, VISIT_ROBOT, VISIT_INVALID, VISIT_TOO_MANY, VISIT_GONE };

struct submission {
    enum visit visit;
    struct form_page page;
    struct public_enroll enroll;
    int64_t wait_s;
};

static enum page_language language_of(const struct api_call *call)
{
    return page_language_choose(http_request_header(call->request, "accept-language"));
}

static struct buffer *html(struct api_call *call, int status)
{
    call->response->status = status;
    http_response_set_header(call->response, "Content-Type", TEXT("text/html; charset=utf-8"));
    http_response_set_header(call->response, "Content-Language",
                             text_from(page_language_tag(language_of(call))));
    http_response_set_header(call->response, "Vary", TEXT("Accept-Language"));
    return &call->response->body;
}

static void answer_gone(struct api_call *call)
{
    public_page_gone(html(call, 404), language_of(call));
}

static struct form_page form_page_of(struct api_call *call, const struct form_open *open)
{
    enum page_language language = language_of(call);
    struct text consent = open->form.consent_text;
    if (consent.size == 0) {
        consent = page_sentence(call->work->arena, language, WORD_CONSENT, open->sender);
    }
    return (struct form_page){
        .language = language,
        .action = arena_format(call->work->arena, "/f/%.*s", TEXT_ARGS(open->form.token)),
        .title = open->title,
        .sender = open->sender,
        .intro = open->form.intro,
        .consent = consent,
    };
}

/* ---- the form ---- */

static enum error_code get_form(struct api_call *call, struct error *error)
{
    struct form_open open;
    enum error_code code = form_open(call->work, call->params[0], &open, error);
    if (code == ERROR_NOT_FOUND) {
        error_clear(error);
        answer_gone(call);
        return OK;
    }
    if (code == OK) {
        const struct form_page page = form_page_of(call, &open);
        public_page_form(html(call, 200), &page);
    }
    return code;
}

/* Which fields of the page the finding is about. ERROR_INVALID stays when it is about none. */
static enum error_code show_finding(struct submission *submission, struct error *error)
{
    struct text field =
        error->field_count > 0 ? text_from(error->fields[0].field) : (struct text){0};
    bool phone = text_equal(field, TEXT("phone"));
    bool name = text_equal(field, TEXT("name"));
    if (!phone && !name) {
        return ERROR_INVALID;
    }
    submission->page.bad_phone = phone;
    submission->page.bad_name = name;
    submission->visit = VISIT_INVALID;
    error_clear(error);
    return OK;
}

static enum error_code read_person(struct api_call *call, struct submission *submission,
                                   struct error *error)
{
    struct import_person *person = NULL;
    enum error_code code = public_person_read(call, call->body, &person, error);
    if (code == ERROR_INVALID) {
        return show_finding(submission, error);
    }
    submission->enroll.person = person;
    return code;
}

static enum error_code check_limits(struct api_call *call, struct submission *submission,
                                    struct error *error)
{
    enum error_code code = api_limit_public(call, error);
    if (code == OK && submission->visit == VISIT_GOOD) {
        code = api_limit_phone(call, submission->enroll.person->phone.digits, error);
    }
    if (code == ERROR_TOO_MANY) {
        submission->visit = VISIT_TOO_MANY;
        submission->page.too_many = true;
        submission->wait_s = error->retry_after_ms / 1000 + 1;
        error_clear(error);
        code = OK;
    }
    return code;
}

static void fill_enroll(struct api_call *call, struct submission *submission,
                        const struct form_open *open)
{
    struct public_enroll *enroll = &submission->enroll;
    struct arena *arena = call->work->arena;
    const char *tag = page_language_tag(submission->page.language);
    bool own = open->form.consent_text.size > 0;
    enroll->sequence_id = open->form.sequence_id;
    enroll->form_id = open->form.id;
    enroll->consent = (struct public_consent){
        .version = arena_format(arena, "form-%lld.%lld%s%s", (long long)open->form.id,
                                (long long)open->form.consent_version, own ? "" : "-built-in-",
                                own ? "" : tag),
        .text = submission->page.consent,
        .language = text_from(tag),
        .source = "form",
        .origin = http_request_header(call->request, "origin"),
    };
}

static enum error_code prepare_form(struct api_call *call, struct error *error)
{
    struct submission *submission = arena_alloc(call->work->arena, sizeof(*submission));
    struct form_open open;
    call->prepared = submission;
    enum error_code code = form_open(call->work, call->params[0], &open, error);
    if (code == ERROR_NOT_FOUND) {
        error_clear(error);
        submission->visit = VISIT_GONE;
        return OK;
    }
    if (code != OK) {
        return code;
    }
    submission->page = form_page_of(call, &open);
    submission->page.phone = json_get_text(call->body, "phone");
    submission->page.name = json_get_text(call->body, "name");
    submission->page.agreed = text_equal(json_get_text(call->body, "consent"), TEXT("yes"));
    fill_enroll(call, submission, &open);
    if (json_get_text(call->body, "website").size > 0) {
        submission->visit = VISIT_ROBOT;
        return OK;
    }
    code = read_person(call, submission, error);
    if (code == OK && !submission->page.agreed) {
        submission->page.bad_consent = true;
        submission->visit = VISIT_INVALID;
    }
    return code == OK ? check_limits(call, submission, error) : code;
}

static enum error_code create_form(struct api_call *call, struct error *error)
{
    struct submission *submission = call->prepared;
    enum error_code code = OK;
    switch (submission->visit) {
    case VISIT_GONE:
        answer_gone(call);
        return OK;
    case VISIT_TOO_MANY:
        http_response_set_header_format(call->response, "Retry-After", "%lld",
                                        (long long)submission->wait_s);
        public_page_form(html(call, 429), &submission->page);
        return OK;
    case VISIT_INVALID:
        public_page_form(html(call, 422), &submission->page);
        return OK;
    case VISIT_GOOD:
        code = public_enroll(call->work, call->service, &submission->enroll, error);
        break;
    case VISIT_ROBOT:
        break;
    }
    if (code == OK) {
        /* Elsewhere, so that loading the page again sends nothing again. */
        call->response->status = 303;
        http_response_set_header_format(call->response, "Location", "%.*s/done",
                                        TEXT_ARGS(submission->page.action));
    }
    return code;
}

static enum error_code get_form_done(struct api_call *call, struct error *error)
{
    struct form_open open;
    enum error_code code = form_open(call->work, call->params[0], &open, error);
    if (code == ERROR_NOT_FOUND) {
        error_clear(error);
        answer_gone(call);
        return OK;
    }
    struct confirm_way way = {0};
    if (code == OK && open.form.confirm) {
        code = confirm_way(call->work, &open.form, &way, error);
    }
    if (code != OK) {
        return code;
    }
    const struct notice_page page = {.language = language_of(call), .sender = open.sender};
    if (open.form.confirm) {
        public_page_confirm(html(call, 200), call->work->arena, &page, way.message, way.url);
    } else {
        public_page_done(html(call, 200), call->work->arena, &page);
    }
    return OK;
}

/* ---- the opt-out page ---- */

static enum error_code notice_of(struct api_call *call, struct notice_page *page,
                                 struct error *error)
{
    struct settings settings;
    enum error_code code = settings_read(call->work, &settings, error);
    if (code == OK) {
        *page = (struct notice_page){.language = language_of(call), .sender = settings.name};
    }
    return code;
}

/* Whose link it is; one that opens nothing is answered here. */
static bool open_link(struct api_call *call, int64_t *ret_contact_id)
{
    struct error ignored = {0};
    if (public_link_read(call->service, call->params[0], ret_contact_id, &ignored) == OK) {
        return true;
    }
    answer_gone(call);
    return false;
}

static enum error_code get_opt_out(struct api_call *call, struct error *error)
{
    struct notice_page page;
    int64_t contact_id = 0;
    if (!open_link(call, &contact_id)) {
        return OK;
    }
    enum error_code code = notice_of(call, &page, error);
    if (code == OK) {
        public_page_stop(html(call, 200), call->work->arena, &page,
                         arena_format(call->work->arena, "/o/%.*s", TEXT_ARGS(call->params[0])));
    }
    return code;
}

/* What the body says does not matter: mail programs send "List-Unsubscribe=One-Click". */
static enum error_code create_opt_out(struct api_call *call, struct error *error)
{
    struct notice_page page;
    int64_t contact_id = 0;
    if (!open_link(call, &contact_id)) {
        return OK;
    }
    enum error_code code = public_link_act(call->work, call->service, contact_id, error);
    if (code == OK) {
        code = notice_of(call, &page, error);
    }
    if (code == OK) {
        public_page_stopped(html(call, 200), call->work->arena, &page);
    }
    return code;
}

static enum error_code get_style(struct api_call *call, struct error *error)
{
    (void)error;
    http_response_set_header(call->response, "Content-Type", TEXT("text/css; charset=utf-8"));
    http_response_set_header(call->response, "Cache-Control", TEXT("public, max-age=3600"));
    call->response->fixed = text_from(PAGE_STYLE);
    return OK;
}

const struct api_route API_PUBLIC_PAGES_ROUTES[] = {
    {"GET", "/f/:token", "form_page_get", API_PUBLIC, 0, get_form, NULL},
    {"POST", "/f/:token", "form_page_submit", API_PUBLIC, API_WRITE | API_FORM | API_NO_IDEMPOTENCY,
     create_form, prepare_form},
    {"GET", "/f/:token/done", "form_page_done", API_PUBLIC, 0, get_form_done, NULL},
    {"GET", "/o/:token", "opt_out_page_get", API_PUBLIC, 0, get_opt_out, NULL},
    {"POST", "/o/:token", "opt_out_page_submit", API_PUBLIC,
     API_WRITE | API_ANY_TYPE | API_NO_IDEMPOTENCY, create_opt_out, NULL},
    {"GET", "/pages/style.css", "page_style_get", API_PUBLIC, 0, get_style, NULL},
    {0},
};
