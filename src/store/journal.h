#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* The intent journal: a file beside the database with one line per attempt, durable before the
 * first byte of that attempt leaves. It survives a restore of the database, and so turns "did we
 * send since the backup?" into a lookup. Only the writer thread appends, after the commit that
 * holds the claims; room for the lines is reserved before it, so that a full disk stops the claim
 * and not the process. */
struct journal;
struct claims;

struct claim_line {
    int64_t message_id;
    int64_t attempt; /* n */
    int64_t enrollment_id;
    int64_t step_id;
    int64_t position; /* of the message */
    int64_t channel_id;
    int64_t at_ms;
    int64_t epoch; /* filled in by the journal */
};

/* Called by whoever claims a message inside a writer job: the line is written after the commit and
 * before the job's done callback. Dropped when the job or the commit fails. */
void claims_add(struct work *work, const struct claim_line *line);

/* For the writer. */
struct claims *claims_new(void);
void claims_free(struct claims *claims);
DEFINE_CLEANUP(struct claims *, claims_free);
void claims_keep(struct claims *claims);
void claims_drop(struct claims *claims);
void claims_clear(struct claims *claims);
size_t claims_count(const struct claims *claims); /* kept ones */

MUST_USE enum error_code journal_open(const char *directory, int64_t epoch,
                                      struct journal **ret_journal, struct error *error);
void journal_close(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_close);
/* Makes room on disk for the kept claims. ERROR_UNAVAILABLE: disk full. */
MUST_USE enum error_code journal_reserve(struct journal *journal, const struct claims *claims,
                                         struct error *error);
/* Writes the kept claims and waits until they are durable. An error here leaves the file in an
 * unknown state: stop the process. */
MUST_USE enum error_code journal_append(struct journal *journal, const struct claims *claims,
                                        struct error *error);

/* Reads all lines, oldest first; stops at the first incomplete one, which never was acknowledged.
 * `visit` returns false to stop early. No file is no line. */
MUST_USE enum error_code journal_read(const char *directory,
                                      bool (*visit)(void *context, const struct claim_line *line),
                                      void *context, struct error *error);

/* The newest line, read from the file's tail only: cheap at every start. */
MUST_USE enum error_code journal_last(const char *directory, struct claim_line *ret_line,
                                      bool *ret_found, struct error *error);

/* The epoch file: who this directory is, kept outside the database so that an older database put
 * in its place is noticed. */
struct epoch_file {
    char install_id[32];
    int64_t epoch;
    int64_t highest_message_id; /* at the last orderly stop */
};
MUST_USE enum error_code epoch_file_read(const char *directory, struct epoch_file *ret_file,
                                         bool *ret_found, struct error *error);
MUST_USE enum error_code epoch_file_write(const char *directory, const struct epoch_file *file,
                                          struct error *error);
