/* Publishable keys and the pages they are used on. The key comes in the Authorization header or, as
 * HTML forms cannot send that, in the field "key". A browser says which page asks: only the key's
 * own origins may, letter by letter, and only they may read the answer. Nothing here looks at a
 * cookie, so no page can act in the name of whoever is signed in. */
#include "api/api_internal.h"

#include "service/access.h"

static struct text find_key(const struct request *request)
{
    struct text bearer = auth_bearer(request);
    if (bearer.data != NULL) {
        return bearer;
    }
    return json_get_text(request->json, "key");
}

static enum error_code identify_preflight(struct request *request, struct text origin,
                                          struct error *error)
{
    bool known = false;
    enum error_code code = OK;
    if (origin.size > 0) {
        code = store_key_origin_known(&request->work, origin, &known, error);
    }
    if (code == OK && known) {
        request->cross_origin = origin;
    }
    return code;
}

enum error_code public_key_identify(struct request *request, struct error *error)
{
    struct text origin = http_request_header(request->http, "origin");
    if (text_equal(request->http->method, TEXT("OPTIONS"))) {
        return identify_preflight(request, origin, error);
    }
    struct store_key *key = arena_alloc(request->arena, sizeof(*key));
    struct text secret = find_key(request);
    if (!text_starts_with(secret, TEXT("pk_"))) {
        return error_set(error, ERROR_UNAUTHENTICATED,
                         "a publishable key pk_… is needed: as Bearer token, or in the field "
                         "\"key\"");
    }
    enum error_code code = access_by_publishable_key(&request->work, secret, key, error);
    if (code != OK) {
        return code;
    }
    if (origin.data != NULL && !access_key_allows_origin(key, origin)) {
        return error_set(error, ERROR_DENIED, "this key may not be used on that page");
    }
    request->key = key;
    request->cross_origin = origin;
    struct text caller = arena_format(request->arena, "%lld", (long long)key->id);
    code = request_limit(request, request->dispatch->public_addresses, "address", request->network,
                         error);
    return code == OK ? request_limit(request, request->dispatch->public_keys, "key", caller, error)
                      : code;
}

void public_key_headers(struct request *request)
{
    struct http_response *response = &request->response;
    if (request->match.route == NULL || (request->match.route->flags & API_PUBLISHABLE) == 0) {
        return;
    }
    http_response_set_header(response, "Vary", TEXT("Origin"));
    http_response_set_header(response, "Cross-Origin-Resource-Policy", TEXT("cross-origin"));
    if (request->cross_origin.size == 0) {
        return;
    }
    http_response_set_header(response, "Access-Control-Allow-Origin", request->cross_origin);
    http_response_set_header(response, "Access-Control-Expose-Headers",
                             TEXT("RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"));
    if (text_equal(request->http->method, TEXT("OPTIONS"))) {
        http_response_set_header(response, "Access-Control-Allow-Methods", TEXT("POST"));
        http_response_set_header(response, "Access-Control-Allow-Headers",
                                 TEXT("Authorization, Content-Type, Idempotency-Key"));
        http_response_set_header(response, "Access-Control-Max-Age", TEXT("600"));
    }
}

const struct store_key *api_public_key(struct api_call *call)
{
    return QUEUE_ITEM(call, struct request, call)->key;
}

enum error_code api_limit_phone(struct api_call *call, int64_t phone, struct error *error)
{
    struct request *request = QUEUE_ITEM(call, struct request, call);
    struct text caller = arena_format(request->arena, "%lld", (long long)phone);
    return request_limit(request, request->dispatch->public_phones, "phone", caller, error);
}

enum error_code api_limit_public(struct api_call *call, struct error *error)
{
    struct request *request = QUEUE_ITEM(call, struct request, call);
    return request_limit(request, request->dispatch->public_addresses, "address", request->network,
                         error);
}
