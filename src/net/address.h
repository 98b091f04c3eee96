#pragma once

#include "base/text.h"

#include <stdbool.h>

/* What kind of network address somebody has: whom a request of a user's making may reach, and who
 * it is that asks us. */

enum { ADDRESS_MAX = 64 }; /* bytes of a spelled address or network, with the NUL */

/* True when `numeric` ("203.0.113.9", "2001:db8::1", without brackets or zone) is a public unicast
 * address: not loopback, private, link-local, shared, documentation, benchmark, multicast or
 * reserved, also not when such an IPv4 address hides inside an IPv6 one (mapped, compatible,
 * NAT64, 6to4, Teredo). False for what is no address. Pure; any thread.
 * Source: the special-purpose address registries of RFC 6890 and its successors. */
bool address_is_public(const char *numeric);

/* True for 127.0.0.0/8 and ::1, also mapped. */
bool address_is_loopback(const char *numeric);

/* What a proxy says of its client ("203.0.113.9", "203.0.113.9:1234", "[2001:db8::1]:80"), as the
 * one usual spelling of the address. False when it is none. */
bool address_parse(struct text entry, char ret_numeric[ADDRESS_MAX]);
/* True when a comma-separated list of addresses and blocks ("10.0.0.0/8, ::1") holds `numeric`. */
bool address_in_list(const char *numeric, struct text list);
/* False when an entry of such a list is neither; it is then given, to be named. */
bool address_list_is_good(struct text list, struct text *ret_bad);
/* The network that one customer mostly has: an IPv4 address is one, of IPv6 it is the /64. Text
 * that is no address stays as it is. */
void address_network(const char *numeric, char ret_network[ADDRESS_MAX]);
