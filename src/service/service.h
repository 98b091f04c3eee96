#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* What the service functions and the endpoints reach beside their `struct work`: the long-lived
 * parts of the process, wired once by `serve` and constant afterwards. Every part guards itself;
 * a pointer is NULL when that part does not run in this process. */
struct access;
struct buffer;
struct clock;
struct delivery;
struct runner;
struct store;

struct service_limits {
    int64_t import_bytes; /* largest upload */
    int64_t import_rows;
    int64_t idempotency_ms;     /* how long answers to repeats are kept */
    int64_t disk_warning_bytes; /* an alert when less is free on the disk; 0 = never */
};

/* The simulator inside this process, when there is one. */
struct service_simulator {
    void *context;
    const char *base_url; /* NULL: none runs */
    /* The control API of the simulator: HTTP status; the answer is appended. */
    int (*control)(void *context, const char *method, struct text path, struct text query,
                   struct text body, struct buffer *answer);
};

struct service {
    struct store *store;
    struct clock *clock;
    struct access *access;
    struct runner *runner;     /* long work in chunks */
    struct delivery *delivery; /* planner, dispatcher, receipts */
    struct service_simulator simulator;
    struct text master_key; /* 32 bytes; seals credentials, see master_key.h */
    struct text hash_key;   /* 32 bytes; hashes phones, signs opt-out links; never changes */
    const char *data_directory;
    const char *spool_directory; /* uploads, reports; emptied of leftovers at start */
    const char *ca_file;         /* of outgoing calls; NULL = the system's */
    const char *public_url;      /* "https://drip.example.org", no final slash; "" unknown */
    const char *version;
    struct service_limits limits;
    bool manual_clock;         /* the sandbox may move time */
    bool webhooks_allow_local; /* outgoing webhooks may go to this machine */
    int64_t started_at_ms;
};
