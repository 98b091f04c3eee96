/* The many spellings of addresses that a server must not be talked into calling. */
#include "net/target.h"

#include <setjmp.h> /* cmocka.h needs these before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool accepts(const char *url, bool local_too)
{
    struct error error = {0};
    struct target target;
    return target_check(text_from(url), local_too, &target, &error) == OK;
}

static void takes_public_https(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "https://example.org/hook",
        "https://example.org:8443/hook?a=b",
        "https://EXAMPLE.org",
        "https://93.184.216.34/hook",
        "https://[2606:2800:220:1::1]/hook",
        "https://example.org:443/",
    };
    for (size_t i = 0; i < ARRAY_SIZE(GOOD); i++) {
        if (!accepts(GOOD[i], false)) {
            fail_msg("refuses %s", GOOD[i]);
        }
    }
}

static void refuses_the_rest(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "example.org",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "https://example.org:22/",
        "https://example.org:8080/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://017700000001/",
        "https://2130706433/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://172.16.5.4/",
        "https://192.168.1.1/",
        "https://168.63.129.16/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fc00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:db8::1]/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://exa mple.org/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nhost: other",
    };
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        if (accepts(BAD[i], false)) {
            fail_msg("takes %s", BAD[i]);
        }
    }
}

static void local_targets_need_the_setting(void **state)
{
    (void)state;
    assert_true(accepts("http://127.0.0.1:9000/hook", true));
    assert_true(accepts("http://localhost:9000/hook", true));
    assert_true(accepts("https://[::1]:9000/hook", true));
    assert_false(accepts("http://127.0.0.1:9000/hook", false));
    assert_false(accepts("http://10.0.0.1:9000/hook", true));
    assert_false(accepts("http://example.org/hook", true));
    assert_false(accepts("https://192.168.1.1/", true));
}

static void addresses_are_judged_again_when_connecting(void **state)
{
    (void)state;
    struct target outside = {.local = false};
    struct target here = {.local = true};
    assert_true(target_address_allowed(&outside, "93.184.216.34"));
    assert_false(target_address_allowed(&outside, "127.0.0.1"));
    assert_false(target_address_allowed(&outside, "10.1.2.3"));
    assert_true(target_address_allowed(&here, "127.0.0.1"));
    assert_false(target_address_allowed(&here, "93.184.216.34"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_public_https),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(local_targets_need_the_setting),
        cmocka_unit_test(addresses_are_judged_again_when_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
