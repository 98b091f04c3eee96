/* The query string of a list, with its cursor: what is taken lies within its limits, what is not
 * has words for it, and a cursor that we write is read back as it was. */
#include "fuzz.h"

#include "api/route.h"
#include "base/arena.h"

static const struct json_choice WORDS[] = {{"draft", 1}, {"active", 2}, {"ended", 5}};

static void check_page(struct api_call *call, const struct api_page *page)
{
    CHECK(page->limit >= 1 && page->limit <= 500);
    CHECK(page->after.count <= API_CURSOR_KEYS_MAX && text_is_utf8(page->after.text));
    struct text wire = api_cursor_format(call, &page->after);
    struct http_request request = {
        .query = arena_format(call->work->arena, "cursor=%.*s", TEXT_ARGS(wire))};
    struct api_call second = *call;
    struct api_query query;
    struct api_page again = {0};
    struct error error = {0};
    second.request = &request;
    api_query_open(&query, &second, &error);
    api_query_page(&query, &again);
    CHECK(api_query_done(&query) == OK);
    CHECK(again.after.count == page->after.count);
    CHECK(text_equal(again.after.text, page->after.text));
    for (size_t i = 0; i < again.after.count; i++) {
        CHECK(again.after.keys[i] == page->after.keys[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct work work = {.arena = arena};
    struct http_request request = {.query = text_make((const char *)data, size)};
    struct api_call call = {.work = &work, .request = &request};
    struct api_query query;
    struct api_page page = {0};
    struct error error = {0};
    struct text text = {0};
    int64_t number = 1, id = 1;
    uint64_t bits = 0;
    int choice = 1;
    bool flag = false;
    api_query_open(&query, &call, &error);
    (void)api_query_text(&query, "q", 100, &text);
    (void)api_query_int(&query, "day", 1, 3650, &number);
    (void)api_query_bool(&query, "force", &flag);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &id);
    (void)api_query_choice(&query, "sort", WORDS, ARRAY_SIZE(WORDS), &choice);
    (void)api_query_choices(&query, "status", WORDS, ARRAY_SIZE(WORDS), &bits);
    int64_t at_ms = 0;
    (void)api_query_time(&query, "from", &at_ms);
    api_query_page(&query, &page);
    if (api_query_done(&query) != OK) {
        CHECK(error.field_count > 0 && error.fields[0].message[0] != '\0');
        return 0;
    }
    CHECK(text_is_utf8(text) && text_utf16_length(text) <= 100);
    CHECK(number >= 1 && number <= 3650 && id >= 1);
    CHECK((bits & ~(uint64_t)((1 << 1) | (1 << 2) | (1 << 5))) == 0);
    check_page(&call, &page);
    return 0;
}
