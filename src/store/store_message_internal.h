#pragma once

#include "store/db.h"
#include "store/store_message.h"

/* Shared by the files that read whole message rows; included in store/ only. */
#define MESSAGE_COLUMN_COUNT 26
#define MESSAGE_COLUMNS(table)                                                                     \
    table "id, " table "state, " table "rank, " table "attempts, " table "tries, " table           \
          "next_at_ms, " table "channel_id, " table "contact_id, " table "enrollment_id, " table   \
          "step_id, " table "sequence_id, " table "position, " table "policy, " table              \
          "category, " table "reason, " table "error_code, " table "doubts, " table                \
          "duplicates, " table "due_at_ms, " table "claimed_at_ms, " table "sent_at_ms, " table    \
          "delivered_at_ms, " table "read_at_ms, " table "failed_at_ms, " table                    \
          "ended_at_ms, " table "created_at_ms"

/* Reads the columns above from the beginning of a row. */
void store_message_read(struct db_statement *row, struct store_message *message);
