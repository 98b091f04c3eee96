/* The web UI: embedded files, and its start page for every address that a browser opens. */
#include "api/api_internal.h"
#include "api/routes.h"

#include "pages/pages.h"

static enum error_code get_asset(struct api_call *call, struct error *error)
{
    if (!pages_answer(call->request, call->response)) {
        return error_set(error, ERROR_NOT_FOUND, "there is nothing at this address");
    }
    return OK;
}

const struct api_route API_ASSETS_ROUTES[] = {
    {"GET", "/*path", "assets_get", API_PUBLIC, 0, get_asset, NULL},
    {0},
};
