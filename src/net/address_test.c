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
        "64:ff9b:1::8.8.8.8",
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

static void what_proxies_say_is_read(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"203.0.113.9", "203.0.113.9"},
        {" 203.0.113.9:4711 ", "203.0.113.9"},
        {"2001:DB8:0::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:443", "2001:db8::1"},
        {"", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"203.0.113", NULL},
        {"203.0.113.009", NULL},
        {"203.0.113.9.1", NULL},
        {"[203.0.113.9", NULL},
        {"1.2.3.4\r\nX: y", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        char numeric[ADDRESS_MAX] = "";
        assert_int_equal(address_parse(text_from(ROWS[i][0]), numeric), ROWS[i][1] != NULL);
        if (ROWS[i][1] != NULL) {
            assert_string_equal(numeric, ROWS[i][1]);
        }
    }
    char numeric[ADDRESS_MAX];
    assert_false(address_parse(text_make("1.2.3.4\0", 8), numeric));
}

static void lists_hold_addresses_and_blocks(void **state)
{
    (void)state;
    struct text list =
        TEXT("127.0.0.1, 10.1.0.0/16,2001:db8:7::/48 , ::1,bad/8,10.9.0.0/99,192.168.1.1/x");
    assert_true(address_in_list("127.0.0.1", list));
    assert_true(address_in_list("10.1.255.1", list));
    assert_true(address_in_list("2001:db8:7:ffff::1", list));
    assert_true(address_in_list("::1", list));
    assert_false(address_in_list("127.0.0.2", list));
    assert_false(address_in_list("10.2.0.1", list));
    assert_false(address_in_list("10.9.0.0", list));
    assert_false(address_in_list("192.168.1.1", list));
    assert_false(address_in_list("2001:db8:8::1", list));
    assert_false(address_in_list("unix", list));
    assert_false(address_in_list("127.0.0.1", TEXT("")));
}

static void a_customer_has_a_network(void **state)
{
    (void)state;
    char network[ADDRESS_MAX];
    address_network("203.0.113.9", network);
    assert_string_equal(network, "203.0.113.9");
    address_network("2001:db8:1:2:3:4:5:6", network);
    assert_string_equal(network, "2001:db8:1:2::/64");
    address_network("unix", network);
    assert_string_equal(network, "unix");
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
        cmocka_unit_test(what_proxies_say_is_read),
        cmocka_unit_test(lists_hold_addresses_and_blocks),
        cmocka_unit_test(a_customer_has_a_network),
        cmocka_unit_test(all_others_are_not),
        cmocka_unit_test(loopback_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
