#pragma once

#include "base/compiler.h"

#include <stdbool.h>

/* What the service functions and the endpoints reach beside their `struct work`: the long-lived
 * parts of the process, wired once by `serve` and constant afterwards. Every part guards itself;
 * a pointer is NULL when that part does not run in this process. */
struct clock;
struct delivery;
struct runner;
struct secret;
struct store;

struct service_limits {
    int64_t import_bytes; /* largest upload */
    int64_t import_rows;
    int64_t keep_idempotency_ms;
};

struct service {
    struct store *store;
    struct clock *clock;
    struct runner *runner;     /* long work in chunks */
    struct delivery *delivery; /* planner, dispatcher, receipts */
    const char *data_directory;
    const char *spool_directory; /* uploads, reports; emptied of leftovers at start */
    const char *public_url;      /* "https://drip.example.org", no final slash; "" unknown */
    const char *version;
    struct service_limits limits;
    bool manual_clock; /* the sandbox may move time */
};
