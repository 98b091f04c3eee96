#pragma once

#include "base/error.h"
#include "delivery/progress.h"
#include "domain/import_row.h"
#include "domain/schedule.h"
#include "service/service.h"
#include "store/store_enroll.h"
#include "store/work.h"

/* Enrolls people into one sequence: one verdict per person, the same for every way in. Open it once
 * per transaction, give it people one by one, close it so that the counters are written. Fast
 * enough for a million: ids are given out here and counters are added up per way of starting.
 * Thread: the writer; with `dry_run` any, for then nothing is written. */
struct enroll_settings {
    int64_t sequence_id;
    struct text source; /* "api", "csv", "paste", "form", "import", "operator" */
    int64_t batch_id;   /* 0: none */
    bool dry_run;
    bool events; /* one event per person: for few of them */
};

struct enroll_person {
    int64_t phone; /* from domain/phone.h */
    struct text name;
    struct text fields;     /* JSON object of texts; empty: none */
    struct text timezone;   /* as given; empty: none */
    const char *zone_guess; /* the zone of the phone's country, or NULL */
    int64_t start_day;      /* 0: none */
    int64_t current_day;    /* 0: none */
    int64_t enrolled_at_ms; /* 0: now */
};

struct enroll_result {
    enum enroll_verdict verdict;
    int64_t enrollment_id; /* the new one; for already_active the present one; else 0 */
    int64_t contact_id;
};

enum { ENROLL_STARTS_MAX = 16 };
struct enroll_start { /* private */
    int32_t first_day;
    enum message_reason reason;
    int64_t quarter; /* of an hour of enrollment, since 1970 */
    int64_t count;   /* of people; of them have nothing ahead: */
    int64_t completed;
};

struct enroll { /* private but for the counts below */
    struct work *work;
    const struct service *service;
    struct enroll_settings settings;
    struct progress progress;
    struct progress_sequence *sequence;
    struct schedule_person base;
    bool ledger_empty;
    int64_t next_contact_id;
    int64_t next_enrollment_id;
    int64_t next_row_id; /* of batch_row, for callers that keep refused rows */
    size_t start_count;
    struct enroll_start starts[ENROLL_STARTS_MAX];
    struct store_enroll_run run; /* new people alike, not yet written */
    /* for the caller */
    int64_t counts[ENROLL_VERDICT_COUNT];
    int64_t unknown_zones;
    int64_t first_id; /* of the new enrollments; 0: none yet */
    int64_t last_id;
};

/* Errors   ERROR_NOT_FOUND: no such sequence; ERROR_CONFLICT: it is archived */
MUST_USE enum error_code enroll_open(struct enroll *enroll, struct work *work,
                                     const struct service *service,
                                     const struct enroll_settings *settings, struct error *error);
MUST_USE enum error_code enroll_person(struct enroll *enroll, const struct enroll_person *person,
                                       struct enroll_result *ret_result, struct error *error);
/* The same for several people with different phones, in fewer statements when all are new. */
enum { ENROLL_GROUP = STORE_ENROLL_GROUP };
MUST_USE enum error_code enroll_group(struct enroll *enroll, const struct enroll_person *people,
                                      size_t count, struct enroll_result *ret_results,
                                      struct error *error);
/* Counts a row that was refused before it was a person. */
void enroll_refused(struct enroll *enroll, enum enroll_verdict verdict);
/* Writes what was held back: the last rows, the counters. */
MUST_USE enum error_code enroll_close(struct enroll *enroll, struct error *error);

/* The custom fields of a row as a JSON object; empty when there are none. */
struct text enroll_fields_json(struct arena *arena, const struct import_person *person);
