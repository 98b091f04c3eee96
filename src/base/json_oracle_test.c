/* Our JSON parser against jansson, which is strict and old: on documents made by mutation of good
 * ones both must say the same, good or bad, and when good, mean the same. */
#include "base/json.h"

#include "base/buffer.h"
#include "base/json_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* jansson's type names are the same words as ours: give them another prefix in this file. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

enum { ROUNDS = 400000, DOCUMENT_MAX = 512 };

static void encode(struct json_writer *writer, const json_t *value)
{
    json_t *mutable = (json_t *)(uintptr_t)value; /* iteration takes it so and changes nothing */
    switch (json_typeof(value)) {
    case JANSSON_OBJECT:
        json_object_begin(writer);
        for (void *at = json_object_iter(mutable); at != NULL;
             at = json_object_iter_next(mutable, at)) {
            json_key_text(writer,
                          text_make(json_object_iter_key(at), json_object_iter_key_len(at)));
            encode(writer, json_object_iter_value(at));
        }
        json_object_end(writer);
        return;
    case JANSSON_ARRAY:
        json_array_begin(writer);
        for (size_t i = 0; i < json_array_size(value); i++) {
            encode(writer, json_array_get(value, i));
        }
        json_array_end(writer);
        return;
    case JANSSON_STRING:
        json_put_text(writer, text_make(json_string_value(value), json_string_length(value)));
        return;
    case JANSSON_INTEGER:
        json_put_int64(writer, json_integer_value(value));
        return;
    case JANSSON_REAL:
        json_put_double(writer, json_real_value(value));
        return;
    case JANSSON_TRUE:
    case JANSSON_FALSE:
        json_put_bool(writer, json_typeof(value) == JANSSON_TRUE);
        return;
    case JANSSON_NULL:
        json_put_null(writer);
        return;
    }
}

static void compare(struct text text)
{
    json_error_t found;
    CLEANUP(json_free) struct json *ours = NULL;
    struct error error = {0};
    bool good = json_parse(text, NULL, &ours, &error) == OK;
    json_t *theirs =
        json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &found);
    if (good != (theirs != NULL)) {
        fail_msg("%.*s: ours \"%s\", theirs \"%s\"", TEXT_ARGS(text), error.message,
                 theirs == NULL ? found.text : "");
    }
    if (good) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer first;
        CLEANUP_IN_PLACE(buffer_done) struct buffer second;
        struct json_writer writer;
        buffer_init(&first, 64 * 1024);
        buffer_init(&second, 64 * 1024);
        json_encode(ours, &first);
        json_writer_init(&writer, &second);
        encode(&writer, theirs);
        if (!text_equal(buffer_text(&first), buffer_text(&second))) {
            fail_msg("%.*s: ours %s, theirs %s", TEXT_ARGS(text), buffer_chars(&first),
                     buffer_chars(&second));
        }
    }
    json_decref(theirs);
}

static uint32_t draw(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static size_t mutate(char *document, size_t size, uint32_t *seed)
{
    static const char BYTES[] =
        "{}[]\",:\\/ue+-.0123456789dD8bcfnrtals \n\t\xC3\xA9\xED\xA0\x80\xF0"
        "\x9F\x98\x80\x01\x7F";
    size_t at = draw(seed) % (size + 1);
    char byte = BYTES[draw(seed) % (sizeof(BYTES) - 1)];
    switch (draw(seed) % 4) {
    case 0: /* another byte */
        document[at == size ? size - 1 : at] = byte;
        return size;
    case 1: /* one more */
        if (size == DOCUMENT_MAX) {
            return size;
        }
        memmove(document + at + 1, document + at, size - at);
        document[at] = byte;
        return size + 1;
    case 2: /* one less */
        if (size < 2 || at == size) {
            return size;
        }
        memmove(document + at, document + at + 1, size - at - 1);
        return size - 1;
    default: /* a piece of it again */
        if (at + 8 > size || size + 8 > DOCUMENT_MAX) {
            return size;
        }
        memmove(document + at + 8, document + at, size - at);
        return size + 8;
    }
}

static void ours_and_theirs_agree(void **state UNUSED)
{
    static const char *const SEEDS[] = {
        "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+49151\",\"wa_id\":\"49151"
        "\"}],\"messages\":[{\"id\":\"wamid.A\",\"message_status\":\"accepted\"}]}",
        "[0,-0,1,-1,9223372036854775807,-9223372036854775808,1.5,-2.25e3,1E-7,0.1,1e22]",
        "{\"\":\"\\u00e9\\n\\ud83d\\ude00\\\"\\\\\\/"
        "\",\"\xC3\xA9\":\"\xF0\x9F\x98\x80\",\"t\":true,"
        "\"f\":false,\"n\":null,\"deep\":[[[[{}]]],{\"a\":{\"b\":[]}}]}",
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":"
        "11,"
        "\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16,\"q\":17,\"r\":{\"s\":[18]}}",
        " \r\n\t\"text\" ",
        "12",
    };
    uint32_t seed = 2463534242U;
    char document[DOCUMENT_MAX + 8];
    for (size_t i = 0; i < ARRAY_SIZE(SEEDS); i++) {
        compare(text_from(SEEDS[i]));
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        struct text from = text_from(SEEDS[draw(&seed) % ARRAY_SIZE(SEEDS)]);
        size_t size = from.size;
        memcpy(document, from.data, from.size);
        for (uint32_t count = draw(&seed) % 4 + 1; count > 0; count--) {
            size = mutate(document, size, &seed);
        }
        compare(text_make(document, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_and_theirs_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
