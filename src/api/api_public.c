/* What a page of somebody's own site may do with a publishable key: enroll its visitor, opt them
 * out. The answer is the same for every number, so that nobody can ask who is in. */
#include "api/encode.h"
#include "api/public_person.h"
#include "api/route.h"
#include "api/routes.h"

#include "service/access.h"
#include "service/confirm.h"
#include "service/contacts.h"
#include "service/public.h"

enum { KEY_FIELD_MAX = 100, HONEYPOT_MAX = 2000, CONSENT_TEXT_MAX = 2000 };

struct prepared {
    bool is_robot; /* filled in what no person sees: answered, and nothing done */
    struct public_enroll enroll;
    int64_t phone;
};

/* `way` NULL: nothing is to be confirmed. */
static void answer(struct api_call *call, const struct confirm_way *way)
{
    struct json_writer writer;
    call->response->status = 202;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "status", "received");
    if (way != NULL) {
        json_key(&writer, "confirm");
        json_object_begin(&writer);
        json_field_text(&writer, "message", way->message);
        encode_text_or_null(&writer, "url", way->url);
        json_object_end(&writer);
    }
    json_object_end(&writer);
}

static void read_common(struct json_reader *reader, struct prepared *prepared)
{
    struct text honeypot = {0};
    struct text key = {0}; /* read before, by public_key.c */
    (void)json_reader_text(reader, "key", 0, SIZE_MAX, &key);
    (void)json_reader_text(reader, "website", 0, HONEYPOT_MAX, &honeypot);
    prepared->is_robot = honeypot.size > 0;
}

static enum error_code check_sequence(struct api_call *call, int64_t id, struct error *error)
{
    return access_key_allows_sequence(api_public_key(call), id)
               ? OK
               : error_set(error, ERROR_DENIED, "this key is not for that sequence");
}

static enum error_code prepare_enroll(struct api_call *call, struct error *error)
{
    struct prepared *prepared = arena_alloc(call->work->arena, sizeof(*prepared));
    struct public_enroll *enroll = &prepared->enroll;
    struct import_person *person = NULL;
    struct json_reader reader;
    const struct json *body = NULL;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    read_common(&reader, prepared);
    (void)json_reader_required(&reader, "phone");
    (void)json_reader_required(&reader, "sequence_id");
    (void)json_reader_id(&reader, "sequence_id", ID_SEQUENCE, &enroll->sequence_id);
    (void)json_reader_required(&reader, "consent_version");
    (void)json_reader_text(&reader, "consent_version", 1, PUBLIC_VERSION_MAX,
                           &enroll->consent.version);
    (void)json_reader_text(&reader, "consent_text", 0, CONSENT_TEXT_MAX, &enroll->consent.text);
    (void)json_reader_any(&reader, "phone");
    (void)json_reader_any(&reader, "name");
    (void)json_reader_any(&reader, "timezone");
    (void)json_reader_any(&reader, "custom_fields");
    code = json_reader_done(&reader);
    if (code == OK) {
        code = check_sequence(call, enroll->sequence_id, error);
    }
    if (code == OK) {
        code = public_person_read(call, body, &person, error);
    }
    if (code == OK) {
        code = api_limit_phone(call, person->phone.digits, error);
    }
    enroll->person = person;
    enroll->key_id = call->work->actor.id;
    enroll->consent.source = "api";
    enroll->consent.origin = http_request_header(call->request, "origin");
    call->prepared = prepared;
    return code;
}

static enum error_code create_enroll(struct api_call *call, struct error *error)
{
    const struct prepared *prepared = call->prepared;
    enum error_code code = OK;
    if (!prepared->is_robot) {
        code = public_enroll(call->work, call->service, &prepared->enroll, error);
    }
    struct confirm_way way = {0};
    bool asked = false;
    if (code == OK) {
        code = confirm_asked(call->work, prepared->enroll.sequence_id, &asked, &way, error);
    }
    if (code == OK) {
        answer(call, asked ? &way : NULL);
    }
    return code;
}

static enum error_code prepare_opt_out(struct api_call *call, struct error *error)
{
    struct prepared *prepared = arena_alloc(call->work->arena, sizeof(*prepared));
    struct json_reader reader;
    struct text phone = {0};
    const struct json *body = NULL;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    read_common(&reader, prepared);
    (void)json_reader_required(&reader, "phone");
    (void)json_reader_text(&reader, "phone", 1, 128, &phone);
    code = json_reader_done(&reader);
    if (code == OK) {
        code = contacts_phone(call->work, "phone", phone, &prepared->phone, error);
    }
    if (code == OK) {
        code = api_limit_phone(call, prepared->phone, error);
    }
    call->prepared = prepared;
    return code;
}

static enum error_code create_opt_out(struct api_call *call, struct error *error)
{
    const struct prepared *prepared = call->prepared;
    enum error_code code = OK;
    if (!prepared->is_robot) {
        code =
            public_opt_out(call->work, call->service, call->work->actor.id, prepared->phone, error);
    }
    if (code == OK) {
        answer(call, NULL);
    }
    return code;
}

/* A browser asks before it lets a page send; the headers are public_key.c's. */
static enum error_code preflight(struct api_call *call, struct error *error)
{
    (void)error;
    api_no_content(call);
    return OK;
}

const struct api_route API_PUBLIC_ROUTES[] = {
    {"POST", "/api/public/enroll", "public_enroll", API_PUBLIC,
     API_WRITE | API_FORM | API_PUBLISHABLE, create_enroll, prepare_enroll},
    {"OPTIONS", "/api/public/enroll", "public_enroll_preflight", API_PUBLIC, API_PUBLISHABLE,
     preflight, NULL},
    {"POST", "/api/public/opt-out", "public_opt_out", API_PUBLIC,
     API_WRITE | API_FORM | API_PUBLISHABLE, create_opt_out, prepare_opt_out},
    {"OPTIONS", "/api/public/opt-out", "public_opt_out_preflight", API_PUBLIC, API_PUBLISHABLE,
     preflight, NULL},
    {0},
};
