#pragma once

#include "base/error.h"
#include "store/work.h"

/* Removes what the settings say is kept no longer: the texts of ended messages and old events. A
 * bounded piece each time, on the writer; called now and then. Numbers and states stay. */
MUST_USE enum error_code retention_prune(struct work *work, struct error *error);
