#pragma once

#include "api/route.h"
#include "domain/import_row.h"

/* The person that a public form or request describes, read like any other: `body` holds phone,
 * name, timezone and custom_fields among other things.
 * Errors   ERROR_INVALID with the finding */
MUST_USE enum error_code public_person_read(struct api_call *call, const struct json *body,
                                            struct import_person **ret_person, struct error *error);
