#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

/* Who was erased and when, in a file beside the database: "erasures" in the data directory, a line
 * "CONTACT-ID MILLISECONDS" each. It holds no number and no name. A backup that is older than an
 * erasure still has the person; the list is carried out again at every start, so that they do not
 * come back. */

/* Writes one down, durable when it returns. Before the erasure itself: a line too many for somebody
 * who was asked to be erased does no harm, a missing one does. */
MUST_USE enum error_code erasures_add(const struct service *service, int64_t contact_id,
                                      int64_t at_ms, struct error *error);
/* Erases everybody on the list who is here and was here then. Before anything is sent or asked; not
 * on the writer thread. */
MUST_USE enum error_code erasures_apply(struct service *service, struct error *error);
