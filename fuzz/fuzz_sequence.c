/* Bodies of POST /api/sequences: an accepted sequence survives being written and read again, and
 * its lint and its texts compile. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "domain/personalize.h"
#include "domain/sequence.h"

#include "fuzz.h"

static void write_and_read_again(struct arena *arena, const struct sequence *sequence)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 64U * 1024 * 1024);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    sequence_encode(&writer, sequence, NULL);
    struct error error = {0};
    CLEANUP(json_free) struct json *json = NULL;
    struct json_limits limits = {.size = 64U * 1024 * 1024};
    CHECK(json_parse(buffer_text(&buffer), &limits, &json, &error) == OK);
    struct sequence again;
    int64_t version = 0;
    if (sequence_parse(arena, json, sequence, &again, &version, &error) != OK) {
        check_failed(error.message, __FILE__, __LINE__);
    }
    CHECK(again.step_count == sequence->step_count && text_equal(again.name, sequence->name));
    for (size_t i = 0; i < again.step_count; i++) {
        CHECK(text_equal(again.steps[i].message, sequence->steps[i].message));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    CLEANUP(json_free) struct json *json = NULL;
    if (json_parse(text_make((const char *)data, size), NULL, &json, &error) != OK) {
        return 0;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct sequence sequence;
    int64_t version = 0;
    if (sequence_parse(arena, json, NULL, &sequence, &version, &error) != OK) {
        CHECK(error.message[0] != '\0');
        return 0;
    }
    sequence.version = 1; /* as if it had been stored */
    for (size_t i = 0; i < sequence.step_count; i++) {
        sequence.steps[i].id = (int64_t)i + 1;
        (void)personalize_compile(arena, sequence.steps[i].message);
    }
    write_and_read_again(arena, &sequence);
    return 0;
}
