#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

/* Small helps for the endpoints of the simulator and the manual clock. */

/* A phone in any spelling, by the server's default country. Findings on `field`. */
MUST_USE enum error_code sandbox_phone(struct work *work, const char *field, struct text text,
                                       int64_t *ret_phone, struct error *error);
/* The provider's id of the first channel of the simulator inside this process; empty: none. */
MUST_USE enum error_code sandbox_number(struct work *work, struct text *ret_number,
                                        struct error *error);
/* Tells live pages that time moved. Waits for the writer: never on its thread. */
MUST_USE enum error_code sandbox_clock_moved(struct service *service, struct error *error);
void sandbox_free_json(void *json); /* for arena_on_reset() */
