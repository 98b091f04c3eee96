/* Public and other addresses: see address.h. Every rule about who is public is a row of a table. */
#include "net/address.h"

#include "base/compiler.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct block {
    uint8_t prefix[16];
    int bits;
};

static const struct block CLOSED_V4[] = {
    {{0}, 8},                 /* this network */
    {{10}, 8},                /* private */
    {{100, 64}, 10},          /* carriers' shared space */
    {{127}, 8},               /* loopback */
    {{168, 63, 129, 16}, 32}, /* a cloud's host services */
    {{169, 254}, 16},         /* link-local, clouds' metadata */
    {{172, 16}, 12},          /* private */
    {{192, 0, 0}, 24},        /* protocol assignments */
    {{192, 0, 2}, 24},        /* documentation */
    {{192, 88, 99}, 24},      /* former 6to4 relays */
    {{192, 168}, 16},         /* private */
    {{198, 18}, 15},          /* benchmarks */
    {{198, 51, 100}, 24},     /* documentation */
    {{203, 0, 113}, 24},      /* documentation */
    {{224}, 4},               /* multicast */
    {{240}, 4},               /* reserved, broadcast */
};

static const struct block CLOSED_V6[] = {
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* a network's own NAT64, to wherever it likes */
    {{0x01, 0x00}, 64},                         /* discard */
    {{0x20, 0x01, 0x00, 0x00}, 23},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},             /* documentation */
    {{0x3f, 0xff, 0x00}, 20},                   /* documentation */
    {{0x5f, 0x00}, 16},                         /* segment routing */
    {{0xfc}, 7},                                /* unique local */
    {{0xfe, 0x80}, 10},                         /* link-local */
    {{0xfe, 0xc0}, 10},                         /* former site-local */
    {{0xff}, 8},                                /* multicast */
};

/* Prefixes that carry an IPv4 address; `at` is where it stands. */
struct wrapped {
    uint8_t prefix[12];
    int bits;
    size_t at;
};
static const struct wrapped WRAPPED[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, /* mapped */
    {{0}, 96, 12},                                        /* compatible; ::, ::1 */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},                   /* NAT64 */
    {{0x20, 0x02}, 16, 2},                                /* 6to4 */
};

static bool inside(const uint8_t *address, const uint8_t *prefix, int bits)
{
    size_t whole = (size_t)bits / 8;
    if (memcmp(address, prefix, whole) != 0) {
        return false;
    }
    int rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((address[whole] ^ prefix[whole]) & mask) == 0;
}

static bool v4_is_public(const uint8_t *address)
{
    for (size_t i = 0; i < ARRAY_SIZE(CLOSED_V4); i++) {
        if (inside(address, CLOSED_V4[i].prefix, CLOSED_V4[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool v6_is_public(const uint8_t *address)
{
    for (size_t i = 0; i < ARRAY_SIZE(WRAPPED); i++) {
        if (inside(address, WRAPPED[i].prefix, WRAPPED[i].bits)) {
            return v4_is_public(address + WRAPPED[i].at);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(CLOSED_V6); i++) {
        if (inside(address, CLOSED_V6[i].prefix, CLOSED_V6[i].bits)) {
            return false;
        }
    }
    return inside(address, (const uint8_t[]){0x20}, 3); /* all global unicast is 2000::/3 */
}

bool address_is_public(const char *numeric)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, numeric, address) == 1) {
        return v4_is_public(address);
    }
    return inet_pton(AF_INET6, numeric, address) == 1 && v6_is_public(address);
}

bool address_is_loopback(const char *numeric)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, numeric, address) == 1) {
        return address[0] == 127;
    }
    if (inet_pton(AF_INET6, numeric, address) != 1) {
        return false;
    }
    static const uint8_t ONE[16] = {[15] = 1};
    return memcmp(address, ONE, sizeof(ONE)) == 0 ||
           (inside(address, WRAPPED[0].prefix, 96) && address[12] == 127);
}

static bool read_address(struct text text, uint8_t address[16], bool *ret_v4)
{
    char copy[INET6_ADDRSTRLEN];
    text = text_trim(text);
    if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *ret_v4 = inet_pton(AF_INET, copy, address) == 1;
    return *ret_v4 || inet_pton(AF_INET6, copy, address) == 1;
}

bool address_parse(struct text entry, char ret_numeric[ADDRESS_MAX])
{
    uint8_t address[16] = {0};
    bool v4 = false;
    size_t end = 0;
    struct text host = text_trim(entry);
    bool bracketed = text_starts_with(host, TEXT("["));
    if (bracketed) {
        host = text_find(host, ']', &end) ? text_head(text_skip(host, 1), end - 1) : TEXT("");
    }
    if (!read_address(host, address, &v4)) {
        /* "203.0.113.9:1234"; an IPv6 address with a port stands in brackets. */
        if (bracketed || !text_find(host, ':', &end) ||
            !read_address(text_head(host, end), address, &v4)) {
            return false;
        }
    }
    return inet_ntop(v4 ? AF_INET : AF_INET6, address, ret_numeric, ADDRESS_MAX) != NULL;
}

/* One entry of a list, "10.0.0.0/8" or "::1". */
struct entry {
    uint8_t prefix[16];
    bool v4;
    int bits;
};

static bool read_entry(struct text text, struct entry *entry)
{
    struct text prefix = {0};
    if (!text_next(&text, '/', &prefix) || !read_address(prefix, entry->prefix, &entry->v4)) {
        return false;
    }
    int64_t bits = entry->v4 ? 32 : 128;
    int64_t wanted = bits;
    if (text.data != NULL && !text_to_int64(text_trim(text), &wanted)) {
        return false;
    }
    entry->bits = (int)wanted;
    return wanted >= 0 && wanted <= bits;
}

bool address_in_list(const char *numeric, struct text list)
{
    uint8_t address[16] = {0};
    bool v4 = false;
    struct text text;
    if (!read_address(text_from(numeric), address, &v4)) {
        return false;
    }
    while (text_next(&list, ',', &text)) {
        struct entry entry = {0};
        if (read_entry(text, &entry) && entry.v4 == v4 &&
            inside(address, entry.prefix, entry.bits)) {
            return true;
        }
    }
    return false;
}

bool address_list_is_good(struct text list, struct text *ret_bad)
{
    struct text text;
    struct entry entry = {0};
    while (text_next(&list, ',', &text)) {
        if (text_trim(text).size > 0 && !read_entry(text, &entry)) {
            *ret_bad = text_trim(text);
            return false;
        }
    }
    return true;
}

void address_network(const char *numeric, char ret_network[ADDRESS_MAX])
{
    uint8_t address[16] = {0};
    bool v4 = false;
    char prefix[INET6_ADDRSTRLEN] = "";
    if (!read_address(text_from(numeric), address, &v4) || v4) {
        (void)snprintf(ret_network, ADDRESS_MAX, "%s", numeric);
        return;
    }
    memset(address + 8, 0, 8);
    (void)inet_ntop(AF_INET6, address, prefix, sizeof(prefix));
    (void)snprintf(ret_network, ADDRESS_MAX, "%s/64", prefix);
}
