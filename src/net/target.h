#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Which URLs a request of a user's making may go to: https, no user or fragment, a port for web
 * services, public addresses. With `local_too`, for tries and tests, also this machine's loopback
 * addresses, by http or https and any port. The host's name is judged when it is resolved:
 * target_address_allowed() is for http_call.address_allowed. Pure; any thread. */
enum { TARGET_URL_MAX = 2048 };

struct target {
    bool plain; /* http:// */
    bool local; /* the URL names a loopback address: no other may be connected */
};
/* Errors     ERROR_INVALID, in words for whoever entered it */
MUST_USE enum error_code target_check(struct text url, bool local_too, struct target *ret_target,
                                      struct error *error);
/* `context` is a struct target. */
bool target_address_allowed(void *context, const char *address);
