/* Answers to a send call: whatever came back has a meaning, and only a clear refusal may be called
 * one. The first byte chooses the transport, the next two the HTTP status. */
#include "base/arena.h"
#include "provider/provider.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_make((const char *)data, size);
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct provider_reply reply = {
        .transport = (enum provider_transport)(fuzz_take_number(&input, 1) % 4),
        .status = (int)(fuzz_take_number(&input, 2) % 1000),
        .body_complete = true,
        .body = input,
    };
    struct provider_outcome outcome = {0};
    provider_find(PROVIDER_CLOUD)->decode_reply(&reply, arena, &outcome);
    if (reply.transport == PROVIDER_NOTHING_SENT) {
        CHECK(outcome.result == PROVIDER_NOT_SENT);
    }
    if (reply.transport == PROVIDER_BROKEN || reply.transport == PROVIDER_TIMED_OUT) {
        CHECK(outcome.result == PROVIDER_UNKNOWN);
    }
    if (reply.transport == PROVIDER_ANSWERED && reply.status == 200) {
        /* An error inside a 200 fits no rule, so it may be doubt; it is never a refusal. */
        CHECK(outcome.result == PROVIDER_ACCEPTED || outcome.result == PROVIDER_UNKNOWN);
    }
    CHECK(outcome.retry_after_ms >= 0);
    /* The same document with a space in front is read by the JSON reader at any rate. */
    struct provider_outcome spaced = {0};
    reply.body = arena_format(arena, " %.*s", TEXT_ARGS(input));
    bool whole = reply.body.size == input.size + 1; /* no NUL in it */
    provider_find(PROVIDER_CLOUD)->decode_reply(&reply, arena, &spaced);
    CHECK(!whole ||
          (spaced.result == outcome.result && text_equal(spaced.provider_id, outcome.provider_id)));
    return 0;
}
