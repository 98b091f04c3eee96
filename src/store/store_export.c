/* Every enrollment and every message in the order of their ids: see store_export.h. */
#include "store/store_export.h"

#include "store/db.h"

DB_SQL(EXPORT_ENROLLMENTS,
       "SELECT e.id, e.sequence_id, e.contact_id, c.phone, e.status, e.position, e.shift_days, "
       "e.messages_sent, (SELECT count(*) FROM step s WHERE s.sequence_id = e.sequence_id "
       "AND s.removed_at_ms IS NULL), coalesce(e.next_due_at_ms, (SELECT min(m.due_at_ms) "
       "FROM message m WHERE m.enrollment_id = e.id AND m.state <= 4)), e.enrolled_at_ms, "
       "e.last_sent_at_ms, e.last_planned_at_ms, e.paused_at_ms, e.ended_at_ms, e.batch_id, "
       "c.timezone_source, c.timezone, c.name, c.fields, e.source, e.status_reason, "
       "e.order_minute "
       "FROM enrollment e LEFT JOIN contact c ON c.id = e.contact_id ORDER BY e.id");

static void read_enrollment(struct db_statement *statement, struct store_export_enrollment *row)
{
    *row = (struct store_export_enrollment){
        .id = db_int64(statement, 0),
        .sequence_id = db_int64(statement, 1),
        .contact_id = db_int64(statement, 2),
        .phone = db_int64(statement, 3),
        .status = (enum enrollment_status)db_int64(statement, 4),
        .position = db_int64(statement, 5),
        .shift_days = db_int64(statement, 6),
        .messages_sent = db_int64(statement, 7),
        .total_messages = db_int64(statement, 8),
        .next_due_at_ms = db_int64(statement, 9),
        .enrolled_at_ms = db_int64(statement, 10),
        .last_sent_at_ms = db_int64(statement, 11),
        .last_planned_at_ms = db_int64(statement, 12),
        .paused_at_ms = db_int64(statement, 13),
        .ended_at_ms = db_int64(statement, 14),
        .batch_id = db_int64(statement, 15),
        .timezone_source = db_int64(statement, 16),
        .timezone = db_text(statement, 17),
        .name = db_text(statement, 18),
        .fields = db_text(statement, 19),
        .source = db_text(statement, 20),
        .status_reason = db_text(statement, 21),
        .order_minute = db_int64(statement, 22),
    };
}

enum error_code store_export_enrollments(
    struct work *work,
    enum error_code (*visit)(void *context, const struct store_export_enrollment *row,
                             struct error *error),
    void *context, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    enum error_code code = db_query(work->db, &EXPORT_ENROLLMENTS, DB_NO_VALUES, &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            struct store_export_enrollment enrollment;
            read_enrollment(statement, &enrollment);
            code = visit(context, &enrollment, error);
        }
    }
    return code;
}

DB_SQL(
    EXPORT_MESSAGES,
    "SELECT m.id, m.state, m.rank, m.attempts, m.next_at_ms, m.channel_id, m.contact_id, "
    "m.enrollment_id, m.step_id, m.sequence_id, m.position, m.reason, m.error_code, "
    "m.due_at_ms, m.sent_at_ms, m.delivered_at_ms, m.read_at_ms, m.failed_at_ms, "
    "m.created_at_ms, b.type, b.media_type, b.text, b.media_url, b.filename, b.template, "
    "c.phone, coalesce(s.day, 0), (SELECT a.provider_id FROM attempt a WHERE a.message_id = m.id "
    "AND a.provider_id IS NOT NULL ORDER BY a.n DESC LIMIT 1), t.error_title, t.error_detail "
    "FROM message m LEFT JOIN message_body b ON b.message_id = m.id "
    "LEFT JOIN contact c ON c.id = m.contact_id LEFT JOIN step s ON s.id = m.step_id "
    "LEFT JOIN attempt t ON t.message_id = m.id AND t.n = m.attempts ORDER BY m.id");

static void read_message(struct db_statement *statement, struct store_export_message *row)
{
    *row = (struct store_export_message){
        .message = {.id = db_int64(statement, 0),
                    .state = (enum message_state)db_int64(statement, 1),
                    .rank = (enum message_rank)db_int64(statement, 2),
                    .attempts = db_int64(statement, 3),
                    .next_at_ms = db_int64(statement, 4),
                    .channel_id = db_int64(statement, 5),
                    .contact_id = db_int64(statement, 6),
                    .enrollment_id = db_int64(statement, 7),
                    .step_id = db_int64(statement, 8),
                    .sequence_id = db_int64(statement, 9),
                    .position = db_int64(statement, 10),
                    .reason = (enum message_reason)db_int64(statement, 11),
                    .error_code = db_int64(statement, 12),
                    .due_at_ms = db_int64(statement, 13),
                    .sent_at_ms = db_int64(statement, 14),
                    .delivered_at_ms = db_int64(statement, 15),
                    .read_at_ms = db_int64(statement, 16),
                    .failed_at_ms = db_int64(statement, 17),
                    .created_at_ms = db_int64(statement, 18)},
        .body = {.message_id = db_int64(statement, 0),
                 .type = db_int64(statement, 19),
                 .media_type = db_int64(statement, 20),
                 .text = db_text(statement, 21),
                 .media_url = db_text(statement, 22),
                 .filename = db_text(statement, 23),
                 .template = db_text(statement, 24)},
        .phone = db_int64(statement, 25),
        .day = db_int64(statement, 26),
        .provider_id = db_text(statement, 27),
        .error_title = db_text(statement, 28),
        .error_detail = db_text(statement, 29),
    };
}

enum error_code store_export_messages(
    struct work *work,
    enum error_code (*visit)(void *context, const struct store_export_message *row,
                             struct error *error),
    void *context, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    enum error_code code = db_query(work->db, &EXPORT_MESSAGES, DB_NO_VALUES, &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            struct store_export_message message;
            read_message(statement, &message);
            code = visit(context, &message, error);
        }
    }
    return code;
}
