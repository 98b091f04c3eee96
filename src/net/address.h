#pragma once

#include <stdbool.h>

/* Which addresses a request of a user's making may reach. */

/* True when `numeric` ("203.0.113.9", "2001:db8::1", without brackets or zone) is a public unicast
 * address: not loopback, private, link-local, shared, documentation, benchmark, multicast or
 * reserved, also not when such an IPv4 address hides inside an IPv6 one (mapped, compatible,
 * NAT64, 6to4, Teredo). False for what is no address. Pure; any thread.
 * Source: the special-purpose address registries of RFC 6890 and its successors. */
bool address_is_public(const char *numeric);

/* True for 127.0.0.0/8 and ::1, also mapped. */
bool address_is_loopback(const char *numeric);
