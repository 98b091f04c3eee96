#pragma once

#include "base/text.h"

#include <stdbool.h>

/* The address under which people reach the server, as links in messages begin with it:
 * "https://drip.example.org", perhaps with a port or a path, never with a slash at its end, a
 * query, a name of a user, blanks or quotes. */
enum { PUBLIC_URL_MAX = 2048 };
#define PUBLIC_URL_RULE                                                                            \
    "give a complete address without a slash at its end, like \"https://drip.example.org\""
bool public_url_is_good(struct text url);
