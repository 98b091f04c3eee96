/* Whether the process runs and whether it is ready, and the API's own description. */
#include "api/api_internal.h"
#include "api/routes.h"

#include "pages/assets.h"
#include "service/access.h"
#include "service/release.h"

static enum error_code get_health(struct api_call *call, struct error *error)
{
    (void)error;
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "status", "ok");
    json_object_end(&writer);
    return OK;
}

static enum error_code get_readiness(struct api_call *call, struct error *error)
{
    (void)error;
    bool needed = false;
    struct error found = {0};
    bool database = access_setup_needed(call->work, &needed, &found) == OK;
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "status", database ? "ok" : "failing");
    json_key(&writer, "checks");
    json_object_begin(&writer);
    json_field_chars(&writer, "database", database ? "ok" : "unavailable");
    json_field_chars(&writer, "scheduler", release_scheduler_word(call->service));
    json_object_end(&writer);
    json_object_end(&writer);
    call->response->status = database ? 200 : 503;
    return OK;
}

static enum error_code get_openapi(struct api_call *call, struct error *error)
{
    const struct asset *asset = asset_find(TEXT("/openapi.json"));
    if (asset == NULL) {
        return error_set(error, ERROR_NOT_FOUND, "this program was built without the document");
    }
    struct http_response *response = call->response;
    struct text accepted = http_request_header(call->request, "accept-encoding");
    response->fixed = asset->raw;
    http_response_set_header(response, "Content-Type", TEXT("application/json"));
    http_response_set_header(response, "Vary", TEXT("Accept-Encoding"));
    if (asset->gzip.data != NULL && http_list_accepts(accepted, TEXT("gzip"), true)) {
        response->fixed = asset->gzip;
        http_response_set_header(response, "Content-Encoding", TEXT("gzip"));
    }
    return OK;
}

const struct api_route API_HEALTH_ROUTES[] = {
    {"GET", "/healthz", "healthz", API_PUBLIC, API_NO_LIMIT, get_health, NULL},
    {"GET", "/readyz", "readyz", API_PUBLIC, API_NO_LIMIT, get_readiness, NULL},
    {"GET", "/api/openapi.json", "openapi_get", API_PUBLIC, 0, get_openapi, NULL},
    {0},
};
