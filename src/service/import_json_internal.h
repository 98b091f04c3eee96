#pragma once

#include "base/hash.h"
#include "delivery/progress.h"
#include "service/import_json.h"
#include "service/json_records.h"
#include "store/store_import.h"

/* The state of one run of import-json, shared by its three files' readers. */
struct import_run {
    const char *directory;
    struct text country;
    bool dry_run;
    struct import_json_report *report;
    int64_t record_count; /* in all files */

    /* Highest ids written in the files: ids that are given out anew lie above them. */
    int64_t sequence_floor, step_floor, contact_floor, enrollment_floor, message_floor;

    /* The rest lives during the transaction. */
    struct work *work;
    struct arena *arena; /* of one record */
    struct progress progress;
    struct map64 *sequences; /* hash of the id in the file -> id here */
    struct map64 *steps;
    struct map64 *enrollments;
    struct map64 *left_out; /* enrollments that were understood and not taken: hash -> 1 */
    int64_t *touched;       /* sequences whose counters are counted anew */
    size_t touched_count, touched_capacity;
    int64_t *planned; /* new active enrollments */
    size_t planned_count, planned_capacity;
    int file;
    struct json_records *records;
};

/* Adds a line for the record that is being read. */
PRINTF(5, 6)
void import_note(struct import_run *run, enum import_verdict verdict, struct text id,
                 const char *new_id, const char *format, ...);
/* Adds a line per finding of `error` and empties it. */
void import_refuse(struct import_run *run, struct text id, struct error *error);
void import_touch(struct import_run *run, int64_t sequence_id);

MUST_USE enum error_code import_sequence_record(struct import_run *run, const struct json *json,
                                                struct error *error);
MUST_USE enum error_code import_enrollment_record(struct import_run *run, const struct json *json,
                                                  struct error *error);
MUST_USE enum error_code import_message_record(struct import_run *run, const struct json *json,
                                               struct error *error);
