/* Public addresses, by hand-written lists. */
#include "net/address.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void public_addresses_are_public(void **state)
{
    (void)state;
    static const char *const PUBLIC[] = {
        "1.1.1.1",           "8.8.8.8",
        "100.63.255.255",    "100.128.0.0",
        "172.15.255.255",    "172.32.0.1",
        "192.0.1.1",         "192.169.0.1",
        "198.17.255.255",    "198.20.0.0",
        "223.255.255.255",   "2606:4700:4700::1111",
        "2a00:1450:4001::1", "2001:4860:4860::8888",
        "::ffff:8.8.8.8",    "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    };
    for (size_t i = 0; i < ARRAY_SIZE(PUBLIC); i++) {
        assert_true(address_is_public(PUBLIC[i]));
    }
}

static void all_others_are_not(void **state)
{
    (void)state;
    static const char *const CLOSED[] = {
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "3fff::1",
        "",
        "localhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "1.1.1.1 ",
    };
    for (size_t i = 0; i < ARRAY_SIZE(CLOSED); i++) {
        assert_false(address_is_public(CLOSED[i]));
    }
}

static void loopback_is_recognised(void **state)
{
    (void)state;
    assert_true(address_is_loopback("127.0.0.1"));
    assert_true(address_is_loopback("127.8.8.8"));
    assert_true(address_is_loopback("::1"));
    assert_true(address_is_loopback("::ffff:127.0.0.1"));
    assert_false(address_is_loopback("128.0.0.1"));
    assert_false(address_is_loopback("::2"));
    assert_false(address_is_loopback("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses_are_public),
        cmocka_unit_test(all_others_are_not),
        cmocka_unit_test(loopback_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
