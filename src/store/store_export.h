#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/enrollment.h"
#include "store/store_message.h"
#include "store/work.h"

/* Walks over every enrollment and every message for the export, one row in memory at a time. Texts
 * live during the visit only. Absent numbers and times are 0. */
struct store_export_enrollment {
    int64_t id;
    int64_t sequence_id;
    int64_t contact_id;
    int64_t phone;
    enum enrollment_status status;
    int64_t position;
    int64_t shift_days;
    int64_t order_minute;
    int64_t messages_sent;
    int64_t total_messages;
    int64_t next_due_at_ms; /* of its row in due, else of its open message */
    int64_t enrolled_at_ms;
    int64_t last_sent_at_ms;
    int64_t last_planned_at_ms;
    int64_t paused_at_ms;
    int64_t ended_at_ms;
    int64_t batch_id;
    int64_t timezone_source;
    struct text timezone;
    struct text name;
    struct text fields; /* JSON object */
    struct text source;
    struct text status_reason;
};
MUST_USE enum error_code store_export_enrollments(
    struct work *work,
    enum error_code (*visit)(void *context, const struct store_export_enrollment *row,
                             struct error *error),
    void *context, struct error *error);

struct store_export_message {
    struct store_message message;
    struct store_message_body body;
    int64_t phone;
    int64_t day;
    struct text provider_id;
    struct text error_title;
    struct text error_detail;
};
MUST_USE enum error_code store_export_messages(
    struct work *work,
    enum error_code (*visit)(void *context, const struct store_export_message *row,
                             struct error *error),
    void *context, struct error *error);
