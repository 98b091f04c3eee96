/* What belongs to one person: enrollments, replies, messages. */
#include "store/db.h"
#include "store/store_contact.h"

enum { FIRST_CAPACITY = 16 };

/* Doubles an array in the arena when it is full. */
static void *room(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t larger = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    void *more = arena_array(arena, larger, size);
    if (count > 0) {
        memcpy(more, items, count * size);
    }
    *capacity = larger;
    return more;
}

DB_SQL(CONTACT_ENROLLMENTS, "SELECT id, sequence_id, status FROM enrollment "
                            "WHERE contact_id = $1 AND ($2 = 0 OR live = 1) ORDER BY id DESC");

enum error_code store_contact_enrollments(struct work *work, int64_t contact_id, bool live_only,
                                          struct store_contact_enrollment **ret_rows,
                                          size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_contact_enrollment *rows = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &CONTACT_ENROLLMENTS, DB_VALUES(DB_INT(contact_id), DB_INT(live_only)),
                 &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            rows = room(work->arena, rows, count, &capacity, sizeof(*rows));
            rows[count++] = (struct store_contact_enrollment){
                .id = db_int64(statement, 0),
                .sequence_id = db_int64(statement, 1),
                .status = db_int64(statement, 2),
            };
        }
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(CONTACT_INBOUND, "SELECT id, channel_id, enrollment_id, at_ms, type, text "
                        "FROM inbound_message WHERE contact_id = $1 ORDER BY at_ms DESC LIMIT $2");

enum error_code store_contact_inbound(struct work *work, int64_t contact_id, size_t limit,
                                      struct store_contact_inbound **ret_rows, size_t *ret_count,
                                      struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_contact_inbound *rows = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &CONTACT_INBOUND, DB_VALUES(DB_INT(contact_id), DB_INT(limit)),
                 &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            rows = room(work->arena, rows, count, &capacity, sizeof(*rows));
            rows[count++] = (struct store_contact_inbound){
                .id = db_int64(statement, 0),
                .channel_id = db_int64(statement, 1),
                .enrollment_id = db_int64(statement, 2),
                .at_ms = db_int64(statement, 3),
                .type = db_text_copy(statement, 4, work->arena),
                .text = db_text_copy(statement, 5, work->arena),
            };
        }
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(CONTACT_MESSAGES,
       "SELECT m.id FROM enrollment AS e JOIN message AS m ON m.enrollment_id = e.id "
       "WHERE e.contact_id = $1 UNION ALL SELECT id FROM message WHERE enrollment_id IS NULL "
       "AND contact_id = $1 ORDER BY 1 DESC");

enum error_code store_contact_messages(struct work *work, int64_t contact_id, int64_t **ret_ids,
                                       size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t *ids = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &CONTACT_MESSAGES, DB_VALUES(DB_INT(contact_id)), &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            ids = room(work->arena, ids, count, &capacity, sizeof(*ids));
            ids[count++] = db_int64(statement, 0);
        }
    }
    if (code == OK) {
        *ret_ids = ids;
        *ret_count = count;
    }
    return code;
}
