#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

#include <stdbool.h>

/* The integrity of everything: nothing sent twice, nothing due forgotten, numbers that add up, a
 * sound database file. */
struct verify_finding {
    struct text code; /* "due_missing", "counter", "file" … */
    struct text message;
    int64_t count;
    bool serious;    /* false: only a note */
    bool repairable; /* safe to repair without a person */
    bool repaired;
};
struct verify_report {
    struct verify_finding *findings; /* in work->arena */
    size_t finding_count;
    int64_t sequences;
    int64_t people;
    bool sound; /* no serious finding is left */
};

/* {"sound", "sequences", "people", "findings": […]} */
struct json_writer;
void verify_encode(struct json_writer *writer, const struct verify_report *report);

/* Counts the people anew who were enrolled before there were cohorts: once, when a data directory
 * of an older version is opened. Never on the writer's thread. */
MUST_USE enum error_code verify_upgrade(struct store *store, struct error *error);

/* Looks at one moment of the database; any connection does.
 * whole_file  also SQLite's own check of every page, which reads the whole file */
MUST_USE enum error_code verify_look(struct work *work, bool whole_file,
                                     struct verify_report *ret_report, struct error *error);
/* Repairs what is safe and reports what was found. Only in a writer job that runs alone. */
MUST_USE enum error_code verify_repair(struct work *work, struct verify_report *ret_report,
                                       struct error *error);
/* The same as such a job, waiting for its end; the report is written to `writer`. Never on the
 * writer's thread. */
MUST_USE enum error_code verify_repair_now(struct service *service, struct json_writer *writer,
                                           struct error *error);
