#pragma once

#include "store/db.h"
#include "store/store_sequence.h"

/* Shared by the store_sequence*.c files only. */
#define SEQUENCE_COLUMNS                                                                           \
    "id, status, version, channel_id, send_minute, window_days, window_from_minute, "              \
    "window_to_minute, on_reply, reenroll, late_action, max_late_ms, timezone, name, "             \
    "description, created_at_ms, updated_at_ms"
enum { SEQUENCE_COLUMN_COUNT = 17 };

/* Reads a row of SEQUENCE_COLUMNS; the steps stay empty. */
void store_sequence_read_row(struct db_statement *statement, struct arena *arena,
                             struct sequence *ret_sequence);
