#pragma once

#include "base/json_writer.h"
#include "service/message_view.h"
#include "service/sequences.h"
#include "store/work.h"

/* The records that several endpoints answer with, each written in one place. */
struct store_contact;
struct store_enrollment_view;
struct store_suppression;

void encode_enrollment(struct json_writer *writer, const struct store_enrollment_view *view);
/* The fields alone, for answers that add more to the object. */
void encode_enrollment_fields(struct json_writer *writer, const struct store_enrollment_view *view);
void encode_message(struct json_writer *writer, const struct message_view *view);
void encode_message_fields(struct json_writer *writer, const struct message_view *view);
void encode_contact_fields(struct json_writer *writer, const struct store_contact *contact);
void encode_opt_out(struct json_writer *writer, const struct store_suppression *row);
void encode_sequence(struct json_writer *writer, const struct sequence_view *view,
                     bool with_messages);
void encode_funnel(struct json_writer *writer, const char *name, const struct funnel *funnel);
/* Fields that name a step in tables: step_id, day, type, label, removed. */
void encode_step_name(struct json_writer *writer, const struct sequences_stats_step *step);
/* An array of FailureReason. */
void encode_failures(struct json_writer *writer, const char *name, struct work *work,
                     const struct funnel_reason *reasons, size_t count);
void encode_action_fields(struct json_writer *writer, const char *action, bool dry_run,
                          const struct action_result *result);
/* QueueStats, as a whole object. */
struct queue_stats;
void encode_queue_stats(struct json_writer *writer, int64_t now_ms,
                        const struct queue_stats *stats);
/* Empty texts and phone 0 are null. */
void encode_phone(struct json_writer *writer, const char *name, int64_t phone); /* 0 = null */
void encode_text_or_null(struct json_writer *writer, const char *name, struct text text);
