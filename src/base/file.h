#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>

/* Small whole files and directories. Not for big uploads, which stream. */

/* Reads all of `path` up to `limit` bytes; the caller frees the NUL-ended data with mem_free.
 * Errors     ERROR_NOT_FOUND, ERROR_TOO_BIG, ERROR_DENIED, ERROR_UNAVAILABLE (I/O) */
MUST_USE enum error_code file_read(const char *path, size_t limit, char **ret_data,
                                   size_t *ret_size, struct error *error);
/* Replaces `path` whole or not at all: temporary file beside it, fsync, rename, fsync of the
 * directory. `mode` like 0600. */
MUST_USE enum error_code file_write_atomic(const char *path, struct text data, unsigned mode,
                                           struct error *error);
/* Creates `path` only if nothing stands there, else ERROR_CONFLICT. Durable. */
MUST_USE enum error_code file_create(const char *path, struct text data, unsigned mode,
                                     struct error *error);
MUST_USE enum error_code file_sync_directory(const char *path, struct error *error);
/* Makes the directory and its missing parents. */
MUST_USE enum error_code file_make_directory(const char *path, unsigned mode, struct error *error);
bool file_exists(const char *path);
/* Writes all bytes to a descriptor, again after short writes and EINTR. */
MUST_USE enum error_code file_write_all(int descriptor, struct text data, struct error *error);
/* "directory/name" on the heap. */
char *file_join(const char *directory, const char *name);
