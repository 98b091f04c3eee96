#pragma once

#include "base/buffer.h"
#include "base/metrics.h"

/* How often each route was asked, how it was answered, and how long that took. Routes by their
 * number in the tables; labels hold the pattern, never an address that somebody typed. */

/* Any thread. `route` is route_match.number, or HTTP_METRICS_NO_ROUTE. */
enum { HTTP_METRICS_NO_ROUTE = 0, HTTP_METRICS_ROUTES_MAX = 256 };
void http_metrics_note(size_t route, int status, int64_t took_us);
void http_metrics_write(struct buffer *out);
