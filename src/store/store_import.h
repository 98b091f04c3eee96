#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/enrollment.h"
#include "store/store_export.h"
#include "store/work.h"

#include <stdbool.h>

/* Rows under ids that somebody else gave out: what import-json writes. An id that is taken is
 * replaced by the next one above `id_floor`, so that it meets no other id of the same import. */

/* Sequence and steps were just inserted by store_sequence_insert(); moves them to the wanted ids as
 * far as those are free. Call store_import_begin() before, once per transaction. */
MUST_USE enum error_code store_import_begin(struct work *work, struct error *error);
MUST_USE enum error_code store_import_rename_sequence(struct work *work, int64_t id, int64_t wanted,
                                                      int64_t created_at_ms, int64_t updated_at_ms,
                                                      int64_t *ret_id, struct error *error);
/* `ids` are the steps' present ids, changed to their new ones; wanted 0: any. */
MUST_USE enum error_code store_import_rename_steps(struct work *work, int64_t *ids,
                                                   const int64_t *wanted, size_t count,
                                                   int64_t id_floor, struct error *error);
/* The oldest sequence of that name, created at that moment unless it is 0. */
MUST_USE enum error_code store_import_find_sequence(struct work *work, struct text name,
                                                    int64_t created_at_ms, int64_t *ret_id,
                                                    bool *ret_found, struct error *error);

/* The contact with `row->phone`, made from `row` when there is none. */
MUST_USE enum error_code store_import_contact(struct work *work,
                                              const struct store_export_enrollment *row,
                                              int64_t id_floor, int64_t *ret_id,
                                              struct error *error);
/* An enrollment of the contact in the sequence that began at that moment (0: any), newest first;
 * or, with `live`, one that is active or paused. */
MUST_USE enum error_code store_import_find_enrollment(struct work *work, int64_t contact_id,
                                                      int64_t sequence_id, int64_t enrolled_at_ms,
                                                      bool live, int64_t *ret_id, bool *ret_found,
                                                      struct error *error);
/* Takes row->id when it is free; row->id 0: any. */
MUST_USE enum error_code store_import_enrollment(struct work *work,
                                                 const struct store_export_enrollment *row,
                                                 int64_t id_floor, int64_t *ret_id,
                                                 struct error *error);
/* Message, body, and an attempt when row->message.attempts is not 0. */
MUST_USE enum error_code store_import_message(struct work *work,
                                              const struct store_export_message *row,
                                              int64_t id_floor, int64_t *ret_id,
                                              struct error *error);
/* `wanted` when there is such a channel, else the default one, else `wanted`, at least 1. */
MUST_USE enum error_code store_import_channel(struct work *work, int64_t wanted, int64_t *ret_id,
                                              struct error *error);
