/* The first administrator, signing in and out, and who I am. Passwords are hashed and checked in
 * `prepare`, on the slow worker; the writer only notes the result. */
#include "api/access_encode.h"
#include "api/api_internal.h"
#include "api/login_limit.h"
#include "api/routes.h"

#include "service/access_factor.h"
#include "service/audit.h"
#include "service/server_facts.h"

/* What a prepare leaves for its handler. */
struct prepared_login {
    struct access_user_input input;
    struct store_user user;
    struct text code; /* the second factor */
};

static void set_cookie(struct api_call *call, const char *token, int64_t seconds)
{
    const struct request *request = call->request->context;
    struct text cookie =
        arena_format(call->work->arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
                     auth_cookie_name(request), token, (long long)seconds,
                     auth_is_https(request) ? "; Secure" : "");
    http_response_add_header(call->response, "Set-Cookie", cookie);
}

static void encode_me(struct json_writer *writer, const struct store_user *user,
                      const struct store_key *key, unsigned scopes,
                      const struct server_facts *facts)
{
    json_object_begin(writer);
    json_field_chars(writer, "kind", key != NULL ? "key" : "user");
    json_key(writer, "user");
    if (user != NULL) {
        encode_user(writer, user);
    } else {
        json_put_null(writer);
    }
    json_key(writer, "key");
    if (key != NULL) {
        json_object_begin(writer);
        encode_key_fields(writer, key);
        json_object_end(writer);
    } else {
        json_put_null(writer);
    }
    encode_scopes(writer, "scopes", scopes);
    json_key(writer, "server");
    server_facts_encode(writer, facts);
    json_object_end(writer);
}

/* Who sent this request, as stored now. */
struct caller {
    struct store_user user;
    struct store_key key;
    struct server_facts facts;
    bool found; /* false: signed in as somebody who was deleted since */
};

static enum error_code read_caller(struct api_call *call, struct caller *caller,
                                   struct error *error)
{
    const struct actor *actor = &call->work->actor;
    caller->found = true;
    enum error_code code = server_facts_read(call->work, call->service, &caller->facts, error);
    if (code == OK && actor->kind == ACTOR_USER) {
        code = access_user_find(call->work, actor->id, &caller->user, &caller->found, error);
    } else if (code == OK && actor->kind == ACTOR_KEY) {
        code = access_key_find(call->work, actor->id, &caller->key, &caller->found, error);
    }
    return code;
}

static void encode_caller(struct json_writer *writer, const struct api_call *call,
                          const struct caller *caller)
{
    const struct actor *actor = &call->work->actor;
    encode_me(writer, actor->kind == ACTOR_USER ? &caller->user : NULL,
              actor->kind == ACTOR_KEY ? &caller->key : NULL, actor->scopes, &caller->facts);
}

/* Signs `user` in on the writer and answers who they are. */
static enum error_code sign_in(struct api_call *call, const struct store_user *user,
                               struct error *error)
{
    char token[ACCESS_TOKEN_MAX];
    struct server_facts facts;
    struct work *work = call->work;
    work->actor.kind = ACTOR_USER;
    work->actor.id = user->id;
    work->actor.name = user->email;
    enum error_code code =
        access_session_create(work, call->service->access, user,
                              http_request_header(call->request, "user-agent"), token, error);
    if (code == OK) {
        code = server_facts_read(work, call->service, &facts, error);
    }
    if (code == OK) {
        set_cookie(call, token, access_session_seconds());
        struct json_writer writer;
        api_json(call, &writer);
        encode_me(&writer, user, NULL, access_role_scopes(user->role), &facts);
    }
    return code;
}

/* ---- first administrator ---- */

