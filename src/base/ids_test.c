/* Ids have one spelling. */
#include "base/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void ids_go_both_ways(void **state UNUSED)
{
    char text[ID_TEXT_MAX];
    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        const int64_t ids[] = {1, 99, 100, 999, 1000, INT64_MAX};
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
            int64_t back = 0;
            (void)id_format((enum id_kind)kind, ids[i], text);
            assert_true(id_parse((enum id_kind)kind, text_from(text), &back));
            assert_int_equal(back, ids[i]);
        }
    }
    assert_string_equal(id_format(ID_SEQUENCE, 1, text), "seq_001");
    assert_string_equal(id_format(ID_MESSAGE, 1234, text), "msg_1234");
}

static void other_spellings_are_no_ids(void **state UNUSED)
{
    const char *const wrong[] = {
        "",        "seq_",    "seq_1",   "seq_01",  "seq_0001",  "seq_000",
        "seq_-01", "seq_+01", "SEQ_001", "msg_001", "seq_001 ",  "seq_ 001",
        "seq_00a", "seq_1e3", "001",     "seq-001", "seq_0x001", "seq_99999999999999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        int64_t id = 0;
        assert_false(id_parse(ID_SEQUENCE, text_from(wrong[i]), &id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_go_both_ways),
        cmocka_unit_test(other_spellings_are_no_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
