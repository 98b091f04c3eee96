#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* Deletes what is older than `before_ms`, oldest first, at most `limit` rows a call. */

/* The bodies of messages that ended. */
MUST_USE enum error_code store_retention_bodies(struct work *work, int64_t before_ms, size_t limit,
                                                int64_t *ret_deleted, struct error *error);
/* The texts of what people wrote; that they wrote stays. */
MUST_USE enum error_code store_retention_inbound(struct work *work, int64_t before_ms, size_t limit,
                                                 int64_t *ret_deleted, struct error *error);
/* Events of the provider that fit no message. */
MUST_USE enum error_code store_retention_orphans(struct work *work, int64_t before_ms, size_t limit,
                                                 int64_t *ret_deleted, struct error *error);
/* Lines of the audit trail, which the database lets nobody else delete. */
MUST_USE enum error_code store_retention_audit(struct work *work, int64_t before_ms, size_t limit,
                                               int64_t *ret_deleted, struct error *error);
