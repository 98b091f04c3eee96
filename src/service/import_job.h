#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_batch.h"
#include "store/work.h"

#include <stdbool.h>

/* One import as the runner carries it out: reads the upload, sorts it, and hands chunks of at most
 * IMPORT_CHUNK_ROWS rows to the writer, fewer when the machine is slow: other writes wait for the
 * chunk that is being written. What is done stands in the batch row and is written with
 * each chunk, so a restart reads the file again and goes on behind it.
 * Thread: the runner, except import_chunk_run(). */
enum { IMPORT_CHUNK_ROWS = 5000 };

struct import_job;
struct import_chunk;

/* Errors   as import_source_open(): the batch cannot be carried out */
MUST_USE enum error_code import_job_open(const struct service *service,
                                         const struct store_batch *batch,
                                         struct import_job **ret_job, struct error *error);
void import_job_free(
    struct import_job *job); /* not while a chunk is with the writer; NULL is fine */
DEFINE_CLEANUP(struct import_job *, import_job_free);

/* Works for some 50 ms. *ret_chunk: what the writer is to do next, NULL when the next call goes on
 * reading. The last chunk has import_chunk_is_last(). Two chunks exist: one may be made while the
 * other is with the writer. */
MUST_USE enum error_code import_job_step(struct import_job *job, struct import_chunk **ret_chunk,
                                         struct error *error);

/* Carries out a chunk inside the caller's transaction. *ret_stop: the batch was cancelled. */
MUST_USE enum error_code import_chunk_run(struct work *work, struct import_chunk *chunk,
                                          bool *ret_stop, struct error *error);
bool import_chunk_is_last(const struct import_chunk *chunk);
