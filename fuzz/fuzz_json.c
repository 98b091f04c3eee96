/* JSON: what parses once is written back to something that parses to the same text again. */
#include "base/buffer.h"
#include "base/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    CLEANUP(json_free) struct json *json = NULL;
    if (json_parse(text_make((const char *)data, size), NULL, &json, &error) != OK) {
        CHECK(error.message[0] != '\0');
        return 0;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer first;
    CLEANUP_IN_PLACE(buffer_done) struct buffer second;
    buffer_init(&first, 16U * 1024 * 1024);
    buffer_init(&second, 16U * 1024 * 1024);
    json_encode(json, &first);
    CLEANUP(json_free) struct json *again = NULL;
    struct json_limits limits = {.size = 16U * 1024 * 1024};
    CHECK(json_parse(buffer_text(&first), &limits, &again, &error) == OK);
    json_encode(again, &second);
    CHECK(text_equal(buffer_text(&first), buffer_text(&second)));
    return 0;
}
