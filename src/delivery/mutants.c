/* Deliberate faults, chosen by the environment in builds with the option test_hooks and absent from
 * all others: a test suite that passes on them is too weak. */
#include "delivery/delivery_internal.h"

#ifdef DRIPLINE_TEST_HOOKS
#include <stdlib.h>

const struct mutants *mutants(void)
{
    static struct mutants chosen;
    static bool read;
    if (!read) {
        struct text name = text_from(getenv("DRIPLINE_MUTANT"));
        chosen.no_intent = text_equal(name, TEXT("no_intent"));
        chosen.timeout_is_failure = text_equal(name, TEXT("timeout_is_failure"));
        chosen.client_retries = text_equal(name, TEXT("client_retries"));
        read = true;
    }
    return &chosen;
}
#else
const struct mutants *mutants(void)
{
    static const struct mutants NONE = {0};
    return &NONE;
}
#endif
