#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_audit.h"
#include "store/work.h"

/* The audit trail as people read it, and notes about requests that only read. */
MUST_USE enum error_code audit_list(struct work *work, const struct store_audit_filter *filter,
                                    size_t limit, struct store_audit **ret_rows, size_t *ret_count,
                                    struct error *error);
/* "system", "user", "key", "public", "cli" */
const char *actor_kind_to_text(enum actor_kind kind);
/* A line in the name of work->actor about nothing in particular. Writer only. */
MUST_USE enum error_code audit_note(struct work *work, const char *action, struct error *error);
/* Hands a line in the name of work->actor to the writer and does not wait: for requests that take
 * data out of the server without changing it. `object` is copied. Any thread. */
void audit_note_later(struct service *service, const struct work *work, const char *action,
                      struct text object);
