#pragma once

#include "store/db.h"
#include "store/store_contact.h"

/* Shared by the store_contact*.c files only. */
#define CONTACT_COLUMNS                                                                            \
    "id, phone, suppressed, erased, timezone_source, timezone, name, fields, wa_id, user_id, "     \
    "consent, created_at_ms, updated_at_ms, (SELECT max(last_inbound_at_ms) FROM contact_window "  \
    "WHERE contact_window.contact_id = contact.id)"

void store_contact_read_row(struct db_statement *statement, struct arena *arena,
                            struct store_contact *ret_contact);
