#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/metrics.h"
#include "service/service.h"
#include "store/work.h"

/* The numbers of this process and its database in Prometheus' text format (version 0.0.4). */

/* Writes "# HELP" and "# TYPE" of a family; its samples follow. `type`: "counter", "gauge" or
 * "histogram". */
void metrics_family(struct buffer *out, const char *name, const char *type, const char *help);
/* One sample. `labels` is "" or ready-made: `state="held"`. */
void metrics_sample(struct buffer *out, const char *name, const char *labels, int64_t value);
void metrics_sample_double(struct buffer *out, const char *name, const char *labels, double value);
/* The samples of one histogram, in seconds. `labels` as above. */
void metrics_histogram(struct buffer *out, const char *name, const char *labels,
                       struct metric_histogram *histogram);

/* Everything but what the HTTP side counts. */
MUST_USE enum error_code metrics_report(struct work *work, const struct service *service,
                                        struct buffer *out, struct error *error);
