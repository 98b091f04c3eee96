#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* Deletes the bodies of at most `limit` messages that ended before `before_ms`, oldest first. */
MUST_USE enum error_code store_retention_bodies(struct work *work, int64_t before_ms, size_t limit,
                                                int64_t *ret_deleted, struct error *error);
