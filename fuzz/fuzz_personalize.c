/* Placeholders: rendering never loses a byte of a literal text, gives valid UTF-8, and fails only
 * for fields that are missing. The first byte is the length of the person's name. */
#include "base/arena.h"
#include "base/buffer.h"
#include "domain/personalize.h"

#include "fuzz.h"

static void render(const struct personalize *compiled, const struct personalize_facts *facts,
                   enum personalize_place place)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 16U * 1024 * 1024);
    buffer_add_chars(&out, "before");
    struct error error = {0};
    if (personalize_render(compiled, facts, place, &out, &error) == OK) {
        CHECK(text_is_utf8(buffer_text(&out)));
    } else {
        CHECK(out.size == 6 && error.field_count > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_make((const char *)data, size);
    struct text name = fuzz_take(&input, fuzz_take_number(&input, 1));
    if (!text_is_utf8(name) || !text_is_utf8(input)) {
        return 0;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct personalize *compiled = personalize_compile(arena, input);
    struct personalize_field city = {.name = TEXT("city"), .value = name};
    struct personalize_facts facts = {.name = name,
                                      .phone = TEXT("919876543210"),
                                      .sequence = TEXT("Welcome"),
                                      .day = 3,
                                      .fields = &city,
                                      .field_count = 1};
    render(compiled, &facts, PERSONALIZE_TEXT);
    render(compiled, &facts, PERSONALIZE_PARAMETER);
    render(compiled, &facts, PERSONALIZE_URL);
    return 0;
}
