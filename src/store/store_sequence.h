#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/message.h"
#include "domain/sequence.h"
#include "store/work.h"

#include <stdbool.h>

/* Sequences, their steps and saved versions. Rows of steps are never deleted, so that messages of
 * the past still have theirs; deleted sequences keep their row as well. Everything returned lives
 * in work->arena. */

/* With its present steps in the order of messages[]. Deleted sequences are not found. */
MUST_USE enum error_code store_sequence_get(struct work *work, int64_t id,
                                            struct sequence *ret_sequence, bool *ret_found,
                                            struct error *error);

/* Inserts the row and its steps, and sets the ids, version 1 and the times. Ordinals must be
 * assigned. */
MUST_USE enum error_code store_sequence_insert(struct work *work, struct sequence *sequence,
                                               struct error *error);

/* Writes the row and its steps: steps with id 0 are inserted and get their ids, present ones are
 * changed, those no longer in `sequence` are marked removed. Raises the version by one and sets
 * updated_at. ERROR_CONFLICT when the stored version is not sequence->version. */
MUST_USE enum error_code store_sequence_update(struct work *work, struct sequence *sequence,
                                               struct error *error);

/* Status alone: pause, resume, archive. Raises the version. */
MUST_USE enum error_code store_sequence_set_status(struct work *work, int64_t id,
                                                   enum sequence_status status,
                                                   struct error *error);
/* Marks the sequence and its steps as deleted. */
MUST_USE enum error_code store_sequence_remove(struct work *work, int64_t id, struct error *error);

/* All sequences that are not deleted, without steps, newest first; there are few. */
struct store_sequence_summary {
    struct sequence sequence; /* steps NULL */
    struct sequence_counts counts;
    int64_t message_count; /* present steps */
    int32_t total_days;
    int64_t last_activity_at_ms; /* 0 until somebody looks it up */
};
MUST_USE enum error_code store_sequence_list(struct work *work,
                                             struct store_sequence_summary **ret_summaries,
                                             size_t *ret_count, struct error *error);

/* How many people stand where. */
MUST_USE enum error_code store_sequence_counts(struct work *work, int64_t id,
                                               struct sequence_counts *ret_counts,
                                               struct error *error);

/* When the newest message of the sequence was sent or planned; 0 = there is none. */
MUST_USE enum error_code store_sequence_last_activity(struct work *work, int64_t id,
                                                      int64_t *ret_at_ms, struct error *error);

/* One step, present or removed: what an old message was made from. */
struct store_step {
    struct step step;
    int64_t sequence_id;
    int64_t removed_at_ms; /* 0 = present */
};
MUST_USE enum error_code store_step_get(struct work *work, int64_t step_id,
                                        struct store_step *ret_step, bool *ret_found,
                                        struct error *error);
/* All steps a sequence ever had, in the order day, time, ordinal. */
MUST_USE enum error_code store_step_list(struct work *work, int64_t sequence_id,
                                         struct store_step **ret_steps, size_t *ret_count,
                                         struct error *error);

struct store_sequence_version {
    int64_t version;
    struct text definition; /* JSON: sequence_encode_definition() */
    struct text comment;
    struct text actor;
    int64_t created_at_ms;
};
/* Keeps `sequence` as it is now under sequence->version. */
MUST_USE enum error_code store_sequence_version_add(struct work *work,
                                                    const struct sequence *sequence,
                                                    struct text comment, struct error *error);
MUST_USE enum error_code store_sequence_version_get(struct work *work, int64_t sequence_id,
                                                    int64_t version,
                                                    struct store_sequence_version *ret_version,
                                                    bool *ret_found, struct error *error);
/* The number of the newest saved version, 0 = none. */
MUST_USE enum error_code store_sequence_version_newest(struct work *work, int64_t sequence_id,
                                                       int64_t *ret_version, struct error *error);
/* Newest first, those before `before` (0 = from the newest), at most `limit`. */
MUST_USE enum error_code store_sequence_version_list(struct work *work, int64_t sequence_id,
                                                     int64_t before, size_t limit,
                                                     struct store_sequence_version **ret_versions,
                                                     size_t *ret_count, struct error *error);