/* Says at once who is signed in: the UI starts with this one request. */
static enum error_code get_setup(struct api_call *call, struct error *error)
{
    bool needed = false;
    struct caller caller = {.found = false};
    enum error_code code = access_setup_needed(call->work, &needed, error);
    if (code == OK && call->work->actor.kind != ACTOR_PUBLIC) {
        code = read_caller(call, &caller, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        json_object_begin(&writer);
        json_field_bool(&writer, "needed", needed);
        json_field_bool(&writer, "signed_in", caller.found);
        json_key(&writer, "me");
        if (caller.found) {
            encode_caller(&writer, call, &caller);
        } else {
            json_put_null(&writer);
        }
        json_object_end(&writer);
    }
    return code;
}

static enum error_code prepare_setup(struct api_call *call, struct error *error)
{
    struct prepared_login *login = arena_alloc(call->work->arena, sizeof(*login));
    struct json_reader reader;
    struct text token = {0}, email = {0}, password = {0};
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_required(&reader, "token");
    (void)json_reader_required(&reader, "email");
    (void)json_reader_required(&reader, "password");
    (void)json_reader_text(&reader, "token", 1, 200, &token);
    (void)json_reader_text(&reader, "email", 3, 254, &email);
    (void)json_reader_text(&reader, "name", 0, 200, &login->input.name);
    (void)json_reader_text(&reader, "password", 1, ACCESS_PASSWORD_MAX, &password);
    enum error_code code = json_reader_done(&reader);
    if (code == OK) {
        code = access_setup_check(call->service->access, token, error);
    }
    if (code == OK) {
        code = access_email(call->work->arena, email, &login->input.email, error);
    }
    if (code == OK) {
        code = access_password_prepare(call->work->arena, "password", password,
                                       &login->input.password_hash, error);
    }
    login->input.role = ROLE_ADMIN;
    call->prepared = login;
    return code;
}

static enum error_code create_setup(struct api_call *call, struct error *error)
{
    const struct prepared_login *login = call->prepared;
    struct store_user user;
    bool needed = false;
    enum error_code code = access_setup_needed(call->work, &needed, error);
    if (code == OK && !needed) {
        return error_set(error, ERROR_CONFLICT, "the first administrator exists already");
    }
    if (code == OK) {
        code = access_user_create(call->work, &login->input, &user, error);
    }
    if (code == OK) {
        code = sign_in(call, &user, error);
    }
    if (code == OK) {
        access_setup_close(call->service->access);
        call->response->status = 201;
    }
    return code;
}

/* ---- sign in and out ---- */

/* The password, on the slow worker; a code is looked at on the writer, where none passes twice. */
static enum error_code check_login(struct api_call *call, struct text email, struct text password,
                                   struct prepared_login *login, struct error *error)
{
    enum error_code code = login_limit_password(call, email, error);
    if (code != OK) {
        return code;
    }
    code = access_login_check(call->work, email, password, &login->user, error);
    if (code == OK) {
        login_limit_password_good(call, email);
    }
    if (code == OK && login->user.second_factor && login->code.size > 0) {
        code = login_limit_code(call, login->user.id, error);
    }
    if (code == ERROR_UNAUTHENTICATED) {
        audit_note_later(call->service, call->work, "login.failed", TEXT(""));
    }
    return code;
}

static enum error_code prepare_login(struct api_call *call, struct error *error)
{
    struct prepared_login *login = arena_alloc(call->work->arena, sizeof(*login));
    struct json_reader reader;
    struct text email = {0}, password = {0};
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_required(&reader, "email");
    (void)json_reader_required(&reader, "password");
    (void)json_reader_text(&reader, "email", 3, 254, &email);
    (void)json_reader_text(&reader, "password", 1, ACCESS_PASSWORD_MAX, &password);
    (void)json_reader_text(&reader, "code", 0, FACTOR_CODE_MAX, &login->code);
    enum error_code code = json_reader_done(&reader);
    if (code == OK) {
        code = access_email(call->work->arena, email, &email, error);
    }
    call->prepared = login;
    return code == OK ? check_login(call, email, password, login, error) : code;
}

static enum error_code create_login(struct api_call *call, struct error *error)
{
    const struct prepared_login *login = call->prepared;
    enum error_code code =
        access_factor_check(call->work, call->service, login->user.id, login->code, error);
    if (code == ERROR_UNAUTHENTICATED && login->code.size > 0) {
        audit_note_later(call->service, call->work, "login.failed", TEXT(""));
    }
    if (code == OK && login->code.size > 0 && login->user.second_factor) {
        login_limit_code_good(call, login->user.id);
    }
    return code == OK ? sign_in(call, &login->user, error) : code;
}

static enum error_code create_logout(struct api_call *call, struct error *error)
{
    const struct request *request = call->request->context;
    enum error_code code = OK;
    if (request->session_token.size > 0) {
        code = access_session_end(call->work, request->session_token, error);
    }
    if (code == OK) {
        set_cookie(call, "", 0);
        api_no_content(call);
    }
    return code;
}

/* ---- who am I ---- */

static enum error_code get_me(struct api_call *call, struct error *error)
{
    struct caller caller;
    enum error_code code = read_caller(call, &caller, error);
    if (code == OK && !caller.found) {
        return error_set(error, ERROR_UNAUTHENTICATED, "please sign in");
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_caller(&writer, call, &caller);
    }
    return code;
}

static enum error_code prepare_me(struct api_call *call, struct error *error)
{
    struct prepared_login *login = arena_alloc(call->work->arena, sizeof(*login));
    struct json_reader reader;
    struct text old_password = {0}, new_password = {0};
    if (call->work->actor.kind != ACTOR_USER) {
        return error_set(error, ERROR_DENIED, "only a user can change these");
    }
    json_reader_open(&reader, call->body, "", error);
    login->input.set_name = json_reader_text(&reader, "name", 0, 200, &login->input.name);
    (void)json_reader_text(&reader, "current_password", 0, ACCESS_PASSWORD_MAX, &old_password);
    bool change = json_reader_text(&reader, "new_password", 1, ACCESS_PASSWORD_MAX, &new_password);
    enum error_code code = json_reader_done(&reader);
    if (code == OK && change) {
        code = login_limit_own_password(call, old_password, error);
    }
    if (code == OK && change) {
        code = access_password_prepare(call->work->arena, "new_password", new_password,
                                       &login->input.password_hash, error);
    }
    call->prepared = login;
    return code;
}

static enum error_code update_me(struct api_call *call, struct error *error)
{
    const struct prepared_login *login = call->prepared;
    struct store_user user;
    enum error_code code =
        access_user_update(call->work, call->work->actor.id, &login->input, &user, error);
    if (code == OK && login->input.password_hash.data != NULL) {
        return sign_in(call, &user, error); /* all sessions ended: this one goes on anew */
    }
    return code == OK ? get_me(call, error) : code;
}

const struct api_route API_ACCESS_ROUTES[] = {
    {"GET", "/api/setup", "setup_get", API_PUBLIC, 0, get_setup, NULL},
    {"POST", "/api/setup", "setup_create", API_PUBLIC,
     API_WRITE | API_SLOW | API_SENSITIVE | API_NO_IDEMPOTENCY, create_setup, prepare_setup},
    {"POST", "/api/login", "login", API_PUBLIC,
     API_WRITE | API_SLOW | API_SENSITIVE | API_NO_IDEMPOTENCY, create_login, prepare_login},
    {"POST", "/api/logout", "logout", API_LOGGED_IN, API_WRITE | API_NO_IDEMPOTENCY, create_logout,
     NULL},
    {"GET", "/api/me", "me_get", API_LOGGED_IN, 0, get_me, NULL},
    {"PUT", "/api/me", "me_update", API_LOGGED_IN, API_WRITE | API_SLOW | API_SENSITIVE, update_me,
     prepare_me},
    {0},
};
