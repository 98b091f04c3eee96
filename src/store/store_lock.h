#pragma once

#include "base/compiler.h"
#include "base/error.h"

/* The lock of a data directory: an open-file-description lock on a file of its own, held for the
 * whole life of the process. The kernel frees it only when the process is gone, so a stopped one is
 * never taken for dead. Not on the database file: closing any descriptor of that would drop
 * SQLite's own locks. */
struct store_lock;

/* ERROR_CONFLICT names the pid that holds it. */
MUST_USE enum error_code store_lock_take(const char *directory, struct store_lock **ret_lock,
                                         struct error *error);
void store_lock_release(struct store_lock *lock); /* NULL is fine */
DEFINE_CLEANUP(struct store_lock *, store_lock_release);
