/* Rows come out in the order of their phones, equals in the order of the file, whether they fit
 * into memory or not. */
#include "service/import_sort.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void check(size_t memory, int64_t rows, uint32_t phones)
{
    CLEANUP(import_sort_free) struct import_sort *sort = import_sort_new("/tmp", memory);
    struct error error = {0};
    uint32_t random = 7;
    int64_t sum = 0;
    for (int64_t i = 1; i <= rows; i++) {
        char name[200];
        size_t size = next_random(&random) % sizeof name;
        memset(name, 'a' + (int)(i % 26), sizeof name);
        struct import_record head = {
            .phone = 910000000000 + next_random(&random) % phones,
            .number = i,
            .name_size = (uint16_t)size,
            .fields_size = 2,
        };
        sum += head.phone;
        assert_int_equal(
            import_sort_add(sort, &head, TEXT(""), text_make(name, size), TEXT("{}"), &error), OK);
    }
    assert_int_equal(import_sort_finish(sort, &error), OK);
    assert_int_equal(import_sort_count(sort), rows);
    int64_t before_phone = 0;
    int64_t before_number = 0;
    int64_t seen = 0;
    for (;;) {
        const struct import_record *record = NULL;
        assert_int_equal(import_sort_next(sort, &record, &error), OK);
        if (record == NULL) {
            break;
        }
        assert_true(record->phone > before_phone ||
                    (record->phone == before_phone && record->number > before_number));
        struct text name = import_record_name(record);
        assert_true(name.size == 0 || name.data[0] == 'a' + (char)(record->number % 26));
        assert_true(text_equal(import_record_fields(record), TEXT("{}")));
        before_phone = record->phone;
        before_number = record->number;
        sum -= record->phone;
        seen++;
    }
    assert_int_equal(seen, rows);
    assert_int_equal(sum, 0);
}

static void test_in_memory(void **state)
{
    (void)state;
    check(8 << 20, 0, 10);
    check(8 << 20, 1, 10);
    check(8 << 20, 20000, 5000);
}

static void test_with_runs_on_disk(void **state)
{
    (void)state;
    check(1 << 20, 100000, 1000);
    check(1 << 20, 100000, 1 << 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_with_runs_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
