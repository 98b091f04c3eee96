/* Two-step sign-in of the asking user: switching it on in two calls, and off. Whoever sits down at
 * an open browser has a session but neither password nor app, so each needs one of these. */
#include "api/access_encode.h"
#include "api/api_internal.h"
#include "api/login_limit.h"
#include "api/routes.h"

#include "service/access_factor.h"

struct prepared {
    struct text code;
};

static enum error_code need_user(const struct api_call *call, struct error *error)
{
    return call->work->actor.kind == ACTOR_USER
               ? OK
               : error_set(error, ERROR_DENIED, "only a user can change these");
}

/* Reads {current_password, code?} and checks the password. */
static enum error_code prepare_password(struct api_call *call, bool with_code, struct error *error)
{
    struct prepared *prepared = arena_alloc(call->work->arena, sizeof(*prepared));
    struct json_reader reader;
    struct text password = {0};
    enum error_code code = need_user(call, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_required(&reader, "current_password");
    (void)json_reader_text(&reader, "current_password", 1, ACCESS_PASSWORD_MAX, &password);
    if (with_code) {
        (void)json_reader_required(&reader, "code");
        (void)json_reader_text(&reader, "code", 1, FACTOR_CODE_MAX, &prepared->code);
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        code = login_limit_own_password(call, password, error);
    }
    call->prepared = prepared;
    return code;
}

static enum error_code prepare_create(struct api_call *call, struct error *error)
{
    return prepare_password(call, false, error);
}

static enum error_code create_factor(struct api_call *call, struct error *error)
{
    struct factor_enrolment enrolment;
    struct json_writer writer;
    enum error_code code =
        access_factor_begin(call->work, call->service, call->work->actor.id, &enrolment, error);
    if (code != OK) {
        return code;
    }
    call->response->status = 201;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_text(&writer, "secret", enrolment.secret);
    json_field_text(&writer, "uri", enrolment.uri);
    json_object_end(&writer);
    return OK;
}

static enum error_code prepare_confirm(struct api_call *call, struct error *error)
{
    struct prepared *prepared = arena_alloc(call->work->arena, sizeof(*prepared));
    struct json_reader reader;
    enum error_code code = need_user(call, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_required(&reader, "code");
    (void)json_reader_text(&reader, "code", 1, FACTOR_CODE_MAX, &prepared->code);
    call->prepared = prepared;
    code = json_reader_done(&reader);
    return code == OK ? login_limit_code(call, call->work->actor.id, error) : code;
}

static enum error_code confirm_factor(struct api_call *call, struct error *error)
{
    const struct prepared *prepared = call->prepared;
    const struct request *request = call->request->context;
    char codes[STORE_RECOVERY_CODES][FACTOR_RECOVERY_TEXT_MAX];
    struct json_writer writer;
    enum error_code code =
        access_factor_confirm(call->work, call->service, call->work->actor.id, prepared->code,
                              request->session_token, codes, error);
    if (code != OK) {
        return code;
    }
    login_limit_code_good(call, call->work->actor.id);
    api_json(call, &writer);
    json_object_begin(&writer);
    json_key(&writer, "recovery_codes");
    json_array_begin(&writer);
    for (size_t i = 0; i < STORE_RECOVERY_CODES; i++) {
        json_put_chars(&writer, codes[i]);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    crypto_wipe(codes, sizeof(codes));
    return OK;
}

static enum error_code prepare_remove(struct api_call *call, struct error *error)
{
    enum error_code code = prepare_password(call, true, error);
    return code == OK ? login_limit_code(call, call->work->actor.id, error) : code;
}

static enum error_code remove_factor(struct api_call *call, struct error *error)
{
    const struct prepared *prepared = call->prepared;
    int64_t user_id = call->work->actor.id;
    enum error_code code =
        access_factor_check(call->work, call->service, user_id, prepared->code, error);
    if (code == ERROR_UNAUTHENTICATED) { /* the session is good: only the code is not */
        return error_field(error, "code", "wrong", "is wrong, too old, or was used already");
    }
    if (code == OK) {
        code = access_factor_remove(call->work, user_id, error);
    }
    if (code == OK) {
        login_limit_code_good(call, user_id);
        api_no_content(call);
    }
    return code;
}

/* For somebody who lost app and recovery codes: another administrator vouches for them. */
static enum error_code reset_factor(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_USER, &id, error);
    if (code == OK && call->work->actor.kind == ACTOR_USER && call->work->actor.id == id) {
        return error_set(error, ERROR_CONFLICT,
                         "switch your own off with your password and a code");
    }
    if (code == OK) {
        code = access_factor_remove(call->work, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_FACTOR_ROUTES[] = {
    {"POST", "/api/me/second-factor", "second_factor_create", API_LOGGED_IN,
     API_WRITE | API_SLOW | API_SENSITIVE, create_factor, prepare_create},
    {"POST", "/api/me/second-factor/confirm", "second_factor_confirm", API_LOGGED_IN,
     API_WRITE | API_SENSITIVE, confirm_factor, prepare_confirm},
    {"POST", "/api/me/second-factor/remove", "second_factor_remove", API_LOGGED_IN,
     API_WRITE | API_SLOW | API_SENSITIVE, remove_factor, prepare_remove},
    {"DELETE", "/api/users/:id/second-factor", "users_reset_second_factor", API_ADMIN, API_WRITE,
     reset_factor, NULL},
    {0},
};
