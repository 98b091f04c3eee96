#pragma once

/* Raw sockets for the tests of this folder: exact bytes out, exact bytes in, and a limit in time on
 * each step, so that no test can hang. Loopback only. */

#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEST_STEP_MS = 5000 };

UNUSED static int test_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(descriptor, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return descriptor;
}

UNUSED static int test_listen(int *ret_port)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(own);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(descriptor, (const struct sockaddr *)&own, sizeof(own)) == 0);
    CHECK(listen(descriptor, 16) == 0);
    CHECK(getsockname(descriptor, (struct sockaddr *)&own, &size) == 0);
    *ret_port = ntohs(own.sin_port);
    return descriptor;
}

UNUSED static void test_send(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(descriptor, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server closed: what it answered tells */
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* Reads until `wanted` stands in what came, the peer closes, or the time is over. Returns the size;
 * *ret_closed tells whether the peer closed. */
UNUSED static size_t test_receive(int descriptor, const char *wanted, char *out, size_t capacity,
                                  bool *ret_closed)
{
    size_t size = 0;
    int64_t end_us = clock_measure_us() + TEST_STEP_MS * INT64_C(1000);
    *ret_closed = false;
    out[0] = '\0';
    while (size + 1 < capacity && clock_measure_us() < end_us) {
        if (wanted != NULL && strstr(out, wanted) != NULL) {
            break;
        }
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        if (poll(&ready, 1, 100) <= 0) {
            continue;
        }
        ssize_t got = recv(descriptor, out + size, capacity - size - 1, 0);
        if (got <= 0) {
            *ret_closed = true;
            break;
        }
        size += (size_t)got;
        out[size] = '\0';
    }
    return size;
}
