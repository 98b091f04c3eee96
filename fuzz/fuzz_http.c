/* What strangers write into addresses, forms and headers: the pieces are cut safely, decoded text
 * is always UTF-8 without NUL, and encoding what was decoded gives it back. */
#include "fuzz.h"

#include "base/arena.h"
#include "net/address.h"
#include "net/http.h"
#include "net/target.h"

#include <string.h>

static void check_round_trip(struct arena *arena, struct text plain)
{
    struct buffer encoded;
    struct text again = {0};
    buffer_init(&encoded, 1 << 20);
    http_percent_encode(&encoded, plain);
    CHECK(http_percent_decode(arena, buffer_text(&encoded), false, &again));
    CHECK(text_equal(plain, again));
    buffer_done(&encoded);
}

static void check_decoded(struct arena *arena, struct text input)
{
    struct text plain = {0};
    for (int form = 0; form < 2; form++) {
        if (http_percent_decode(arena, input, form == 1, &plain)) {
            CHECK(text_is_utf8(plain) && plain.size <= input.size);
            CHECK(plain.size == 0 || memchr(plain.data, '\0', plain.size) == NULL);
            check_round_trip(arena, plain);
        }
    }
    struct text rest = input;
    struct text name, value;
    bool valid = true;
    size_t pairs = 0;
    while (http_form_next(arena, &rest, &name, &value, &valid)) {
        CHECK(++pairs <= input.size + 1);
        CHECK(!valid || (text_is_utf8(name) && text_is_utf8(value)));
    }
}

static void check_addresses(struct text input)
{
    char numeric[ADDRESS_MAX], network[ADDRESS_MAX];
    struct error error = {0};
    struct target target;
    if (address_parse(input, numeric)) {
        char again[ADDRESS_MAX];
        CHECK(address_parse(text_from(numeric), again) && strcmp(numeric, again) == 0);
        CHECK(address_in_list(numeric, text_from(numeric)));
        address_network(numeric, network);
        CHECK(address_in_list(numeric, text_from(network)));
        CHECK(!(address_is_public(numeric) && address_is_loopback(numeric)));
    }
    (void)address_in_list("203.0.113.9", input);
    if (target_check(input, false, &target, &error) == OK) {
        CHECK(text_starts_with(input, TEXT("h")) || text_starts_with(input, TEXT("H")));
        CHECK(!target.plain && !target.local);
        CHECK(!target_address_allowed(&target, "127.0.0.1"));
    } else {
        CHECK(error.message[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct text input = text_make((const char *)data, size);
    check_decoded(arena, input);
    check_addresses(input);
    struct text type = http_media_type(input);
    CHECK(type.size <= input.size);
    bool plain = http_list_accepts(input, TEXT("gzip"), false);
    CHECK(!plain || http_list_accepts(input, TEXT("gzip"), true));
    return 0;
}
