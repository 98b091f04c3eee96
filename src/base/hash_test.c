/* The map against a plain array, and stable hashes. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_map_agrees_with_a_plain_array(void **state UNUSED)
{
    enum { KEYS = 200 };
    int64_t expected[KEYS] = {0};
    bool present[KEYS] = {false};
    CLEANUP(map64_free) struct map64 *map = map64_new(0);
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t key = (size_t)(random >> 33) % KEYS;
        int64_t value = 0;
        if ((random >> 60) < 8) {
            expected[key] = i;
            assert_int_equal(map64_put(map, (int64_t)key, i), !present[key]);
            present[key] = true;
        } else {
            assert_int_equal(map64_get(map, (int64_t)key, &value), present[key]);
            assert_true(!present[key] || value == expected[key]);
        }
    }
    size_t count = 0;
    for (size_t key = 0; key < KEYS; key++) {
        count += present[key];
    }
    assert_int_equal(map64_count(map), count);
    size_t at = 0;
    size_t visited = 0;
    int64_t key = 0;
    int64_t value = 0;
    while (map64_next(map, &at, &key, &value)) {
        assert_true(present[key]);
        assert_int_equal(value, expected[key]);
        visited++;
    }
    assert_int_equal(visited, count);
    assert_int_equal(map64_add(map, -1, 5), 5);
    assert_int_equal(map64_add(map, -1, -7), -2);
}

static void hashes_stay_as_they_are(void **state UNUSED)
{
    /* They stand in databases: a change here is a migration there. */
    assert_true(hash_text(TEXT("")) == UINT64_C(0x48218226FF3CD4BF));
    assert_true(hash_text(TEXT("wamid.HBgLMTU1NTAxMDA")) == UINT64_C(0xE402522B91B31A37));
    assert_true(hash_bytes("a", 1, 0) != hash_bytes("a", 1, 1));
    assert_true(hash_bytes("a\0", 2, 0) != hash_bytes("a", 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_agrees_with_a_plain_array),
        cmocka_unit_test(hashes_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
