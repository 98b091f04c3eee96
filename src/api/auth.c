/* Who asks, and whether they may. A bearer key, a session cookie, or the Unix socket whose file
 * only the owner of the process can open. A cookie rides along with requests that other sites make
 * a browser send; so with a cookie nothing is changed unless the browser says that the request came
 * from our own pages. */
#include "api/api_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/access.h"
#include "service/settings.h"

bool auth_is_https(const struct request *request)
{
    struct text list = http_request_header(request->http, "x-forwarded-proto");
    if (request->behind_proxy && list.data != NULL) {
        struct text scheme = {0};
        while (text_next(&list, ',', &scheme)) { /* the last one is the nearest proxy's */
        }
        return text_equal_ignore_case(text_trim(scheme), TEXT("https"));
    }
    return request->public_https ||
           strncmp(request->dispatch->service->public_url, "https://", 8) == 0;
}

/* A proxy that nobody told us to trust brings people who follow the public address of the settings.
 * Their browser says so in the Host header; whoever comes by another address of ours, like one of
 * the local network, speaks plain http and could not keep a Secure cookie. */
static enum error_code find_public_https(struct request *request, struct error *error)
{
    struct text host = http_request_header(request->http, "host");
    struct text url = {0};
    bool browser = http_request_header(request->http, "cookie").data != NULL ||
                   http_request_header(request->http, "origin").data != NULL ||
                   http_request_header(request->http, "sec-fetch-site").data != NULL;
    if (!browser || host.size == 0 || request->dispatch->service->public_url[0] != '\0') {
        return OK;
    }
    enum error_code code = settings_public_url(&request->work, &url, error);
    if (code == OK && text_starts_with(url, TEXT("https://"))) {
        struct text rest = text_skip(url, 8);
        struct text name = {0};
        (void)text_next(&rest, '/', &name);
        request->public_https = text_equal_ignore_case(name, host);
    }
    return code;
}

const char *auth_cookie_name(const struct request *request)
{
    return auth_is_https(request) ? "__Host-dripline_session" : "dripline_session";
}

struct text auth_bearer(const struct request *request)
{
    struct text value = http_request_header(request->http, "authorization");
    struct text scheme;
    if (!text_next(&value, ' ', &scheme) || value.data == NULL ||
        !text_equal_ignore_case(scheme, TEXT("bearer"))) {
        return (struct text){0};
    }
    return text_trim(value);
}

enum error_code auth_identify(struct request *request, struct error *error)
{
    struct work *work = &request->work;
    struct access *access = request->dispatch->service->access;
    work->actor = (struct actor){.kind = ACTOR_PUBLIC, .address = request->address};
    if ((request->match.route->flags & API_PUBLISHABLE) != 0) {
        return OK; /* no login counts here: see public_key.c */
    }
    enum error_code found = find_public_https(request, error);
    if (found != OK) {
        return found;
    }
    if (http_request_header(request->http, "authorization").data != NULL) {
        struct text secret = auth_bearer(request);
        if (!text_starts_with(secret, TEXT("sk_"))) {
            return error_set(error, ERROR_UNAUTHENTICATED,
                             "the Authorization header must be \"Bearer sk_…\"");
        }
        return access_by_key(work, secret, &request->touch, error);
    }
    struct text token = http_request_cookie(request->http, auth_cookie_name(request));
    if (token.size > 0) {
        enum error_code code = access_by_session(work, access, token, &request->touch, error);
        if (code == OK) {
            request->session_token = token;
        }
        return code;
    }
    if (request->http->is_local_socket) {
        work->actor.kind = ACTOR_CLI;
        work->actor.scopes = SCOPE_ALL;
        work->actor.name = TEXT("command line");
    }
    return OK;
}

/* The address in the browser's bar: the one we are told to have, or the one that was asked for. A
 * request that no proxy speaks for came to us by plain http, as we have no other door. */
