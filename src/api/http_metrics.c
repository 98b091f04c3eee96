/* Counters of the routes, see http_metrics.h: one row of atomics per route, so that requests on
 * different threads never wait for each other. Place 0 is for addresses that no route has. */
#include "api/http_metrics.h"

#include "api/routes.h"
#include "service/metrics_report.h"

#include <stdio.h>

enum { CLASSES = 5 }; /* 1xx … 5xx */

static struct route_numbers {
    struct metric_counter answers[CLASSES];
    struct metric_histogram latency;
} NUMBERS[HTTP_METRICS_ROUTES_MAX];

void http_metrics_note(size_t route, int status, int64_t took_us)
{
    CHECK(route < HTTP_METRICS_ROUTES_MAX);
    int class = status / 100;
    if (class >= 1 && class <= CLASSES) {
        metric_add(&NUMBERS[route].answers[class - 1], 1);
    }
    metric_observe_us(&NUMBERS[route].latency, took_us);
}

/* A route that nobody asked has no samples: the page stays short. */
static bool was_asked(size_t at)
{
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        if (metric_read(&NUMBERS[at].latency.buckets[i]) > 0) {
            return true;
        }
    }
    return false;
}

static void format_route(size_t at, char *out, size_t size)
{
    const struct api_route *route = at == HTTP_METRICS_NO_ROUTE ? NULL : routes_at(at - 1);
    (void)snprintf(out, size, "method=\"%s\",route=\"%s\"", route == NULL ? "other" : route->method,
                   route == NULL ? "none" : route->pattern);
}

void http_metrics_write(struct buffer *out)
{
    char route[300];
    char labels[340];
    metrics_family(out, "dripline_http_requests_total", "counter",
                   "Answered requests by route and class of status.");
    for (size_t at = 0; at < HTTP_METRICS_ROUTES_MAX; at++) {
        format_route(at, route, sizeof(route));
        for (int class = 0; class < CLASSES; class ++) {
            int64_t count = metric_read(&NUMBERS[at].answers[class]);
            if (count > 0) {
                (void)snprintf(labels, sizeof(labels), "%s,status=\"%dxx\"", route, class + 1);
                metrics_sample(out, "dripline_http_requests_total", labels, count);
            }
        }
    }
    metrics_family(out, "dripline_http_request_duration_seconds", "histogram",
                   "From the head of a request to its answer.");
    for (size_t at = 0; at < HTTP_METRICS_ROUTES_MAX; at++) {
        if (was_asked(at)) {
            format_route(at, route, sizeof(route));
            metrics_histogram(out, "dripline_http_request_duration_seconds", route,
                              &NUMBERS[at].latency);
        }
    }
}
