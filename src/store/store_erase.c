/* Forgets one person: see store_erase.h. Rows that belong to the person are found by their contact
 * id; rows that only quote the number (uploads, kept answers) by its digits, which is a walk over
 * tables that retention keeps short. The event log and the unmatched events of the provider hold
 * ids, hashes and words of ours only, so they stay as they are. */
#include "store/store_erase.h"

#include "base/text.h"
#include "store/db.h"

#include <stdio.h>

DB_SQL(ERASE_CONTACT, "UPDATE contact SET phone = NULL, wa_id = NULL, user_id = NULL, name = '', "
                      "fields = '{}', timezone = NULL, timezone_source = 0, consent = NULL, "
                      "help_at_ms = NULL, erased = 1, updated_at_ms = $2 WHERE id = $1");

/* Every message of contact $1, test sends included. */
#define MESSAGES_OF_CONTACT                                                                        \
    "(SELECT m.id FROM enrollment AS e JOIN message AS m ON m.enrollment_id = e.id "               \
    "WHERE e.contact_id = $1 UNION ALL SELECT id FROM message WHERE enrollment_id IS NULL "        \
    "AND contact_id = $1)"

DB_SQL(ERASE_BODIES, "DELETE FROM message_body WHERE message_id IN " MESSAGES_OF_CONTACT);
DB_SQL(ERASE_ATTEMPTS, "UPDATE attempt SET provider_id = NULL, error_detail = NULL "
                       "WHERE message_id IN " MESSAGES_OF_CONTACT);
DB_SQL(ERASE_INBOUND, "UPDATE inbound_message SET text = '' WHERE contact_id = $1");
DB_SQL(ERASE_WINDOW, "DELETE FROM contact_window WHERE contact_id = $1");

DB_SQL(ERASE_UNCONFIRMED, "DELETE FROM unconfirmed WHERE phone = $1");
DB_SQL(ERASE_BATCH_ROWS, "DELETE FROM batch_row WHERE phone = $1 OR instr(input, $2) > 0 "
                         "OR instr(cells, $2) > 0");
DB_SQL(ERASE_BATCH_FILTERS, "UPDATE batch SET options = '{}' WHERE state IN (2, 3, 4, 5) "
                            "AND instr(options, $1) > 0");
/* The row stays, so that the request is not carried out again, unless its key quotes the number. */
DB_SQL(ERASE_KEYS, "DELETE FROM idempotency WHERE instr(key, $1) > 0");
DB_SQL(ERASE_ANSWERS, "UPDATE idempotency SET answer = CAST('{}' AS BLOB), headers = '' "
                      "WHERE instr(CAST(answer AS TEXT), $1) > 0 OR instr(headers, $1) > 0");

static enum error_code erase_quotes(struct work *work, int64_t phone, struct error *error)
{
    char chars[24];
    (void)snprintf(chars, sizeof(chars), "%lld", (long long)phone);
    struct db_value digits = DB_TEXT(text_from(chars));
    enum error_code code =
        db_run(work->db, &ERASE_BATCH_ROWS, DB_VALUES(DB_INT(phone), digits), NULL, error);
    if (code == OK) {
        code = db_run(work->db, &ERASE_UNCONFIRMED, DB_VALUES(DB_INT(phone)), NULL, error);
    }
    if (code == OK) {
        code = db_run(work->db, &ERASE_BATCH_FILTERS, DB_VALUES(digits), NULL, error);
    }
    if (code == OK) {
        code = db_run(work->db, &ERASE_KEYS, DB_VALUES(digits), NULL, error);
    }
    if (code == OK) {
        code = db_run(work->db, &ERASE_ANSWERS, DB_VALUES(digits), NULL, error);
    }
    return code;
}

enum error_code store_erase_contact(struct work *work, int64_t contact_id, int64_t phone,
                                    struct error *error)
{
    static struct db_sql *const STATEMENTS[] = {&ERASE_BODIES, &ERASE_ATTEMPTS, &ERASE_INBOUND,
                                                &ERASE_WINDOW};
    enum error_code code = db_run(work->db, &ERASE_CONTACT,
                                  DB_VALUES(DB_INT(contact_id), DB_INT(work->now_ms)), NULL, error);
    for (size_t i = 0; code == OK && i < ARRAY_SIZE(STATEMENTS); i++) {
        code = db_run(work->db, STATEMENTS[i], DB_VALUES(DB_INT(contact_id)), NULL, error);
    }
    if (code == OK && phone != 0) {
        code = erase_quotes(work, phone, error);
    }
    work->wakes |= WORK_SCRUB_LOG;
    return code;
}
