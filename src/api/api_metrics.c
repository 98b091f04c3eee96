/* GET /metrics for Prometheus: for programs on this machine, and for keys and users that may read.
 */
#include "api/api_internal.h"
#include "api/http_metrics.h"
#include "api/routes.h"

#include "service/metrics_report.h"

/* A request that a proxy on this machine passed on comes from somewhere else. */
static bool comes_from_here(const struct http_request *request)
{
    struct text peer = text_from(request->peer);
    bool passed_on = http_request_header(request, "x-forwarded-for").data != NULL ||
                     http_request_header(request, "forwarded").data != NULL ||
                     http_request_header(request, "via").data != NULL;
    return request->is_local_socket ||
           (!passed_on && (text_starts_with(peer, TEXT("127.")) || text_equal(peer, TEXT("::1"))));
}

static enum error_code get_metrics(struct api_call *call, struct error *error)
{
    if ((call->work->actor.scopes & SCOPE_READ) == 0 && !comes_from_here(call->request)) {
        return call->work->actor.kind == ACTOR_PUBLIC
                   ? error_set(error, ERROR_UNAUTHENTICATED,
                               "metrics are for this machine, or for a key that may read")
                   : error_set(error, ERROR_DENIED, "this key lacks the scope \"read\"");
    }
    struct buffer *out = &call->response->body;
    http_response_set_header(call->response, "Content-Type",
                             TEXT("text/plain; version=0.0.4; charset=utf-8"));
    enum error_code code = metrics_report(call->work, call->service, out, error);
    if (code == OK) {
        http_metrics_write(out);
        metrics_family(out, "dripline_event_streams", "gauge", "Browsers that listen for events.");
        metrics_sample(out, "dripline_event_streams", "",
                       (int64_t)events_listeners(call->dispatch->events));
    }
    return code;
}

const struct api_route API_METRICS_ROUTES[] = {
    {"GET", "/metrics", "metrics", API_PUBLIC, 0, get_metrics, NULL},
    {0},
};
