/* Opt-out links: what was signed is read back, everything else is refused. */
#include "delivery/opt_out_link.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char KEY[] = "0123456789abcdef0123456789abcdef";
static const char OTHER_KEY[] = "0123456789abcdef0123456789abcdeF";

static void a_token_names_its_contact(void **state)
{
    (void)state;
    static const int64_t IDS[] = {1, 255, 256, 123456789, INT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(IDS); i++) {
        char token[OPT_OUT_TOKEN_MAX];
        int64_t id = 0;
        opt_out_token_make(text_from(KEY), IDS[i], token);
        assert_true(strlen(token) < OPT_OUT_TOKEN_MAX);
        assert_true(opt_out_token_read(text_from(KEY), text_from(token), &id));
        assert_int_equal(id, IDS[i]);
        assert_false(opt_out_token_read(text_from(OTHER_KEY), text_from(token), &id));
    }
}

static void no_changed_character_passes(void **state)
{
    (void)state;
    char token[OPT_OUT_TOKEN_MAX];
    int64_t id = 0;
    opt_out_token_make(text_from(KEY), 42, token);
    size_t size = strlen(token);
    for (size_t i = 0; i + 1 < size; i++) {
        char changed[OPT_OUT_TOKEN_MAX];
        memcpy(changed, token, sizeof(changed));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(opt_out_token_read(text_from(KEY), text_from(changed), &id));
    }
    assert_false(opt_out_token_read(text_from(KEY), text_make(token, size - 1), &id));
    assert_false(opt_out_token_read(text_from(KEY), text_make(token, 0), &id));
    assert_int_equal(id, 0);
}

static void no_address_no_link(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_int_equal(opt_out_link(arena, text_from(KEY), TEXT(""), 1).size, 0);
    assert_int_equal(opt_out_link(arena, TEXT(""), TEXT("https://a.example"), 1).size, 0);
    struct text link = opt_out_link(arena, text_from(KEY), TEXT("https://a.example"), 1);
    assert_true(text_starts_with(link, TEXT("https://a.example/o/")));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_names_its_contact),
        cmocka_unit_test(no_changed_character_passes),
        cmocka_unit_test(no_address_no_link),
    };
    crypto_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
