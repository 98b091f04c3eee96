#pragma once

#include "base/json_writer.h"
#include "service/import.h"

/* Parts of a batch that also stand in the answer to a bulk enrollment. */
void encode_batch(struct json_writer *writer, const struct store_batch *batch);
void encode_counts(struct json_writer *writer, const int64_t counts[ENROLL_VERDICT_COUNT]);
void encode_row_verdict(struct json_writer *writer, const struct import_answer_row *row);
