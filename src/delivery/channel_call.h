#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "provider/provider.h"

/* One request to a provider, waiting for its answer: for tests of a connection and lists of
 * templates, which a person asks for. Messages never go this way. Thread: one that may wait; up to
 * 15 s. */
void channel_call(const struct provider_request *request, bool allow_plain, struct arena *arena,
                  struct provider_reply *ret_reply);
