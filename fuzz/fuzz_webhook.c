/* Webhook bodies from the provider: any bytes decode to events or to an error, never to a crash,
 * and the same bytes give the same digests. */
#include "base/arena.h"
#include "provider/provider.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct text body = text_make((const char *)data, size);
    const struct provider *provider = provider_find(PROVIDER_CLOUD);
    struct provider_events first = {0};
    struct provider_events second = {0};
    struct error error = {0};
    enum error_code code = provider->decode_webhook(body, arena, &first, &error);
    CHECK(code == OK || error.message[0] != '\0');
    CHECK(code == provider->decode_webhook(body, arena, &second, &error));
    CHECK(first.count == second.count);
    for (size_t i = 0; i < first.count; i++) {
        CHECK(first.items[i].digest == second.items[i].digest);
        CHECK(text_is_utf8(first.items[i].body) && text_is_utf8(first.items[i].name));
    }
    return 0;
}
