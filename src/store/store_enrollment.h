#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/enrollment.h"
#include "store/work.h"

#include <stdbool.h>

/* Enrollments as they are made, shown and listed. Where one stands and when it goes on is
 * store_progress.h. Absent ids and times are 0; texts live in work->arena. */
struct store_enrollment {
    int64_t id;
    int64_t sequence_id;
    int64_t contact_id;
    enum enrollment_status status;
    int64_t position;
    int64_t shift_days;
    int64_t order_minute; /* written, not read: see store_progress.h */
    int64_t messages_sent;
    int64_t next_due_at_ms;
    int64_t enrolled_at_ms;
    int64_t last_sent_at_ms;
    int64_t paused_at_ms;
    int64_t ended_at_ms;
    int64_t batch_id;
    struct text source; /* "api", "csv", "paste", "form", "import", "operator" */
    struct text status_reason;
    int64_t created_at_ms;
};

/* With the person, for answers. */
struct store_enrollment_view {
    struct store_enrollment enrollment;
    int64_t phone;
    struct text name;
    struct text fields; /* JSON object */
    struct text timezone;
    int64_t timezone_source; /* enum contact_zone_source */
    struct text sequence_name;
    int64_t total_messages;
    int64_t open_due_at_ms; /* when the earliest message in the queue is due; 0: none waits */
};

MUST_USE enum error_code store_enrollment_get(struct work *work, int64_t id,
                                              struct store_enrollment_view *ret_view,
                                              bool *ret_found, struct error *error);

/* Inserts the row and, with next_due_at_ms, its row in `due`. id 0 takes the next one and is set.
 * Errors   ERROR_CONFLICT: the person is live in the sequence already */
MUST_USE enum error_code store_enrollment_insert(struct work *work,
                                                 struct store_enrollment *enrollment,
                                                 struct error *error);
MUST_USE enum error_code store_enrollment_next_id(struct work *work, int64_t *ret_id,
                                                  struct error *error);

/* The live enrollment of a person in a sequence, else the newest ended one. */
MUST_USE enum error_code store_enrollment_newest(struct work *work, int64_t contact_id,
                                                 int64_t sequence_id, int64_t *ret_id,
                                                 enum enrollment_status *ret_status,
                                                 bool *ret_found, struct error *error);

enum store_enrollment_order {
    STORE_ENROLLMENT_NEWEST, /* by id, falling */
    STORE_ENROLLMENT_OLDEST, /* by id, rising */
    STORE_ENROLLMENT_BY_DUE, /* by next due time, rising; those without come last */
};
struct store_enrollment_filter {
    int64_t sequence_id;   /* 0: any */
    int64_t contact_id;    /* 0: any */
    int64_t batch_id;      /* 0: any */
    uint64_t statuses;     /* bits 1 << enum enrollment_status; 0: all */
    struct text text;      /* part of the name, or the beginning of the digits; empty: all */
    int64_t added_from_ms; /* added at or after; 0: any time. Not with BY_DUE */
    int64_t added_to_ms;   /* added before; 0: any time */
    enum store_enrollment_order order;
    int64_t after_id; /* cursor: the last row's id, 0 = from the start */
    int64_t after_ms; /* and its next due time for BY_DUE, when it was added for a span of time */
};
MUST_USE enum error_code store_enrollment_list(struct work *work,
                                               const struct store_enrollment_filter *filter,
                                               size_t limit,
                                               struct store_enrollment_view **ret_views,
                                               size_t *ret_count, struct error *error);
MUST_USE enum error_code store_enrollment_count(struct work *work,
                                                const struct store_enrollment_filter *filter,
                                                int64_t *ret_count, struct error *error);

/* For undoing a batch: its enrollments with ids above `after_id`, rising. */
struct store_batch_enrollment {
    int64_t id;
    enum enrollment_status status;
    int64_t position;
    int64_t messages_sent;
    int64_t message_count; /* messages that exist, whatever their state */
    int64_t next_due_at_ms;
};
MUST_USE enum error_code store_enrollment_of_batch(struct work *work, int64_t batch_id,
                                                   int64_t after_id, int64_t last_id, size_t limit,
                                                   struct store_batch_enrollment **ret_rows,
                                                   size_t *ret_count, struct error *error);
/* Deletes the row and its row in `due`; only for enrollments without any message. */
MUST_USE enum error_code store_enrollment_remove(struct work *work, int64_t id,
                                                 int64_t next_due_at_ms, struct error *error);
