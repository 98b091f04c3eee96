/* libcurl's sockets and its timer on one epoll: a turn costs what happened, not what is open. */
#include "net/http_client_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* libcurl says what it waits for on a socket. `known` is not NULL once the socket was added. */
static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *known)
{
    (void)easy;
    struct http_client *client = context;
    struct epoll_event event = {.data.fd = descriptor};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(client->epoll, EPOLL_CTL_DEL, descriptor, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN) != 0 ? EPOLLIN : 0;
    event.events |= (what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0;
    int change = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(client->epoll, change, descriptor, &event) != 0) {
        /* The number was another socket's before, or is in the list already. */
        change = errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        CHECK(epoll_ctl(client->epoll, change, descriptor, &event) == 0);
    }
    (void)curl_multi_assign(client->multi, descriptor, client);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    client->timer_at_us = timeout_ms < 0 ? -1 : clock_measure_us() + timeout_ms * INT64_C(1000);
    return 0;
}

enum error_code client_events_open(struct http_client *client, struct error *error)
{
    client->timer_at_us = -1;
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = client->wake};
    if (client->epoll < 0 || client->wake < 0 ||
        epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->wake, &event) != 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not start the HTTP client: %s",
                         strerror(errno));
    }
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return OK;
}

void client_events_close(struct http_client *client)
{
    if (client->epoll >= 0) {
        (void)close(client->epoll);
    }
    if (client->wake >= 0) {
        (void)close(client->wake);
    }
}

void client_events_run_due(struct http_client *client)
{
    int running = 0;
    if (client->timer_at_us >= 0 && client->timer_at_us <= clock_measure_us()) {
        client->timer_at_us = -1;
        (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static int64_t wait_of(const struct http_client *client, int64_t timeout_ms)
{
    if (client->timer_at_us < 0) {
        return timeout_ms;
    }
    int64_t left_us = client->timer_at_us - clock_measure_us();
    int64_t left_ms = left_us <= 0 ? 0 : (left_us + 999) / 1000;
    return left_ms < timeout_ms ? left_ms : timeout_ms;
}

static int actions_of(uint32_t events)
{
    int actions = (events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
    actions |= (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
    /* A dead socket is readable: reading tells libcurl what happened. */
    return (events & (EPOLLERR | EPOLLHUP)) != 0 ? actions | CURL_CSELECT_IN | CURL_CSELECT_ERR
                                                 : actions;
}

void client_events_wait(struct http_client *client, int64_t timeout_ms)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int running = 0;
    int count = epoll_wait(client->epoll, events, EVENTS_AT_ONCE, (int)wait_of(client, timeout_ms));
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == client->wake) {
            uint64_t value = 0;
            ssize_t ignored = read(client->wake, &value, sizeof(value));
            (void)ignored; /* empty when another turn read it */
            continue;
        }
        (void)curl_multi_socket_action(client->multi, events[i].data.fd,
                                       actions_of(events[i].events), &running);
    }
    client_events_run_due(client);
}

void http_client_wake(struct http_client *client)
{
    uint64_t one = 1;
    ssize_t ignored = write(client->wake, &one, sizeof(one));
    (void)ignored; /* full: it is awake already */
}
