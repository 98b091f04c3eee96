/* Rows about one person for their export: see store_person.h. $1 is the contact's id, $2 the
 * phone's digits as text, $3 the contact's id as it stands in the audit trail. */
#include "store/store_person.h"

#include "base/ids.h"
#include "store/db.h"

#include <stdio.h>

#define ISO "'%Y-%m-%dT%H:%M:%fZ'" /* of milliseconds, by strftime() */

DB_SQL(PERSON_IDENTIFIERS_SQL,
       "SELECT json_object('wa_id', CAST(wa_id AS TEXT), 'user_id', user_id, "
       "'help_answered_at', strftime(" ISO ", help_at_ms / 1000.0, 'unixepoch')) FROM contact "
       "WHERE id = $1 AND coalesce(wa_id, user_id, help_at_ms) IS NOT NULL");
DB_SQL(PERSON_WINDOWS_SQL,
       "SELECT json_object('channel', channel_id, "
       "'last_inbound_at', strftime(" ISO ", last_inbound_at_ms / 1000.0, 'unixepoch')) "
       "FROM contact_window WHERE contact_id = $1 ORDER BY channel_id");
DB_SQL(PERSON_ATTEMPTS_SQL,
       "SELECT json_object('message', a.message_id, 'n', a.n, "
       "'at', strftime(" ISO
       ", a.started_at_ms / 1000.0, 'unixepoch'), 'http_status', a.http_status, "
       "'error_code', a.error_code, 'error', a.error_title, 'error_detail', a.error_detail, "
       "'provider_id', a.provider_id) "
       "FROM attempt AS a WHERE a.message_id IN (SELECT m.id FROM enrollment AS e "
       "JOIN message AS m ON m.enrollment_id = e.id WHERE e.contact_id = $1 "
       "UNION ALL SELECT id FROM message WHERE enrollment_id IS NULL AND contact_id = $1) "
       "ORDER BY a.message_id, a.n");
DB_SQL(PERSON_EVENTS_SQL,
       "SELECT json_object('id', id, 'at', strftime(" ISO ", at_ms / 1000.0, 'unixepoch'), "
       "'type', type, 'sequence', sequence_id, 'message', message_id, "
       "'data', CASE WHEN json_valid(data) THEN json(data) END) "
       "FROM event WHERE contact_id = $1 OR enrollment_id IN "
       "(SELECT id FROM enrollment WHERE contact_id = $1) ORDER BY id");
DB_SQL(PERSON_IMPORT_ROWS_SQL,
       "SELECT json_object('batch', batch_id, 'row', row_number, 'input', input, 'name', name, "
       "'message', message, 'cells', cells) FROM batch_row "
       "WHERE phone = CAST($1 AS INTEGER) AND $1 <> '0' ORDER BY id");
DB_SQL(PERSON_UNCONFIRMED_SQL,
       "SELECT json_object('form', form_id, "
       "'at', strftime(" ISO ", created_at_ms / 1000.0, 'unixepoch'), 'person', json(person), "
       "'consent', json(consent)) FROM unconfirmed WHERE phone = CAST($1 AS INTEGER) "
       "ORDER BY form_id");
DB_SQL(PERSON_AUDIT_SQL, "SELECT json_object('at', strftime(" ISO ", at_ms / 1000.0, 'unixepoch'), "
                         "'who', actor_name, 'action', action, "
                         "'detail', CASE WHEN json_valid(detail) THEN json(detail) END) "
                         "FROM audit WHERE object = $1 ORDER BY id");

/* What $1 is: the contact's id, the digits of the phone as text, or the id in the audit trail. */
enum found_by { BY_CONTACT, BY_DIGITS, BY_OBJECT };

static const struct {
    const char *name;
    struct db_sql *sql;
    enum found_by by;
} KINDS[PERSON_ROWS_COUNT] = {
    [PERSON_IDENTIFIERS] = {"identifiers", &PERSON_IDENTIFIERS_SQL, BY_CONTACT},
    [PERSON_WINDOWS] = {"conversations", &PERSON_WINDOWS_SQL, BY_CONTACT},
    [PERSON_ATTEMPTS] = {"attempts", &PERSON_ATTEMPTS_SQL, BY_CONTACT},
    [PERSON_EVENTS] = {"events", &PERSON_EVENTS_SQL, BY_CONTACT},
    [PERSON_IMPORT_ROWS] = {"import_rows", &PERSON_IMPORT_ROWS_SQL, BY_DIGITS},
    [PERSON_UNCONFIRMED] = {"unconfirmed", &PERSON_UNCONFIRMED_SQL, BY_DIGITS},
    [PERSON_AUDIT] = {"audit", &PERSON_AUDIT_SQL, BY_OBJECT},
};

const char *person_rows_to_text(enum person_rows rows)
{
    return KINDS[rows].name;
}

enum error_code store_person_visit(struct work *work, enum person_rows rows, int64_t contact_id,
                                   int64_t phone, person_on_row *on_row, void *context,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    char digits[24];
    char object[ID_TEXT_MAX];
    bool row = true;
    (void)snprintf(digits, sizeof(digits), "%lld", (long long)phone);
    (void)id_format(ID_CONTACT, contact_id, object);
    enum found_by by = KINDS[rows].by;
    struct db_value who = by == BY_CONTACT  ? DB_INT(contact_id)
                          : by == BY_DIGITS ? DB_TEXT(text_from(digits))
                                            : DB_TEXT(text_from(object));
    enum error_code code = db_query(work->db, KINDS[rows].sql, DB_VALUES(who), &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            on_row(context, db_text(statement, 0));
        }
    }
    return code;
}
