#pragma once

#include "service/sequences.h"

/* Shared by the sequences*.c files only. */

/* Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code sequences_find(struct work *work, int64_t id,
                                        struct sequence *ret_sequence, struct error *error);
/* Reads a user's document and checks also what needs the installation: time zone and channel. */
MUST_USE enum error_code sequences_read(struct work *work, const struct json *json,
                                        const struct sequence *base, struct sequence *ret_sequence,
                                        int64_t *ret_version, struct error *error);
/* Refuses to start what lint finds errors in. */
MUST_USE enum error_code sequences_may_start(struct work *work, const struct sequence *sequence,
                                             bool force, struct error *error);
/* Adds the saved version, the event and the line of the audit. */
MUST_USE enum error_code sequences_record(struct work *work, const struct sequence *sequence,
                                          const char *event_type, const char *action,
                                          struct text comment, struct error *error);
/* The sequence with its numbers. */
MUST_USE enum error_code sequences_view(struct work *work, const struct sequence *sequence,
                                        struct sequence_view *ret_view, struct error *error);
/* The channel a sequence sends by: its own, else the default one; found false: none. */
struct store_lane;
MUST_USE enum error_code sequences_lane(struct work *work, int64_t channel_id,
                                        struct store_lane *ret_lane, bool *ret_found,
                                        struct error *error);