static bool is_own_origin(const struct request *request, struct text origin)
{
    struct text host = http_request_header(request->http, "host");
    struct text own = text_from(request->dispatch->service->public_url);
    if (own.size > 0 && text_equal_ignore_case(origin, own)) {
        return true;
    }
    bool by_https = request->public_https || (request->behind_proxy && auth_is_https(request));
    struct text scheme = by_https ? TEXT("https://") : TEXT("http://");
    return host.size > 0 && text_starts_with(origin, scheme) &&
           text_equal_ignore_case(text_skip(origin, scheme.size), host);
}

static bool comes_from_own_page(const struct request *request)
{
    struct text site = http_request_header(request->http, "sec-fetch-site");
    if (site.data != NULL) {
        return text_equal(site, TEXT("same-origin")) || text_equal(site, TEXT("none"));
    }
    struct text origin = http_request_header(request->http, "origin");
    return origin.data != NULL && is_own_origin(request, origin);
}

static bool changes_something(const struct request *request)
{
    struct text method = request->http->method;
    return !text_equal(method, TEXT("GET")) && !text_equal(method, TEXT("HEAD"));
}

static unsigned needed_scope(enum api_scope scope, const char **ret_word)
{
    switch (scope) {
    case API_READ:
        *ret_word = "read";
        return SCOPE_READ;
    case API_ENROLL:
        *ret_word = "enroll";
        return SCOPE_ENROLL;
    case API_EDIT:
        *ret_word = "write";
        return SCOPE_WRITE;
    case API_ADMIN:
        *ret_word = "admin";
        return SCOPE_ADMIN;
    case API_PUBLIC:
    case API_LOGGED_IN:
    case API_LOCAL:
        break;
    }
    *ret_word = "";
    return 0;
}

enum error_code auth_allow(struct request *request, struct error *error)
{
    const struct actor *actor = &request->work.actor;
    enum api_scope scope = request->match.route->scope;
    const char *word = "";
    unsigned needed = needed_scope(scope, &word);
    if (scope != API_PUBLIC && actor->kind == ACTOR_PUBLIC) {
        return error_set(error, ERROR_UNAUTHENTICATED, "please sign in or send an API key");
    }
    if (scope == API_LOCAL && actor->kind != ACTOR_CLI) {
        return error_set(error, ERROR_DENIED, "only the command line may do this");
    }
    if (needed != 0 && (actor->scopes & needed) == 0) {
        return error_set(error, ERROR_DENIED, "this %s lacks the scope \"%s\"",
                         actor->kind == ACTOR_KEY ? "key" : "user", word);
    }
    if (request->session_token.data != NULL && changes_something(request) &&
        !comes_from_own_page(request)) {
        return error_set(error, ERROR_DENIED, "the request does not come from one of our pages");
    }
    return OK;
}

struct touch {
    struct access *access;
    int64_t key_id;
    char token[ACCESS_TOKEN_MAX];
};

static enum error_code run_touch(struct work *work, void *context, struct error *error)
{
    const struct touch *touch = context;
    if (touch->key_id != 0) {
        return store_key_used(work, touch->key_id, error);
    }
    return access_session_touch(work, touch->access, text_from(touch->token), error);
}

static void touch_done(void *context, enum error_code code, const struct error *error)
{
    if (code != OK) {
        log_error("access.touch", error);
    }
    mem_free(context);
}

void auth_touch(struct request *request)
{
    const struct actor *actor = &request->work.actor;
    if (!request->touch || request->session_token.size >= ACCESS_TOKEN_MAX) {
        return;
    }
    struct touch *touch = mem_zalloc(sizeof(*touch));
    touch->access = request->dispatch->service->access;
    touch->key_id = actor->kind == ACTOR_KEY ? actor->id : 0;
    if (request->session_token.size > 0) {
        memcpy(touch->token, request->session_token.data, request->session_token.size);
    }
    struct service_write write = {.run = run_touch, .done = touch_done, .context = touch};
    service_submit(request->dispatch->service, &write);
}
